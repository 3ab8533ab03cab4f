/*
 *  hub: a broker that a command starts for itself: as a child that ends with it, or as a daemon
 *  that stays.
 *
 *  A tcp address is a block of ports: front at PORT, lanes from PORT + 100 to PORT + 1099. Whether
 *  the daemon lives is told by the lock on its file, which the kernel drops with the process; never
 *  by a process id alone. One thread: a child ends with the thread that started it.
 */
#ifndef CLIENT_CLI_BASE_BROKER_LAUNCHER_H_INCLUDED
#define CLIENT_CLI_BASE_BROKER_LAUNCHER_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/fault.h"

typedef struct broker_launcher {
    pid_t pid;     // of the broker; 0: none
    uint16_t port; // where it listens on tcp
} broker_launcher_t;

typedef struct broker_launcher_options {
    const char *host;   // address to bind on tcp: *, 127.0.0.1
    uint16_t port;      // first port; 0: a free block is looked for
    const char *folder; // for ipc
    const char *keys;   // folder of keys
    const char *log;    // file for its messages
    const char *lock;   // file that a daemon holds; NULL: a child
} broker_launcher_options_t;

//  Starts one and waits until it listens. CADRE_ERROR_UNAVAILABLE, or what the broker says:
//  ADDRESS_IN_USE.
cadre_error_t broker_launcher_start (broker_launcher_t *self,
                                     const broker_launcher_options_t *options, fault_t *fault);

//  The daemon that holds LOCK; false if there is none.
bool broker_launcher_find (broker_launcher_t *self, const char *lock);

//  Drains it for at most DRAIN_MS, then stops it, then kills it. LOCK as above, or NULL for a
//  child.
void broker_launcher_end (broker_launcher_t *self, const char *lock, int64_t drain_ms);

//  Destinations of a tunnel to a broker at HOST (SPEC.md section 2): its front, back and sink, and
//  its lanes, for ssh's PermitRemoteOpen. LAST 0: nobody knows where its lanes are, so any port of
//  that host. The caller's to free.
char *broker_launcher_doors (const char *host, uint16_t port, uint16_t first, uint16_t last);

//  Where a hub that listens at PORT has its lanes.
uint16_t broker_launcher_lane_first (uint16_t port);
uint16_t broker_launcher_lane_last (uint16_t port);

#endif
