//  foreign_test.c - commands whose broker speaks another major version of the protocol

#include "tests/lib/fakes/fake_broker.h"
#include "tests/lib/rigs/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 30000
#define UNAVAILABLE 69

//  One line that names both versions and the cure, and the exit code.
static void s_is_refused (const char *const *argv)
{
    child_t *child = child_start (argv);
    assert_int_equal (child_wait (child, WAIT_NOTICE_MS), UNAVAILABLE);
    const char *says = child_output (child);
    if (strncmp (says, "cadre: ", 7) != 0 || !strstr (says, "protocol") || !strstr (says, "1.0")
        || !strstr (says, "9.0") || strchr (says, '\n') != says + strlen (says) - 1)
        fail_msg ("%s %s says: %s", argv [0], argv [1], says);
    child_destroy (&child);
}

static void test_commands_are_refused (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_FOREIGN, 1000);
    const char *address = fake_broker_address (broker);
    s_is_refused (
        (const char *const []){"bin/cadre", "run", "--broker", address, "true", ":::", "1", NULL});
    s_is_refused (
        (const char *const []){"bin/cadre", "call", "--broker", address, "square", "7", NULL});
    s_is_refused ((const char *const []){"bin/cadre", "submit", "--broker", address, "true",
                                         ":::", "1", NULL});
    s_is_refused ((const char *const []){"bin/cadre", "job", "list", "--broker", address, NULL});
    fake_broker_destroy (&broker);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_commands_are_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
