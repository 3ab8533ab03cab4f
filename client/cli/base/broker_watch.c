//  broker_watch.c - see broker_watch.h

#include "client/cli/base/broker_watch.h"

#include <time.h>

#include "client/cli/output/say.h"

#define ASK_AFTER_MS 4000
#define ASK_AGAIN_AFTER_MS 500 //  while the broker does not answer
#define ANSWER_WITHIN_MS 1000

static int64_t s_broker_watch_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void broker_watch_init (broker_watch_t *self, cadre_t *pool)
{
    *self = (broker_watch_t){.pool = pool, .heard_ms = s_broker_watch_now_ms ()};
}

bool broker_watch_answers (const broker_watch_t *self)
{
    return !self->pool
           || cadre_request (self->pool, "broker.info", NULL, NULL, ANSWER_WITHIN_MS) == CADRE_OK;
}

void broker_watch_check (broker_watch_t *self, bool heard)
{
    const int64_t now_ms = s_broker_watch_now_ms ();
    const int64_t patience_ms = self->lost ? ASK_AGAIN_AFTER_MS : ASK_AFTER_MS;
    if (!self->pool || (!heard && now_ms - self->heard_ms < patience_ms))
        return;
    if (!heard)
        heard = cadre_connected (self->pool) || broker_watch_answers (self);
    self->heard_ms = s_broker_watch_now_ms ();
    if (heard == !self->lost)
        return;
    self->lost = !heard;
    if (heard)
        say ("the broker at %s answers again", cadre_address (self->pool));
    else
        say ("the broker at %s does not answer; reconnecting; Ctrl-C ends this",
             cadre_address (self->pool));
}
