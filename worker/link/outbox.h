/*  outbox.h - frames for the sink, kept until they are acknowledged
 *
 *  Results are collected and sent as one frame per turn (outbox_close). Output is sent in order,
 *  before the result of its task. Frames that the broker has not acknowledged are kept, and sent
 *  again in the next session of the same epoch. The outbox also knows the serials of leases whose
 *  answers are not acknowledged; a worker lists them when it registers again. One thread.
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

//  The worker drains, and still holds so many leases; 0: the drain is complete.
void outbox_drained (outbox_t *self, size_t leases);

void outbox_goodbye (outbox_t *self, const char *reason);

//  Closes the frame of collected results.
void outbox_close (outbox_t *self);

//  Sends on a PUSH socket while fewer than limit_bytes are unacknowledged and the socket accepts
//  frames.
void outbox_send (outbox_t *self, void *sink, uint64_t limit_bytes);

//  False when the broker acknowledges a frame that was never sent.
bool outbox_acknowledge (outbox_t *self, uint64_t received);

//  The broker refuses the frame with that number because of the lease with this serial (0: of any
//  lease in it). In the next session that lease (or all of them) is answered by an error with this
//  message; answers of other leases are sent unchanged.
void outbox_refused (outbox_t *self, uint64_t sequence, uint64_t serial, const char *message);

//  A new session: everything is sent again. With forget, everything is dropped (a different
//  broker).
void outbox_restart (outbox_t *self, uint64_t session, bool forget);

uint64_t outbox_sent (const outbox_t *self); //  Highest sequence number sent
size_t outbox_bytes (const outbox_t *self);  //  Bytes kept
bool outbox_is_empty (const outbox_t *self); //  Everything was sent and acknowledged

//  Number of leases whose answer is not acknowledged.
size_t outbox_answers (const outbox_t *self);

//  Calls visit with the serial of each lease whose answer is not acknowledged.
void outbox_each (const outbox_t *self, void (*visit) (void *context, uint64_t serial),
                  void *context);

//  The broker can open files of this process: until a new session begins, large values in files are
//  sent by name.
void outbox_share (outbox_t *self);

#endif
