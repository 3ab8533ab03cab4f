/*  restart_rig.h - rig: a pool at a fake_broker that is restarted */

#ifndef TESTS_LIB_RIGS_RESTART_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_RESTART_RIG_H_INCLUDED

#include <string.h>

#include "tests/lib/rigs/pool_rig.h"

#define WAIT_MS 10000
#define SAME 1    //  Epoch of a broker that has its store
#define ANOTHER 2 //  Of one that had none

typedef pool_rig_t rig_t;

//  What was heard of a job, from JOB_OPEN on.
typedef struct heard {
    wire_job_open_t open;           //  Its texts are not valid
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the job
    bool ended [64];                //  As JOB_OPEN says
    uint64_t tasks;                 //  Payloads that came
    bool nil [64];                  //  Of them empty ones
} heard_t;

static inline rig_t s_begin (void)
{
    return pool_rig_begin (1000);
}

static inline heard_t s_opened (rig_t *self)
{
    heard_t heard = {.tasks = 0};
    cursor_t body = fake_broker_expect (self->broker, WIRE_job_open);
    assert_true (wire_read_job_open (&body, &heard.open));
    memcpy (heard.uuid, heard.open.uuid.data, sizeof heard.uuid);
    cursor_t cursor = cursor_of_view (heard.open.ended.values);
    for (size_t i = 0; i < heard.open.ended.count; i++) {
        wire_span_t span;
        assert_true (wire_read_span (&cursor, &span));
        for (uint64_t index = span.first; index < span.first + span.count; index++)
            heard.ended [index] = true;
    }
    return heard;
}

//  Reads JOB_TASKS until count tasks have come, without a gap.
static inline void s_tasks (rig_t *self, heard_t *heard, uint64_t count)
{
    while (heard->tasks < count) {
        cursor_t body = fake_broker_expect (self->broker, WIRE_job_tasks);
        wire_job_tasks_t tasks;
        assert_true (wire_read_job_tasks (&body, &tasks));
        assert_int_equal (tasks.ref, heard->open.ref);
        assert_int_equal (tasks.first, heard->tasks);
        cursor_t cursor = cursor_of_view (tasks.payloads.values);
        for (size_t i = 0; i < tasks.payloads.count; i++) {
            heard->nil [heard->tasks++] = cursor_peek (&cursor) == CURSOR_NIL;
            cursor_skip (&cursor, NULL);
        }
    }
    assert_int_equal (heard->tasks, count);
}

static inline uint64_t s_sealed (rig_t *self)
{
    cursor_t body = fake_broker_expect (self->broker, WIRE_job_seal);
    wire_job_seal_t seal;
    assert_true (wire_read_job_seal (&body, &seal));
    return seal.count;
}

static inline void s_is_same_job (const heard_t *one, const heard_t *other)
{
    assert_memory_equal (one->uuid, other->uuid, sizeof one->uuid);
    assert_int_equal (one->open.ref, other->open.ref);
}

static inline void s_next (cadre_job_t *job, cadre_event_t *event)
{
    assert_int_equal (cadre_job_next (job, event, WAIT_MS), CADRE_OK);
}

static inline void s_next_result (cadre_job_t *job, uint32_t index, uint8_t value)
{
    cadre_event_t event;
    s_next (job, &event);
    assert_int_equal (event.kind, CADRE_EVENT_RESULT);
    assert_int_equal (event.index, index);
    assert_int_equal (event.size_bytes, 1);
    assert_int_equal (*(const uint8_t *) event.bytes, value);
}

static inline void s_next_is_end (cadre_job_t *job)
{
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
}

static inline cadre_job_t *s_job (rig_t *rig, unsigned tasks, const cadre_job_options_t *options)
{
    cadre_job_t *job = cadre_job_open (rig->pool, "f", options);
    for (unsigned i = 0; i < tasks; i++)
        assert_int_equal (cadre_job_add (job, NULL, "i", (int64_t) i), CADRE_OK);
    return job;
}

#endif
