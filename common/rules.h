/*  rules.h - what may travel, written once
 *
 *  The rules of SPEC.md ("Values", "Results and output") for whatever a program
 *  says to a slot, a slot to a worker, a worker to the broker, and a client to
 *  anybody. Who takes something in asks here, so what passes the first of them
 *  passes the next one, too. A fault names the place: `value[3]["name"]: ext
 *  type 9 …`.
 *
 *  A value of many parts is looked at while it comes: a scan goes on where it
 *  stopped, and takes no step twice. Nothing is allocated. No function keeps
 *  state of its own; any thread may call any of them.
 */

#ifndef COMMON_RULES_H_INCLUDED
#define COMMON_RULES_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

#define RULES_DEPTH_MAX 20              //  Of a value that a task takes or returns
#define RULES_PAYLOAD_DEPTH_MAX 22      //  Of a payload: lists of arguments and items around them
#define RULES_DETAIL_BYTES (64u * 1024) //  Of the map that explains a result
#define RULES_FUNCTIONS_MAX 2000u       //  That one worker offers: they fit into one reply
#define RULES_FUNCTIONS_BYTES (512u * 1024) //  Of their records: they fit into one HELLO
#define RULES_NAME_BYTES 255u               //  Of a function's name, and of what it takes
#define RULES_SAYS_BYTES 1024u              //  Of what it does
#define RULES_PLACE_BYTES 200               //  Of a place, in words
#define RULES_LEVELS (RULES_PAYLOAD_DEPTH_MAX + 1)

//  Where an ext type 1, an item of a map that failed, may stand.
typedef enum rules_failures {
    RULES_NO_FAILURES,
    RULES_FAILED_ITSELF, //  The value may be one
    RULES_FAILED_ITEMS,  //  Elements of the outer array may
    RULES_ANY_FAILURES
} rules_failures_t;

typedef struct rules_shape {
    const char *name;          //  What faults call it
    uint8_t depth_max;         //  How deep arrays and maps may nest
    rules_failures_t failures; //  Where they may stand
    bool any_texts;            //  A str need not be UTF-8: words of commands are names of files
    bool doubts;               //  It notes what is against the rules of narrower shapes
} rules_shape_t;

extern const rules_shape_t rules_value;   //  What a function returns, a partial value
extern const rules_shape_t rules_item;    //  What one item of a map gives
extern const rules_shape_t rules_items;   //  What a map returns
extern const rules_shape_t rules_call;    //  Payload of a call
extern const rules_shape_t rules_map;     //  Payload of a map
extern const rules_shape_t rules_command; //  Payload of a command
extern const rules_shape_t rules_any; //  A payload or value in parts: all that one of these may be;
                                      //  rules_scan_fits says which

//  The payload of a job of that kind.
const rules_shape_t *rules_payload (uint64_t kind);

//  The next value of the cursor: moves behind it. On false the cursor has not moved.
bool rules_take (cursor_t *cursor, const rules_shape_t *shape, view_t *value, fault_t *fault);

//  Exactly one value; an empty view is nil.
bool rules_check (view_t value, const rules_shape_t *shape, fault_t *fault);

//  ---- a value that comes in pieces ----

typedef struct rules_level {
    uint32_t count; //  Elements; keys and values of a map count each
    uint32_t left;  //  Of them, not begun
    uint32_t key;   //  Of a map: where the last key begins
    bool map;       //  Keys and values take turns
} rules_level_t;

//  What some shapes allow and others do not.
typedef enum rules_doubt {
    RULES_DOUBT_TEXT,    //  A str that is not UTF-8
    RULES_DOUBT_ITEM,    //  An element of the outer array is ext type 1
    RULES_DOUBT_FAILURE, //  Ext type 1 elsewhere
    RULES_DOUBT_DEEP,    //  Nested one deeper than RULES_DEPTH_MAX
    RULES_DOUBT_DEEPER,  //  Two
    RULES_DOUBTS
} rules_doubt_t;

typedef struct rules_scan {
    const rules_shape_t *shape; //  What it is to be
    uint64_t total;             //  Bytes of the whole, less than 4 GiB
    size_t at;                  //  Looked at so far
    size_t text_end;            //  Where the text ends in which that is; 0: in none
    unsigned depth;             //  Level that is open; 0 is that of the value itself
    bool ended;                 //  The value is complete
    uint8_t doubts;             //  A bit for each that was met
    char places [RULES_DOUBTS][RULES_PLACE_BYTES]; //  Where first; without the name of the shape
    rules_level_t levels [RULES_LEVELS];           //  Open ones; others are not set
} rules_scan_t;

void rules_scan_begin (rules_scan_t *self, const rules_shape_t *shape, uint64_t total);

//  Looks at what has come since: bytes are all from the first one on. False when that can be no
//  such value.
bool rules_scan_go (rules_scan_t *self, const void *bytes, size_t size_bytes, fault_t *fault);

//  Everything has come, and was one value.
bool rules_scan_is_whole (const rules_scan_t *self);

//  Of a scan as rules_any: would it have passed as that shape?
bool rules_scan_fits (const rules_scan_t *self, const rules_shape_t *shape, fault_t *fault);

//  ---- messages ----

typedef struct rules_message_result {
    uint64_t outcome; //  A number of cadre_outcome_t
    int64_t code;     //  Exit code or signal
    uint64_t run_us;  //  How long it ran
    view_t value;     //  Empty: nil, or it came in parts
    view_t detail;    //  Empty: nil
    bool items;       //  It is that of a map
    bool by_slot;     //  A slot says so, not a worker: it knows less
    bool cancelled;   //  A slot's task was told to end
} rules_result_t;

bool rules_message_result (const rules_result_t *self, fault_t *fault);

//  What a running task wrote, on that stream.
bool rules_message_output (uint64_t stream, view_t bytes, fault_t *fault);

//  Records of function.
bool rules_message_functions (const wire_list_t *functions, fault_t *fault);

#endif
