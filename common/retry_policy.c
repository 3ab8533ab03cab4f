//  retry_policy.c - how often a task is tried again, and after which delay

#include "common/retry_policy.h"

#define BACKOFF_MS 100u         //  Default of the job
#define MEMORY_BACKOFF_MS 1000u //  Minimum, until other tasks have freed memory
#define BACKOFF_MAX_MS 86400000u

static bool s_is_own (uint64_t outcome)
{
    return outcome == CADRE_OUTCOME_ERROR || outcome == CADRE_OUTCOME_EXIT
           || outcome == CADRE_OUTCOME_SIGNAL || outcome == CADRE_OUTCOME_TIMEOUT
           || outcome == CADRE_OUTCOME_OUT_OF_MEMORY;
}

static uint16_t s_limit (uint64_t number)
{
    return number > UINT16_MAX ? UINT16_MAX : (uint16_t) number;
}

static bool s_read_cause (retry_policy_t *self, cursor_t *cursor)
{
    view_t word;
    uint64_t number;
    if (!cursor_text (cursor, &word) || !cursor_uint (cursor, &number))
        return false;
    for (unsigned i = 0; i < CADRE_OUTCOMES_COUNT; i++) {
        bool can = s_is_own (i) || i == CADRE_OUTCOME_WORKER_LOST;
        if (can && view_is (word, cadre_outcome_text ((cadre_outcome_t) i))) {
            self->again [i] = s_limit (number);
            return true;
        }
    }
    return false;
}

bool retry_policy_read (retry_policy_t *self, const wire_job_open_t *open)
{
    cursor_t cursor = cursor_of_view (open->causes);
    size_t count = 0;
    *self = (retry_policy_t){.backoff_ms = open->backoff_ms > BACKOFF_MAX_MS
                                               ? BACKOFF_MAX_MS
                                               : (uint32_t) open->backoff_ms};
    if (self->backoff_ms == 0)
        self->backoff_ms = BACKOFF_MS;
    for (unsigned i = 0; i < CADRE_OUTCOMES_COUNT; i++)
        if (s_is_own (i))
            self->again [i] = s_limit (open->retries);
    self->again [CADRE_OUTCOME_WORKER_LOST] = s_limit (open->retries_lost);
    if (open->causes.size == 0 || cursor_peek (&cursor) == CURSOR_NIL)
        return true;
    if (!cursor_map (&cursor, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!s_read_cause (self, &cursor))
            return false;
    return true;
}

bool retry_policy_allow (const retry_policy_t *self, retry_counts_t tried, uint64_t outcome)
{
    if (outcome == CADRE_OUTCOME_WORKER_LOST)
        return tried.lost < self->again [outcome];
    return s_is_own (outcome) && tried.failed < self->again [outcome];
}

int64_t retry_policy_wait_max_us (const retry_policy_t *self)
{
    int64_t wait_us = (int64_t) self->backoff_ms * 1000;
    return (wait_us > RETRY_POLICY_WAIT_MAX_US ? wait_us : RETRY_POLICY_WAIT_MAX_US) * 5 / 4;
}

//  The first loss of a worker is probably the worker's fault: its tasks are retried elsewhere at
//  once.
int64_t retry_policy_wait_us (const retry_policy_t *self, retry_counts_t tried, uint64_t outcome,
                              uint32_t random)
{
    unsigned before = outcome == CADRE_OUTCOME_WORKER_LOST ? tried.lost : tried.failed;
    if (outcome == CADRE_OUTCOME_WORKER_LOST && before-- == 0)
        return 0;
    int64_t wait_us = (int64_t) self->backoff_ms * 1000;
    if (outcome == CADRE_OUTCOME_OUT_OF_MEMORY && self->backoff_ms < MEMORY_BACKOFF_MS)
        wait_us = MEMORY_BACKOFF_MS * 1000;
    int64_t most_us = wait_us > RETRY_POLICY_WAIT_MAX_US ? wait_us : RETRY_POLICY_WAIT_MAX_US;
    for (; before > 0 && wait_us < most_us; before--)
        wait_us *= 2;
    if (wait_us > most_us)
        wait_us = most_us;
    return wait_us * 3 / 4 + wait_us / 2 * (int64_t) (random % 1024) / 1024;
}

bool retry_policy_is_deadly (retry_counts_t tried, uint64_t outcome, bool command)
{
    bool kills =
        (outcome == CADRE_OUTCOME_SIGNAL && !command) || outcome == CADRE_OUTCOME_OUT_OF_MEMORY;
    return kills && tried.failed + 1u >= RETRY_POLICY_DEADLY;
}
