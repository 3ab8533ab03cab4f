/*  meter.h - measures which key takes the broker's time without bringing work
 *
 *  Tasks, results and output are work: windows limit them. Everything else (requests, HELLOs, jobs
 *  that are opened, frames that are refused, results of leases that the worker does not have) takes
 *  time as well, and a peer can send it without end. The meter adds up that time for each key, in a
 *  leaky bucket. While other keys bring work, a key may take an eighth of the time, and
 *  METER_BURST_US at once; beyond that it is held: nothing more is read from its connections until
 *  the bucket has leaked. When nobody else works, no key is held.
 *
 *  No key is held longer than a limit, so that its peers are not taken for lost. The time comes
 *  from the caller. One thread.
 */

#ifndef BROKER_CORE_METER_H_INCLUDED
#define BROKER_CORE_METER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_SHARE 8           //  One part in so many of the time, while others bring work
#define METER_BURST_US 50000    //  That a key may take at once
#define METER_QUANTUM_US 2000   //  A held key is released when it may take so much
#define METER_ACTIVE_US 200000  //  Work of others counts for so long
#define METER_LONGEST_US 500000 //  No key is held longer

//  What the I/O thread takes to receive a frame, decrypt it and hand it over; to send one, too.
#define METER_FRAME_NS 10000u
#define METER_BYTE_NS 2u
#define METER_LOST_BYTE_NS 4u //  Of a large value that is given up: it was kept as well

typedef struct meter meter_t;

//  Called when nothing more is to be read from an account's connections, and when it may be again.
typedef void meter_hold_fn (void *owner, unsigned account, bool hold);

//  longest_us: see METER_LONGEST_US; less where peers are lost sooner.
meter_t *meter_new (int64_t longest_us, meter_hold_fn *hold, void *owner);
void meter_destroy (meter_t **self_p);

//  The account of that key: a number from 1, always the same.
unsigned meter_account (meter_t *self, const char *key);

//  The account has brought work.
void meter_work (meter_t *self, unsigned account, int64_t now_us);

//  The account has taken that time, and brought no work for it.
void meter_charge (meter_t *self, unsigned account, uint64_t cost_ns, int64_t now_us);

//  Once a turn: releases accounts.
void meter_turn (meter_t *self, int64_t now_us);

//  How many accounts are held now, and how often one was, ever.
size_t meter_held (const meter_t *self);
uint64_t meter_holds (const meter_t *self);

#endif
