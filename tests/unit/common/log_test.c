//  log_test.c - what an operator reads on stderr

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log_flood.h"
#include "tests/lib/fakes/fake_clock.h"

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z "

static int s_pipe [2]; // what was written to stderr
static int s_stderr;   // the real one

static int s_setup (void **state)
{
    (void) state;
    unsetenv ("CADRE_LOG");
    s_stderr = dup (STDERR_FILENO);
    if (pipe2 (s_pipe, O_NONBLOCK | O_CLOEXEC) || dup2 (s_pipe [1], STDERR_FILENO) < 0)
        return -1;
    log_open ("test", LOG_WARNING);
    return 0;
}

static int s_teardown (void **state)
{
    (void) state;
    dup2 (s_stderr, STDERR_FILENO);
    close (s_stderr);
    close (s_pipe [0]);
    close (s_pipe [1]);
    log_set_timestamps (false);
    log_set_level (LOG_NONE);
    return 0;
}

static const char *s_said (void)
{
    static char text [65536];
    ssize_t size = read (s_pipe [0], text, sizeof text - 1);
    text [size > 0 ? size : 0] = 0;
    return text;
}

static void test_line (void **state)
{
    (void) state;
    log_line (LOG_WARNING, "B012", "worker %s is lost", "alpha");
    assert_string_equal (s_said (), "test: warning B012: worker alpha is lost\n");
}

static void test_levels (void **state)
{
    (void) state;
    log_line (LOG_INFO, "B001", "not wanted");
    assert_string_equal (s_said (), "");
    assert_false (log_wants (LOG_INFO));
    log_set_level (LOG_DEBUG);
    log_line (LOG_DEBUG, "B002", "wanted");
    assert_string_equal (s_said (), "test: debug B002: wanted\n");
    log_set_level (LOG_NONE);
    log_line (LOG_ERROR, "B003", "an embedder hears nothing");
    log_line (LOG_NONE, "B004", "no level at all");
    assert_string_equal (s_said (), "");
}

static void test_one_line_only (void **state)
{
    (void) state;
    char text [4000];
    memset (text, 'x', sizeof text);
    text [sizeof text - 1] = 0;
    memcpy (text, "a\nb", 3);
    log_line (LOG_ERROR, "B005", "%s", text);
    const char *said = s_said ();
    assert_memory_equal (said, "test: error B005: a bxxx", 24);
    assert_true (strlen (said) < 1024);
    assert_ptr_equal (strchr (said, '\n'), said + strlen (said) - 1);
}

static void test_timestamps (void **state)
{
    (void) state;
    log_set_timestamps (true);
    log_line (LOG_ERROR, "B006", "now");
    log_say ("ready at %s", "ipc:///b");
    regex_t shape;
    assert_int_equal (regcomp (&shape,
                               "^" TIME "test: error B006: now\n" TIME "test: ready at ipc:///b\n$",
                               REG_EXTENDED | REG_NOSUB),
                      0);
    assert_int_equal (regexec (&shape, s_said (), 0, NULL, 0), 0);
    regfree (&shape);
}

static void test_environment (void **state)
{
    (void) state;
    setenv ("CADRE_LOG", "debug", 1);
    log_open ("test", LOG_WARNING);
    assert_true (log_wants (LOG_DEBUG));
    setenv ("CADRE_LOG", "none", 1);
    log_open ("test", LOG_WARNING);
    assert_false (log_wants (LOG_ERROR));
    setenv ("CADRE_LOG", "loud", 1);
    log_open ("test", LOG_WARNING);
    assert_string_equal (
        s_said (), "test: warning C001: CADRE_LOG is ignored: 'loud' is not a log level: write "
                   "none, error, warning, info or debug\n");
    assert_true (log_wants (LOG_WARNING));
    assert_false (log_wants (LOG_INFO));
    unsetenv ("CADRE_LOG");
}

static void test_parse_level (void **state)
{
    (void) state;
    log_level_t level = LOG_NONE;
    assert_int_equal (log_parse_level ("info", &level, NULL), CADRE_OK);
    assert_int_equal (level, LOG_INFO);
    assert_int_equal (log_parse_level ("INFO", &level, NULL), CADRE_ERROR_ARGUMENT);
    assert_int_equal (level, LOG_INFO);
}

static void test_errno_is_kept (void **state)
{
    (void) state;
    close (STDERR_FILENO);
    errno = ENOENT;
    log_line (LOG_ERROR, "B007", "nobody can read this");
    assert_int_equal (errno, ENOENT);
}

static void *s_shout (void *argument)
{
    for (int i = 0; i < 100; i++)
        log_line (LOG_ERROR, "B008", "%s", (const char *) argument);
    return NULL;
}

static void test_threads_do_not_mix (void **state)
{
    (void) state;
    pthread_t threads [2];
    pthread_create (&threads [0], NULL, s_shout, "aaaaaaaaaaaaaaaaaaaa");
    pthread_create (&threads [1], NULL, s_shout, "bbbbbbbbbbbbbbbbbbbb");
    for (int i = 0; i < 2; i++)
        pthread_join (threads [i], NULL);
    const char *said = s_said ();
    size_t width = strlen ("test: error B008: aaaaaaaaaaaaaaaaaaaa\n");
    assert_int_equal (strlen (said), 200 * width);
    for (size_t i = 0; i < 200; i++) {
        const char *line = said + i * width;
        assert_true (memcmp (line, "test: error B008: aaaaaaaaaaaaaaaaaaaa\n", width) == 0
                     || memcmp (line, "test: error B008: bbbbbbbbbbbbbbbbbbbb\n", width) == 0);
    }
}

static size_t s_count (const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr (at, what)); at++)
        count++;
    return count;
}

//  A peer that makes the broker speak cannot fill a disk: the first lines come, then one a second,
//  and the count of what was left out.
static void test_a_flood_is_counted (void **state)
{
    (void) state;
    fake_clock_t fake = {.now_us = 5000000};
    clock_source_t clock = fake_clock_of (&fake);
    log_set_clock (&clock);
    uint64_t before = log_left_out ();
    for (int i = 0; i < 5000; i++)
        log_line (LOG_WARNING, "B920", "a client was refused");
    assert_int_equal (s_count (s_said (), "B920"), LOG_FLOOD_BURST);
    assert_int_equal (log_left_out () - before, 5000 - LOG_FLOOD_BURST);
    log_line (LOG_WARNING, "B921", "another number is heard");
    assert_string_equal (s_said (), "test: warning B921: another number is heard\n");
    fake_clock_pass_ms (&fake, 1000);
    for (int i = 0; i < 10; i++)
        log_line (LOG_WARNING, "B920", "again");
    assert_string_equal (
        s_said (),
        "test: warning B034: 4800 lines of B920 were suppressed: there was more than one a second\n"
        "test: warning B920: again\n");
    log_set_clock (NULL);
}

//  When the flood is over, and nobody logs any more, its count is told all the same.
static void test_what_was_left_out_is_told_at_the_end (void **state)
{
    (void) state;
    fake_clock_t fake = {.now_us = 900000000};
    clock_source_t clock = fake_clock_of (&fake);
    log_set_clock (&clock);
    log_settle (); //  What another test has left
    for (unsigned i = 0; i < LOG_FLOOD_BURST + 7; i++)
        log_line (LOG_WARNING, "B930", "a client was refused");
    s_said ();
    log_settle ();
    assert_string_equal (s_said (), "");
    fake_clock_pass_ms (&fake, 2000);
    log_settle ();
    assert_string_equal (
        s_said (),
        "test: warning B034: 7 lines of B930 were suppressed: there was more than one a second\n");
    log_settle ();
    assert_string_equal (s_said (), "");
    log_set_clock (NULL);
}

//  Who asks for each change of state gets each.
static void test_debug_is_whole (void **state)
{
    (void) state;
    log_set_level (LOG_DEBUG);
    for (unsigned i = 0; i < LOG_FLOOD_BURST + 50; i++)
        log_line (LOG_DEBUG, "B940", "x");
    assert_int_equal (s_count (s_said (), "B940"), LOG_FLOOD_BURST + 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_line),
        TEST (test_levels),
        TEST (test_one_line_only),
        TEST (test_timestamps),
        TEST (test_environment),
        TEST (test_parse_level),
        TEST (test_errno_is_kept),
        TEST (test_threads_do_not_mix),
        TEST (test_a_flood_is_counted),
        TEST (test_what_was_left_out_is_told_at_the_end),
        TEST (test_debug_is_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
