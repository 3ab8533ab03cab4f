//  inputs_test.c - words and files as inputs of tasks

#include "client/cli/run/inputs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

//  All records, values joined by spaces, each record in brackets; then how it ended.
static const char *s_all (inputs_t *inputs)
{
    static char all [4096];
    const char *const *values = NULL;
    size_t count = 0;
    fault_t fault = {0};
    all [0] = '\0';
    cadre_error_t error;
    while ((error = inputs_next (inputs, &values, &count, &fault)) == CADRE_OK) {
        size_t used = strlen (all);
        for (size_t i = 0; i < count; i++)
            used += (size_t) snprintf (all + used, sizeof all - used, "%s%s", i ? " " : "[",
                                       values [i]);
        snprintf (all + used, sizeof all - used, "]");
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (inputs_next (inputs, &values, &count, &fault), CADRE_ERROR_END);
    return all;
}

//  A file with this content; unlinked by the caller.
static const char *s_file (const char *content, size_t size)
{
    static char path [32];
    snprintf (path, sizeof path, "/tmp/cadre-inputs-XXXXXX");
    int descriptor = mkstemp (path);
    assert_true (descriptor >= 0);
    assert_int_equal (write (descriptor, content, size), size);
    close (descriptor);
    return path;
}

static void s_add_file (inputs_t *inputs, const char *content, size_t size)
{
    fault_t fault = {0};
    const char *path = s_file (content, size);
    assert_int_equal (inputs_add_file (inputs, path, &fault), CADRE_OK);
    unlink (path);
}

static char *s_letters [] = {"a", "b"};
static char *s_digits [] = {"1", "2", "3"};

static void test_words (void **state)
{
    (void) state;
    uint64_t count = 0;
    inputs_t *inputs = inputs_new ();
    inputs_add_words (inputs, s_letters, 2);
    assert_true (inputs_known (inputs, &count));
    assert_int_equal (count, 2);
    assert_string_equal (s_all (inputs), "[a][b]");
    inputs_destroy (&inputs);
    inputs_destroy (&inputs);
}

static void test_combinations_change_the_last_fastest (void **state)
{
    (void) state;
    uint64_t count = 0;
    inputs_t *inputs = inputs_new ();
    inputs_add_words (inputs, s_letters, 2);
    inputs_add_words (inputs, s_digits, 3);
    assert_true (inputs_known (inputs, &count));
    assert_int_equal (count, 6);
    assert_string_equal (s_all (inputs), "[a 1][a 2][a 3][b 1][b 2][b 3]");
    inputs_destroy (&inputs);
}

static void test_files_combine_with_words (void **state)
{
    (void) state;
    inputs_t *inputs = inputs_new ();
    s_add_file (inputs, "x\ny\n", 4);
    inputs_add_words (inputs, s_letters, 2);
    s_add_file (inputs, "1\n2", 3);
    uint64_t count;
    assert_false (inputs_known (inputs, &count));
    assert_string_equal (s_all (inputs),
                         "[x a 1][x a 2][x b 1][x b 2][y a 1][y a 2][y b 1][y b 2]");
    inputs_destroy (&inputs);
}

static void test_no_combination_with_an_empty_source (void **state)
{
    (void) state;
    inputs_t *inputs = inputs_new ();
    inputs_add_words (inputs, s_letters, 2);
    s_add_file (inputs, "", 0);
    assert_string_equal (s_all (inputs), "");
    inputs_destroy (&inputs);
    inputs = inputs_new ();
    inputs_add_words (inputs, s_letters, 0);
    assert_string_equal (s_all (inputs), "");
    inputs_destroy (&inputs);
}

static void test_lines (void **state)
{
    (void) state;
    static const struct {
        const char *content;
        const char *all;
    } rows [] = {{"", ""},
                 {"\n", "[]"},
                 {"a", "[a]"},
                 {"a\n", "[a]"},
                 {"a\n\nb\n", "[a][][b]"},
                 {" a b \n", "[ a b ]"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        inputs_t *inputs = inputs_new ();
        s_add_file (inputs, rows [i].content, strlen (rows [i].content));
        assert_string_equal (s_all (inputs), rows [i].all);
        inputs_destroy (&inputs);
    }
}

static void test_records_may_end_with_nul (void **state)
{
    (void) state;
    inputs_t *inputs = inputs_new ();
    inputs_set_end (inputs, '\0');
    s_add_file (inputs, "a\nb\0c\0", 6);
    assert_string_equal (s_all (inputs), "[a\nb][c]");
    inputs_destroy (&inputs);
}

static void test_groups (void **state)
{
    (void) state;
    uint64_t count = 0;
    inputs_t *inputs = inputs_new ();
    inputs_add_words (inputs, s_digits, 3);
    inputs_set_group (inputs, 2);
    assert_true (inputs_known (inputs, &count));
    assert_int_equal (count, 2);
    assert_string_equal (s_all (inputs), "[1 2][3]");
    inputs_destroy (&inputs);
}

static void test_a_file_that_is_missing_is_named (void **state)
{
    (void) state;
    fault_t fault = {0};
    inputs_t *inputs = inputs_new ();
    assert_int_equal (inputs_add_file (inputs, "/proc/nonexistent/list", &fault),
                      CADRE_ERROR_NOT_FOUND);
    assert_non_null (strstr (fault.text, "/proc/nonexistent/list"));
    inputs_destroy (&inputs);
}

static void test_wake_ends_the_wait_for_a_silent_pipe (void **state)
{
    (void) state;
    char path [64];
    const char *const *values = NULL;
    size_t count = 0;
    fault_t fault = {0};
    int ends [2];
    assert_int_equal (pipe (ends), 0);
    snprintf (path, sizeof path, "/proc/self/fd/%d", ends [0]);
    inputs_t *inputs = inputs_new ();
    assert_int_equal (inputs_add_file (inputs, path, &fault), CADRE_OK);
    assert_int_equal (write (ends [1], "one\ntw", 6), 6);
    assert_int_equal (inputs_next (inputs, &values, &count, &fault), CADRE_OK);
    assert_string_equal (values [0], "one");
    inputs_wake (inputs);
    assert_int_equal (inputs_next (inputs, &values, &count, &fault), CADRE_ERROR_CANCELLED);
    inputs_destroy (&inputs);
    close (ends [0]);
    close (ends [1]);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_words),
        cmocka_unit_test (test_combinations_change_the_last_fastest),
        cmocka_unit_test (test_files_combine_with_words),
        cmocka_unit_test (test_no_combination_with_an_empty_source),
        cmocka_unit_test (test_lines),
        cmocka_unit_test (test_records_may_end_with_nul),
        cmocka_unit_test (test_groups),
        cmocka_unit_test (test_a_file_that_is_missing_is_named),
        cmocka_unit_test (test_wake_ends_the_wait_for_a_silent_pipe),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
