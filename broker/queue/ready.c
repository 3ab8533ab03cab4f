//  ready.c - decides which job is served next

#include "broker/queue/ready.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/peers/demand.h"
#include "broker/peers/roster.h"
#include "broker/queue/ready_heap.h"

#define SEATS_A_TURN 4096u //  Jobs and demands that move to other benches in one turn

struct ready {
    roster_t *roster;      //  Borrowed, or NULL
    ready_heap_t *benches; //  All (utlist)
    size_t benches_count;  //  Number of benches, without the mixed one
    ready_heap_t *mixed;   //  For jobs of any demand, when there are too many benches; or NULL
    benches_t all;         //  Common data of the benches
    demand_t *demands;     //  Demands with ready jobs, least recently seated first
    share_t *shares;       //  By session
    job_t *passed;         //  Jobs skipped in this turn (utlist)
    size_t jobs;           //  Number of ready jobs
    uint64_t turns;        //  Shares served or skipped so far
};

ready_t *ready_new (roster_t *roster)
{
    ready_t *self = calloc (1, sizeof *self);
    assert (self);
    self->roster = roster;
    return self;
}

static void s_free_bench (ready_t *self, ready_heap_t *bench)
{
    DL_DELETE (self->benches, bench);
    free (bench->fits);
    free (bench->heap);
    free (bench);
}

void ready_destroy (ready_t **self_p)
{
    assert (self_p);
    ready_t *self = *self_p;
    if (!self)
        return;
    assert (self->jobs == 0 && !self->shares);
    while (self->benches)
        s_free_bench (self, self->benches);
    free (self);
    *self_p = NULL;
}

//  ---- benches --------------------------------------------------------------

static bool s_is_same_set (const ready_heap_t *bench, const demand_t *demand)
{
    if (bench->mixed || bench->durable != demand->durable || bench->once != demand->once)
        return false;
    size_t words = bench->words < demand->words ? bench->words : demand->words;
    if (words && memcmp (bench->fits, demand->fits, words * sizeof (uint64_t)) != 0)
        return false;
    for (size_t i = words; i < bench->words; i++)
        if (bench->fits [i])
            return false;
    for (size_t i = words; i < demand->words; i++)
        if (demand->fits [i])
            return false;
    return true;
}

static ready_heap_t *s_find_bench (const ready_t *self, const demand_t *demand)
{
    ready_heap_t *bench;
    DL_FOREACH (self->benches, bench)
        if (s_is_same_set (bench, demand))
            return bench;
    return NULL;
}

static void s_take_set (ready_heap_t *bench, const demand_t *demand)
{
    free (bench->fits);
    bench->words = demand->words;
    bench->fits = calloc (demand->words + 1, sizeof (uint64_t));
    assert (bench->fits);
    memcpy (bench->fits, demand->fits, demand->words * sizeof (uint64_t));
    bench->durable = demand->durable;
    bench->once = demand->once;
}

//  NULL: a bench for jobs of any demand. An empty bench is reused, to limit their number.
static ready_heap_t *s_empty_bench (ready_t *self)
{
    ready_heap_t *bench;
    DL_FOREACH (self->benches, bench)
        if (bench->demands == 0 && bench->count == 0 && !bench->mixed)
            return bench;
    if (self->benches_count == BENCHES_MAX)
        return NULL;
    bench = calloc (1, sizeof *bench);
    assert (bench);
    DL_APPEND (self->benches, bench);
    self->benches_count++;
    return bench;
}

static ready_heap_t *s_mixed (ready_t *self)
{
    if (self->mixed)
        return self->mixed;
    self->mixed = calloc (1, sizeof *self->mixed);
    assert (self->mixed);
    self->mixed->mixed = true;
    DL_APPEND (self->benches, self->mixed);
    return self->mixed;
}

//  The bench for jobs of this demand. A demand that has a bench for itself keeps it when its
//  workers change.
static ready_heap_t *s_bench (ready_t *self, demand_t *demand)
{
    if (demand->fitting == 0)
        return NULL;
    ready_heap_t *bench = s_find_bench (self, demand);
    if (bench)
        return bench;
    if (demand->bench && demand->bench->demands == 1 && !demand->bench->mixed) {
        s_take_set (demand->bench, demand);
        return demand->bench;
    }
    bench = s_empty_bench (self);
    if (!bench)
        return s_mixed (self);
    s_take_set (bench, demand);
    return bench;
}

static void s_stand_up (demand_t *demand)
{
    if (demand->bench)
        demand->bench->demands--;
    demand->bench = NULL;
}

//  Chooses the bench again, for the present roster.
static void s_seat (ready_t *self, demand_t *demand)
{
    roster_judge (self->roster, demand);
    demand->seated = demand->version;
    ready_heap_t *bench = s_bench (self, demand);
    self->all.steps++;
    if (bench == demand->bench)
        return;
    if (bench)
        bench->demands++;
    s_stand_up (demand);
    demand->bench = bench;
}

static ready_heap_t *s_bench_of (const job_t *job)
{
    return job->queue ? job->queue->key.level->key.bench : NULL;
}

//  ---- what is ready --------------------------------------------------------

static void s_sit (ready_t *self, job_t *job, bool first)
{
    ready_heap_t *bench = job->demand ? job->demand->bench : s_mixed (self);
    if (bench)
        ready_heap_enter (&self->all, bench, job, first);
}

static void s_note_demand (ready_t *self, job_t *job)
{
    demand_t *demand = job->demand;
    if (!demand)
        return;
    if (!demand->ready) {
        if (demand->seated != roster_version (self->roster))
            s_seat (self, demand);
        DL_APPEND (self->demands, demand);
    }
    DL_APPEND2 (demand->ready, job, demand_prev, demand_next);
}

static void s_ready_enter (ready_t *self, job_t *job)
{
    job->is_ready = true;
    self->jobs++;
    s_note_demand (self, job);
    s_sit (self, job, false);
}

static void s_get_up (ready_t *self, job_t *job)
{
    if (job->passed)
        DL_DELETE2 (self->passed, job, ready_prev, ready_next);
    else if (job->queue)
        ready_heap_withdraw (&self->all, job);
    job->passed = false;
}

static void s_withdraw (ready_t *self, job_t *job)
{
    demand_t *demand = job->demand;
    job->is_ready = false;
    self->jobs--;
    s_get_up (self, job);
    if (!demand)
        return;
    DL_DELETE2 (demand->ready, job, demand_prev, demand_next);
    if (!demand->ready)
        DL_DELETE (self->demands, demand);
}

void ready_update (ready_t *self, job_t *job, bool blocked)
{
    bool wanted = !blocked && job_admits (job) > 0;
    if (wanted && !job->is_ready)
        s_ready_enter (self, job);
    else if (!wanted && job->is_ready)
        s_withdraw (self, job);
}

const share_t *ready_share (const ready_t *self, uint64_t key)
{
    const share_t *share;
    HASH_FIND (hh, self->shares, &key, sizeof key, share);
    return share;
}

void ready_join (ready_t *self, job_t *job, uint64_t key)
{
    share_t *share;
    HASH_FIND (hh, self->shares, &key, sizeof key, share);
    if (!share) {
        share = calloc (1, sizeof *share);
        assert (share);
        share->key = key;
        HASH_ADD (hh, self->shares, key, sizeof share->key, share);
    }
    share->jobs++;
    job->share = share;
    if (self->roster)
        job->demand = roster_demand (self->roster, job);
}

static void s_leave_demand (ready_t *self, job_t *job)
{
    if (!job->demand)
        return;
    if (job->demand->jobs == 1)
        s_stand_up (job->demand);
    roster_undemand (self->roster, &job->demand);
}

void ready_leave (ready_t *self, job_t *job)
{
    share_t *share = job->share;
    if (job->is_ready)
        s_withdraw (self, job);
    job->share = NULL;
    if (!share)
        return;
    if (--share->jobs == 0) {
        ready_heap_drop_idle (&self->all, share);
        HASH_DEL (self->shares, share);
        free (share);
    }
    s_leave_demand (self, job);
}

void ready_eased (ready_t *self, share_t *share)
{
    ready_heap_note (&self->all, share);
}

//  ---- turns ----------------------------------------------------------------

static void s_return_passed (ready_t *self)
{
    while (self->passed) {
        job_t *job =
            self->passed->ready_prev; //  The last one, because each is inserted before the others
        DL_DELETE2 (self->passed, job, ready_prev, ready_next);
        job->passed = false;
        s_sit (self, job, true);
    }
    ready_heap_t *bench;
    DL_FOREACH (self->benches, bench)
        bench->passed = false;
}

//  Moves jobs of the demand to their bench, in order; false when some remain.
static bool s_move_jobs (ready_t *self, demand_t *demand, uint32_t *seats)
{
    while (*seats && s_bench_of (demand->ready) != demand->bench) {
        job_t *job = demand->ready;
        DL_DELETE2 (demand->ready, job, demand_prev, demand_next);
        DL_APPEND2 (demand->ready, job, demand_prev, demand_next);
        s_get_up (self, job);
        s_sit (self, job, false);
        --*seats;
    }
    return s_bench_of (demand->ready) == demand->bench;
}

//  Moves demands to other benches after workers have come or gone.
static bool s_seat_anew (ready_t *self)
{
    uint32_t seats = SEATS_A_TURN;
    while (self->demands && seats) {
        demand_t *demand = self->demands;
        bool known = demand->seated == roster_version (self->roster);
        if (known && s_bench_of (demand->ready) == demand->bench)
            return true;
        if (!known)
            s_seat (self, demand);
        seats--;
        if (!s_move_jobs (self, demand, &seats))
            return false;
        DL_DELETE (self->demands, demand);
        DL_APPEND (self->demands, demand);
    }
    return self->demands == NULL;
}

bool ready_begin (ready_t *self)
{
    s_return_passed (self);
    return !self->roster || s_seat_anew (self);
}

static bool s_goes_first (const ready_queue_t *one, const ready_queue_t *other)
{
    int64_t priority = one->key.level->key.priority, others = other->key.level->key.priority;
    if (priority != others)
        return priority > others;
    const share_t *share = one->key.share, *rival = other->key.share;
    return share->work != rival->work ? share->work < rival->work : share->served < rival->served;
}

job_t *ready_pick (ready_t *self)
{
    ready_queue_t *best = NULL;
    ready_heap_t *bench;
    DL_FOREACH (self->benches, bench) {
        ready_queue_t *first = bench->passed ? NULL : ready_heap_first (&self->all, bench);
        if (first && (!best || s_goes_first (first, best)))
            best = first;
    }
    if (!best)
        return NULL;
    return best->jobs;
}

void ready_served (ready_t *self, job_t *job)
{
    job->share->served = ++self->turns;
}

void ready_pass (ready_t *self, job_t *job)
{
    ready_served (self, job);
    if (!job->queue)
        return;
    ready_heap_withdraw (&self->all, job);
    job->passed = true;
    DL_APPEND2 (self->passed, job, ready_prev, ready_next);
}

void ready_pass_all (ready_t *self, job_t *job)
{
    ready_heap_t *bench = s_bench_of (job);
    if (!bench || bench->mixed)
        ready_pass (self, job);
    else
        bench->passed = true;
}

uint64_t ready_ahead (const ready_t *self, int32_t priority, uint32_t jobs)
{
    uint64_t tasks = 0;
    const ready_heap_t *bench;
    DL_FOREACH (self->benches, bench)
        tasks += ready_heap_ahead (bench, priority, &jobs);
    return tasks;
}

bool ready_is_empty (const ready_t *self)
{
    return self->jobs == 0;
}

uint64_t ready_steps (const ready_t *self)
{
    return self->all.steps;
}
