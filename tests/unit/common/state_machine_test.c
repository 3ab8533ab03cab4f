//  state_machine_test.c - changes that the table allows happen, others end the process with a line
//  that says which

#include "common/state_machine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { READY, LEASED, DONE };

static const char *const s_names [] = {"ready", "leased", "done"};
static const uint32_t s_next [] = {[READY] = STATE_MACHINE_TO (LEASED),
                                   [LEASED] = STATE_MACHINE_TO (READY) | STATE_MACHINE_TO (DONE),
                                   [DONE] = 0};

static bool s_fits (uint8_t state, const void *object)
{
    const int *lease = object;
    return state == LEASED ? *lease != 0 : *lease == 0;
}

static const state_machine_table_t s_task = {"task", 3, s_names, s_next, NULL};
static const state_machine_table_t s_checked = {"task", 3, s_names, s_next, s_fits};

static void test_allowed (void **state)
{
    (void) state;
    assert_true (state_machine_allowed (&s_task, READY, LEASED));
    assert_true (state_machine_allowed (&s_task, LEASED, READY));
    assert_false (state_machine_allowed (&s_task, READY, DONE));
    assert_false (state_machine_allowed (&s_task, READY, READY));
    assert_false (state_machine_allowed (&s_task, DONE, READY));
    assert_false (state_machine_allowed (&s_task, READY, 3));
    assert_false (state_machine_allowed (&s_task, 200, READY));
    assert_false (state_machine_allowed (&s_task, READY, 255));
}

static void test_names (void **state)
{
    (void) state;
    assert_string_equal (state_machine_state_name (&s_task, LEASED), "leased");
    assert_string_equal (state_machine_state_name (&s_task, 3), "?");
}

static void test_move (void **state)
{
    (void) state;
    state_machine_t machine;
    state_machine_init (&machine, &s_task, READY);
    state_machine_move (&machine, LEASED, NULL);
    assert_int_equal (machine.state, LEASED);
    assert_string_equal (state_machine_name (&machine), "leased");
    state_machine_move (&machine, DONE, NULL);
    assert_string_equal (state_machine_name (&machine), "done");
}

static void test_step_on_a_byte (void **state)
{
    (void) state;
    uint8_t byte = READY;
    int lease = 1;
    state_machine_step (&s_checked, &byte, LEASED, &lease);
    lease = 0;
    state_machine_step (&s_checked, &byte, READY, &lease);
    assert_int_equal (byte, READY);
}

//  Run the change in a child, and return what it said before it ended by SIGABRT.
static const char *s_last_words (const state_machine_table_t *table, uint8_t to, int lease)
{
    static char said [512];
    int ends [2];
    assert_int_equal (pipe (ends), 0);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        setrlimit (RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2 (ends [1], STDERR_FILENO);
        uint8_t byte = READY;
        state_machine_step (table, &byte, to, &lease);
        _exit (0);
    }
    close (ends [1]);
    ssize_t size = read (ends [0], said, sizeof said - 1);
    said [size > 0 ? size : 0] = 0;
    close (ends [0]);
    int status = 0;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGABRT);
    return said;
}

static void test_change_that_is_not_allowed (void **state)
{
    (void) state;
    assert_string_equal (s_last_words (&s_task, DONE, 0),
                         "cadre: state machine task: ready (0) to done (2) is not allowed\n");
    assert_string_equal (s_last_words (&s_task, 9, 0),
                         "cadre: state machine task: ready (0) to ? (9) is not allowed\n");
}

static void test_invariant_that_breaks (void **state)
{
    (void) state;
    assert_string_equal (
        s_last_words (&s_checked, LEASED, 0),
        "cadre: state machine task: ready (0) to leased (1) breaks the invariant\n");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_allowed),
        cmocka_unit_test (test_names),
        cmocka_unit_test (test_move),
        cmocka_unit_test (test_step_on_a_byte),
        cmocka_unit_test (test_change_that_is_not_allowed),
        cmocka_unit_test (test_invariant_that_breaks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
