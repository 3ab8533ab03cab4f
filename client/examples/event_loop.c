/*  event_loop.c - a pool inside a program that has a loop of its own
 *
 *  The pool gives one descriptor to poll and calls back from cadre_dispatch, on the loop's thread:
 *  no thread waits, and nothing has to be locked. Here a timer ticks in the same loop. Slots are
 *  threads, so that the functions need no cadre_main.
 */

#include <cadre.h>

#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TASKS 20

//  Waits 20 ms, as if for a disk or another machine.
static cadre_error_t slow_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    usleep (20000);
    return cadre_return_int (task, n * n);
}

static const cadre_function_t functions [] = {
    {.name = "slow_square", .run = slow_square, .takes = "i", .says = "a square, after 20 ms"},
    {0}};

//  What the loop keeps.
typedef struct state {
    int done;      //  Tasks that have ended
    int failed;    //  Those of them that failed
    int64_t sum;   //  Of the results
    uint64_t tick; //  How often the timer fired
} state_t;

//  Called by cadre_dispatch, once for each task.
static void on_done (cadre_future_t *future, void *argument)
{
    state_t *state = argument;
    int64_t value = 0;
    if (cadre_future_wait_int (future, &value, 0) != CADRE_OK) {
        fprintf (stderr, "event_loop: %s\n", cadre_future_message (future));
        state->failed++;
    }
    state->sum += value;
    state->done++;
}

static void loop (cadre_t *pool, int timer, state_t *state)
{
    struct pollfd ready [] = {{.fd = cadre_descriptor (pool), .events = POLLIN},
                              {.fd = timer, .events = POLLIN}};
    while (state->done < TASKS && poll (ready, 2, -1) > 0) {
        uint64_t fired;
        if (ready [0].revents)
            cadre_dispatch (pool);
        if (ready [1].revents && read (timer, &fired, sizeof fired) == sizeof fired)
            state->tick += fired;
    }
}

int main (void)
{
    cadre_options_t options = {
        .slots = 4, .threads = true, .functions = functions, .callbacks_by_dispatch = true};
    cadre_t *pool = cadre_open (NULL, &options);
    if (!pool) {
        fprintf (stderr, "event_loop: %s\n", cadre_open_message ());
        return cadre_error_exit_code (cadre_open_error ());
    }
    int timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime (timer, 0, &(struct itimerspec){{0, 10000000}, {0, 10000000}}, NULL);

    state_t state = {0, 0, 0, 0};
    cadre_future_t *futures [TASKS];
    for (int i = 0; i < TASKS; i++) {
        futures [i] = cadre_submit (pool, "slow_square", "i", (int64_t) (i + 1));
        cadre_future_on_done (futures [i], on_done, &state);
    }
    loop (pool, timer, &state);
    printf ("%d tasks, %d failed, sum %lld; the timer ticked meanwhile: %s\n", state.done,
            state.failed, (long long) state.sum, state.tick > 0 ? "yes" : "no");

    for (int i = 0; i < TASKS; i++)
        cadre_future_destroy (&futures [i]);
    close (timer);
    cadre_close (&pool, 5000);
    return state.failed > 0;
}
