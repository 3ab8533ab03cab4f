/*  output_grants.h - grants workers how much output of a lease they may send
 *
 *  A worker sends output within a window (OUTPUT_WINDOW of SPEC.md, section 5). The window advances
 *  when the client of the task reads; while many results arrive, it advances at a limited rate.
 */

#ifndef BROKER_BACK_OUTPUT_GRANTS_H_INCLUDED
#define BROKER_BACK_OUTPUT_GRANTS_H_INCLUDED

#include "broker/back/back.h"
#include "broker/peers/outputs.h"

//  Sends the window of one lease.
void output_grants_send (back_t *self, const worker_record_t *worker, const wrote_t *wrote);

//  Sends the windows that are due.
void output_grants_give (back_t *self);

//  Sends all windows again, to a worker in a new session.
void output_grants_repeat (back_t *self, const worker_record_t *worker);

#endif
