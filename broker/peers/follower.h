/*  follower.h - a client's subscription to a detached job
 *
 *  A follower belongs to one client and one job, and is in a list of each. It is freed when it has
 *  sent the last state (follow.h), or when client or job goes. Here are the record and its lists
 *  only, so that every module that changes a job can note that there is something to send.
 */

#ifndef BROKER_PEERS_FOLLOWER_H_INCLUDED
#define BROKER_PEERS_FOLLOWER_H_INCLUDED

#include "broker/peers/client.h"
#include "broker/record/wait_note.h"

typedef struct follower {
    client_t *client;     //  Who follows
    job_t *job;           //  What
    uint64_t ref;         //  The client's number for it
    uint64_t position;    //  In the job's keep
    bool results;         //  Send results
    bool output;          //  Send output
    bool wait;            //  Go on until the job has ended
    wait_note_t patience; //  What it knows of its wait
    uint64_t told;        //  Sum of the counts when its state was told last
    bool due;             //  There may be something to send: it is in the client's list of those
    struct follower *due_prev; //  Neighbours there
    struct follower *due_next; //  …
    bool untold;               //  The state may have changed: it is in the client's list of those
    struct follower *untold_prev; //  Neighbours there
    struct follower *untold_next; //  …
    struct follower *job_prev;    //  Neighbours in the job's list
    struct follower *job_next;    //  …
    struct follower *client_prev; //  Neighbours in the client's list
    struct follower *client_next; //  …
} follower_t;

//  Adds it to the lists of client and job.
follower_t *follower_new (client_t *client, job_t *job, const wire_job_follow_t *order);
void follower_destroy (follower_t **self_p);

//  Enters it into the client's list of those with something to send, or of those whose state may
//  have changed; or removes it.
void follower_set_due (follower_t *self, bool due);
void follower_set_untold (follower_t *self, bool untold);

//  Something was added, or the job has ended: its followers are looked at before the turn ends.
void follower_touch (const job_t *job, hub_t *hub);

#endif
