/*  events.h - the events of a job, in order, until they are read
 *
 *  A queue of events, with a reorder buffer for jobs that are read in the order of their tasks:
 *  early events are held until it is their task's turn. It counts unread events. Protected by its
 *  owner's lock.
 */

#ifndef CLIENT_LIB_POOL_EVENTS_H_INCLUDED
#define CLIENT_LIB_POOL_EVENTS_H_INCLUDED

#include "client/lib/session/result.h"

#include <cadre.h>

typedef struct node {
    struct node *next;   //  The next one
    cadre_event_t event; //  As the reader sees it; its bytes are in this node
    result_t result;     //  RESULT: owned
    char data [];        //  OUTPUT: its bytes; NOTICE: its text
} node_t;

//  A list of nodes with its size.
typedef struct chain {
    node_t *first;  //  Or NULL
    node_t *last;   //  Undefined while first is NULL
    uint64_t tasks; //  Results in it
    uint64_t bytes; //  Bytes in it
} chain_t;

typedef struct early {
    chain_t chain; //  Events that came before the task's turn
    bool ended;    //  Its result is among them
} early_t;

typedef struct events {
    chain_t ready;     //  Events that can be read
    bool ordered;      //  By task
    uint32_t turn;     //  ordered: the task whose turn it is
    early_t *early;    //  ordered: ring by task, from turn on
    uint32_t capacity; //  Of the ring, a power of two, or 0
} events_t;

//  Add an event. events_result takes the result.
void events_result (events_t *self, uint32_t index, result_t *result);
void events_output (events_t *self, const wire_output_t *output, bool anew);
void events_notice (events_t *self, cadre_error_t code, const char *text);

//  Takes all events that can be read now.
chain_t events_take (events_t *self);

node_t *events_chain_pop (chain_t *self);
void events_chain_free (chain_t *self);
void events_node_free (node_t **self_p);
void events_free (events_t *self);

#endif
