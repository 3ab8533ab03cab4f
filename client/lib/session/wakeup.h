/*  wakeup.h - the descriptor that wakes the application's event loop
 *
 *  An eventfd that is created on the first request. wakeup_raise makes a system call only when it
 *  is open and cleared. Protected by its owner's lock.
 */

#ifndef CLIENT_LIB_SESSION_WAKEUP_H_INCLUDED
#define CLIENT_LIB_SESSION_WAKEUP_H_INCLUDED

#include <stdbool.h>

typedef struct wakeup {
    int fd;   //  The eventfd, or -1
    bool set; //  It is readable
} wakeup_t;

void wakeup_init (wakeup_t *self);

//  Returns the descriptor, opened if needed, and raises it, because there may have been earlier
//  events. -1: no descriptor is free.
int wakeup_open (wakeup_t *self);
bool wakeup_is_open (const wakeup_t *self);

//  It is readable until it is cleared.
void wakeup_raise (wakeup_t *self);
void wakeup_clear (wakeup_t *self);

void wakeup_close (wakeup_t *self);

#endif
