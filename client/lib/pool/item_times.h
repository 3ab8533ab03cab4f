/*  habits.h - measured run times of functions, used by maps to choose chunk sizes
 *
 *  Keeps the time per item for the functions used last. Part of a pool; any thread, without the
 *  pool's lock.
 */

#ifndef CLIENT_LIB_POOL_HABITS_H_INCLUDED
#define CLIENT_LIB_POOL_HABITS_H_INCLUDED

#include <cadre.h>

#define HABITS_FUNCTIONS 8

typedef struct habit {
    uint64_t function; //  Hash of its name
    int64_t item_ns;   //  Time per item
} habit_t;

typedef struct habits {
    habit_t functions [HABITS_FUNCTIONS]; //  Overwritten in turn
    unsigned next;                        //  The next one to overwrite
} habits_t;

//  Number of slots: exact for an embedded pool, else a guess.
size_t habits_slots (const cadre_t *pool);

//  Measured time per item of the function; -1: unknown.
int64_t habits_recall (cadre_t *pool, const char *function);
void habits_note (cadre_t *pool, const char *function, int64_t item_ns);

#endif
