/*  pace.h - what can wait gives way to results
 *
 *  A command that prints as fast as it can, or a client that submits so, would take most of a small
 *  machine for itself: each process on the way carries every byte. While results press, windows for
 *  such things are given at intervals; as soon as they do not, at once.
 */

#ifndef BROKER_CORE_PACE_H_INCLUDED
#define BROKER_CORE_PACE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define PACE_PRESSING_RATE 20000u //  Results a second

//  Zeroed but for the first field: nothing was asked yet.
typedef struct pace {
    int64_t every_us; //  Between two windows while results press
    int64_t since_us; //  When it was last judged
    uint64_t ended;   //  Tasks that had ended then
    bool pressing;    //  As judged then
} pace_t;

//  May windows be given now? ended: tasks that have ended, ever.
bool pace_allows (pace_t *self, int64_t now_us, uint64_t ended);

//  When they may, if they may not now.
int64_t pace_next_us (const pace_t *self);

#endif
