/*  follow.h - a client that reads what is kept of a detached job
 *
 *  A follower belongs to one client and one job and is freed when it has sent
 *  the last state, or when either of them goes.
 */

#ifndef BROKER_FOLLOW_H_INCLUDED
#define BROKER_FOLLOW_H_INCLUDED

#include "broker/client.h"
#include "broker/patience.h"

typedef struct follower {
    client_t *client;             //  Who follows
    job_t *job;                   //  What
    uint64_t ref;                 //  The client's number for it
    uint64_t position;            //  In the job's keep
    bool results;                 //  Send results
    bool output;                  //  Send output
    bool wait;                    //  Go on until the job has ended
    patience_t patience;          //  What it knows of its wait
    uint64_t told;                //  Sum of the counts when its state was told last
    bool due;                     //  There may be something to send: it is in the client's list of those
    struct follower *due_prev;    //  Neighbours there
    struct follower *due_next;    //  …
    bool untold;                  //  The state may have changed: it is in the client's list of those
    struct follower *untold_prev; //  Neighbours there
    struct follower *untold_next; //  …
    struct follower *job_prev;    //  Neighbours in the job's list
    struct follower *job_next;    //  …
    struct follower *client_prev; //  Neighbours in the client's list
    struct follower *client_next; //  …
} follower_t;

follower_t *follow_new (client_t *client, job_t *job, const wire_job_follow_t *order);
void follow_destroy (follower_t **self_p);

//  Sends what there is, to all that the client follows and where something was added, while its backlog and the turn allow: records counts
//  down what is sent, in followers and records. At its end a follower is freed. True when there is more to send in the next turn.
bool follow_pump_all (client_t *client, hub_t *hub, uint32_t *records);

//  Tells states that have changed to those who wait; states counts down.
void follow_report (client_t *client, hub_t *hub, uint32_t *states);

//  Something was added, or the job has ended: its followers are looked at before the turn ends.
void follow_touch (const job_t *job, hub_t *hub);

#endif
