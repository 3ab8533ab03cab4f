/*  windows.h - what clients may send ahead
 *
 *  A window shrinks as memory fills up, for durable tasks also as what waits for the disk grows.
 *  While results of jobs in memory press, durable tasks, which have the night, give way to them:
 *  they are let in at intervals, 40 MB a second of a client.
 */

#ifndef BROKER_FRONT_WINDOWS_H_INCLUDED
#define BROKER_FRONT_WINDOWS_H_INCLUDED

#include "broker/core/pace.h"
#include "broker/peers/client.h"

#define WINDOWS_PACE_US 50000 //  Between two windows for durable tasks while results press

//  Of one broker; windows_begin fills it in.
typedef struct windows {
    hub_t *hub;    //  Borrowed
    pace_t pace;   //  Of durable tasks
    bool open;     //  As judged in this turn
    alarm_t alarm; //  When those that wait are looked at again
} windows_t;

void windows_begin (windows_t *self, hub_t *hub);
void windows_end (windows_t *self);

//  Once a turn, before windows are raised.
void windows_judge (windows_t *self);

//  Raises what the client was granted; true when it is worth telling. A client that must wait is
//  touched when its time has come.
bool windows_raise (windows_t *self, client_t *client);

//  Counts anew what the client may send and has not.
void windows_count (const windows_t *self, client_t *client);

//  Bytes of memory that are left for the client's tasks.
uint64_t windows_memory_left (const windows_t *self, const client_t *client);

#endif
