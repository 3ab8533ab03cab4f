/*  answers.h - what peers are told when it is durable
 *
 *  A client hears that its job is open, or that its order was carried out, and a peer's frame is
 *  acknowledged, only when what it has caused is on stable storage; nor does a worker get tasks
 *  before their leases are. Each of these is a wait of the journal (waits.h) for all that was
 *  recorded so far. A session that has ended meanwhile is told nothing.
 */

#ifndef BROKER_DELIVERY_ANSWERS_H_INCLUDED
#define BROKER_DELIVERY_ANSWERS_H_INCLUDED

#include "broker/journal/journal.h"
#include "broker/peers/client.h"

//  JOB_OPENED for the client's ref.
void answers_opened (journal_t *journal, const client_t *client, uint64_t ref, uint64_t number);

//  A REPLY. Takes the content of *frame.
void answers_reply (journal_t *journal, const client_t *client, buffer_t *frame);

//  The acknowledgement of the frame of that number.
void answers_acknowledge_client (journal_t *journal, client_t *client, uint64_t sequence);
void answers_acknowledge_agent (journal_t *journal, agent_t *agent, uint64_t sequence);

//  What is put into the agent's lane.
void answers_hold_lane (journal_t *journal, agent_t *agent);

#endif
