/*  parts.h - large payloads, put together again from their parts
 *
 *  One parts_t for each direction of each session. Memory grows with the bytes
 *  that arrive, never with what is announced. Payloads are bound by
 *  WIRE_PAYLOAD_MAX and the number of unfinished ones by PARTS_OPEN_MAX.
 *  One thread at a time.
 */

#ifndef COMMON_PARTS_H_INCLUDED
#define COMMON_PARTS_H_INCLUDED

#include "common/rules.h"

#define PARTS_OPEN_MAX 1024u

typedef struct parts parts_t;

parts_t *parts_new (void);
void parts_destroy (parts_t **self_p);

//  From now on at most so many bytes are held (parts_held), and what there is no memory for is
//  given up: as by parts_give_up, but for the payload that a part is added to.
void parts_bound (parts_t *self, size_t held_bytes);

//  Adds a part. CADRE_ERROR_PROTOCOL when it does not fit what came before, CADRE_ERROR_TOO_LARGE
//  when payload or number of payloads exceed the limits.
cadre_error_t parts_add (parts_t *self, const wire_part_t *part);

//  Hands over a complete payload: true, and *payload holds exactly one value that keeps the rules
//  (rules_any: which were looked at as it came) and that the caller owns now. False when there is
//  none of that number, it is not complete, or it is no such value.
bool parts_take (parts_t *self, uint64_t number, buffer_t *payload);

//  The same for a value of that shape. A fault that names the place where it is none.
bool parts_take_as (parts_t *self, uint64_t number, const rules_shape_t *shape, buffer_t *payload,
                    fault_t *fault);

//  Gives up the payload that holds most: its bytes are freed, and what still comes of it is passed
//  over. False when nothing is held.
bool parts_give_up (parts_t *self);

//  Was it given up, and has it come since? Then it is forgotten, and parts_take knows it no more.
//  Returns how many bytes it had, 0: no.
uint64_t parts_take_given_up (parts_t *self, uint64_t number);

//  Bytes that have come and were not taken; and what they take up in memory.
size_t parts_bytes (const parts_t *self);
size_t parts_held (const parts_t *self);

#endif
