//  listing_test.c - rows of a long listing are printed page by page, until their reader goes

#include "client/cli/output/listing.h"

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

#include "client/cli/output/say.h"

#define ROWS 2500u

static const table_column_t s_columns [] = {
    {"task", "TASK", TABLE_TEXT}, {"code", "CODE", TABLE_TEXT}, {0}};

static bool s_add (listing_t *listing, unsigned task)
{
    cadre_value_t *row =
        cadre_value_build ("{s:u, s:u}", "task", (uint64_t) task, "code", (uint64_t) (task % 10));
    return listing_add (listing, &row);
}

//  stdout goes to a file until s_end_capture returns its text.
static int s_capture (FILE **file)
{
    fflush (stdout);
    const int before = dup (STDOUT_FILENO);
    *file = tmpfile ();
    assert_non_null (*file);
    dup2 (fileno (*file), STDOUT_FILENO);
    return before;
}

static char *s_end_capture (FILE *file, int before)
{
    fflush (stdout);
    dup2 (before, STDOUT_FILENO);
    close (before);
    const long size = lseek (fileno (file), 0, SEEK_END);
    char *text = calloc (1, (size_t) size + 1);
    assert_int_equal (pread (fileno (file), text, (size_t) size, 0), size);
    fclose (file);
    return text;
}

static char *s_print (table_format_t format, unsigned rows, int exit_code)
{
    FILE *file;
    const int before = s_capture (&file);
    listing_t *listing = listing_new (format, s_columns);
    for (unsigned i = 0; i < rows; i++)
        s_add (listing, i);
    const int ended = listing_end (&listing, exit_code);
    char *text = s_end_capture (file, before);
    assert_int_equal (ended, exit_code);
    return text;
}

static void s_expect (table_format_t format, unsigned rows, int exit_code, const char *expected)
{
    char *text = s_print (format, rows, exit_code);
    assert_string_equal (text, expected);
    free (text);
}

static void test_formats (void **state)
{
    (void) state;
    s_expect (TABLE_PLAIN, 0, 0, "TASK CODE\n");
    s_expect (TABLE_PLAIN, 2, 0, "TASK CODE\n0    0\n1    1\n");
    s_expect (TABLE_NDJSON, 0, 0, "");
    s_expect (TABLE_NDJSON, 2, 0, "{\"task\":0,\"code\":0}\n{\"task\":1,\"code\":1}\n");
    s_expect (TABLE_JSON, 0, 0, "[]\n");
    s_expect (TABLE_JSON, 2, 0,
              "[\n  {\n    \"task\": 0,\n    \"code\": 0\n  },\n"
              "  {\n    \"task\": 1,\n    \"code\": 1\n  }\n]\n");
}

//  What failed before a row came prints no empty listing, and an array that is not whole has no
//  end.
static void test_an_incomplete_listing_is_no_whole_one (void **state)
{
    (void) state;
    s_expect (TABLE_PLAIN, 0, 69, "");
    s_expect (TABLE_JSON, 0, 69, "");
    s_expect (TABLE_JSON, 1, 69, "[\n  {\n    \"task\": 0,\n    \"code\": 0\n  }");
}

//  Titles once; columns that begin where those of the pages before do.
static void test_pages_are_one_table (void **state)
{
    (void) state;
    char *text = s_print (TABLE_PLAIN, ROWS, 0);
    unsigned lines = 0;
    assert_int_equal (strncmp (text, "TASK CODE\n", 10), 0);
    for (const char *at = text; (at = strchr (at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal (lines, ROWS + 1);
    assert_null (strstr (text + 1, "TASK"));
    assert_non_null (strstr (text, "\n999  9\n1000 0\n"));
    assert_non_null (strstr (text, "\n2499 9\n"));
    free (text);
}

//  The reader has gone: no more rows are taken, and the command ends as by SIGPIPE.
static void test_a_closed_pipe_ends_it (void **state)
{
    (void) state;
    int ends [2];
    fflush (stdout);
    const int before = dup (STDOUT_FILENO);
    assert_int_equal (pipe (ends), 0);
    dup2 (ends [1], STDOUT_FILENO);
    close (ends [0]);
    close (ends [1]);
    listing_t *listing = listing_new (TABLE_PLAIN, s_columns);
    unsigned rows = 0;
    while (rows < ROWS && s_add (listing, rows))
        rows++;
    const int exit_code = listing_end (&listing, 0);
    dup2 (before, STDOUT_FILENO);
    close (before);
    clearerr (stdout);
    assert_in_range (rows, 1, ROWS - 1);
    assert_int_equal (exit_code, SAY_EXIT_PIPE);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_formats),
        cmocka_unit_test (test_an_incomplete_listing_is_no_whole_one),
        cmocka_unit_test (test_pages_are_one_table),
        cmocka_unit_test (test_a_closed_pipe_ends_it),
    };
    const struct sigaction action = {.sa_handler = SIG_IGN};
    sigaction (SIGPIPE, &action, NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
