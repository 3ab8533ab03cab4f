/*  request.h - a request of a client: its steps, arguments and replies
 *
 *  A request stays in its client's inbox (inbox.h) until it is answered. Its handler is called for
 *  each step: it works while request_goes_on returns true, sets unfinished when work remains, and
 *  is called again in this turn or a later one. Only `at` and `walk` are kept between steps; jobs
 *  may be removed and must be looked up again. request_spend counts the cost of a step, in visits
 *  of a task; requests.c sets the limit per turn.
 *
 *  A list is sent in several replies as it grows. No element can exceed a frame, because texts are
 *  truncated.
 */

#ifndef BROKER_FRONT_REQUEST_H_INCLUDED
#define BROKER_FRONT_REQUEST_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

typedef struct request request_t;

//  One step; a fault becomes the reply.
typedef cadre_error_t request_fn (request_t *self, fault_t *fault);

struct request {
    front_t *front;       //  The module that received it
    context_t *ctx;       //  …
    client_t *client;     //  The client that sent it
    uint64_t id;          //  The client's number of it
    buffer_t body;        //  The frame's body, which contains what and arguments
    view_t what;          //  Name of the request
    view_t arguments;     //  A checked map, or nil
    bool begun;           //  The first step was done
    bool unfinished;      //  Another step is needed
    bool later;           //  Data must be read back from the store first
    bool recorded;        //  It recorded a change: its reply waits for the disk
    uint64_t mark;        //  journal_mark when the step began
    uint32_t steps;       //  Visits left in this step
    uint64_t at;          //  Position: an index or a place
    uint64_t left;        //  Elements that are still wanted
    uint64_t found;       //  Elements counted
    walk_t walk;          //  Position in the list of jobs or functions
    buffer_t items;       //  Elements of a list, packed
    size_t count;         //  How many
    size_t end;           //  End of the last whole element
    struct request *prev; //  Neighbours in the inbox
    struct request *next; //  …
};

//  May the step continue? False, with unfinished set, when its budget is used up or its client must
//  first read replies.
bool request_goes_on (request_t *self);
void request_spend (request_t *self, uint32_t visits);

//  Arguments. request_uint and request_text return whether the argument is there and has the type;
//  request_job and request_task return a fault when it is missing.
bool request_uint (const request_t *self, const char *key, uint64_t *value);
bool request_text (const request_t *self, const char *key, view_t *value);
cadre_error_t request_job (request_t *self, job_t **job, fault_t *fault);
cadre_error_t request_task (request_t *self, job_t *job, uint32_t *index, fault_t *fault);

//  Send one value; complete one element of a list, which was appended to items; end a list.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body,
                    bool more);
void request_element (request_t *self);
void request_end_list (request_t *self);

//  Pack a key and a value of a map. A text of more than max bytes is truncated and ends in "…".
#define REQUEST_TEXT_MAX 1024u
void request_pair_uint (buffer_t *map, const char *key, uint64_t value);
void request_pair_text (buffer_t *map, const char *key, const char *value);
void request_pair_bool (buffer_t *map, const char *key, bool value);
void request_pair_cut (buffer_t *map, const char *key, view_t text, size_t max);

//  ---- the inbox ----

//  The current journal_mark; 0 without a journal.
uint64_t request_mark (const context_t *ctx);

//  Can the client receive replies now?
bool request_takes_replies (const client_t *client, const context_t *ctx);

//  Has the client a request whose next step can run?
bool request_may_go_on (const front_t *front, const client_t *client);

//  Adds the client to the list of clients whose requests are served in turn, if request_may_go_on;
//  or removes it.
void request_queue (front_t *front, client_t *client);
void request_unqueue (front_t *front, client_t *client);

//  Removes a request that was answered; or all requests of a client that is removed.
void request_take_out (client_t *client, request_t *request);
void request_drop_all (front_t *front, client_t *client);

#endif
