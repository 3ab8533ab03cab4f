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
    size_t place;             //  In the level's heap, plus 1; 0: not there
    struct ready_queue *prev; //  Neighbours in the level
    struct ready_queue *next; //  …
} ready_queue_t;

typedef struct level {
    int32_t priority;      //  Higher ones come first
    ready_queue_t *queues; //  One per client
    ready_queue_t **heap;  //  Those with jobs that were not passed over, whose turn it is at 0
    size_t count;          //  How many
    size_t capacity;       //  Allocated
    ready_queue_t *
        picked; //  The one that was picked last: its share grows, and it sinks before the heap is used again; or NULL
    uint64_t turn;      //  The turn that heap belongs to
    struct level *prev; //  Neighbours
    struct level *next; //  …
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

//  ---- whose turn it is -----------------------------------------------------

static bool s_before (const ready_queue_t *one, const ready_queue_t *other)
{
    const share_t *share = one->share, *rival = other->share;
    return share->work != rival->work ? share->work < rival->work : share->served < rival->served;
}

static void s_place (level_t *level, size_t at, ready_queue_t *queue)
{
    level->heap [at] = queue;
    queue->place = at + 1;
}

static void s_rise (level_t *level, size_t at)
{
    ready_queue_t *queue = level->heap [at];
    for (size_t above; at > 0 && s_before (queue, level->heap [above = (at - 1) / 2]); at = above)
        s_place (level, at, level->heap [above]);
    s_place (level, at, queue);
}

static void s_sink (level_t *level, size_t at)
{
    ready_queue_t *queue = level->heap [at];
    for (size_t below; (below = at * 2 + 1) < level->count; at = below) {
        if (below + 1 < level->count && s_before (level->heap [below + 1], level->heap [below]))
            below++;
        if (!s_before (level->heap [below], queue))
            break;
        s_place (level, at, level->heap [below]);
    }
    s_place (level, at, queue);
}

static void s_settle (level_t *level)
{
    if (level->picked)
        s_sink (level, level->picked->place - 1);
}

static void s_join (level_t *level, ready_queue_t *queue)
{
    if (queue->place)
        return;
    s_settle (level);
    if (level->count == level->capacity) {
        level->capacity = level->capacity ? level->capacity * 2 : 16;
        level->heap = realloc (level->heap, level->capacity * sizeof (ready_queue_t *));
        assert (level->heap);
    }
    s_place (level, level->count++, queue);
    s_rise (level, level->count - 1);
}

static void s_part (level_t *level, ready_queue_t *queue)
{
    if (queue->place == 0)
        return;
    s_settle (level);
    if (level->picked == queue)
        level->picked = NULL;
    size_t at = queue->place - 1;
    ready_queue_t *last = level->heap [--level->count];
    queue->place = 0;
    if (last == queue)
        return;
    s_place (level, at, last);
    s_sink (level, at);
    s_rise (level, last->place - 1);
}

//  ---- what is ready --------------------------------------------------------

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
    if (queue->level->turn != self->turn)
        return;
    if (queue->turn != self->turn || !queue->at)
        queue->at = job;
    queue->turn = self->turn;
    s_join (queue->level, queue);
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
    s_part (level, queue);
    free (queue);
    if (level->queues)
        return;
    DL_DELETE (self->levels, level);
    free (level->heap);
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

//  A level that is looked at for the first time in this turn has everything before it.
static void s_begin (level_t *level, uint64_t turn)
{
    ready_queue_t *queue;
    if (level->turn == turn)
        return;
    level->turn = turn;
    level->count = 0;
    level->picked = NULL;
    DL_FOREACH (level->queues, queue) {
        queue->turn = turn;
        queue->at = queue->jobs;
        queue->place = 0;
        s_join (level, queue);
    }
}

static ready_queue_t *s_first (level_t *level, uint64_t turn)
{
    s_begin (level, turn);
    s_settle (level);
    while (level->count && !level->heap [0]->at)
        s_part (level, level->heap [0]);
    return level->picked = level->count ? level->heap [0] : NULL;
}

job_t *ready_pick (ready_t *self)
{
    level_t *level;
    DL_FOREACH (self->levels, level) {
        ready_queue_t *first = s_first (level, self->turn);
        if (first) {
            first->share->served = ++self->picks;
            return first->at;
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
