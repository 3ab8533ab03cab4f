/*  handlers_rig.h - rig: a broker's state and the handlers of its frames, without a network
 *
 *  The routers exist, but no peer is connected: what is sent is dropped. For fuzzers that give
 * frames to front_handle, back_handle and sink_handle. One thread.
 */

#ifndef TESTS_LIB_RIGS_HANDLERS_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_HANDLERS_RIG_H_INCLUDED

#include "broker/back/back.h"
#include "broker/back/dispatch.h"
#include "broker/front/front.h"

typedef struct handlers_rig {
    context_t ctx;        //  The broker's state
    void *front_router;   //  ROUTER without a peer
    void *back_router;    //  ROUTER without a peer
    front_t *front;       //  Handles frames of clients
    back_t *back;         //  Handles frames of workers
    dispatch_t *dispatch; //  Gives leases
} handlers_rig_t;

//  context: ZeroMQ's. SELF must not move until its end.
void handlers_rig_begin (handlers_rig_t *self, void *context);
void handlers_rig_end (handlers_rig_t *self);

//  The first worker in the roster, or NULL.
worker_record_t *handlers_rig_worker (const handlers_rig_t *self);

#endif
