/*  failure.h - the map that explains how a task failed
 *
 *  Appends one msgpack map, which keeps the rules (common/rules.h), to a buffer. Plain functions,
 *  any thread.
 */

#ifndef WORKER_RUNNER_FAILURE_H_INCLUDED
#define WORKER_RUNNER_FAILURE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

//  kind, message and worker; abandoned when it is true.
void failure_pack (buffer_t *self, const char *kind, const char *message, const char *worker,
                   bool abandoned);

//  What a slot's detail (one whole value, or empty) says of what we know (kind, message, trace;
//  user_us, system_us, max_rss_bytes), with the worker's name, and with this message in place of
//  its own, if there is one. Texts are cut to the limits of runner.h and are UTF-8: the broker
//  takes it, whatever the slot has said.
void failure_pack_with_worker (buffer_t *self, view_t detail, const char *worker,
                               const char *message);

#endif
