//  detail.h - the reason of a failure that the broker itself reports: a map as in SPEC.md, section
//  6

#ifndef BROKER_CORE_DETAIL_H_INCLUDED
#define BROKER_CORE_DETAIL_H_INCLUDED

#include "common/wire.h"

//  Appends the map. worker may be NULL.
void detail_pack (buffer_t *self, const char *kind, const char *message, const char *worker);

//  Appends the fields of a result after the attempt: outcome, no code, no time, no value, and the
//  detail (size 0: nil).
void detail_pack_tail (buffer_t *self, unsigned outcome, view_t detail);

#endif
