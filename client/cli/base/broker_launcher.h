/*
 *  broker_launcher.h - starts and stops a broker for a command: as a child, or as a daemon
 *
 *  A tcp address is a block of ports: front at PORT, lanes from PORT + 100 to PORT + 1099. A daemon
 *  is alive while the lock on its file is held, which the kernel releases with the process; a
 *  process ID alone is never trusted. One thread: a child ends with the thread that started it.
 */
#ifndef CLIENT_CLI_BASE_BROKER_LAUNCHER_H_INCLUDED
#define CLIENT_CLI_BASE_BROKER_LAUNCHER_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/fault.h"

typedef struct broker_launcher {
    pid_t pid;     //  of the broker; 0: none
    uint16_t port; //  its tcp port
} broker_launcher_t;

typedef struct broker_launcher_options {
    const char *host;   //  address to bind on tcp: *, 127.0.0.1
    uint16_t port;      //  first port; 0: find a free block
    const char *folder; //  for ipc
    const char *keys;   //  folder of keys
    const char *log;    //  file for its messages
    const char *lock;   //  file that a daemon locks; NULL: a child
} broker_launcher_options_t;

//  Starts one and waits until it listens. CADRE_ERROR_UNAVAILABLE, or the broker's error, such as
//  ADDRESS_IN_USE.
cadre_error_t broker_launcher_start (broker_launcher_t *self,
                                     const broker_launcher_options_t *options, fault_t *fault);

//  Finds the daemon that holds LOCK; false if there is none.
bool broker_launcher_find (broker_launcher_t *self, const char *lock);

//  Drains it for at most DRAIN_MS, then stops it, then kills it. LOCK as above, or NULL for a
//  child.
void broker_launcher_end (broker_launcher_t *self, const char *lock, int64_t drain_ms);

//  The destinations of a tunnel to a broker at HOST (SPEC.md section 2), in the form of ssh's
//  PermitRemoteOpen: its front, back and sink, and its lanes. LAST 0: the lanes are unknown, so any
//  port of that host. The caller frees the text.
char *broker_launcher_doors (const char *host, uint16_t port, uint16_t first, uint16_t last);

//  The lane ports of a broker that listens at PORT.
uint16_t broker_launcher_lane_first (uint16_t port);
uint16_t broker_launcher_lane_last (uint16_t port);

#endif
