/*  outbox.h - what a worker has to tell on the sink, until it is acknowledged
 *
 *  Results are gathered and leave as one frame a turn (outbox_close), output
 *  leaves in the order in which it came, before the result of its task. What the
 *  broker has not acknowledged is kept and sent again in the next session of the
 *  same epoch. The outbox also knows the serials of leases whose answer is not
 *  acknowledged, which a worker lists when it registers anew. One thread.
 */

#ifndef WORKER_LINK_OUTBOX_H_INCLUDED
#define WORKER_LINK_OUTBOX_H_INCLUDED

#include "worker/slots/slots.h"

typedef struct outbox outbox_t;

outbox_t *outbox_new (void);
void outbox_destroy (outbox_t **self_p);

void outbox_result (outbox_t *self, const lease_t *lease, const slots_result_t *result);
void outbox_returned (outbox_t *self, uint64_t job, uint32_t index, uint64_t serial, bool begun);
void outbox_output (outbox_t *self, const lease_t *lease, unsigned stream, view_t bytes);
void outbox_drained (outbox_t *self);
void outbox_goodbye (outbox_t *self, const char *reason);

//  Closes the frame of results that were gathered.
void outbox_close (outbox_t *self);

//  Sends on a PUSH socket while less than limit_bytes are unacknowledged and the socket takes
//  frames.
void outbox_send (outbox_t *self, void *sink, uint64_t limit_bytes);

//  False when the broker acknowledges what was never sent.
bool outbox_acknowledge (outbox_t *self, uint64_t received);

//  The broker does not take the frame of that number, because of the lease with this serial (0: of
//  any in it). In the next session its tasks (or that one) end in an error with this message
//  instead; the others' answers go out as they were.
void outbox_refused (outbox_t *self, uint64_t sequence, uint64_t serial, const char *message);

//  A new session: everything goes out again. With forget nothing does (the broker is another one).
void outbox_restart (outbox_t *self, uint64_t session, bool forget);

uint64_t outbox_sent (const outbox_t *self); //  Highest sequence number sent
size_t outbox_bytes (const outbox_t *self);  //  Held
bool outbox_is_empty (const outbox_t *self); //  Everything was sent and acknowledged

//  Leases whose answer is not acknowledged.
size_t outbox_answers (const outbox_t *self);

//  Calls back with each serial whose answer is not acknowledged.
void outbox_each (const outbox_t *self, void (*visit) (void *context, uint64_t serial),
                  void *context);

#endif
