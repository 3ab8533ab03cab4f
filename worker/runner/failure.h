/*  failure.h - the map that describes how a task failed
 *
 *  Appends one msgpack map that keeps the rules (common/rules.h) to a buffer. Plain functions, any
 *  thread.
 */

#ifndef WORKER_RUNNER_FAILURE_H_INCLUDED
#define WORKER_RUNNER_FAILURE_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

//  Packs kind, message and worker, and abandoned when it is true.
void failure_pack (buffer_t *self, const char *kind, const char *message, const char *worker,
                   bool abandoned);

//  Copies the known keys of a slot's detail, which is one whole value or empty (kind, message,
//  trace; user_us, system_us, max_rss_bytes), and adds the worker's name. message, if not NULL,
//  replaces the slot's. Texts are truncated to the limits of runner.h and converted to UTF-8, so
//  the broker accepts the map whatever the slot has sent.
void failure_pack_with_worker (buffer_t *self, view_t detail, const char *worker,
                               const char *message);

#endif
