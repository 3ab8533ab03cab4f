/*  request.h - a question or an order of a client: its steps, arguments and replies
 *
 *  A request lies in its client's inbox (inbox.h) until it was answered. Its
 *  handler is called for each step: it does what there is to do while
 *  request_goes_on says so, sets unfinished when there is more, and is called
 *  again in this turn or a later one. `at` and `walk` are kept from step to step
 *  and nothing else is: a job may be gone, and must be looked up anew.
 *  A step costs what request_spend says, in visits of a task; requests.c says how
 *  many a turn has.
 *
 *  A list is cut into several replies as it grows. No element can exceed a frame,
 *  whatever a job or worker holds: texts are cut.
 */

#ifndef BROKER_FRONT_REQUEST_H_INCLUDED
#define BROKER_FRONT_REQUEST_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

typedef struct request request_t;

//  Answers, or goes on to; a fault becomes the answer.
typedef cadre_error_t request_fn (request_t *self, fault_t *fault);

struct request {
    front_t *front;       //  Who asked whom
    hub_t *hub;           //  …
    client_t *client;     //  Who asks
    uint64_t id;          //  Its number for the question
    buffer_t body;        //  The frame's body; what and arguments lie in it
    view_t what;          //  Name of the request
    view_t arguments;     //  A map, checked, or nil
    bool begun;           //  This is not its first step
    bool unfinished;      //  It goes on later
    bool later;           //  Something must be read back from the store first
    bool recorded;        //  It left a record: its answer waits for the disk
    uint64_t mark;        //  The journal's, when the step began
    uint32_t steps;       //  What is left of this step
    uint64_t at;          //  Where it is: an index or a place
    uint64_t left;        //  How many more are wanted
    uint64_t found;       //  How many it has counted
    walk_t walk;          //  Where it is in the list of jobs or functions
    buffer_t items;       //  Elements of a list, packed
    size_t count;         //  How many
    size_t end;           //  Where the last whole element ends
    struct request *prev; //  Neighbours in the inbox
    struct request *next; //  …
};

//  May the step go on? Not when its time is up, or its client must take replies first; the request
//  is unfinished then.
bool request_goes_on (request_t *self);
void request_spend (request_t *self, uint32_t visits);

//  Arguments. _need: a fault when it is missing; _uint returns whether it is there and a number.
bool request_uint (const request_t *self, const char *key, uint64_t *value);
bool request_text (const request_t *self, const char *key, view_t *value);
cadre_error_t request_job (request_t *self, job_t **job, fault_t *fault);
cadre_error_t request_task (request_t *self, job_t *job, uint32_t *index, fault_t *fault);

//  Answers: one value; one more element of a list (its bytes lie in items from `from` on); the end
//  of a list.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body,
                    bool more);
void request_element (request_t *self);
void request_end_list (request_t *self);

//  A pair of a map: key and value. A text of more than max bytes is cut, and ends in "…".
#define REQUEST_TEXT_MAX 1024u
void request_pair_uint (buffer_t *map, const char *key, uint64_t value);
void request_pair_text (buffer_t *map, const char *key, const char *value);
void request_pair_bool (buffer_t *map, const char *key, bool value);
void request_pair_cut (buffer_t *map, const char *key, view_t text, size_t max);

//  ---- the inbox ----

//  The journal's mark now; 0 without one.
uint64_t request_mark (const hub_t *hub);

//  Does the client take replies now?
bool request_takes_replies (const client_t *client, const hub_t *hub);

//  Has the client a request whose next step can be made?
bool request_may_go_on (const front_t *front, const client_t *client);

//  The client is in the list of those whose requests are answered in turn, if request_may_go_on; or
//  leaves it.
void request_queue (front_t *front, client_t *client);
void request_unqueue (front_t *front, client_t *client);

//  The request was answered, or its client goes.
void request_take_out (client_t *client, request_t *request);
void request_drop_all (front_t *front, client_t *client);

#endif
