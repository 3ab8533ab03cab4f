//  broken_test.c - tasks that break their slots, among others that do not: each pays for itself
//  alone, and the worker lives

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/outcomes.h"

#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 120000
#define TRIES 2u

typedef struct house {
    cluster_t *cluster; //  A broker
    child_t *worker;    //  With this test's plugin
    cadre_t *pool;      //  Who submits
} house_t;

//  What a function of plugins/broken.c comes to.
typedef struct breakage {
    const char *function;    //  Its name
    cadre_outcome_t outcome; //  What becomes of the task
    const char *kind;        //  Of an error, or ""
    unsigned runs;           //  How often it is run for each try, at most
} breakage_t;

static const breakage_t s_breakages [] = {
    {"scribble_ones", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"scribble_zeros", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"scribble_random", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"scribble_limit", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"scribble_head", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"unclaim", CADRE_OUTCOME_ERROR, "slot-broken", 3}, //  Only its own runs are denied by it
    {"shrink", CADRE_OUTCOME_OK, "", 1},
    {"lie_group", CADRE_OUTCOME_SIGNAL, "signal", 1},
    {"lie_all", CADRE_OUTCOME_SIGNAL, "signal", 1},
    {"rubbish_socket", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"rubbish_ring", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"huge_ring", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"forge_other", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"forge_twice", CADRE_OUTCOME_OK, "", 1}, //  It said itself that it has ended
    {"close_socket", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"close_all", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"close_and_return", CADRE_OUTCOME_OK, "", 1},
    {"shut_socket", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"fork_and_exit", CADRE_OUTCOME_ERROR, "slot-exited", 1},
    {"fork_twice", CADRE_OUTCOME_OK, "", 1},
    {"stop_busy", CADRE_OUTCOME_ERROR, "slot-broken", 1},
    {"stop_later", CADRE_OUTCOME_OK, "", 1},
    {"die_within", CADRE_OUTCOME_SIGNAL, "signal", 1},
};
#define BREAKAGES (sizeof s_breakages / sizeof s_breakages [0])

static void s_begin (house_t *self, unsigned slots)
{
    char plugin [PATH_MAX], count [16];
    const char *build = getenv ("CADRE_BUILD_DIR");
    self->cluster = cluster_new ("ipc", 0, 0);
    snprintf (plugin, sizeof plugin, "%s/plugins/broken.so", build ? build : ".");
    snprintf (count, sizeof count, "%u", slots);
    const char *argv [] = {"bin/cadre-worker",
                           "--broker",
                           cluster_address (self->cluster),
                           "--slots",
                           count,
                           "--plugin",
                           plugin,
                           NULL};
    self->worker = child_start (argv);
    self->pool = cluster_open (self->cluster);
}

//  The worker is the one that it was, and ends as it should.
static void s_end (house_t *self)
{
    assert_int_equal (cadre_close (&self->pool, 20000), CADRE_OK);
    kill (child_pid (self->worker), SIGTERM);
    int code = child_wait (self->worker, 20000);
    if (code != 0)
        fail_msg ("the worker ended with %d:\n%s", code, child_output (self->worker));
    child_destroy (&self->worker);
    cluster_destroy (&self->cluster);
}

//  How often this line stands in the file "runs".
static unsigned s_runs (const house_t *self, const char *line)
{
    char path [512], text [512];
    unsigned count = 0;
    snprintf (path, sizeof path, "%s/runs", cluster_folder (self->cluster));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    while (fgets (text, sizeof text, file)) {
        text [strcspn (text, "\n")] = 0;
        count += strcmp (text, line) == 0;
    }
    fclose (file);
    return count;
}

//  How often each of COUNT payments was made.
static unsigned *s_payments (const house_t *self, size_t count)
{
    char path [512], text [512];
    unsigned *paid = calloc (count, sizeof *paid);
    snprintf (path, sizeof path, "%s/runs", cluster_folder (self->cluster));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    while (fgets (text, sizeof text, file)) {
        size_t n;
        if (sscanf (text, "pay %zu", &n) == 1 && n < count)
            paid [n]++;
    }
    fclose (file);
    return paid;
}

//  Every EVERYth one breaks its slot, in a way that plugins/broken.c knows; 0: none.
static cadre_job_t *s_pay (const house_t *self, const cadre_job_options_t *options, int64_t count,
                           int64_t every, const char *how)
{
    cadre_job_t *job = cadre_job_open (self->pool, "pay", options);
    for (int64_t i = 0; i < count; i++)
        assert_int_equal (
            cadre_job_add (job, NULL, "siis", cluster_folder (self->cluster), i, every, how),
            CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    return job;
}

//  ---- finished tasks among those that break their slots ---------------------------

//  Each payment is made once for each of its tries, and only those that break their slots have more
//  than one.
static void s_break_among_payments (unsigned slots, const cadre_job_options_t *options,
                                    const char *how, int64_t count, int64_t every)
{
    house_t house;
    unsigned tries = 1 + options->retries;
    bool loses = strcmp (how, "head") == 0; //  Results that the worker had not read
    s_begin (&house, slots);
    cadre_job_t *job = s_pay (&house, options, count, every, how);
    outcomes_task_t *outcomes = outcomes_read (job, (size_t) count);
    unsigned *paid = s_payments (&house, (size_t) count);
    for (int64_t i = 0; i < count; i++) {
        bool breaks = i % every == every - 1;
        if (paid [i] != (breaks ? tries : 1) || outcomes [i].attempts != (breaks ? tries : 1)
            || (breaks && outcomes [i].outcome == CADRE_OUTCOME_OK)
            || (!breaks && !loses && outcomes [i].outcome != CADRE_OUTCOME_OK))
            fail_msg ("%s: payment %d was made %u times in %u tries: %s (%s)", how, (int) i,
                      paid [i], outcomes [i].attempts, cadre_outcome_text (outcomes [i].outcome),
                      outcomes [i].message);
    }
    free (paid);
    free (outcomes);
    cadre_job_destroy (&job);
    s_end (&house);
}

static void test_payments_that_must_not_be_made_twice (void **state)
{
    (void) state;
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "crash", 2000, 50);
    s_break_among_payments (2, &(cadre_job_options_t){.no_rerun = true}, "crash", 2000, 50);
}

static void test_payments_that_may_be_tried_again (void **state)
{
    (void) state;
    s_break_among_payments (2, &(cadre_job_options_t){.retries = 1, .backoff_ms = 1}, "crash", 2000,
                            50);
}

//  What ended before one of them broke its slot has ended, also what the worker had not yet read.
static void test_payments_among_all_kinds (void **state)
{
    (void) state;
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "page", 600, 200);
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "head", 600, 200);
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "socket", 2000, 100);
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "ring", 2000, 100);
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "close", 600, 200);
    s_break_among_payments (1, &(cadre_job_options_t){.no_rerun = true}, "stop", 600, 200);
}

//  ---- broken slots -----------------------------------------------------------------

static void s_check (const house_t *house, const breakage_t *breakage, const cadre_event_t *event)
{
    unsigned tries = breakage->outcome == CADRE_OUTCOME_OK ? 1 : TRIES;
    unsigned runs = s_runs (house, breakage->function);
    if (event->outcome != breakage->outcome || strcmp (event->error_kind, breakage->kind) != 0
        || event->attempt != tries || runs < tries || runs > tries * breakage->runs)
        fail_msg ("%s: %s (%s: %s) in %u tries, run %u times; the worker said:\n%s",
                  breakage->function, cadre_outcome_text (event->outcome), event->error_kind,
                  event->message, event->attempt, runs, child_output (house->worker));
}

static cadre_job_t *s_break (const house_t *house, const breakage_t *breakage)
{
    const cadre_job_options_t options = {.retries = TRIES - 1, .backoff_ms = 1};
    cadre_job_t *job = cadre_job_open (house->pool, breakage->function, &options);
    assert_int_equal (cadre_job_add (job, NULL, "s", cluster_folder (house->cluster)), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    return job;
}

//  All of them at once, and payments beside them, which are made once each and without a failure.
static void test_each_pays_for_itself (void **state)
{
    enum { COUNT = 3000 };
    house_t house;
    cadre_job_t *jobs [BREAKAGES];
    (void) state;
    s_begin (&house, 4);
    for (size_t i = 0; i < BREAKAGES; i++)
        jobs [i] = s_break (&house, &s_breakages [i]);
    cadre_job_t *payments = s_pay (&house, &(cadre_job_options_t){.no_rerun = true}, COUNT, 0, "");
    for (size_t i = 0; i < BREAKAGES; i++) {
        cadre_event_t event = {0};
        while (event.kind != CADRE_EVENT_RESULT || event.outcome == CADRE_OUTCOME_NONE)
            if (cadre_job_next (jobs [i], &event, WAIT_NOTICE_MS) != CADRE_OK)
                fail_msg ("%s has no end; the worker said:\n%s", s_breakages [i].function,
                          child_output (house.worker));
        s_check (&house, &s_breakages [i], &event);
        cadre_job_destroy (&jobs [i]);
    }
    outcomes_task_t *outcomes = outcomes_read (payments, COUNT);
    unsigned *paid = s_payments (&house, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if (outcomes [i].outcome != CADRE_OUTCOME_OK || paid [i] != 1)
            fail_msg ("payment %zu was made %u times: %s", i, paid [i], outcomes [i].message);
    free (paid);
    free (outcomes);
    cadre_job_destroy (&payments);
    s_end (&house);
}

//  SIGTERM is blocked: SIGKILL comes after the grace.
static void test_a_slot_that_blocks_sigterm (void **state)
{
    house_t house;
    (void) state;
    s_begin (&house, 1);
    const cadre_job_options_t options = {.timeout_ms = 300, .grace_ms = 200};
    cadre_job_t *job = cadre_job_open (house.pool, "block_term", &options);
    assert_int_equal (cadre_job_add (job, NULL, "s", cluster_folder (house.cluster)), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    outcomes_task_t *outcomes = outcomes_read (job, 1);
    assert_int_equal (outcomes [0].outcome, CADRE_OUTCOME_TIMEOUT);
    free (outcomes);
    cadre_job_destroy (&job);
    job = s_pay (&house, NULL, 10, 0, "");
    outcomes = outcomes_read (job, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal (outcomes [i].outcome, CADRE_OUTCOME_OK);
    free (outcomes);
    cadre_job_destroy (&job);
    s_end (&house);
}

//  An idle slot that is stopped holds up the next task for a few seconds, and costs it nothing.
static void test_a_slot_that_is_stopped_when_it_is_idle (void **state)
{
    house_t house;
    cadre_value_t *value = NULL;
    (void) state;
    s_begin (&house, 1);
    assert_int_equal (cadre_call (house.pool, &value, WAIT_NOTICE_MS, "stop_later", "s",
                                  cluster_folder (house.cluster)),
                      CADRE_OK);
    cadre_value_destroy (&value);
    usleep (200000); //  It may be stopped before or after the next task comes: both are right
    cadre_job_t *job = s_pay (&house, &(cadre_job_options_t){.no_rerun = true}, 10, 0, "");
    outcomes_task_t *outcomes = outcomes_read (job, 10);
    unsigned *paid = s_payments (&house, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal (outcomes [i].outcome, CADRE_OUTCOME_OK);
        assert_int_equal (outcomes [i].attempts, 1);
        assert_int_equal (paid [i], 1);
    }
    free (paid);
    free (outcomes);
    cadre_job_destroy (&job);
    assert_non_null (strstr (child_output (house.worker), "slot 1 was stopped (SIGSTOP)"));
    s_end (&house);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_payments_that_must_not_be_made_twice),
        cmocka_unit_test (test_payments_that_may_be_tried_again),
        cmocka_unit_test (test_payments_among_all_kinds),
        cmocka_unit_test (test_each_pays_for_itself),
        cmocka_unit_test (test_a_slot_that_blocks_sigterm),
        cmocka_unit_test (test_a_slot_that_is_stopped_when_it_is_idle),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
