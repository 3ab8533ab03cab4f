/*  work.h - a job as the connection sees it: what is sent for it, and who hears of it
 *
 *  Futures (many tasks of one hidden job), jobs, maps and iterators are all built on a work. A work
 *  gathers tasks in a batch that goes out as one frame. Everything here is called with the pool's
 *  lock held.
 *
 *  Its payloads and cancels are kept until they need not be sent again (work_again.h).
 *
 *  A work is embedded in its user's struct; work_close takes it out of the pool.
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

//  Who hears of a work. failed and changed may end its life.
typedef struct work_listener {
    //  A task has ended. Takes over the result (to be freed). bytes: what it cost on the wire.
    void (*result) (work_t *work, uint32_t index, result_t *result);
    //  A task wrote. anew: it runs anew at a restarted broker, and what it wrote before is void
    //  (then bytes may be empty).
    void (*output) (work_t *work, const wire_output_t *output, bool anew);
    //  Number or counts are known, or it is final.
    void (*changed) (work_t *work);
    //  work->notice is new.
    void (*noticed) (work_t *work, cadre_error_t code);
    //  Nothing more will come, because of work->fault.
    void (*failed) (work_t *work);
} work_listener_t;

struct work {
    cadre_t *pool;                   //  Borrowed
    const work_listener_t *listener; //  Borrowed
    uint64_t ref;                    //  Number on this connection; 0: it is not open
    uint64_t number;                 //  Number at the broker; 0: not known
    uint32_t count;                  //  Tasks added
    uint32_t sent;                   //  Tasks put into frames
    uint64_t ended;                  //  Results that came
    bool detached;                   //  It outlives the connection
    bool durable;                    //  It is on the broker's disk before it is acknowledged
    bool once;                       //  Its tasks must not run twice
    bool follow;                     //  It was opened by somebody else
    bool sealed;                     //  No task follows
    bool seal_put;                   //  The broker was told so
    bool over;         //  The broker says nothing more of it, unless it is what it is still sent
    bool final;        //  Nothing more will come
    fault_t fault;     //  Why, when it failed
    char notice [256]; //  Why it waits, or ""
    cadre_progress_t progress; //  As last heard
    buffer_t opening;          //  The frame that opened it, to be said again
    unacked_t kept;            //  Payloads that may have to be said again
    once_guard_t risk;         //  Once: which tasks may have been begun
    dedup_t heard;             //  What may be heard again
    cancels_t cancels;         //  Cancels that may have to be said again
    uint64_t last_put; //  Number of its last frame in this session; WORK_UNPUT: some are not in it
    bool settled;      //  All that was put has been acknowledged, in this session or one before
    bool asking; //  It was opened again, and its number will tell whether the broker has the rest
    buffer_t entered;      //  room_enter was called for these: work_entry_t
    buffer_t batch;        //  Payloads that were not put yet; checked
    uint32_t batch_count;  //  How many
    bool gathered;         //  It is in the pool's list
    work_t *next_gathered; //  The next one there
    UT_hash_handle hh;     //  By ref
};

//  Opens it at the broker: fields as spec_of (spec.h) made them; ref and uuid are filled in.
//  CADRE_OK, or why not.
cadre_error_t work_open (work_t *self, cadre_t *pool, const work_listener_t *listener,
                         const wire_job_open_t *fields, fault_t *fault);

//  Follows a job that exists.
cadre_error_t work_follow (work_t *self, cadre_t *pool, const work_listener_t *listener,
                           uint64_t number, unsigned what, fault_t *fault);

//  Is there memory for a task of that payload, which is added next, and for its copies on their
//  way? CADRE_ERROR_MEMORY. size_bytes may lack what the packing buffer left out: FAILED.
cadre_error_t work_enter (work_t *self, size_t size_bytes, bool failed, fault_t *fault);

//  Adds the task whose payload was packed to the end of self->batch, behind the first mark bytes.
//  Its index is returned. The caller has waited for pool_admit.
uint32_t work_add (work_t *self, size_t mark);

//  Puts what was gathered into the session; work_gather does it for all works of the pool.
void work_put (work_t *self);
void work_gather (cadre_t *pool);

void work_seal (work_t *self);
void work_cancel (work_t *self);
void work_cancel_task (work_t *self, uint32_t index);

//  All tasks have ended.
bool work_done (const work_t *self);

//  The broker has acknowledged all that was added, sealed and cancelled.
bool work_synced (const work_t *self);

//  Leaves the pool: what comes for it is dropped. Frees its memory. Idempotent.
void work_close (work_t *self);

//  Fails every work.
void work_fail_all (cadre_t *pool, const fault_t *why);

//  The session goes: what it has acknowledged is noted.
void work_settle_all (cadre_t *pool);

#endif
