/*  habits.h - what a pool has seen of its functions, for maps to choose their chunks by
 *
 *  How long an item of a function took is remembered of the last few functions. Part of a pool; any
 *  thread, without the pool's lock.
 */

#ifndef CLIENT_LIB_POOL_HABITS_H_INCLUDED
#define CLIENT_LIB_POOL_HABITS_H_INCLUDED

#include <cadre.h>

#define HABITS_FUNCTIONS 8

typedef struct habit {
    uint64_t function; //  Hash of its name
    int64_t item_ns;   //  What an item took
} habit_t;

typedef struct habits {
    habit_t functions [HABITS_FUNCTIONS]; //  The last ones, by turns
    unsigned next;                        //  To be replaced
} habits_t;

//  How many slots there are: known of a pool of this machine, else some.
size_t habits_slots (const cadre_t *pool);

//  What an item of the function took when it was measured last; -1: not known.
int64_t habits_recall (cadre_t *pool, const char *function);
void habits_note (cadre_t *pool, const char *function, int64_t item_ns);

#endif
