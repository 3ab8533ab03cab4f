/*  serials.h - sets of lease serials, as they travel
 *
 *  A span is a run of consecutive serials. Plain functions, any thread.
 */

#ifndef WORKER_SERIALS_H_INCLUDED
#define WORKER_SERIALS_H_INCLUDED

#include "common/wire.h"

//  Is the serial in one of the spans of the list?
bool serials_have (const wire_list_t *spans, uint64_t serial);

//  Packs serials (sorted here, doubles allowed) as spans; returns how many spans.
size_t serials_pack (buffer_t *self, uint64_t *serials, size_t count);

#endif
