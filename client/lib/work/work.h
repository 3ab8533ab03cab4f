/*  work.h - a job on the connection: what is sent for it, and who receives its results
 *
 *  Futures (many tasks of one hidden job), jobs, maps and iterators are all built on a work. A work
 *  collects tasks in a batch that is sent as one frame. All functions need the pool's lock.
 *
 *  Its payloads and cancels are kept until they need not be sent again (work_again.h).
 *
 *  A work is embedded in its user's struct; work_close removes it from the pool.
 */

#ifndef CLIENT_LIB_WORK_WORK_H_INCLUDED
#define CLIENT_LIB_WORK_WORK_H_INCLUDED

#include "client/lib/pool/pool.h"
#include "client/lib/session/dedup.h"
#include "client/lib/session/result.h"
#include "client/lib/work/cancels.h"
#include "client/lib/work/once_guard.h"
#include "client/lib/work/unacked.h"
#include "common/hash.h"

typedef struct work work_t;

#define WORK_UNPUT UINT64_MAX

//  The user of a work. failed and changed may close it.
typedef struct work_listener {
    //  A task has ended. Takes the result, and must free it. bytes: its size on the wire.
    void (*result) (work_t *work, uint32_t index, result_t *result);
    //  A task wrote. anew: it runs again at a restarted broker, and its earlier output is void
    //  (bytes may be empty then).
    void (*output) (work_t *work, const wire_output_t *output, bool anew);
    //  Its number or counts are known, or it is final.
    void (*changed) (work_t *work);
    //  work->notice has changed.
    void (*noticed) (work_t *work, cadre_error_t code);
    //  No more events will come; the reason is in work->fault.
    void (*failed) (work_t *work);
} work_listener_t;

struct work {
    cadre_t *pool;                   //  Borrowed
    const work_listener_t *listener; //  Borrowed
    uint64_t ref;                    //  Number on this connection; 0: not open
    uint64_t number;                 //  Number at the broker; 0: unknown
    uint32_t count;                  //  Tasks added
    uint32_t sent;                   //  Tasks put into frames
    uint64_t ended;                  //  Results that came
    bool detached;                   //  It outlives the connection
    bool durable;                    //  It is on the broker's disk before it is acknowledged
    bool once;                       //  Its tasks must not run twice
    bool follow;                     //  It was opened by another client
    bool sealed;                     //  No more tasks will be added
    bool seal_put;                   //  The seal was sent
    bool over; //  The broker sends nothing more about it, except in reply to frames still in flight
    bool final;                //  No more events will come
    fault_t fault;             //  The reason, when it failed
    char notice [256];         //  Why it waits, or ""
    cadre_progress_t progress; //  As last received
    buffer_t opening;          //  The frame that opened it, to be sent again
    unacked_t kept;            //  Payloads that may have to be sent again
    once_guard_t risk;         //  Once: which tasks may have been started
    dedup_t heard;             //  What may be received again
    cancels_t cancels;         //  Cancels that may have to be sent again
    uint64_t last_put; //  Number of its last frame in this session; WORK_UNPUT: some were not put
    bool settled;      //  Everything put has been acknowledged, in this or an earlier session
    bool asking; //  It was opened again, and the reply will tell whether the broker has its earlier
                 //  part
    buffer_t entered;      //  Reservations of memory_check_enter: work_entry_t
    buffer_t batch;        //  Checked payloads that were not put yet
    uint32_t batch_count;  //  How many
    bool gathered;         //  It is in the pool's list of works with a batch
    work_t *next_gathered; //  The next one there
    UT_hash_handle hh;     //  By ref
};

//  Opens it at the broker. fields as made by job_spec_of (job_spec.h), without ref and uuid, which
//  are set here. CADRE_OK, or an error.
cadre_error_t work_open (work_t *self, cadre_t *pool, const work_listener_t *listener,
                         const wire_job_open_t *fields, fault_t *fault);

//  Follows an existing job.
cadre_error_t work_follow (work_t *self, cadre_t *pool, const work_listener_t *listener,
                           uint64_t number, unsigned what, fault_t *fault);

//  Reserves memory for a task with that payload, which is added next, and for its copies in flight.
//  CADRE_ERROR_MEMORY. FAILED: size_bytes may be too small, because the packing buffer ran out of
//  memory.
cadre_error_t work_enter (work_t *self, size_t size_bytes, bool failed, fault_t *fault);

//  Adds the task whose payload was packed to the end of self->batch, after the first mark bytes.
//  Returns its index. The caller has waited for pool_admit.
uint32_t work_add (work_t *self, size_t mark);

//  The same for a large payload outside of the batch, which is taken.
uint32_t work_add_large (work_t *self, buffer_t *payload);

//  Puts the batch into the session; work_gather does it for all works of the pool.
//  See above.
void work_put (work_t *self);
void work_gather (cadre_t *pool);

void work_seal (work_t *self);
void work_cancel (work_t *self);
void work_cancel_waiting (work_t *self); //  Tasks that have not begun; not after work_cancel
void work_cancel_task (work_t *self, uint32_t index);

//  Have all tasks ended?
bool work_done (const work_t *self);

//  Has the broker acknowledged everything that was added, sealed and cancelled?
bool work_synced (const work_t *self);

//  Leaves the pool and frees its memory; frames for it are dropped. Idempotent.
void work_close (work_t *self);

//  Fails every work.
void work_fail_all (cadre_t *pool, const fault_t *why);

//  The session is lost: records what it has acknowledged.
void work_settle_all (cadre_t *pool);

#endif
