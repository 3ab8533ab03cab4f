//  ready_heap.c - a bench: ready jobs that fit the same workers

#include "broker/queue/ready_heap.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

//  ---- queues of a level ----------------------------------------------------

static bool s_before (const ready_queue_t *one, const ready_queue_t *other)
{
    return one->work != other->work ? one->work < other->work : one->served < other->served;
}

static void s_ready_heap_place (level_t *level, size_t at, ready_queue_t *queue)
{
    level->heap [at] = queue;
    queue->heap_index = at + 1;
}

static void s_rise (benches_t *all, level_t *level, size_t at)
{
    ready_queue_t *queue = level->heap [at];
    for (size_t above; at > 0 && s_before (queue, level->heap [above = (at - 1) / 2]); at = above) {
        s_ready_heap_place (level, at, level->heap [above]);
        all->steps++;
    }
    s_ready_heap_place (level, at, queue);
}

static void s_ready_heap_sink (benches_t *all, level_t *level, size_t at)
{
    ready_queue_t *queue = level->heap [at];
    for (size_t below; (below = at * 2 + 1) < level->count; at = below) {
        if (below + 1 < level->count && s_before (level->heap [below + 1], level->heap [below]))
            below++;
        if (!s_before (level->heap [below], queue))
            break;
        s_ready_heap_place (level, at, level->heap [below]);
        all->steps++;
    }
    s_ready_heap_place (level, at, queue);
}

//  Updates the queue's copy of the share; true when it has changed.
static bool s_refresh (ready_queue_t *queue)
{
    const share_t *share = queue->key.share;
    bool news = queue->work != share->work || queue->served != share->served;
    queue->work = share->work;
    queue->served = share->served;
    return news;
}

static void s_ready_heap_join (benches_t *all, level_t *level, ready_queue_t *queue)
{
    if (level->count == level->capacity) {
        level->capacity = level->capacity ? level->capacity * 2 : 1;
        level->heap = realloc (level->heap, level->capacity * sizeof (ready_queue_t *));
        assert (level->heap);
    }
    s_refresh (queue);
    s_ready_heap_place (level, level->count++, queue);
    s_rise (all, level, level->count - 1);
}

static void s_ready_heap_part (benches_t *all, level_t *level, ready_queue_t *queue)
{
    size_t at = queue->heap_index - 1;
    ready_queue_t *last = level->heap [--level->count];
    queue->heap_index = 0;
    if (last == queue)
        return;
    s_ready_heap_place (level, at, last);
    s_ready_heap_sink (all, level, at);
    s_rise (all, level, last->heap_index - 1);
}

//  The work of one share has decreased.
static void s_correct (benches_t *all, level_t *level, const share_t *share)
{
    ready_queue_t key = {.key = {level, (share_t *) share}}, *queue;
    HASH_FIND (hh, all->queues, &key.key, sizeof key.key, queue);
    all->steps++;
    if (!queue || queue->heap_index == 0 || !s_refresh (queue))
        return;
    s_ready_heap_sink (all, level, queue->heap_index - 1);
    s_rise (all, level, queue->heap_index - 1);
}

static void s_order_anew (benches_t *all, level_t *level)
{
    for (size_t i = 0; i < level->count; i++)
        s_refresh (level->heap [i]);
    for (size_t i = level->count / 2; i > 0; i--)
        s_ready_heap_sink (all, level, i - 1);
    all->steps += level->count;
}

//  Applies the changes since the last update: each logged share, or all queues, whichever is less.
//  Shares whose work increased only matter at the top.
static void s_ready_heap_look (benches_t *all, level_t *level)
{
    uint64_t news = all->logged - level->seen;
    if (news > 0 && (news >= READY_HEAP_LOG || news >= level->count))
        s_order_anew (all, level);
    else
        for (; level->seen < all->logged; level->seen++)
            s_correct (all, level, all->log [level->seen % READY_HEAP_LOG]);
    level->seen = all->looked = all->logged;
    while (level->count && s_refresh (level->heap [0]))
        s_ready_heap_sink (all, level, 0);
    all->steps++;
}

void ready_heap_note (benches_t *all, share_t *share)
{
    if (share->noted > all->looked)
        return;
    all->log [all->logged++ % READY_HEAP_LOG] = share;
    share->noted = all->logged;
}

//  ---- levels of a bench ----------------------------------------------------

static void s_ready_heap_set (ready_heap_t *bench, size_t at, level_t *level)
{
    bench->heap [at] = level;
    level->heap_index = at + 1;
}

static bool s_above (const level_t *one, const level_t *other)
{
    return one->key.priority > other->key.priority;
}

static void s_ready_heap_raise (benches_t *all, ready_heap_t *bench, size_t at)
{
    level_t *level = bench->heap [at];
    for (size_t above; at > 0 && s_above (level, bench->heap [above = (at - 1) / 2]); at = above) {
        s_ready_heap_set (bench, at, bench->heap [above]);
        all->steps++;
    }
    s_ready_heap_set (bench, at, level);
}

static void s_lower (benches_t *all, ready_heap_t *bench, size_t at)
{
    level_t *level = bench->heap [at];
    for (size_t below; (below = at * 2 + 1) < bench->count; at = below) {
        if (below + 1 < bench->count && s_above (bench->heap [below + 1], bench->heap [below]))
            below++;
        if (!s_above (bench->heap [below], level))
            break;
        s_ready_heap_set (bench, at, bench->heap [below]);
        all->steps++;
    }
    s_ready_heap_set (bench, at, level);
}

static void s_add_level (benches_t *all, ready_heap_t *bench, level_t *level)
{
    if (bench->count == bench->capacity) {
        bench->capacity = bench->capacity ? bench->capacity * 2 : 4;
        bench->heap = realloc (bench->heap, bench->capacity * sizeof (level_t *));
        assert (bench->heap);
    }
    s_ready_heap_set (bench, bench->count++, level);
    s_ready_heap_raise (all, bench, bench->count - 1);
}

static void s_remove_level (benches_t *all, ready_heap_t *bench, level_t *level)
{
    size_t at = level->heap_index - 1;
    level_t *last = bench->heap [--bench->count];
    level->heap_index = 0;
    if (last == level)
        return;
    s_ready_heap_set (bench, at, last);
    s_lower (all, bench, at);
    s_ready_heap_raise (all, bench, last->heap_index - 1);
}

static level_t *s_level (benches_t *all, ready_heap_t *bench, int64_t priority)
{
    level_t key = {.key = {bench, priority}}, *level;
    HASH_FIND (hh, all->levels, &key.key, sizeof key.key, level);
    if (level)
        return level;
    level = calloc (1, sizeof *level);
    assert (level);
    level->key.bench = bench;
    level->key.priority = priority;
    level->seen = all->logged;
    HASH_ADD (hh, all->levels, key, sizeof level->key, level);
    return level;
}

//  ---- jobs -----------------------------------------------------------------

static void s_free_queue (benches_t *all, ready_queue_t *queue)
{
    level_t *level = queue->key.level;
    HASH_DEL (all->queues, queue);
    free (queue);
    if (--level->queues)
        return;
    HASH_DEL (all->levels, level);
    free (level->heap);
    free (level);
}

void ready_heap_drop_idle (benches_t *all, share_t *share)
{
    if (share->idle)
        s_free_queue (all, share->idle);
    share->idle = NULL;
}

static ready_queue_t *s_queue (benches_t *all, ready_heap_t *bench, const job_t *job)
{
    ready_queue_t *queue = job->share->idle;
    if (queue && queue->key.level->key.bench == bench
        && queue->key.level->key.priority == job->priority)
        return queue;
    level_t *level = s_level (all, bench, job->priority);
    ready_queue_t key = {.key = {level, job->share}};
    HASH_FIND (hh, all->queues, &key.key, sizeof key.key, queue);
    if (queue)
        return queue;
    queue = calloc (1, sizeof *queue);
    assert (queue);
    queue->key.level = level;
    queue->key.share = job->share;
    level->queues++;
    HASH_ADD (hh, all->queues, key, sizeof queue->key, queue);
    return queue;
}

void ready_heap_enter (benches_t *all, ready_heap_t *self, job_t *job, bool first)
{
    ready_queue_t *queue = s_queue (all, self, job);
    level_t *level = queue->key.level;
    if (queue == job->share->idle)
        job->share->idle = NULL;
    if (first)
        DL_PREPEND2 (queue->jobs, job, ready_prev, ready_next);
    else
        DL_APPEND2 (queue->jobs, job, ready_prev, ready_next);
    job->queue = queue;
    all->steps++;
    if (queue->heap_index)
        return;
    s_ready_heap_join (all, level, queue);
    if (level->heap_index == 0)
        s_add_level (all, self, level);
}

//  The last queue of a share without jobs is kept, because it will probably be needed again soon.
void ready_heap_withdraw (benches_t *all, job_t *job)
{
    ready_queue_t *queue = job->queue;
    level_t *level = queue->key.level;
    DL_DELETE2 (queue->jobs, job, ready_prev, ready_next);
    job->queue = NULL;
    all->steps++;
    if (queue->jobs)
        return;
    s_ready_heap_part (all, level, queue);
    if (level->count == 0)
        s_remove_level (all, level->key.bench, level);
    ready_heap_drop_idle (all, job->share);
    job->share->idle = queue;
}

ready_queue_t *ready_heap_first (benches_t *all, ready_heap_t *self)
{
    if (self->count == 0)
        return NULL;
    level_t *level = self->heap [0];
    s_ready_heap_look (all, level);
    return level->heap [0];
}

static uint64_t s_ready_heap_tasks (const level_t *level, uint32_t *jobs)
{
    uint64_t tasks = 0;
    for (size_t i = 0; i < level->count && *jobs; i++)
        for (const job_t *job = level->heap [i]->jobs; job && *jobs; job = job->ready_next, --*jobs)
            tasks += job->ready;
    return tasks;
}

//  Levels below a level in the heap have no higher priority.
static uint64_t s_ready_heap_ahead (const ready_heap_t *self, size_t at, int32_t priority,
                                    uint32_t *jobs)
{
    if (at >= self->count || *jobs == 0 || self->heap [at]->key.priority <= priority)
        return 0;
    uint64_t tasks = s_ready_heap_tasks (self->heap [at], jobs);
    tasks += s_ready_heap_ahead (self, at * 2 + 1, priority, jobs);
    return tasks + s_ready_heap_ahead (self, at * 2 + 2, priority, jobs);
}

uint64_t ready_heap_ahead (const ready_heap_t *self, int32_t priority, uint32_t *jobs)
{
    return s_ready_heap_ahead (self, 0, priority, jobs);
}
