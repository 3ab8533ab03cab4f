/*  windows.h - how much clients may send ahead
 *
 *  A window shrinks as memory fills up; for durable tasks it also shrinks as the journal's backlog
 *  grows. Durable tasks are not latency-sensitive: while many results of jobs in memory arrive,
 *  their windows open only at intervals, at 40 MB a second per client.
 */

#ifndef BROKER_FRONT_WINDOWS_H_INCLUDED
#define BROKER_FRONT_WINDOWS_H_INCLUDED

#include "broker/core/pace.h"
#include "broker/peers/client.h"

#define WINDOWS_PACE_US 50000 //  Interval of windows for durable tasks while results are frequent

//  One per broker; initialized by windows_begin.
typedef struct windows {
    context_t *ctx; //  Borrowed
    pace_t pace;    //  Rate of windows for durable tasks
    bool open;      //  Windows for durable tasks may open in this turn
    alarm_t alarm;  //  Fires when delayed windows may open
} windows_t;

void windows_begin (windows_t *self, context_t *ctx);
void windows_end (windows_t *self);

//  Call once a turn, before windows_raise.
void windows_judge (windows_t *self);

//  Raises the client's grant; true when the change is large enough to be sent. A client that must
//  wait is touched later.
bool windows_raise (windows_t *self, client_t *client);

//  Recounts how much the client may send and has not sent.
void windows_count (const windows_t *self, client_t *client);

//  Memory that is left for the client's tasks.
uint64_t windows_memory_left (const windows_t *self, const client_t *client);

#endif
