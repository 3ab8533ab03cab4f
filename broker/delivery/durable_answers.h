/*  durable_answers.h - delays answers to peers until they are durable
 *
 *  A client is told that its job is open or its order is done, and a peer's frame is acknowledged,
 *  only after the records of it are on stable storage. Likewise a worker gets tasks only after
 *  their leases are. Each answer is a wait of the journal (waits.h) for everything recorded so far.
 *  If the session has ended meanwhile, nothing is sent.
 */

#ifndef BROKER_DELIVERY_DURABLE_ANSWERS_H_INCLUDED
#define BROKER_DELIVERY_DURABLE_ANSWERS_H_INCLUDED

#include "broker/journal/journal.h"
#include "broker/peers/client.h"

//  Sends JOB_OPENED for the client's ref.
void durable_answers_opened (journal_t *journal, const client_t *client, uint64_t ref,
                             uint64_t number);

//  Sends a REPLY. Takes the content of *frame.
void durable_answers_reply (journal_t *journal, const client_t *client, buffer_t *frame);

//  Acknowledges the frame with that number.
void durable_answers_acknowledge_client (journal_t *journal, client_t *client, uint64_t sequence);
void durable_answers_acknowledge_worker (journal_t *journal, worker_record_t *worker,
                                         uint64_t sequence);

//  Holds the worker's lane until the records so far are durable.
void durable_answers_hold_lane (journal_t *journal, worker_record_t *worker);

#endif
