/*  broker.h - the broker as a library
 *
 *  One thread owns all of a broker's state: it calls broker_new, broker_run and broker_destroy.
 *  broker_signal may be called from any thread and from a signal handler. The broker installs no
 *  signal handler and prints only log lines.
 *
 *      broker_t *broker = broker_new (context, &options, &fault);
 *      if (broker)
 *          broker_run (broker);         returns after a drain or a stop
 *      broker_destroy (&broker);
 */

#ifndef BROKER_BROKER_H_INCLUDED
#define BROKER_BROKER_H_INCLUDED

#include "broker/auth/authz.h"
#include "common/clock.h"
#include "common/fault.h"

typedef struct broker broker_t;

struct notify;   //  common/notify.h
struct throttle; //  throttle.h

typedef struct broker_options {
    const char *name;      //  Display name; NULL: host name
    const char *listen;    //  Addresses, separated by commas; at least one
    uint16_t lane_first;   //  First tcp port for lanes; 0: base port + 100
    uint16_t lane_last;    //  Last one; 0: 65535
    uint32_t beat_ms;      //  Interval of BEATs; 0: 1000
    uint32_t lost_ms;      //  A silent peer is lost after this; 0: 10000
    uint64_t memory_bytes; //  Memory limit; 0: a quarter of the machine's memory
    bool embedded; //  No other process can join: a job that no worker here fits fails at once
    bool insecure; //  Other hosts can join without a key; shown in broker.info
    //  Opens the store of durable jobs; NULL: no durable jobs
    struct store *(*store_open) (void *owner, fault_t *fault);
    void *store_owner;      //  Its first argument
    const char *store_name; //  For broker.info
    bool store_now;         //  Open it at once, instead of when the first durable job comes
    authz_t *authz;         //  Keys that peers on tcp need; NULL: none. Borrowed
    uint64_t (*turned_away) (
        void); //  Number of connections not accepted, see accept_guard.h; NULL: none
    const struct throttle *throttle; //  Limits what libzmq reads, see throttle.h; NULL: no limit
    struct notify *notify;       //  Reports the state to a supervisor; borrowed; NULL: no reports
    const clock_source_t *clock; //  NULL: the boot-time clock
} broker_options_t;

typedef enum broker_order { BROKER_DRAIN = 1, BROKER_STOP = 2, BROKER_RELOAD = 4 } broker_order_t;

//  The memory limit of a broker with these options.
uint64_t broker_memory_bytes (const broker_options_t *options);

//  Counts descriptors, reads the store, and binds all sockets. Returns NULL and a fault when that
//  fails because of an address, port, folder or limit, or because the store is locked, damaged or
//  newer. The texts of options are copied; the caller keeps ownership of context.
broker_t *broker_new (void *context, const broker_options_t *options, fault_t *fault);
void broker_destroy (broker_t **self_p);

//  Runs until it is told to drain or to stop. A drain takes no new jobs, and ends when no job is
//  left that is attached or in memory alone, or at its timeout. Returns a fault when the store
//  failed; everything that was acknowledged before is in the store.
cadre_error_t broker_run (broker_t *self, fault_t *fault);

//  Any thread, async-signal-safe.
void broker_signal (broker_t *self, broker_order_t order);

#endif
