/*  job.h - a job whose events are read by the application
 *
 *  The members of cadre_job_t, for the modules that build on it: cadre_map and cadre_imap.
 *  Protected by the pool's lock, except members marked "reader", which belong to the one thread
 *  that reads events.
 */

#ifndef CLIENT_LIB_JOB_H_INCLUDED
#define CLIENT_LIB_JOB_H_INCLUDED

#include "client/lib/job_spec.h"
#include "client/lib/pool/events.h"
#include "client/lib/work/work.h"
#include "common/retry_policy.h"

struct cadre_job {
    work_t work;         //  Frames to and from the broker
    cadre_t *pool;       //  Held
    unsigned kind;       //  WIRE_KIND_...
    events_t events;     //  To be read
    bool unbound;        //  Unread results do not count against the window
    uint64_t held_tasks; //  Results that count against the window
    uint64_t held_bytes; //  Bytes that count against the window
    uint64_t done;       //  Tasks that succeeded
    uint64_t failed;     //  Tasks that ended otherwise
    fault_t fault;       //  The last error
    chain_t taken;       //  reader: events to return
    node_t *current;     //  reader: the event returned last
};

//  Opens a job of chunks of items, not ordered. *tries gets the limits per item, which the caller
//  must apply; the broker only repeats tasks of lost workers. unbound: the caller keeps all results
//  anyway.
cadre_job_t *job_open_map (cadre_t *pool, const char *function, const cadre_job_options_t *options,
                           bool unbound, retry_policy_t *tries);

//  As cadre_job_open, for commands.
cadre_job_t *job_open_commands (cadre_t *pool, const cadre_job_options_t *options,
                                const job_spec_around_t *around);

//  Adds a task with a packed payload. CADRE_OK, or an error with self->fault set.
cadre_error_t job_add (cadre_job_t *self, uint32_t *index, const buffer_t *payload);

//  Records a fault, also for cadre_message, and returns its code.
cadre_error_t job_say (cadre_job_t *self, const fault_t *fault);

//  CADRE_ERROR_REFUSED: its identity belongs to a job that has ended and had other tasks.
cadre_error_t job_refuse_others (const cadre_job_t *self, fault_t *fault);

#endif
