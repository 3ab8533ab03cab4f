/*
 *  notify: a daemon tells whoever supervises it how it is.
 *
 *  Two listeners, each of them optional: systemd, for a service of Type=notify (datagrams to
 *  $NOTIFY_SOCKET, an abstract name too, as sd_notify (3) has them), and a file for the health
 *  check of a container (health.h). The dozen lines of protocol stand here and are not taken from
 *  libsystemd, because libcadre, which embeds broker and worker, needs libzmq and msgpack-c alone.
 *  Nothing here blocks or fails: a supervisor that does not listen is told again soon.
 *
 *  The loop that serves tells that it lives, through an alarm of its own timers: WATCHDOG=1 at half
 *  of $WATCHDOG_USEC, and the file at least once a second. So a loop that hangs is found out. Every
 *  function but notify_new takes NULL: nobody supervises. notify_new and notify_hand_on belong to
 *  main (they change the environment); the rest to the thread of the loop.
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

#include "common/moment.h"
#include "common/timers.h"

typedef struct notify notify_t;

//  Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no task
//  speaks in the service's name. HEALTH is a file, or NULL; it is copied. NULL when nobody wants to
//  be told. A socket or file that cannot be used is a warning in the log.
notify_t *notify_new (const moment_clock_t *clock, const char *health);

//  Removes the file: who is gone is not healthy.
void notify_destroy (notify_t **self_p);

//  Says from now on, through TIMERS, that their loop turns, and asks DESCRIBE (may be NULL) once a
//  second for the state of things: it calls notify_ready, notify_away, notify_status. TIMERS and
//  OWNER are borrowed until notify_detach.
typedef void notify_describe_fn (void *owner);
void notify_attach (notify_t *self, timers_t *timers, notify_describe_fn *describe, void *owner);
void notify_detach (notify_t *self);

//  It serves: the first time READY=1. Also what ends notify_away and notify_reloading.
void notify_ready (notify_t *self);

//  It runs but cannot serve for now, such as a worker without its broker. Systemd knows no such
//  state and hears of it by status; the file says so.
void notify_away (notify_t *self);

//  It reads its configuration again; notify_ready follows.
void notify_reloading (notify_t *self);

//  It ends, once what it does is done, for which it may take MAX_MS (0: not known) and some seconds
//  more.
void notify_stopping (notify_t *self, uint32_t max_ms);

//  A line for people, passed on only when it differs from the last one. The file has it with the
//  next change of state, which it should therefore come before, or within a second.
void notify_status (notify_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  Puts the variables back, for the program that this one becomes by exec.
void notify_hand_on (const notify_t *self);

#endif
