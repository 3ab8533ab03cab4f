//  fleet.c - see fleet.h

#include "client/cli/hosts/fleet.h"

#include <stdlib.h>
#include <time.h>

#include "client/cli/output/text.h"

#define TURN_MS 500 //  interval of timeout checks

struct fleet {
    remote_t **remotes;        //  in the order of the list
    remote_state_t *states;    //  as last reported
    struct pollfd *polls;      //  REMOTE_POLLS for each, and one for the wake-up descriptor
    size_t count;              //  of remotes
    size_t next;               //  first one not started
    unsigned parallel;         //  sessions in progress at a time
    bool closing;              //  fleet_close was called
    fleet_changed_fn *changed; //  called on changes
    void *argument;            //  its argument
};

fleet_t *fleet_new (const remote_order_t *order, const hostlist_t *hosts, unsigned parallel,
                    fleet_changed_fn *changed, void *argument)
{
    const size_t count = hostlist_count (hosts);
    fleet_t *self = text_resize (NULL, sizeof *self);
    *self =
        (fleet_t){.count = count, .parallel = parallel, .changed = changed, .argument = argument};
    self->remotes = text_resize (NULL, count * sizeof (remote_t *));
    self->states = text_resize (NULL, count * sizeof *self->states);
    self->polls = text_resize (NULL, (count * REMOTE_POLLS + 1) * sizeof *self->polls);
    for (size_t i = 0; i < count; i++) {
        self->remotes [i] = remote_new (order, hostlist_at (hosts, i));
        self->states [i] = REMOTE_WAITING;
    }
    return self;
}

void fleet_destroy (fleet_t **self_p)
{
    fleet_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        remote_destroy (&self->remotes [i]);
    free (self->remotes);
    free (self->states);
    free (self->polls);
    free (self);
    *self_p = NULL;
}

size_t fleet_count (const fleet_t *self)
{
    return self->count;
}

const remote_t *fleet_at (const fleet_t *self, size_t index)
{
    return self->remotes [index];
}

size_t fleet_in_state (const fleet_t *self, remote_state_t state)
{
    size_t found = 0;
    for (size_t i = 0; i < self->count; i++)
        found += remote_state (self->remotes [i]) == state;
    return found;
}

static int64_t s_fleet_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void s_fleet_tell (fleet_t *self, size_t index)
{
    const remote_state_t state = remote_state (self->remotes [index]);
    if (state == self->states [index])
        return;
    self->states [index] = state;
    if (self->changed)
        self->changed (self->argument, self->remotes [index]);
}

static void s_start_more (fleet_t *self, int64_t now_ms)
{
    size_t busy = 0;
    for (size_t i = 0; i < self->next; i++)
        busy += !remote_is_over (self->remotes [i])
                && remote_state (self->remotes [i]) != REMOTE_RUNNING;
    while (!self->closing && self->next < self->count && busy < self->parallel) {
        remote_start (self->remotes [self->next], now_ms);
        s_fleet_tell (self, self->next++);
        busy++;
    }
}

static bool s_is_over (const fleet_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (!remote_is_over (self->remotes [i]))
            return false;
    return true;
}

bool fleet_turn (fleet_t *self, int timeout_ms, int wake)
{
    s_start_more (self, s_fleet_now_ms ());
    for (size_t i = 0; i < self->count; i++)
        remote_polls (self->remotes [i], self->polls + i * REMOTE_POLLS);
    self->polls [self->count * REMOTE_POLLS] = (struct pollfd){.fd = wake, .events = POLLIN};
    if (s_is_over (self))
        return false;
    if (poll (self->polls, self->count * REMOTE_POLLS + 1,
              timeout_ms < TURN_MS ? timeout_ms : TURN_MS)
        < 0)
        for (size_t i = 0; i < self->count * REMOTE_POLLS; i++)
            self->polls [i].revents = 0;
    for (size_t i = 0; i < self->count; i++) {
        remote_turn (self->remotes [i], self->polls + i * REMOTE_POLLS, s_fleet_now_ms ());
        s_fleet_tell (self, i);
    }
    return !s_is_over (self);
}

void fleet_close (fleet_t *self)
{
    self->closing = true;
    for (size_t i = 0; i < self->count; i++)
        remote_close (self->remotes [i], s_fleet_now_ms ());
}
