/*  broker.h - the broker as a library
 *
 *  One thread owns all of a broker's state: it calls broker_new, broker_run and
 *  broker_destroy. broker_signal may be called from any thread and from a
 *  signal handler. The broker installs no signal handler and prints nothing but
 *  log lines.
 *
 *      broker_t *broker = broker_new (context, &options, &fault);
 *      if (broker)
 *          broker_run (broker);         returns after a drain or a stop
 *      broker_destroy (&broker);
 */

#ifndef BROKER_BROKER_H_INCLUDED
#define BROKER_BROKER_H_INCLUDED

#include "broker/auth/authz.h"
#include "common/fault.h"
#include "common/moment.h"

typedef struct broker broker_t;

struct notify;   //  common/notify.h
struct throttle; //  throttle.h

typedef struct broker_options {
    const char *name;      //  Label for people; NULL: host name
    const char *listen;    //  Addresses, separated by commas; at least one
    uint16_t lane_first;   //  First tcp port for lanes; 0: base + 100
    uint16_t lane_last;    //  Last one; 0: 65535
    uint32_t beat_ms;      //  0: 1000
    uint32_t lost_ms;      //  A silent peer is lost after this; 0: 10000
    uint64_t memory_bytes; //  What the broker may hold; 0: a quarter of the machine
    bool embedded;         //  Nobody else can join: what no worker here fits fails at once
    bool insecure;         //  Other hosts can join without a key: shown by broker.info
    //  Opens the store of durable jobs; NULL: there are none
    struct store *(*store_open) (void *owner, fault_t *fault);
    void *store_owner;      //  Its first argument
    const char *store_name; //  For broker.info
    bool store_now;         //  Open it at once, not when the first durable job comes
    authz_t *doors;         //  Keys that peers must have on tcp; NULL: none. Borrowed
    uint64_t (*turned_away) (
        void); //  Connections not accepted, see porch.h; NULL: there is no porch
    const struct throttle
        *throttle;               //  What libzmq reads, see throttle.h; NULL: as much as it likes
    struct notify *notify;       //  Tells a supervisor how it is; borrowed; NULL: nobody
    const moment_clock_t *clock; //  NULL: the boot-time clock
} broker_options_t;

typedef enum broker_order { BROKER_DRAIN = 1, BROKER_STOP = 2, BROKER_RELOAD = 4 } broker_order_t;

//  What a broker with these options may hold.
uint64_t broker_memory_bytes (const broker_options_t *options);

//  Counts descriptors, reads the store, and binds all sockets. NULL and a fault when that fails:
//  address, port, folder, limit, a store that is locked, damaged or newer. The options' texts are
//  copied; context stays the caller's.
broker_t *broker_new (void *context, const broker_options_t *options, fault_t *fault);
void broker_destroy (broker_t **self_p);

//  Serves until it was told to drain (no new jobs; ends when the last attached job has) or to stop.
//  A fault when the store failed: nothing was acknowledged that is not in it.
cadre_error_t broker_run (broker_t *self, fault_t *fault);

//  Any thread, async-signal-safe.
void broker_signal (broker_t *self, broker_order_t order);

#endif
