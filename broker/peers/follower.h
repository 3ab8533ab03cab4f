/*  follower.h - a client's subscription to a detached job
 *
 *  A follower belongs to one client and one job, and is in a list of each. It is freed when it has
 *  sent the last state (follow.h), or with its client or job. This module has only the record and
 *  its lists, so that every module that changes a job can mark that there is something to send.
 */

#ifndef BROKER_PEERS_FOLLOWER_H_INCLUDED
#define BROKER_PEERS_FOLLOWER_H_INCLUDED

#include "broker/peers/client.h"
#include "broker/record/wait_note.h"

typedef struct follower {
    client_t *client;          //  The client that follows
    job_t *job;                //  The job that it follows
    uint64_t ref;              //  The client's number for it
    uint64_t position;         //  Position in the job's results
    bool results;              //  Send results
    bool output;               //  Send output
    bool wait;                 //  Go on until the job has ended
    wait_note_t patience;      //  What the client knows about the job's wait
    uint64_t told;             //  Sum of the counts in the last state sent
    bool due;                  //  In the client's list of followers with data to send
    struct follower *due_prev; //  Neighbours in that list
    struct follower *due_next; //  …
    bool untold; //  In the client's list of followers whose job state may have changed
    struct follower *untold_prev; //  Neighbours in that list
    struct follower *untold_next; //  …
    struct follower *job_prev;    //  Neighbours in the job's list
    struct follower *job_next;    //  …
    struct follower *client_prev; //  Neighbours in the client's list
    struct follower *client_next; //  …
} follower_t;

//  Adds it to the lists of client and job.
follower_t *follower_new (client_t *client, job_t *job, const wire_job_follow_t *order);
void follower_destroy (follower_t **self_p);

//  Adds it to, or removes it from, the client's list of followers with data to send, or whose job
//  state may have changed.
void follower_set_due (follower_t *self, bool due);
void follower_set_untold (follower_t *self, bool untold);

//  The job has new data or has ended: its followers are served before the turn ends.
void follower_touch (const job_t *job, context_t *ctx);

#endif
