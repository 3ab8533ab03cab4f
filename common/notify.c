//  notify.c - reports a daemon's state to its supervisor

#include "common/notify.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/health.h"
#include "common/log.h"
#include "common/printable.h"

#define STATUS_BYTES 256
#define MESSAGE_BYTES (STATUS_BYTES + 128)
#define LOOK_US 1000000    //  Interval of descriptions, and of writes of the file
#define FAREWELL_MS 10000u //  Time for the last acknowledgements, beyond the drain itself

struct notify {
    const clock_source_t *clock;  //  The clock
    char *socket;                 //  NOTIFY_SOCKET, or NULL
    char *watchdog;               //  WATCHDOG_USEC, or NULL
    char *watchdog_pid;           //  WATCHDOG_PID, or NULL
    char *health;                 //  The file, or NULL
    int fd;                       //  A datagram socket, or -1
    int64_t watchdog_us;          //  Interval of WATCHDOG=1; 0: never
    timers_t *timers;             //  Of the loop, or NULL
    alarm_t alive;                //  The next WATCHDOG=1
    alarm_t look;                 //  The next description
    notify_describe_fn *describe; //  Called then, or NULL
    void *owner;                  //  Its argument
    bool told_ready;              //  READY=1 has been sent, and no RELOADING=1 since
    health_state_t state;         //  State in the file
    char status [STATUS_BYTES];   //  The last status line
};

//  ---- reports --------------------------------------------------------------------------

static void s_warn (const char *what, const char *name)
{
    log_line (LOG_WARNING, "C010",
              "%s %s cannot be used: %s; the supervisor gets no status of this process", what, name,
              strerror (errno));
}

//  Converts "/path", or "@name" for an abstract name. Returns the length of the address, 0 if it is
//  neither.
static socklen_t s_notify_address (const char *name, struct sockaddr_un *address)
{
    size_t size = strlen (name);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((*name != '/' && *name != '@') || size >= sizeof address->sun_path)
        return 0;
    memcpy (address->sun_path, name, size);
    if (*name == '@')
        address->sun_path [0] = 0;
    return (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size);
}

static void s_notify_tell (notify_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static void s_notify_tell (notify_t *self, const char *format, ...)
{
    char message [MESSAGE_BYTES];
    struct sockaddr_un address;
    if (self->fd < 0)
        return;
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (message, sizeof message, format, arguments);
    va_end (arguments);
    socklen_t size = s_notify_address (self->socket, &address);
    ssize_t sent = sendto (self->fd, message, strlen (message), MSG_NOSIGNAL | MSG_DONTWAIT,
                           (const struct sockaddr *) &address, size);
    (void) sent; //  A later one may succeed; there is no other receiver
}

static void s_write_health (const notify_t *self)
{
    if (self->health)
        health_write (self->health, self->state, clock_now (self->clock), self->status, NULL);
}

static void s_on_alive (void *owner, int64_t now_us)
{
    notify_t *self = owner;
    timers_set (self->timers, &self->alive, now_us + self->watchdog_us);
    s_notify_tell (self, "WATCHDOG=1");
}

static void s_on_look (void *owner, int64_t now_us)
{
    notify_t *self = owner;
    timers_set (self->timers, &self->look, now_us + LOOK_US);
    if (self->describe)
        self->describe (self->owner);
    s_write_health (self);
}

static void s_change (notify_t *self, health_state_t state)
{
    if (self->state == state)
        return;
    self->state = state;
    s_write_health (self);
}

//  ---- creation and destruction ---------------------------------------------------------

static char *s_take_variable (const char *name)
{
    const char *value = getenv (name);
    char *copy = value && *value ? strdup (value) : NULL;
    unsetenv (name);
    return copy;
}

static void s_open_socket (notify_t *self)
{
    struct sockaddr_un address;
    errno = EAFNOSUPPORT;
    if (self->socket && s_notify_address (self->socket, &address))
        self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (self->socket && self->fd < 0)
        s_warn ("NOTIFY_SOCKET", self->socket);
}

//  Half of systemd's timeout; 0 if it does not watch, or watches another process.
static int64_t s_watchdog_us (const notify_t *self)
{
    int64_t limit_us = self->watchdog ? strtoll (self->watchdog, NULL, 10) : 0;
    bool ours = !self->watchdog_pid || strtoll (self->watchdog_pid, NULL, 10) == getpid ();
    return ours && limit_us > 1 ? limit_us / 2 : 0;
}

notify_t *notify_new (const clock_source_t *clock, const char *health)
{
    notify_t *self = calloc (1, sizeof *self);
    fault_t fault = {0};
    assert (self);
    self->clock = clock;
    self->fd = -1;
    self->alive = (alarm_t){.ring = s_on_alive, .owner = self};
    self->look = (alarm_t){.ring = s_on_look, .owner = self};
    self->socket = s_take_variable ("NOTIFY_SOCKET");
    self->watchdog = s_take_variable ("WATCHDOG_USEC");
    self->watchdog_pid = s_take_variable ("WATCHDOG_PID");
    self->health = health && *health ? strdup (health) : NULL;
    s_open_socket (self);
    self->watchdog_us = self->fd < 0 ? 0 : s_watchdog_us (self);
    if (self->health && health_write (self->health, self->state, clock_now (clock), "", &fault))
        log_line (LOG_WARNING, "C011", "%s", fault.text);
    if (self->fd < 0 && !self->health)
        notify_destroy (&self);
    return self;
}

void notify_destroy (notify_t **self_p)
{
    assert (self_p);
    notify_t *self = *self_p;
    if (!self)
        return;
    notify_detach (self);
    if (self->fd >= 0)
        close (self->fd);
    if (self->health)
        unlink (self->health);
    free (self->socket);
    free (self->watchdog);
    free (self->watchdog_pid);
    free (self->health);
    free (self);
    *self_p = NULL;
}

void notify_attach (notify_t *self, timers_t *timers, notify_describe_fn *describe, void *owner)
{
    if (!self)
        return;
    int64_t now_us = clock_now (self->clock);
    self->timers = timers;
    self->describe = describe;
    self->owner = owner;
    timers_set (timers, &self->look, now_us + LOOK_US);
    if (self->watchdog_us)
        timers_set (timers, &self->alive, now_us + self->watchdog_us);
}

void notify_detach (notify_t *self)
{
    if (!self || !self->timers)
        return;
    timers_cancel (self->timers, &self->alive);
    timers_cancel (self->timers, &self->look);
    self->timers = NULL;
}

static void s_put_variable (const char *name, const char *value)
{
    if (value)
        setenv (name, value, 1);
}

void notify_hand_on (const notify_t *self)
{
    if (!self)
        return;
    s_put_variable ("NOTIFY_SOCKET", self->socket);
    s_put_variable ("WATCHDOG_USEC", self->watchdog);
    s_put_variable ("WATCHDOG_PID", self->watchdog_pid);
}

//  ---- states --------------------------------------------------------------------------------

void notify_ready (notify_t *self)
{
    if (!self || self->state == HEALTH_STOPPING)
        return;
    if (!self->told_ready)
        s_notify_tell (self, "READY=1");
    self->told_ready = true;
    s_change (self, HEALTH_READY);
}

void notify_away (notify_t *self)
{
    if (self && self->state == HEALTH_READY)
        s_change (self, HEALTH_AWAY);
}

void notify_reloading (notify_t *self)
{
    struct timespec now;
    if (!self || !self->told_ready)
        return;
    clock_gettime (
        CLOCK_MONOTONIC,
        &now); //  systemd's clock, not ours: newer versions (Type=notify-reload) require it
    s_notify_tell (self, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000);
    self->told_ready = false;
}

void notify_stopping (notify_t *self, uint32_t max_ms)
{
    if (!self || self->state == HEALTH_STOPPING)
        return;
    if (max_ms)
        s_notify_tell (self, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64,
                       ((uint64_t) max_ms + FAREWELL_MS) * 1000);
    else
        s_notify_tell (self, "STOPPING=1");
    s_change (self, HEALTH_STOPPING);
}

void notify_status (notify_t *self, const char *format, ...)
{
    char status [STATUS_BYTES];
    if (!self)
        return;
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (status, sizeof status, format, arguments);
    va_end (arguments);
    status [strcspn (status, "\n")] = 0;
    printable (status);
    if (strcmp (status, self->status) == 0)
        return;
    memcpy (self->status, status, sizeof status);
    s_notify_tell (self, "STATUS=%s", status);
}
