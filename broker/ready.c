//  ready.c - which job goes next

#include "broker/ready.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

//  The ready jobs of one client in one priority.
typedef struct ready_queue {
    share_t *share;           //  Whose they are
    struct level *level;      //  The priority
    job_t *jobs;              //  In the order in which they became ready
    job_t *at;                //  First one not passed over in this turn
    uint64_t turn;            //  The turn that at belongs to
    struct ready_queue *prev; //  Neighbours in the level
    struct ready_queue *next; //  …
} ready_queue_t;

typedef struct level {
    int32_t priority;      //  Higher ones come first
    ready_queue_t *queues; //  One per client
    struct level *prev;    //  Neighbours
    struct level *next;    //  …
} level_t;

struct ready {
    level_t *levels; //  Ordered by priority, highest first
    share_t *shares; //  By session
    uint64_t turn;   //  Number of this turn
    uint64_t picks;  //  Picks so far
};

ready_t *ready_new (void)
{
    ready_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void ready_destroy (ready_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    assert (!(*self_p)->levels && !(*self_p)->shares);
    free (*self_p);
    *self_p = NULL;
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
}

static level_t *s_level (ready_t *self, int32_t priority)
{
    level_t *level = self->levels;
    while (level && level->priority > priority)
        level = level->next;
    if (level && level->priority == priority)
        return level;
    level_t *added = calloc (1, sizeof *added);
    assert (added);
    added->priority = priority;
    if (level)
        DL_PREPEND_ELEM (self->levels, level, added);
    else
        DL_APPEND (self->levels, added);
    return added;
}

static ready_queue_t *s_queue (ready_t *self, const job_t *job)
{
    level_t *level = s_level (self, job->priority);
    ready_queue_t *queue;
    DL_FOREACH (level->queues, queue)
        if (queue->share == job->share)
            return queue;
    queue = calloc (1, sizeof *queue);
    assert (queue);
    queue->share = job->share;
    queue->level = level;
    DL_APPEND (level->queues, queue);
    return queue;
}

static void s_enter (ready_t *self, job_t *job)
{
    ready_queue_t *queue = s_queue (self, job);
    DL_APPEND2 (queue->jobs, job, ready_prev, ready_next);
    job->queue = queue;
    if (queue->turn == self->turn && !queue->at)
        queue->at = job;
}

static void s_withdraw (ready_t *self, job_t *job)
{
    ready_queue_t *queue = job->queue;
    if (queue->at == job)
        queue->at = job->ready_next;
    DL_DELETE2 (queue->jobs, job, ready_prev, ready_next);
    job->queue = NULL;
    if (queue->jobs)
        return;
    level_t *level = queue->level;
    DL_DELETE (level->queues, queue);
    free (queue);
    if (level->queues)
        return;
    DL_DELETE (self->levels, level);
    free (level);
}

void ready_leave (ready_t *self, job_t *job)
{
    share_t *share = job->share;
    if (job->queue)
        s_withdraw (self, job);
    job->share = NULL;
    if (!share || --share->jobs)
        return;
    HASH_DEL (self->shares, share);
    free (share);
}

void ready_update (ready_t *self, job_t *job, bool blocked)
{
    bool wanted = !blocked && job_admits (job) > 0;
    if (wanted && !job->queue)
        s_enter (self, job);
    else if (!wanted && job->queue)
        s_withdraw (self, job);
}

void ready_begin (ready_t *self)
{
    self->turn++;
}

static job_t *s_first (ready_queue_t *queue, uint64_t turn)
{
    if (queue->turn != turn) {
        queue->turn = turn;
        queue->at = queue->jobs;
    }
    return queue->at;
}

static bool s_before (const share_t *share, const share_t *other)
{
    return share->work != other->work ? share->work < other->work : share->served < other->served;
}

job_t *ready_pick (ready_t *self)
{
    level_t *level;
    DL_FOREACH (self->levels, level) {
        ready_queue_t *best = NULL, *queue;
        DL_FOREACH (level->queues, queue)
            if (s_first (queue, self->turn) && (!best || s_before (queue->share, best->share)))
                best = queue;
        if (best) {
            best->share->served = ++self->picks;
            return best->at;
        }
    }
    return NULL;
}

void ready_pass (ready_t *self, job_t *job)
{
    ready_queue_t *queue = job->queue;
    if (queue && queue->turn == self->turn && queue->at == job)
        queue->at = job->ready_next;
}

bool ready_is_empty (const ready_t *self)
{
    return self->levels == NULL;
}
