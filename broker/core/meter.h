/*  meter.h - limits the time that a key may use without bringing work
 *
 *  Tasks, results and output are work, which windows limit. Everything else (requests, HELLOs,
 *  opened jobs, refused frames, results of leases that the worker does not have) also takes time,
 *  and a peer can send it without end. The meter adds up that time for each key in a leaky bucket.
 *  While other keys bring work, a key may use an eighth of the time, and METER_BURST_US at once.
 *  Beyond that it is held: its connections are not read until the bucket has leaked. When no other
 *  key brings work, no key is held.
 *
 *  The duration of a hold is limited, so that the key's peers are not declared lost. The caller
 *  passes the time. One thread.
 */

#ifndef BROKER_CORE_METER_H_INCLUDED
#define BROKER_CORE_METER_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_SHARE 8           //  Fraction of the time for a key, while others bring work
#define METER_BURST_US 50000    //  Time that a key may use at once
#define METER_QUANTUM_US 2000   //  A held key is released when it may use so much
#define METER_ACTIVE_US 200000  //  How long work of other keys counts
#define METER_LONGEST_US 500000 //  Maximum duration of a hold

//  Time of the I/O thread to receive, decrypt and deliver a frame, or to send one.
#define METER_FRAME_NS 10000u
#define METER_BYTE_NS 2u
#define METER_LOST_BYTE_NS 4u //  For a large value that is given up, because it was stored, too

typedef struct meter meter_t;

//  Called when an account's connections must not be read, and when they may be read again.
typedef void meter_hold_fn (void *owner, unsigned account, bool hold);

//  longest_us: see METER_LONGEST_US; less when peers are lost sooner.
meter_t *meter_new (int64_t longest_us, meter_hold_fn *hold, void *owner);
void meter_destroy (meter_t **self_p);

//  The account of that key: a number from 1, always the same.
unsigned meter_account (meter_t *self, const char *key);

//  The account has brought work.
void meter_work (meter_t *self, unsigned account, int64_t now_us);

//  The account has used so much time without bringing work.
void meter_charge (meter_t *self, unsigned account, uint64_t cost_ns, int64_t now_us);

//  Releases accounts. Call once a turn.
void meter_turn (meter_t *self, int64_t now_us);

//  Accounts held now; holds, ever.
size_t meter_held (const meter_t *self);
uint64_t meter_holds (const meter_t *self);

#endif
