//  chaos.c - functions for tests/chaos: each run leaves a line in a file, and the result follows
//  from the arguments
//
//  All take TRACE, TAG, N, SALT: the file, the name of the job there, the task's index, and a
//  number that goes into the result.

#include <cadre.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void s_sleep_ms (int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep (&time, &time) != 0)
        ;
}

//  One write, so that lines of several processes do not mix.
static void s_trace (cadre_task_t *task)
{
    char line [160];
    int fd = open (cadre_arg_text (task, 0), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int size =
        snprintf (line, sizeof line, "%.60s %lld %u %d\n", cadre_arg_text (task, 1),
                  (long long) cadre_arg_int (task, 2), cadre_task_attempt (task), (int) getpid ());
    if (fd < 0 || write (fd, line, (size_t) size) != size)
        abort ();
    close (fd);
}

static int64_t s_answer (cadre_task_t *task)
{
    return cadre_arg_int (task, 2) * cadre_arg_int (task, 2) + cadre_arg_int (task, 3);
}

static cadre_error_t s_quick (cadre_task_t *task)
{
    s_trace (task);
    return cadre_return_int (task, s_answer (task));
}

//  Up to 300 ms, by the index.
static cadre_error_t s_slow (cadre_task_t *task)
{
    s_trace (task);
    s_sleep_ms (cadre_arg_int (task, 2) * 37 % 300);
    return cadre_return_int (task, s_answer (task));
}

//  Fails in its first try.
static cadre_error_t s_flaky (cadre_task_t *task)
{
    s_trace (task);
    if (cadre_task_attempt (task) == 1)
        return cadre_fail (task, "chaos", "not yet");
    return cadre_return_int (task, s_answer (task));
}

static cadre_error_t s_fails (cadre_task_t *task)
{
    s_trace (task);
    return cadre_fail (task, "chaos", "never %lld", (long long) cadre_arg_int (task, 2));
}

//  Kills its slot, each time.
static cadre_error_t s_deadly (cadre_task_t *task)
{
    s_trace (task);
    raise (SIGKILL);
    return cadre_return_nil (task);
}

//  At once, and every 37th one crashes its slot, after others have finished there.
static cadre_error_t s_brittle (cadre_task_t *task)
{
    s_trace (task);
    if (cadre_arg_int (task, 2) % 37 == 36)
        abort ();
    return cadre_return_int (task, s_answer (task));
}

//  Takes a blob as its fifth argument, and returns it with SALT added to each byte.
static cadre_error_t s_large (cadre_task_t *task)
{
    size_t size = 0;
    s_trace (task);
    const uint8_t *bytes = cadre_arg_blob (task, 4, &size);
    uint8_t *copy = malloc (size + 1);
    if (!copy)
        abort ();
    for (size_t i = 0; i < size; i++)
        copy [i] = (uint8_t) (bytes [i] + (uint8_t) cadre_arg_int (task, 3));
    cadre_error_t error = cadre_return_blob (task, copy, size);
    free (copy);
    return error;
}

//  For maps: one number, no trace.
static cadre_error_t s_item (cadre_task_t *task)
{
    return cadre_return_int (task, 3 * cadre_arg_int (task, 0) + 1);
}

static const cadre_function_t s_functions [] = {
    {.name = "quick", .run = s_quick, .takes = "ssii", .says = "a number at once"},
    {.name = "slow", .run = s_slow, .takes = "ssii", .says = "a number after a while"},
    {.name = "flaky", .run = s_flaky, .takes = "ssii", .says = "a number at the second try"},
    {.name = "fails", .run = s_fails, .takes = "ssii", .says = "an error"},
    {.name = "brittle", .run = s_brittle, .takes = "ssii", .says = "a number at once, or a crash"},
    {.name = "deadly", .run = s_deadly, .takes = "ssii", .says = "kills its slot"},
    {.name = "large", .run = s_large, .takes = "ssiiB", .says = "another blob"},
    {.name = "item", .run = s_item, .takes = "i", .says = "three times a number, and one"},
    {0}};

CADRE_PLUGIN (s_functions)
