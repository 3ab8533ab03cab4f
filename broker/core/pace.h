/*  pace.h - delays bulk traffic while many results arrive
 *
 *  A command that prints without pause, or a client that submits without pause, would use most of a
 *  small machine, because each process on the way copies every byte. While many results arrive,
 *  such traffic is granted windows only at intervals; otherwise at once.
 */

#ifndef BROKER_CORE_PACE_H_INCLUDED
#define BROKER_CORE_PACE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define PACE_PRESSING_RATE 20000u //  Results a second above which bulk traffic is delayed

//  Initialize every_us and zero the rest.
typedef struct pace {
    int64_t every_us; //  Interval of windows while results are frequent
    int64_t since_us; //  Time of the last measurement
    uint64_t ended;   //  Tasks that had ended at that time
    bool pressing;    //  Results were frequent at that time
} pace_t;

//  May a window be granted now? ended: number of tasks that have ended, ever.
bool pace_allows (pace_t *self, int64_t now_us, uint64_t ended);

//  If not now: the time from which it may be granted.
int64_t pace_next_us (const pace_t *self);

#endif
