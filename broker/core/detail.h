//  detail.h - why a task failed, when the broker itself says so: a map as in SPEC.md, section 6

#ifndef BROKER_CORE_DETAIL_H_INCLUDED
#define BROKER_CORE_DETAIL_H_INCLUDED

#include "common/wire.h"

//  Appends the map. worker may be NULL.
void detail_pack (buffer_t *self, const char *kind, const char *message, const char *worker);

//  Appends what stands behind the attempt in a result: outcome, no code, no time, no value, and the
//  detail (size 0: nil).
void detail_pack_tail (buffer_t *self, unsigned outcome, view_t detail);

#endif
