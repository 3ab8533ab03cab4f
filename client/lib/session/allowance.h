/*  allowance.h - what the broker may send of results and output: the receiver's half of a window
 *
 *  A window is granted in absolute totals since the session began: what has arrived, less what
 *  nobody has read yet, plus what may wait here. A new session counts from 0, but what waits unread
 *  stays here and goes on using up its place. One thread at a time.
 */

#ifndef CLIENT_LIB_SESSION_ALLOWANCE_H_INCLUDED
#define CLIENT_LIB_SESSION_ALLOWANCE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

//  In both units of a window.
typedef struct amount {
    uint64_t tasks; //  Results
    uint64_t bytes; //  Bytes of frames
} amount_t;

typedef struct allowance {
    amount_t window;  //  What may wait here unread
    amount_t arrived; //  In this session
    amount_t held;    //  Unread, of this session or of one before
    amount_t granted; //  What the broker was told last
} allowance_t;

allowance_t allowance_of (uint64_t tasks, uint64_t bytes);

//  What a HELLO offers: the grant of a session that would begin now. One that goes on has more
//  already, and ignores it.
amount_t allowance_offer (const allowance_t *self);

//  A new session has begun with that offer.
void allowance_begin (allowance_t *self, amount_t offered);

void allowance_arrive (allowance_t *self, uint64_t tasks, uint64_t bytes);

//  More has arrived than was granted, and another window besides: whoever sends may overdraw by a
//  frame, and may answer a HELLO that offered more than the last one.
bool allowance_is_overdrawn (const allowance_t *self);

void allowance_hold (allowance_t *self, uint64_t tasks, uint64_t bytes);
void allowance_release (allowance_t *self, uint64_t tasks, uint64_t bytes);

//  What is held leaves room for nothing.
bool allowance_is_full (const allowance_t *self);

//  True, and granted is raised, once a quarter of the window has come free: the broker is to be
//  told.
bool allowance_grow (allowance_t *self);

#endif
