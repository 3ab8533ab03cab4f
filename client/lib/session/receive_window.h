/*  receive_window.h - the receiver's side of a window: how much the broker may send
 *
 *  A window is granted in absolute totals since the session began: what has arrived, minus what is
 *  unread, plus the window's size. A new session counts from 0, but unread results stay and
 *  continue to use up the window. One thread at a time.
 */

#ifndef CLIENT_LIB_SESSION_RECEIVE_WINDOW_H_INCLUDED
#define CLIENT_LIB_SESSION_RECEIVE_WINDOW_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

//  In both units of a window.
typedef struct amount {
    uint64_t tasks; //  Results
    uint64_t bytes; //  Bytes of frames
} amount_t;

typedef struct receive_window {
    amount_t window;  //  Size of the window
    amount_t arrived; //  In this session
    amount_t held;    //  Unread, of this or an earlier session
    amount_t granted; //  Last grant sent to the broker
} receive_window_t;

receive_window_t receive_window_of (uint64_t tasks, uint64_t bytes);

//  The grant in a HELLO, for a session that begins now. A session that continues has more already,
//  and ignores it.
amount_t receive_window_offer (const receive_window_t *self);

//  A new session has begun with that grant.
void receive_window_begin (receive_window_t *self, amount_t offered);

void receive_window_arrive (receive_window_t *self, uint64_t tasks, uint64_t bytes);

//  More has arrived than was granted plus another window: a sender may exceed the grant by one
//  frame, and may have answered an older HELLO with a larger grant.
bool receive_window_is_overdrawn (const receive_window_t *self);

void receive_window_hold (receive_window_t *self, uint64_t tasks, uint64_t bytes);
void receive_window_release (receive_window_t *self, uint64_t tasks, uint64_t bytes);

//  Do unread results fill the window?
bool receive_window_is_full (const receive_window_t *self);

//  True, and granted is raised, once a quarter of the window is free: send it to the broker.
bool receive_window_grow (receive_window_t *self);

#endif
