//  overload.c - clients and a worker that ask too much of a broker, and one that only wants its
//  tasks done; for tests and figures of what memory stays within. All but "tasks", "calls",
//  "honest" and "deadly" stay until they are killed.
//
//  overload queue ADDRESS COUNT MODE
//      tasks that no worker may run; says "queued" when the broker has them all
//  overload flood ADDRESS SIZE MODE
//      submits arguments of so many bytes for as long as it lives, and reads all results; says how
//      many each second
//  overload deaf ADDRESS COUNT SIZE MODE
//      results of so many bytes, none of which it reads
//  overload lane ADDRESS SLOTS
//      a worker that takes any number of tasks, and never reads its lane
//  overload jobs ADDRESS COUNT
//      jobs of one task that no worker may run; says "queued" when the broker has them all
//  overload scans ADDRESS COUNT
//      lists, of a job of so many tasks, those that match nothing, eight at a time
//  overload calls ADDRESS COUNT
//      squares one at a time; prints how many there were a second
//  overload tasks ADDRESS COUNT
//      squares, each checked; prints how many there were a second
//  overload honest ADDRESS SECONDS
//      both by turns, each turn as a new client; prints tasks a second, and the p99 of calls
//  overload deadly ADDRESS COUNT
//      a durable job of tasks that kill slot after slot; prints its number
//
//  MODE: attached, detached or durable. Exit 1 when something fails, with a line that says what.

#include <cadre.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/entropy.h"
#include "common/pack.h"
#include "tests/lib/hostile/raw_peer.h"

#define LANE_BEAT_US 200000
#define JOBS_A_CONNECTION 60000u
#define SCANS_AT_ONCE 8u
#define SCAN_WAIT_MS 60000
#define HONEST_TASKS 50000u //  A turn
#define HONEST_CALLS 200
#define HONEST_CALLS_MAX 10000000u
#define DEADLY_RETRIES 9 //  More than a task gets that kills slots

static double s_now_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void s_die (const char *what, const char *why)
{
    fprintf (stderr, "overload: %s: %s\n", what, why);
    exit (1);
}

static void s_must (cadre_error_t error, cadre_job_t *job, const char *what)
{
    if (error)
        s_die (what, cadre_job_message (job));
}

static cadre_t *s_pool (const char *address)
{
    cadre_t *pool = cadre_open (address, NULL);
    if (!pool)
        s_die (address, cadre_open_message ());
    return pool;
}

static cadre_job_t *s_job (cadre_t *pool, const char *function, const char *mode,
                           const char *const *needs)
{
    cadre_job_options_t options = {.needs = needs,
                                   .detached = strcmp (mode, "detached") == 0,
                                   .durable = strcmp (mode, "durable") == 0};
    return cadre_job_open (pool, function, &options);
}

static void s_stay (void)
{
    for (;;)
        pause ();
}

static void s_queue (const char *address, uint64_t count, const char *mode)
{
    static const char *const nobody [] = {"nobody", NULL};
    cadre_job_t *job = s_job (s_pool (address), "square", mode, nobody);
    for (uint64_t i = 0; i < count; i++)
        s_must (cadre_job_add (job, NULL, "i", (int64_t) i), job, "submit");
    s_must (cadre_job_seal (job), job, "seal");
    s_must (cadre_job_sync (job, -1), job, "sync");
    printf ("queued %llu\n", (unsigned long long) cadre_job_number (job, -1));
    fflush (stdout);
    s_stay ();
}

static void s_jobs (const char *address, uint64_t count)
{
    static const char *const nobody [] = {"nobody", NULL};
    cadre_t *pool = NULL;
    for (uint64_t i = 0; i < count; i++) {
        if (i % JOBS_A_CONNECTION == 0)
            pool = s_pool (address);
        cadre_job_t *job = s_job (pool, "square", "detached", nobody);
        s_must (cadre_job_add (job, NULL, "i", (int64_t) i), job, "submit");
        s_must (cadre_job_seal (job), job, "seal");
        if (i % JOBS_A_CONNECTION == JOBS_A_CONNECTION - 1 || i == count - 1)
            s_must (cadre_job_sync (job, -1), job, "sync");
    }
    printf ("queued %llu\n", (unsigned long long) count);
    fflush (stdout);
    s_stay ();
}

static void s_say_beat (raw_peer_t *client, uint64_t received)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = client->session},
                     &(wire_beat_t){.received = received, .sent = client->sent});
    raw_peer_say (client->socket, &frame);
}

static void s_ask_scan (raw_peer_t *client)
{
    buffer_t map = {0}, frame = {0};
    pack_map (&map, 2);
    pack_text (&map, "job");
    pack_uint (&map, 1);
    pack_text (&map, "state");
    pack_text (&map, "done");
    wire_write_request (
        &frame, (wire_envelope_t){.session = client->session, .sequence = ++client->sent},
        &(wire_request_t){
            .id = 1, .what = wire_view ("task.list"), .arguments = wire_view_of (&map)});
    raw_peer_say (client->socket, &frame);
    buffer_free (&map);
}

//  The broker's first job is this one's.
static void s_scans (const char *address, uint64_t count)
{
    raw_peer_t *client = raw_peer_client (address);
    uint8_t uuid [WIRE_UUID_BYTES];
    buffer_t list = {0}, frame = {0};
    entropy_uuid (uuid);
    if (raw_peer_open_job (client, 1, WIRE_KIND_CALL, "nobody-has-it", true, uuid))
        s_die ("scans", "the job is refused");
    for (uint64_t i = 0; i < WIRE_FRAME_TASKS_MAX; i++)
        pack_array (&list, 0);
    for (uint64_t first = 0; first < count; first += WIRE_FRAME_TASKS_MAX) {
        uint64_t left = count - first;
        size_t size = left < WIRE_FRAME_TASKS_MAX ? (size_t) left : WIRE_FRAME_TASKS_MAX;
        list.size = size; //  A byte each
        wire_job_tasks_t tasks = {.ref = 1, .first = first, .payloads = wire_list_of (&list, size)};
        wire_write_job_tasks (
            &frame, (wire_envelope_t){.session = client->session, .sequence = ++client->sent},
            &tasks);
        raw_peer_say (client->socket, &frame);
    }
    for (unsigned i = 0; i < SCANS_AT_ONCE; i++)
        s_ask_scan (client);
    for (;;) {
        cursor_t body;
        if (!raw_peer_hear (client, client->socket, WIRE_reply, &body, SCAN_WAIT_MS))
            s_die ("scans", "no answer");
        wire_envelope_t envelope;
        wire_open (client->frame.data, client->frame.size, &envelope, &body);
        s_say_beat (client, envelope.sequence);
        s_ask_scan (client);
    }
}

static void s_call (cadre_t *pool, int64_t number)
{
    int64_t value = 0;
    cadre_future_t *future = cadre_submit (pool, "square", "i", number);
    if (cadre_future_wait_int (future, &value, -1) != CADRE_OK || value != number * number)
        s_die ("calls", cadre_future_message (future));
    cadre_future_destroy (&future);
}

static void s_calls (const char *address, uint64_t count)
{
    cadre_t *pool = s_pool (address);
    double start_s = s_now_s ();
    for (uint64_t i = 0; i < count; i++)
        s_call (pool, (int64_t) i);
    printf ("calls %.0f\n", (double) count / (s_now_s () - start_s));
    cadre_close (&pool, 5000);
}

static void *s_read_all (void *job)
{
    cadre_event_t event;
    uint64_t results = 0;
    double due_s = s_now_s () + 1;
    while (cadre_job_next (job, &event, -1) == CADRE_OK) {
        results += event.kind == CADRE_EVENT_RESULT;
        if (s_now_s () < due_s)
            continue;
        printf ("%llu\n", (unsigned long long) results);
        fflush (stdout);
        results = 0;
        due_s += 1;
    }
    return NULL;
}

static void s_flood (const char *address, size_t size, const char *mode)
{
    pthread_t reader;
    char *blob = calloc (1, size + 1);
    cadre_job_t *job = s_job (s_pool (address), "weigh", mode, NULL);
    if (!blob || pthread_create (&reader, NULL, s_read_all, job))
        s_die ("flood", "out of memory");
    for (;;)
        s_must (cadre_job_add (job, NULL, "B", (const void *) blob, size), job, "submit");
}

static void s_deaf (const char *address, uint64_t count, int64_t size, const char *mode)
{
    cadre_job_t *job = s_job (s_pool (address), "blob", mode, NULL);
    for (uint64_t i = 0; i < count; i++)
        s_must (cadre_job_add (job, NULL, "i", size), job, "submit");
    s_must (cadre_job_seal (job), job, "seal");
    s_must (cadre_job_sync (job, -1), job, "sync");
    printf ("submitted %llu\n", (unsigned long long) cadre_job_number (job, -1));
    fflush (stdout);
    s_stay ();
}

//  It says that it lives, and no more.
static void s_lane (const char *address)
{
    raw_peer_t *worker = raw_peer_worker (address, "square", UINT64_MAX >> 1);
    printf ("registered\n");
    fflush (stdout);
    for (;;) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = worker->session},
                         &(wire_beat_t){.received = 1});
        raw_peer_say (worker->socket, &frame);
        usleep (LANE_BEAT_US);
    }
}

typedef struct reading {
    cadre_job_t *job; //  Whose results
    uint64_t count;   //  How many there must be
    uint64_t right;   //  How many were right
    uint8_t *seen;    //  For each task: it came
} reading_t;

static int64_t s_integer (const cadre_event_t *event)
{
    cursor_t cursor = cursor_of (event->bytes, event->size_bytes);
    int64_t number = -1;
    return event->outcome == CADRE_OUTCOME_OK && cursor_int (&cursor, &number) ? number : -1;
}

static void *s_check_all (void *argument)
{
    reading_t *self = argument;
    cadre_event_t event;
    while (cadre_job_next (self->job, &event, -1) == CADRE_OK)
        if (event.kind == CADRE_EVENT_RESULT && event.index < self->count
            && s_integer (&event) == (int64_t) event.index * event.index
            && !self->seen [event.index]++)
            self->right++;
    return NULL;
}

static void s_square_all (cadre_t *pool, uint64_t count)
{
    reading_t reading = {.count = count, .seen = calloc (count, 1)};
    pthread_t reader;
    reading.job = s_job (pool, "square", "attached", NULL);
    if (!reading.seen || pthread_create (&reader, NULL, s_check_all, &reading))
        s_die ("tasks", "out of memory");
    for (uint64_t i = 0; i < count; i++)
        s_must (cadre_job_add (reading.job, NULL, "i", (int64_t) i), reading.job, "submit");
    s_must (cadre_job_seal (reading.job), reading.job, "seal");
    pthread_join (reader, NULL);
    if (reading.right != count)
        s_die ("tasks", "results are missing or wrong");
    cadre_job_destroy (&reading.job);
    free (reading.seen);
}

static void s_tasks (const char *address, uint64_t count)
{
    cadre_t *pool = s_pool (address);
    double start_s = s_now_s ();
    s_square_all (pool, count);
    printf ("tasks %.0f\n", (double) count / (s_now_s () - start_s));
    cadre_close (&pool, 5000);
}

static int s_compare (const void *one, const void *other)
{
    double a = *(const double *) one, b = *(const double *) other;
    return (a > b) - (a < b);
}

//  What the coming of the client takes is the tasks' time.
static void s_honest (const char *address, uint64_t seconds)
{
    double start_s = s_now_s (), tasks_s = 0;
    uint64_t turns = 0, calls = 0;
    double *waits = calloc (HONEST_CALLS_MAX, sizeof *waits);
    if (!waits)
        s_die ("honest", "out of memory");
    for (; s_now_s () - start_s < (double) seconds; turns++) {
        double turn_s = s_now_s ();
        cadre_t *pool = s_pool (address);
        s_square_all (pool, HONEST_TASKS);
        tasks_s += s_now_s () - turn_s;
        for (int64_t i = 0; i < HONEST_CALLS && calls < HONEST_CALLS_MAX; i++) {
            double call_s = s_now_s ();
            s_call (pool, i);
            waits [calls++] = s_now_s () - call_s;
        }
        cadre_close (&pool, 5000);
    }
    qsort (waits, calls, sizeof *waits, s_compare);
    printf ("tasks %.0f\np99_us %.0f\n", (double) (turns * HONEST_TASKS) / tasks_s,
            waits [calls * 99 / 100] * 1e6);
    free (waits);
}

static void s_deadly (const char *address, uint64_t count)
{
    cadre_t *pool = s_pool (address);
    cadre_job_t *job = cadre_job_open (
        pool, "raise",
        &(cadre_job_options_t){.durable = true, .retries = DEADLY_RETRIES, .backoff_ms = 1});
    for (uint64_t i = 0; i < count; i++)
        s_must (cadre_job_add (job, NULL, "i", (int64_t) SIGKILL), job, "submit");
    s_must (cadre_job_seal (job), job, "seal");
    s_must (cadre_job_sync (job, -1), job, "sync");
    printf ("%llu\n", (unsigned long long) cadre_job_number (job, -1));
    cadre_job_destroy (&job);
    cadre_close (&pool, 5000);
}

static uint64_t s_number (char **argv, int index)
{
    return strtoull (argv [index], NULL, 10);
}

int main (int argc, char **argv)
{
    const char *what = argc > 2 ? argv [1] : "";
    if (strcmp (what, "queue") == 0 && argc == 5)
        s_queue (argv [2], s_number (argv, 3), argv [4]);
    else if (strcmp (what, "flood") == 0 && argc == 5)
        s_flood (argv [2], s_number (argv, 3), argv [4]);
    else if (strcmp (what, "deaf") == 0 && argc == 6)
        s_deaf (argv [2], s_number (argv, 3), (int64_t) s_number (argv, 4), argv [5]);
    else if (strcmp (what, "lane") == 0 && argc == 3)
        s_lane (argv [2]);
    else if (strcmp (what, "jobs") == 0 && argc == 4)
        s_jobs (argv [2], s_number (argv, 3));
    else if (strcmp (what, "scans") == 0 && argc == 4)
        s_scans (argv [2], s_number (argv, 3));
    else if (strcmp (what, "calls") == 0 && argc == 4)
        s_calls (argv [2], s_number (argv, 3));
    else if (strcmp (what, "tasks") == 0 && argc == 4)
        s_tasks (argv [2], s_number (argv, 3));
    else if (strcmp (what, "honest") == 0 && argc == 4)
        s_honest (argv [2], s_number (argv, 3));
    else if (strcmp (what, "deadly") == 0 && argc == 4)
        s_deadly (argv [2], s_number (argv, 3));
    else {
        fprintf (
            stderr,
            "usage: overload queue|flood|deaf|lane|jobs|scans|calls|tasks|honest|deadly ADDRESS ...\n");
        return 64;
    }
    return 0;
}
