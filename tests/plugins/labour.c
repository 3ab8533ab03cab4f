//  labour.c - functions whose progress a test can see and steer, for tests of deaths

#include <cadre.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void s_sleep_ms (int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep (&time, &time) != 0)
        ;
}

static void s_path (char *path, size_t size, cadre_task_t *task, const char *name)
{
    snprintf (path, size, "%s/%s", cadre_arg_text (task, 0), name);
}

//  Writes this process's id into FOLDER/WHAT-N, whole or not at all.
static void s_mark (cadre_task_t *task, const char *what)
{
    char path [512], name [64], hidden [512];
    snprintf (name, sizeof name, ".%s-%lld-%ld", what, (long long) cadre_arg_int (task, 1),
              (long) getpid ());
    s_path (hidden, sizeof hidden, task, name);
    snprintf (name, sizeof name, "%s-%lld", what, (long long) cadre_arg_int (task, 1));
    s_path (path, sizeof path, task, name);
    FILE *file = fopen (hidden, "we");
    if (!file)
        return;
    fprintf (file, "%ld\n", (long) getpid ());
    fclose (file);
    rename (hidden, path);
}

//  Marks FOLDER/started-N, waits for FOLDER/go (or FOLDER/go-N), marks FOLDER/done-N and returns N
//  squared.
static cadre_error_t s_gate (cadre_task_t *task)
{
    char all [512], one [512], name [64];
    int64_t n = cadre_arg_int (task, 1);
    snprintf (name, sizeof name, "go-%lld", (long long) n);
    s_path (all, sizeof all, task, "go");
    s_path (one, sizeof one, task, name);
    s_mark (task, "started");
    while (access (all, F_OK) != 0 && access (one, F_OK) != 0 && !cadre_task_cancelled (task))
        s_sleep_ms (2);
    s_mark (task, "done");
    return cadre_return_int (task, n * n);
}

//  N squared, after so many milliseconds.
static cadre_error_t s_slow_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    s_sleep_ms (cadre_arg_int (task, 1));
    return cadre_return_int (task, n * n);
}

//  How many bytes it was given.
static cadre_error_t s_weigh (cadre_task_t *task)
{
    size_t size = 0;
    cadre_arg_blob (task, 0, &size);
    return cadre_return_int (task, (int64_t) size);
}

static cadre_error_t s_pid (cadre_task_t *task)
{
    return cadre_return_int (task, getpid ());
}

static const cadre_function_t s_functions [] = {
    {.name = "gate", .run = s_gate, .takes = "si", .says = "a square, once a file is there"},
    {.name = "slow_square", .run = s_slow_square, .takes = "ii", .says = "a square, after a while"},
    {.name = "weigh", .run = s_weigh, .takes = "B", .says = "the size of a blob"},
    {.name = "pid", .run = s_pid, .takes = "", .says = "the process that it runs in"},
    {0}};

CADRE_PLUGIN (s_functions)
