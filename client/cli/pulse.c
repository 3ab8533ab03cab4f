//  pulse.c - see pulse.h

#include "client/cli/pulse.h"

#include <time.h>

#include "client/cli/say.h"
#include "client/lib/pool.h"

#define ASK_AFTER_MS 5000
#define ANSWER_WITHIN_MS 1000
#define GIVE_UP_AFTER_MS 60000

static int64_t s_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pulse_init (pulse_t *self, cadre_t *pool)
{
    *self = (pulse_t){.pool = pool, .heard_ms = s_now_ms ()};
}

cadre_error_t pulse_check (pulse_t *self, bool heard, fault_t *fault)
{
    const int64_t now_ms = s_now_ms ();
    if (!self->pool || (!heard && now_ms - self->heard_ms < ASK_AFTER_MS))
        return CADRE_OK;
    //  a question stands behind tasks that wait for the broker's window; its beats do not
    if (!heard)
        heard = pool_hears (self->pool)
                || cadre_request (self->pool, "broker.info", NULL, NULL, ANSWER_WITHIN_MS) == CADRE_OK;
    self->heard_ms = now_ms;
    if (heard) {
        if (self->lost_ms)
            say ("the broker at %s answers again", cadre_address (self->pool));
        self->lost_ms = 0;
        return CADRE_OK;
    }
    if (!self->lost_ms) {
        self->lost_ms = now_ms;
        say ("the broker at %s does not answer; waiting a minute for it", cadre_address (self->pool));
    }
    if (now_ms - self->lost_ms < GIVE_UP_AFTER_MS)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_UNAVAILABLE,
                      "the broker at %s does not answer any more: start it again, and then this command",
                      cadre_address (self->pool));
}
