/*  failure.h - the map that explains how a task failed
 *
 *  Appends one msgpack map to a buffer. Plain functions, any thread.
 */

#ifndef WORKER_FAILURE_H_INCLUDED
#define WORKER_FAILURE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

//  kind, message and worker; abandoned when it is true.
void failure_pack (buffer_t *self, const char *kind, const char *message, const char *worker, bool abandoned);

//  A slot's detail (a map, or nil) with the worker's name in it, and with this message in place of its own, if there is one.
void failure_pack_with_worker (buffer_t *self, view_t detail, const char *worker, const char *message);

#endif
