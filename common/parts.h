/*  parts.h - reassembles large payloads from their parts
 *
 *  One parts_t for each direction of each session. Memory grows with the bytes that arrive, not
 *  with announced sizes. Payloads are limited by WIRE_PAYLOAD_MAX, and the number of incomplete
 *  ones by PARTS_OPEN_MAX. One thread at a time.
 */

#ifndef COMMON_PARTS_H_INCLUDED
#define COMMON_PARTS_H_INCLUDED

#include "common/rules.h"

#define PARTS_OPEN_MAX 1024u

typedef struct parts parts_t;

parts_t *parts_new (void);
void parts_destroy (parts_t **self_p);

//  From now on at most so many bytes are held (parts_held). Payloads for which there is no memory
//  are given up, as by parts_give_up, but not the payload to which a part is added.
void parts_bound (parts_t *self, size_t held_bytes);

//  From now on parts may be those of files that the peer names (sharing.h). keep: their descriptors
//  are kept, to send them on.
void parts_share (parts_t *self, bool keep);

//  Adds a part. CADRE_ERROR_PROTOCOL when it does not continue the earlier parts,
//  CADRE_ERROR_TOO_LARGE when the payload or the number of payloads exceeds the limits.
cadre_error_t parts_add (parts_t *self, const wire_part_t *part);

//  Takes a complete payload: true, and *payload is exactly one value that keeps the rules
//  (rules_any, which were checked on arrival); the caller owns it. False when there is none with
//  that number, it is incomplete, or invalid.
bool parts_take (parts_t *self, uint64_t number, buffer_t *payload);

//  The same for a value of that shape. When it is not, a fault that names the position.
bool parts_take_as (parts_t *self, uint64_t number, const rules_shape_t *shape, buffer_t *payload,
                    fault_t *fault);

//  Gives up the largest payload: frees its bytes, and ignores its further parts. False when nothing
//  is held.
bool parts_give_up (parts_t *self);

//  Was it given up, and has it arrived since? Then it is forgotten. Returns its size; 0: no.
uint64_t parts_take_given_up (parts_t *self, uint64_t number);

//  Bytes that have arrived and were not taken; and the memory that they use.
size_t parts_bytes (const parts_t *self);
size_t parts_held (const parts_t *self);

#endif
