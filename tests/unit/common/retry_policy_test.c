//  retry_policy_test.c - how often a task is tried again, by cause, and after what wait

#include "common/pack.h"
#include "common/retry_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool s_read (retry_policy_t *tries, const char *word, uint64_t number)
{
    buffer_t causes = {0};
    pack_map (&causes, 1);
    pack_text (&causes, word);
    pack_uint (&causes, number);
    wire_job_open_t open = {.retries = 1, .retries_lost = 2, .causes = wire_view_of (&causes)};
    bool fine = retry_policy_read (tries, &open);
    buffer_free (&causes);
    return fine;
}

static void test_causes_hold_before_the_usual (void **state)
{
    (void) state;
    retry_policy_t tries;
    retry_counts_t tried = {.failed = 1};
    assert_true (s_read (&tries, "timeout", 3));
    assert_true (retry_policy_allow (&tries, tried, CADRE_OUTCOME_TIMEOUT));
    assert_false (retry_policy_allow (&tries, tried, CADRE_OUTCOME_ERROR));
    assert_false (retry_policy_allow (&tries, tried, CADRE_OUTCOME_OK));
    assert_false (retry_policy_allow (&tries, tried, CADRE_OUTCOME_CANCELLED));
    tried.failed = 3;
    assert_false (retry_policy_allow (&tries, tried, CADRE_OUTCOME_TIMEOUT));
    tried.lost = 1;
    assert_true (retry_policy_allow (&tries, tried, CADRE_OUTCOME_WORKER_LOST));
    tried.lost = 2;
    assert_false (retry_policy_allow (&tries, tried, CADRE_OUTCOME_WORKER_LOST));
    assert_true (s_read (&tries, "worker-lost", 0));
    assert_false (retry_policy_allow (&tries, (retry_counts_t){0}, CADRE_OUTCOME_WORKER_LOST));
}

//  Each cause has its own limit
static void test_every_cause_has_its_limit (void **state)
{
    static const struct {
        const char *name; //  On the command line
        unsigned outcome; //  What it stands for
    } cases [] = {{"error", CADRE_OUTCOME_ERROR},
                  {"exit", CADRE_OUTCOME_EXIT},
                  {"signal", CADRE_OUTCOME_SIGNAL},
                  {"timeout", CADRE_OUTCOME_TIMEOUT},
                  {"out-of-memory", CADRE_OUTCOME_OUT_OF_MEMORY}};
    const size_t count = sizeof cases / sizeof cases [0];
    (void) state;
    for (size_t i = 0; i < count; i++) {
        retry_policy_t tries;
        assert_true (s_read (&tries, cases [i].name, 2));
        for (size_t other = 0; other < count; other++)
            assert_int_equal (
                retry_policy_allow (&tries, (retry_counts_t){.failed = 1}, cases [other].outcome),
                other == i);
        assert_false (
            retry_policy_allow (&tries, (retry_counts_t){.failed = 2}, cases [i].outcome));
    }
}

static void test_nonsense_is_refused (void **state)
{
    (void) state;
    retry_policy_t tries;
    assert_false (s_read (&tries, "ok", 1));
    assert_false (s_read (&tries, "cancelled", 1));
    assert_false (s_read (&tries, "boredom", 1));
    static const uint8_t number [] = {7};
    assert_false (retry_policy_read (&tries, &(wire_job_open_t){.causes = {number, 1}}));
}

//  Every wait lies within a quarter of its mean, and the mean doubles up to a minute
static void test_waits_grow_and_spread (void **state)
{
    (void) state;
    retry_policy_t tries;
    assert_true (retry_policy_read (&tries, &(wire_job_open_t){.retries = 9}));
    int64_t mean_us = 100000;
    for (uint16_t failed = 0; failed < 20; failed++) {
        retry_counts_t tried = {.failed = failed};
        int64_t least = INT64_MAX, most = 0;
        for (uint32_t random = 0; random < 1024; random++) {
            int64_t wait_us = retry_policy_wait_us (&tries, tried, CADRE_OUTCOME_ERROR, random * 7);
            least = wait_us < least ? wait_us : least;
            most = wait_us > most ? wait_us : most;
        }
        assert_int_equal (least, mean_us * 3 / 4);
        assert_in_range (most, mean_us, mean_us * 5 / 4);
        mean_us = mean_us * 2 < RETRY_POLICY_WAIT_MAX_US ? mean_us * 2 : RETRY_POLICY_WAIT_MAX_US;
    }
}

static void test_waits_by_cause (void **state)
{
    (void) state;
    retry_policy_t tries;
    assert_true (retry_policy_read (&tries, &(wire_job_open_t){.backoff_ms = 200}));
    assert_int_equal (retry_policy_wait_us (&tries, (retry_counts_t){0}, CADRE_OUTCOME_EXIT, 0),
                      150000);
    assert_int_equal (
        retry_policy_wait_us (&tries, (retry_counts_t){0}, CADRE_OUTCOME_WORKER_LOST, 0), 0);
    assert_int_equal (
        retry_policy_wait_us (&tries, (retry_counts_t){.lost = 1}, CADRE_OUTCOME_WORKER_LOST, 0),
        150000);
    assert_int_equal (
        retry_policy_wait_us (&tries, (retry_counts_t){0}, CADRE_OUTCOME_OUT_OF_MEMORY, 0), 750000);
}

static void test_deadly_tasks (void **state)
{
    (void) state;
    assert_false (
        retry_policy_is_deadly ((retry_counts_t){.failed = 1}, CADRE_OUTCOME_SIGNAL, false));
    assert_true (
        retry_policy_is_deadly ((retry_counts_t){.failed = 2}, CADRE_OUTCOME_SIGNAL, false));
    assert_false (
        retry_policy_is_deadly ((retry_counts_t){.failed = 2}, CADRE_OUTCOME_SIGNAL, true));
    assert_true (
        retry_policy_is_deadly ((retry_counts_t){.failed = 2}, CADRE_OUTCOME_OUT_OF_MEMORY, true));
    assert_false (
        retry_policy_is_deadly ((retry_counts_t){.failed = 9}, CADRE_OUTCOME_ERROR, false));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_causes_hold_before_the_usual),
        cmocka_unit_test (test_every_cause_has_its_limit),
        cmocka_unit_test (test_nonsense_is_refused),
        cmocka_unit_test (test_waits_grow_and_spread),
        cmocka_unit_test (test_waits_by_cause),
        cmocka_unit_test (test_deadly_tasks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
