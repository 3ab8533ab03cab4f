/*  pool_rig.h - rig: a pool at a fake_broker
 *
 *  For cmocka programs.
 */

#ifndef TESTS_LIB_RIGS_POOL_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_POOL_RIG_H_INCLUDED

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/fakes/fake_broker.h"

typedef struct pool_rig {
    fake_broker_t *broker; //  Answers HELLO; the rest is for the test
    cadre_t *pool;         //  At it
} pool_rig_t;

static inline pool_rig_t pool_rig_begin_with (uint64_t window_tasks, const cadre_options_t *options)
{
    pool_rig_t self = {.broker = fake_broker_new (FAKE_BROKER_WELCOME, window_tasks)};
    self.pool = cadre_open (fake_broker_address (self.broker), options);
    assert_non_null (self.pool);
    assert_int_equal (cadre_open_error (), CADRE_OK);
    return self;
}

static inline pool_rig_t pool_rig_begin (uint64_t window_tasks)
{
    return pool_rig_begin_with (window_tasks, NULL);
}

static inline void pool_rig_end (pool_rig_t *self)
{
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->broker);
}

//  Reads JOB_OPEN, into *OPEN unless that is NULL: the number of the job on this connection.
static inline uint64_t pool_rig_opened (pool_rig_t *self, wire_job_open_t *open)
{
    cursor_t body = fake_broker_expect (self->broker, WIRE_job_open);
    wire_job_open_t local;
    assert_true (wire_read_job_open (&body, open ? open : &local));
    return open ? open->ref : local.ref;
}

//  Reads JOB_TASKS: its first index, and how many.
static inline size_t pool_rig_tasks (pool_rig_t *self, uint64_t *first)
{
    cursor_t body = fake_broker_expect (self->broker, WIRE_job_tasks);
    wire_job_tasks_t tasks;
    assert_true (wire_read_job_tasks (&body, &tasks));
    if (first)
        *first = tasks.first;
    return tasks.payloads.count;
}

#endif
