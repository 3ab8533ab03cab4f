/*  rules.h - validity rules for values and messages
 *
 *  The rules of SPEC.md ("Values", "Results and output") for everything that a program sends to a
 *  slot, a slot to a worker, a worker to the broker, and a client to any of them. All receivers use
 *  these functions, so what the first one accepts the next one accepts, too. A fault names the
 *  position: `value[3]["name"]: ext type 9 …`.
 *
 *  A value in parts is checked as it arrives: a scan continues where it stopped, and no byte is
 *  checked twice. Nothing is allocated. The functions have no state; any thread may call them.
 */

#ifndef COMMON_RULES_H_INCLUDED
#define COMMON_RULES_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

#define RULES_DEPTH_MAX 20              //  Of a value that a task takes or returns
#define RULES_PAYLOAD_DEPTH_MAX 22      //  Of a payload: lists of arguments and items around them
#define RULES_DETAIL_BYTES (64u * 1024) //  The map that describes a failure
#define RULES_FUNCTIONS_MAX 2000u       //  Functions of one worker: they fit into one reply
#define RULES_FUNCTIONS_BYTES (512u * 1024) //  Of their records: they fit into one HELLO
#define RULES_NAME_BYTES 255u               //  A function's name, and its signature
#define RULES_SAYS_BYTES 1024u              //  A function's description
#define RULES_PATH_BYTES 200                //  Text of a position
#define RULES_LEVELS (RULES_PAYLOAD_DEPTH_MAX + 1)

//  Where an ext type 1 (a failed item of a map) is allowed.
typedef enum rules_failures {
    RULES_NO_FAILURES,
    RULES_FAILED_ITSELF, //  The value may be one
    RULES_FAILED_ITEMS,  //  Elements of the outer array may
    RULES_ANY_FAILURES
} rules_failures_t;

typedef struct rules_shape {
    const char *name;          //  Its name in faults
    uint8_t depth_max;         //  Maximum nesting of arrays and maps
    rules_failures_t failures; //  Where failures are allowed
    bool any_texts;            //  A str need not be UTF-8: arguments of commands may be file names
    bool doubts;               //  Records what narrower shapes do not allow
} rules_shape_t;

extern const rules_shape_t rules_value;   //  What a function returns, a partial value
extern const rules_shape_t rules_item;    //  Result of one item of a map
extern const rules_shape_t rules_items;   //  What a map returns
extern const rules_shape_t rules_call;    //  Payload of a call
extern const rules_shape_t rules_map;     //  Payload of a map
extern const rules_shape_t rules_command; //  Payload of a command
extern const rules_shape_t rules_any;     //  A payload or value in parts: the union of all shapes;
                                          //  rules_scan_fits distinguishes them

//  The payload of a job of that kind.
const rules_shape_t *rules_payload (uint64_t kind);

//  Takes the next value of the cursor and advances it. On false the cursor has not moved.
bool rules_take (cursor_t *cursor, const rules_shape_t *shape, view_t *value, fault_t *fault);

//  Exactly one value; an empty view is nil.
bool rules_check (view_t value, const rules_shape_t *shape, fault_t *fault);

//  ---- a value that arrives in pieces ----

typedef struct rules_level {
    uint32_t count; //  Elements; keys and values of a map count each
    uint32_t left;  //  Of them, not checked yet
    uint32_t key;   //  Of a map: where the last key begins
    bool map;       //  A map: keys and values alternate
} rules_level_t;

//  What some shapes allow and others do not.
typedef enum rules_doubt {
    RULES_DOUBT_TEXT,    //  A str that is not UTF-8
    RULES_DOUBT_ITEM,    //  An element of the outer array is ext type 1
    RULES_DOUBT_FAILURE, //  Ext type 1 elsewhere
    RULES_DOUBT_DEEP,    //  One level deeper than RULES_DEPTH_MAX
    RULES_DOUBT_DEEPER,  //  Two levels deeper
    RULES_DOUBTS
} rules_doubt_t;

typedef struct rules_scan {
    const rules_shape_t *shape; //  The expected shape
    uint64_t total;             //  Bytes of the whole, less than 4 GiB
    size_t at;                  //  Bytes checked so far
    size_t text_end;            //  End of the text that is being checked; 0: none
    unsigned depth;             //  Current level; 0 is that of the value itself
    bool ended;                 //  The value is complete
    uint8_t doubts;             //  A bit for each doubt found
    char paths [RULES_DOUBTS]
               [RULES_PATH_BYTES];       //  First position of each; without the name of the shape
    rules_level_t levels [RULES_LEVELS]; //  Open levels; others are not initialized
} rules_scan_t;

void rules_scan_begin (rules_scan_t *self, const rules_shape_t *shape, uint64_t total);

//  Checks the bytes that have arrived since the last call; bytes points to the first byte of the
//  value. False when the value is invalid.
bool rules_scan_go (rules_scan_t *self, const void *bytes, size_t size_bytes, fault_t *fault);

//  True when everything has arrived, and is one value.
bool rules_scan_is_whole (const rules_scan_t *self);

//  For a scan as rules_any: is the value also valid as that shape?
bool rules_scan_fits (const rules_scan_t *self, const rules_shape_t *shape, fault_t *fault);

//  ---- messages ----

typedef struct rules_message_result {
    uint64_t outcome; //  A number of cadre_outcome_t
    int64_t code;     //  Exit code or signal
    uint64_t run_us;  //  How long it ran
    view_t value;     //  Empty: nil, or it came in parts
    view_t detail;    //  Empty: nil
    bool items;       //  Result of a map task
    bool by_slot;     //  Sent by a slot, not a worker: some fields are missing
    bool cancelled;   //  The slot's task was cancelled
} rules_result_t;

bool rules_message_result (const rules_result_t *self, fault_t *fault);

//  Checks output of a running task on that stream.
bool rules_message_output (uint64_t stream, view_t bytes, fault_t *fault);

//  Checks records of function.
bool rules_message_functions (const wire_list_t *functions, fault_t *fault);

#endif
