/*
 *  notify.h - reports a daemon's state to its supervisor
 *
 *  Two optional channels: systemd, for a service of Type=notify (datagrams to $NOTIFY_SOCKET, also
 *  an abstract name, as in sd_notify (3)), and a file for the health check of a container
 *  (health.h). The protocol is implemented here instead of by libsystemd, because libcadre, which
 *  embeds broker and worker, may only depend on libzmq and msgpack-c. No function blocks or fails:
 *  a message that cannot be sent is sent again soon.
 *
 *  The serving loop reports that it is alive, through an alarm of its own timers: WATCHDOG=1 at
 *  half of $WATCHDOG_USEC, and the file at least once a second. So a loop that hangs is detected.
 *  Every function except notify_new accepts NULL: no supervisor. notify_new and notify_hand_on must
 *  be called by main (they change the environment), the others by the loop's thread.
 *
 *      notify_t *notify = notify_new (NULL, health_file);
 *      notify_attach (notify, timers, s_describe, self);
 *      notify_status (notify, "%u slots, %u busy", slots, busy);
 *      notify_ready (notify);
 *      notify_stopping (notify, drain_ms);
 *      notify_detach (notify);
 *      notify_destroy (&notify);
 */
#ifndef COMMON_NOTIFY_H_INCLUDED
#define COMMON_NOTIFY_H_INCLUDED

#include "common/clock.h"
#include "common/timers.h"

typedef struct notify notify_t;

//  Removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment, so that tasks cannot
//  use them. HEALTH is a file, or NULL; it is copied. NULL when there is nothing to report to. A
//  socket or file that cannot be used is a warning in the log.
notify_t *notify_new (const clock_source_t *clock, const char *health);

//  Removes the file, because the process is no longer alive.
void notify_destroy (notify_t **self_p);

//  From now on, reports through TIMERS that the loop is alive, and calls DESCRIBE (may be NULL)
//  once a second, which calls notify_ready, notify_away, notify_status. TIMERS and OWNER are
//  borrowed until notify_detach.
typedef void notify_describe_fn (void *owner);
void notify_attach (notify_t *self, timers_t *timers, notify_describe_fn *describe, void *owner);
void notify_detach (notify_t *self);

//  It serves: READY=1 the first time. Also ends notify_away and notify_reloading.
void notify_ready (notify_t *self);

//  It runs but cannot serve now, such as a worker without its broker. systemd has no such state and
//  gets it as status; the file contains it.
void notify_away (notify_t *self);

//  It reloads its configuration; notify_ready follows.
void notify_reloading (notify_t *self);

//  It ends after its current work, which may take MAX_MS (0: unknown) plus some seconds.
void notify_stopping (notify_t *self, uint32_t max_ms);

//  A line for people, sent only when it differs from the last one. It is written to the file with
//  the next change of state, so call it before that, or within a second.
void notify_status (notify_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  Restores the variables for a program that replaces this one by exec.
void notify_hand_on (const notify_t *self);

#endif
