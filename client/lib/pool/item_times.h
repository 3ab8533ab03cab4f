/*  item_times.h - measured run times of functions, used by maps to choose chunk sizes
 *
 *  Keeps the time per item for the functions used last. Part of a pool; any thread, without the
 *  pool's lock.
 */

#ifndef CLIENT_LIB_POOL_ITEM_TIMES_H_INCLUDED
#define CLIENT_LIB_POOL_ITEM_TIMES_H_INCLUDED

#include <cadre.h>

#define ITEM_TIMES_FUNCTIONS 8

typedef struct item_time {
    uint64_t function; //  Hash of its name
    int64_t item_ns;   //  Time per item
} item_time_t;

typedef struct item_times {
    item_time_t functions [ITEM_TIMES_FUNCTIONS]; //  Overwritten in turn
    unsigned next;                                //  The next one to overwrite
} item_times_t;

//  Number of slots: exact for an embedded pool, else a guess.
size_t item_times_slots (const cadre_t *pool);

//  Measured time per item of the function; -1: unknown.
int64_t item_times_recall (cadre_t *pool, const char *function);
void item_times_note (cadre_t *pool, const char *function, int64_t item_ns);

#endif
