//  item_times.c - measured run times of functions, used by maps to choose chunk sizes

#include "client/lib/pool/item_times.h"

#include "client/lib/pool/pool.h"

#define USUAL_SLOTS 32u

size_t item_times_slots (const cadre_t *pool)
{
    return pool->own_slots ? pool->own_slots : USUAL_SLOTS;
}

//  FNV-1a; a collision confuses two functions, which is harmless.
static uint64_t s_hash (const char *text)
{
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (uint8_t) *text) * UINT64_C (0x100000001b3);
    return hash ? hash : 1;
}

static item_time_t *s_item_times_find (cadre_t *pool, uint64_t function)
{
    for (size_t i = 0; i < ITEM_TIMES_FUNCTIONS; i++)
        if (pool->habits.functions [i].function == function)
            return &pool->habits.functions [i];
    return NULL;
}

int64_t item_times_recall (cadre_t *pool, const char *function)
{
    pool_lock (pool);
    const item_time_t *habit = s_item_times_find (pool, s_hash (function));
    int64_t item_ns = habit ? habit->item_ns : -1;
    pool_unlock (pool);
    return item_ns;
}

void item_times_note (cadre_t *pool, const char *function, int64_t item_ns)
{
    uint64_t hash = s_hash (function);
    pool_lock (pool);
    item_time_t *habit = s_item_times_find (pool, hash);
    if (!habit) {
        habit = &pool->habits.functions [pool->habits.next++ % ITEM_TIMES_FUNCTIONS];
        habit->function = hash;
    }
    habit->item_ns = item_ns;
    pool_unlock (pool);
}
