//  quarantine_test.c - a task that kills slot after slot: listed, explained, tried again and
//  dropped by hand, with the commands of a shell

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/cluster.h"

#define WAIT_MS 30000
#define TRIES 9

typedef struct house {
    cluster_t *cluster; //  A broker and a worker
    cadre_t *pool;      //  Who submitted
    char job [32];      //  Number of the job
    char task [40];     //  Of its task that kills slots
} house_t;

//  cadre WHAT VERB ...: its exit code; what it wrote has the text.
static void s_cadre (const house_t *self, int code, const char *text, const char *what,
                     const char *verb, const char *one, const char *two, const char *three)
{
    const char *argv [] = {"bin/cadre", what, verb,  "--broker", cluster_address (self->cluster),
                           one,         two,  three, NULL};
    child_t *child = child_start (argv);
    int got = child_wait (child, WAIT_MS);
    const char *said = child_output (child);
    if (got != code || !strstr (said, text))
        fail_msg ("cadre %s %s: exit %d, not %d, or without '%s': %s", what, verb, got, code, text,
                  said);
    child_destroy (&child);
}

//  Task 0 is well, task 1 kills every slot that takes it; they have ended when this returns.
static void s_begin (house_t *self)
{
    const cadre_job_options_t options = {.detached = true, .retries = TRIES, .backoff_ms = 1};
    *self = (house_t){.cluster = cluster_new ("ipc", 1, 1)};
    self->pool = cluster_open (self->cluster);
    cadre_job_t *job = cadre_job_open (self->pool, "raise", &options);
    cadre_job_add (job, NULL, "i", (int64_t) 0);
    cadre_job_add (job, NULL, "i", (int64_t) 9);
    cadre_job_seal (job);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_ERROR_TASK);
    uint64_t number = cadre_job_number (job, WAIT_MS);
    snprintf (self->job, sizeof self->job, "%llu", (unsigned long long) number);
    snprintf (self->task, sizeof self->task, "%llu.1", (unsigned long long) number);
    cadre_job_destroy (&job);
}

static void s_end (house_t *self)
{
    cadre_close (&self->pool, WAIT_MS);
    cluster_destroy (&self->cluster);
}

static void s_is_quarantined (const house_t *self)
{
    s_cadre (self, 1, "quarantined", "job", "wait", self->job, NULL, NULL);
    s_cadre (self, 0, " done  quarantined ", "task", "list", self->job, "--outcome", "quarantined");
    s_cadre (
        self, 0,
        "quarantined: it has killed 3 slots, one after the other; try it again with: cadre job retry",
        "task", "explain", self->task, NULL, NULL);
    s_cadre (self, 0, "last by signal 9", "task", "info", self->task, NULL, NULL);
}

static void test_a_task_in_quarantine (void **state)
{
    (void) state;
    house_t house;
    s_begin (&house);
    s_is_quarantined (&house);
    //  Another round, with all of its tries
    s_cadre (&house, 0, "1 task queued again", "job", "retry", house.task, NULL, NULL);
    s_is_quarantined (&house);
    //  Given up: it is no more in quarantine, and stays so
    s_cadre (&house, 0, "task ", "task", "drop", house.task, NULL, NULL);
    s_cadre (&house, 0, " done  cancelled ", "task", "list", house.job, "--outcome", "cancelled");
    s_cadre (&house, 77, "is not in quarantine", "task", "drop", house.task, NULL, NULL);
    s_cadre (&house, 0, "ended: cancelled", "task", "explain", house.task, NULL, NULL);
    s_cadre (&house, 1, "cancelled", "job", "wait", house.job, NULL, NULL);
    s_cadre (&house, 0, "", "job", "forget", house.job, NULL, NULL);
    s_end (&house);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_task_in_quarantine),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
