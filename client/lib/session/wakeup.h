/*  wakeup.h - the descriptor by which an event loop learns that there is news
 *
 *  It is an eventfd that is made when it is first asked for. Raising it costs a system call only
 *  when it is open and was cleared meanwhile. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_SESSION_WAKEUP_H_INCLUDED
#define CLIENT_LIB_SESSION_WAKEUP_H_INCLUDED

#include <stdbool.h>

typedef struct wakeup {
    int fd;   //  The eventfd, or -1
    bool set; //  It polls readable
} wakeup_t;

void wakeup_init (wakeup_t *self);

//  The descriptor, opened now if it was not, and then raised: what came before counts as news. -1:
//  none is free.
int wakeup_open (wakeup_t *self);
bool wakeup_is_open (const wakeup_t *self);

//  It polls readable until it is cleared.
void wakeup_raise (wakeup_t *self);
void wakeup_clear (wakeup_t *self);

void wakeup_close (wakeup_t *self);

#endif
