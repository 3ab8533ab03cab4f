//  streams_test.c - where what a task prints goes: thread slots, process slots, commands

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

#define WAIT_MS 20000
#define TEXT_BYTES 256

static cadre_error_t s_speak (cadre_task_t *task)
{
    printf ("to stdout\n");
    fflush (stdout);
    fprintf (stderr, "to stderr\n");
    return cadre_return_nil (task);
}

static const cadre_function_t s_functions [] = {{.name = "speak", .run = s_speak}, {0}};

//  A descriptor that is a file meanwhile.
typedef struct capture {
    int number; //  The descriptor
    int before; //  What it was
    FILE *file; //  What it is
} capture_t;

static capture_t s_capture (int number)
{
    capture_t self = {.number = number, .before = dup (number), .file = tmpfile ()};
    assert_non_null (self.file);
    fflush (NULL);
    assert_int_equal (dup2 (fileno (self.file), number), number);
    return self;
}

//  Gives it back, and what was written.
static void s_release (capture_t *self, char text [TEXT_BYTES])
{
    fflush (NULL);
    dup2 (self->before, self->number);
    close (self->before);
    rewind (self->file);
    text [fread (text, 1, TEXT_BYTES - 1, self->file)] = 0;
    fclose (self->file);
}

typedef struct heard {
    char out [TEXT_BYTES]; //  On the program's stdout
    char err [TEXT_BYTES]; //  On its stderr
} heard_t;

static cadre_error_t s_use (const cadre_options_t *options)
{
    static const char *const argv [] = {"sh", "-c", "echo command; echo error >&2", NULL};
    cadre_t *pool = cadre_open (NULL, options);
    if (!pool)
        return cadre_open_error ();
    cadre_error_t error = cadre_call (pool, NULL, WAIT_MS, "speak", "");
    cadre_future_t *future = options->threads ? NULL : cadre_submit_command (pool, argv, NULL);
    if (future && !error)
        error = cadre_future_wait (future, WAIT_MS);
    cadre_future_destroy (&future);
    cadre_error_t closed = cadre_close (&pool, WAIT_MS);
    return error ? error : closed;
}

static heard_t s_listen (const cadre_options_t *options)
{
    heard_t self = {.out = ""};
    capture_t out = s_capture (STDOUT_FILENO), err = s_capture (STDERR_FILENO);
    cadre_error_t error = s_use (options);
    s_release (&err, self.err);
    s_release (&out, self.out);
    assert_int_equal (error, CADRE_OK);
    return self;
}

//  A thread slot writes where the program does.
static void test_threads (void **state)
{
    (void) state;
    heard_t heard = s_listen (&(cadre_options_t){.slots = 1, .threads = true});
    assert_string_equal (heard.out, "to stdout\n");
    assert_string_equal (heard.err, "to stderr\n");
}

//  A process slot writes all to the worker's stderr, here the program's. What a command writes goes
//  to who submitted it, and nowhere else.
static void test_processes (void **state)
{
    (void) state;
    heard_t heard = s_listen (&(cadre_options_t){.slots = 1});
    assert_string_equal (heard.out, "");
    assert_string_equal (heard.err, "to stdout\nto stderr\n");
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_threads),
        cmocka_unit_test (test_processes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
