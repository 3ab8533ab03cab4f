/*  result.h - the result of a task, as the library keeps it
 *
 *  Values are kept as received bytes, small ones without an allocation, and decoded on request. One
 *  thread at a time.
 */

#ifndef CLIENT_LIB_SESSION_RESULT_H_INCLUDED
#define CLIENT_LIB_SESSION_RESULT_H_INCLUDED

#include "common/bulk.h"
#include "common/wire.h"

#define RESULT_SMALL_BYTES 16u

//  Details of a failure, or of a command; texts are never NULL.
typedef struct detail {
    const char *kind;      //  A short word
    const char *message;   //  What went wrong
    const char *trace;     //  Lines
    const char *worker;    //  Worker on which it failed
    int64_t user_us;       //  Processor time of a command
    int64_t system_us;     //  Processor time of a command
    int64_t max_rss_bytes; //  Maximum memory of a command
} detail_t;

typedef struct result {
    size_t size; //  Bytes of the value
    union {
        uint8_t small [RESULT_SMALL_BYTES]; //  The value, when it fits
        uint8_t *large;                     //  Otherwise; owned
    };
    bulk_t *whole;     //  Where a value that came in parts is; large points to it; or NULL
    detail_t *detail;  //  Owned; NULL: none
    int64_t run_us;    //  How long the last try ran
    int code;          //  Exit code or signal
    uint16_t attempts; //  Number of tries
    uint8_t outcome;   //  cadre_outcome_t
} result_t;

//  Copies the record. The value is the given one (it may have come in parts). False when it is
//  invalid.
bool result_of (result_t *self, const wire_result_t *record, view_t value);

//  The same for a value that came in parts, which is taken.
bool result_of_whole (result_t *self, const wire_result_t *record, buffer_t *whole);

//  The same for a value of so many bytes that could not be allocated: the outcome is an error that
//  says so.
bool result_lacking (result_t *self, const wire_result_t *record, uint64_t size_bytes);
void result_free (result_t *self);

view_t result_value (const result_t *self);

//  Never NULL.
const detail_t *result_detail (const result_t *self);

//  Converts a number from the wire to an exit code or a time.
int64_t result_clip (uint64_t number);

#endif
