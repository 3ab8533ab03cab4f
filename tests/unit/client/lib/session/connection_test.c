//  connection_test.c - a client whose broker is gone looks for it at its other addresses

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/fakes/fake_broker.h"

#define WAIT_MS 10000

typedef struct rig {
    fake_broker_t *one; //  Named first
    fake_broker_t *two; //  Named second
    cadre_t *pool;      //  At both
} rig_t;

static rig_t s_begin (fake_broker_manner_t one, fake_broker_manner_t two)
{
    rig_t self = {.one = fake_broker_new (one, 100), .two = fake_broker_new (two, 100)};
    char both [256];
    snprintf (both, sizeof both, "%s,%s", fake_broker_address (self.one),
              fake_broker_address (self.two));
    self.pool = cadre_open (both, NULL);
    return self;
}

static void s_end (rig_t *self)
{
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->one);
    fake_broker_destroy (&self->two);
}

static bool s_is_at (const rig_t *self, const fake_broker_t *broker)
{
    return self->pool && strcmp (cadre_address (self->pool), fake_broker_address (broker)) == 0;
}

static uint64_t s_opened (fake_broker_t *broker)
{
    cursor_t body = fake_broker_expect (broker, WIRE_job_open);
    wire_job_open_t open;
    assert_true (wire_read_job_open (&body, &open));
    return open.ref;
}

//  This broker sees the task, which was submitted at the other one, and answers it.
static void s_takes_over (rig_t *self, fake_broker_t *broker, cadre_future_t **future)
{
    fake_broker_result (broker, s_opened (broker), 0, 7);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (*future, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 7);
    assert_true (s_is_at (self, broker));
    cadre_future_destroy (future);
}

static void test_a_broker_that_does_not_answer (void **state)
{
    (void) state;
    rig_t rig = s_begin (FAKE_BROKER_MUTE, FAKE_BROKER_WELCOME);
    assert_true (s_is_at (&rig, rig.two));
    assert_true (fake_broker_hellos (rig.one) >= 1);
    s_end (&rig);
}

static void test_a_broker_that_refuses (void **state)
{
    (void) state;
    rig_t rig = s_begin (FAKE_BROKER_REFUSE, FAKE_BROKER_WELCOME);
    assert_true (s_is_at (&rig, rig.two));
    s_end (&rig);
}

static void test_all_refuse (void **state)
{
    (void) state;
    rig_t rig = s_begin (FAKE_BROKER_REFUSE, FAKE_BROKER_REFUSE);
    assert_null (rig.pool);
    assert_int_equal (cadre_open_error (), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (cadre_open_message (), "go away"));
    assert_int_equal (fake_broker_hellos (rig.one), 1);
    assert_int_equal (fake_broker_hellos (rig.two), 1);
    s_end (&rig);
}

//  The other one does not know the session: what was open is said again there.
static void test_a_broker_that_falls_silent (void **state)
{
    (void) state;
    rig_t rig = s_begin (FAKE_BROKER_WELCOME, FAKE_BROKER_WELCOME);
    assert_true (s_is_at (&rig, rig.one));
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    s_opened (rig.one);
    fake_broker_set_manner (rig.one, FAKE_BROKER_MUTE);
    s_takes_over (&rig, rig.two, &future);
    s_end (&rig);
}

static void test_a_broker_that_says_goodbye (void **state)
{
    (void) state;
    rig_t rig = s_begin (FAKE_BROKER_WELCOME, FAKE_BROKER_WELCOME);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    s_opened (rig.one);
    fake_broker_set_manner (rig.one, FAKE_BROKER_MUTE);
    fake_broker_goodbye (rig.one);
    s_takes_over (&rig, rig.two, &future);
    s_end (&rig);
}

//  The wire was cut in one direction: nothing comes, but the broker has kept the session. A fresh
//  connection resumes it.
static void test_the_same_broker_through_a_fresh_connection (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 100);
    cadre_t *pool = cadre_open (fake_broker_address (broker), NULL);
    assert_non_null (pool);
    sockets_route_t before = fake_broker_route (broker);
    cadre_future_t *future = cadre_submit (pool, "f", "");
    uint64_t ref = s_opened (broker);
    while (fake_broker_hellos (broker) < 2)
        usleep (10000);
    assert_true (fake_broker_route (broker) != before);
    fake_broker_result (broker, ref, 0, 7);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (future, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 7);
    cadre_future_destroy (&future);
    cadre_abort (&pool);
    fake_broker_destroy (&broker);
}

static void test_a_name_that_stands_for_nothing (void **state)
{
    (void) state;
    cadre_options_t options = {.connect_timeout_ms = 300};
    assert_null (cadre_open ("tcp://no-such-host.invalid:5700", &options));
    assert_non_null (
        strstr (cadre_open_message (),
                "no broker answers at tcp://no-such-host.invalid:5700: no-such-host.invalid has no "
                "address ("));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_broker_that_does_not_answer),
        cmocka_unit_test (test_a_broker_that_refuses),
        cmocka_unit_test (test_all_refuse),
        cmocka_unit_test (test_a_broker_that_falls_silent),
        cmocka_unit_test (test_a_broker_that_says_goodbye),
        cmocka_unit_test (test_the_same_broker_through_a_fresh_connection),
        cmocka_unit_test (test_a_name_that_stands_for_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
