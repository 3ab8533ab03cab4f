//  requests.h - what the files that answer requests share; see the table in SPEC.md, section 4

#ifndef BROKER_REQUESTS_H_INCLUDED
#define BROKER_REQUESTS_H_INCLUDED

#include "broker/front_own.h"

//  One request being answered. A list is cut into several replies as it grows.
typedef struct request {
    front_t *front;   //  Who asked whom
    hub_t *hub;       //  …
    client_t *client; //  Who asks
    uint64_t id;      //  Its number for the question
    view_t arguments; //  A map, checked, or nil
    buffer_t items;   //  Elements of a list, packed
    size_t count;     //  How many
    size_t end;       //  Where the last whole element ends
    uint64_t mark;    //  The journal's, when the request came
    bool later;       //  Something must be read back from the store: it is asked again then
} request_t;

typedef cadre_error_t request_fn (request_t *self, fault_t *fault);

//  Arguments. _need: a fault when it is missing; _uint returns whether it is there and a number.
bool request_uint (const request_t *self, const char *key, uint64_t *value);
bool request_text (const request_t *self, const char *key, view_t *value);
cadre_error_t request_job (request_t *self, job_t **job, fault_t *fault);
cadre_error_t request_task (request_t *self, job_t *job, uint32_t *index, fault_t *fault);

//  Answers: one value; one more element of a list (its bytes lie in items from `from` on); the end of a list.
void request_reply (request_t *self, cadre_error_t code, const char *message, view_t body, bool more);
void request_element (request_t *self);
void request_end_list (request_t *self);

//  A pair of a map: key and value.
void request_pair_uint (buffer_t *map, const char *key, uint64_t value);
void request_pair_text (buffer_t *map, const char *key, const char *value);
void request_pair_bool (buffer_t *map, const char *key, bool value);

request_fn request_job_list, request_job_info, request_job_cancel, request_job_retry, request_job_forget;
request_fn request_task_list, request_task_info, request_task_explain, request_task_drop;
request_fn request_worker_list, request_worker_drain, request_worker_stop, request_function_list;
request_fn request_broker_info, request_broker_drain, request_broker_stop, request_broker_reload;

#endif
