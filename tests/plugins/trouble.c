//  trouble.c - functions that do what functions should not, for tests

#include <cadre.h>

#include <signal.h>
#include <stdlib.h>
#include <time.h>

static void s_sleep_ms (int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep (&time, &time) != 0)
        ;
}

static cadre_error_t s_raise (cadre_task_t *task)
{
    raise ((int) cadre_arg_int (task, 0));
    return cadre_return_nil (task);
}

static cadre_error_t s_exit (cadre_task_t *task)
{
    exit ((int) cadre_arg_int (task, 0));
}

//  Sleeps, whatever happens.
static cadre_error_t s_sleep (cadre_task_t *task)
{
    int64_t ms = cadre_arg_int (task, 0);
    s_sleep_ms (ms);
    return cadre_return_int (task, ms);
}

//  Sleeps until it is cancelled.
static cadre_error_t s_doze (cadre_task_t *task)
{
    for (int64_t left_ms = cadre_arg_int (task, 0); left_ms > 0 && !cadre_task_cancelled (task);
         left_ms -= 5)
        s_sleep_ms (5);
    return cadre_task_cancelled (task) ? CADRE_ERROR_CANCELLED : cadre_return_nil (task);
}

//  Does not end at SIGTERM.
static cadre_error_t s_stubborn (cadre_task_t *task)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction (SIGTERM, &ignore, NULL);
    return s_sleep (task);
}

//  A blob of this many bytes.
static cadre_error_t s_blob (cadre_task_t *task)
{
    size_t size = (size_t) cadre_arg_int (task, 0);
    char *bytes = calloc (1, size + 1);
    cadre_error_t error = cadre_return_blob (task, bytes, size);
    free (bytes);
    return error;
}

static const cadre_function_t s_functions [] = {
    {.name = "raise", .run = s_raise, .takes = "i", .says = "ends by a signal"},
    {.name = "exit", .run = s_exit, .takes = "i", .says = "ends the process"},
    {.name = "sleep", .run = s_sleep, .takes = "i", .says = "sleeps for milliseconds"},
    {.name = "doze",
     .run = s_doze,
     .takes = "i",
     .says = "sleeps for milliseconds, or until it is cancelled"},
    {.name = "stubborn", .run = s_stubborn, .takes = "i", .says = "sleeps through SIGTERM"},
    {.name = "blob", .run = s_blob, .takes = "i", .says = "so many bytes"},
    {0}};

CADRE_PLUGIN (s_functions)
