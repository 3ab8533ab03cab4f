//  outcomes.c - rig: reads a job to its end; every task must have exactly one outcome

#include "tests/lib/rigs/outcomes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 100000

static void s_note (outcomes_task_t *entry, const cadre_event_t *event)
{
    if (entry->outcome != CADRE_OUTCOME_NONE)
        fail_msg ("task %u has a second outcome: %s after %s", event->index,
                  cadre_outcome_text (event->outcome), cadre_outcome_text (entry->outcome));
    cadre_value_t *value = cadre_value_decode (event->bytes, event->size_bytes);
    *entry = (outcomes_task_t){.outcome = event->outcome,
                               .code = event->code,
                               .attempts = event->attempt,
                               .value = cadre_value_int (value)};
    snprintf (entry->message, sizeof entry->message, "%s", event->message);
    cadre_value_destroy (&value);
}

outcomes_task_t *outcomes_read (cadre_job_t *job, size_t count)
{
    outcomes_task_t *entries = calloc (count, sizeof *entries);
    size_t ended = 0;
    cadre_event_t event;
    cadre_error_t error;
    assert_non_null (entries);
    while ((error = cadre_job_next (job, &event, WAIT_NOTICE_MS)) == CADRE_OK) {
        if (event.kind != CADRE_EVENT_RESULT)
            continue;
        if (event.index >= count)
            fail_msg ("an outcome of task %u, and there are %zu", event.index, count);
        s_note (&entries [event.index], &event);
        ended++;
    }
    if (error != CADRE_ERROR_END)
        fail_msg ("%zu of %zu tasks have ended, then: %s: %s", ended, count,
                  cadre_error_name (error), cadre_job_message (job));
    if (ended != count)
        fail_msg ("the job has ended with %zu outcomes for %zu tasks", ended, count);
    return entries;
}

void outcomes_squares (cadre_job_t *job, size_t count)
{
    outcomes_task_t *entries = outcomes_read (job, count);
    for (size_t i = 0; i < count; i++) {
        if (entries [i].outcome != CADRE_OUTCOME_OK)
            fail_msg ("task %zu: %s: %s", i, cadre_outcome_text (entries [i].outcome),
                      entries [i].message);
        assert_int_equal (entries [i].value, i * i);
    }
    free (entries);
}
