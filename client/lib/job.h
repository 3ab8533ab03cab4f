/*  job.h - a job with a reader
 *
 *  What cadre_job_t is inside, for those who build on it: cadre_map and cadre_imap. Protected by
 *  the pool's lock, but for what is marked "reader", which belongs to the one thread that reads
 *  events.
 */

#ifndef CLIENT_LIB_JOB_H_INCLUDED
#define CLIENT_LIB_JOB_H_INCLUDED

#include "client/lib/pool/events.h"
#include "client/lib/spec.h"
#include "client/lib/work/work.h"
#include "common/tries.h"

struct cadre_job {
    work_t work;         //  What is sent and heard
    cadre_t *pool;       //  Held
    unsigned kind;       //  WIRE_KIND_...
    events_t events;     //  To be read
    bool unbound;        //  What waits here does not count against the window
    uint64_t held_tasks; //  Counted against the window: results
    uint64_t held_bytes; //  Counted against the window: bytes
    uint64_t done;       //  Tasks that ended well
    uint64_t failed;     //  Tasks that ended otherwise
    fault_t fault;       //  What went wrong last
    chain_t taken;       //  reader: events to be handed out
    node_t *current;     //  reader: the event handed out last
};

//  A job of chunks of items, not ordered. How often these are tried is returned through tries: its
//  client's business, but for lost workers. unbound: its reader keeps all that comes anyway.
cadre_job_t *job_open_map (cadre_t *pool, const char *function, const cadre_job_options_t *options,
                           bool unbound, tries_t *tries);

//  As cadre_job_open, for commands.
cadre_job_t *job_open_commands (cadre_t *pool, const cadre_job_options_t *options,
                                const spec_around_t *around);

//  Adds a task of a packed payload. CADRE_OK, or why not; the fault is in the job.
cadre_error_t job_add (cadre_job_t *self, uint32_t *index, const buffer_t *payload);

//  Records a fault and returns its code; also for cadre_message.
cadre_error_t job_say (cadre_job_t *self, const fault_t *fault);

//  CADRE_ERROR_REFUSED: its identity is that of a job which has ended and had other tasks.
cadre_error_t job_refuse_others (const cadre_job_t *self, fault_t *fault);

#endif
