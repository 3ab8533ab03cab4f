//  disorder_test.c - every message in every state, out of order, twice, or cut: to a broker with a
//  store, to a worker, to a client
//
//  Whatever is said to it, a peer lives on, and serves others as if nothing had been said.

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/fakes/fake_broker.h"
#include "tests/lib/hostile/random_frames.h"
#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/outcomes.h"
#include "tests/lib/rigs/thread_cluster.h"
#include "tests/lib/rigs/worker_rig.h"

#define ENEMIES 60
#define FRAMES 60
#define TASKS 500
#define WORKERS 8u        //  At a time
#define WORKER_ROUNDS 40u //  Of all of them
#define WAIT_NOTICE_MS 60000

//  ==== a broker ========================================================================

typedef struct house {
    char folder [64];   //  Of everything
    char address [96];  //  Of the broker
    child_t *broker;    //  cadre-broker, with a store
    child_t *worker;    //  cadre-worker
    cadre_t *pool;      //  An honest client
    uint64_t number;    //  Of its job
    cadre_job_t *owned; //  Another one, attached
} house_t;

static void s_start_broker (house_t *self)
{
    char store [96];
    snprintf (store, sizeof store, "%s/store", self->folder);
    const char *argv [] = {
        "bin/cadre-broker", "--listen", self->address, "--store", store, "--log", "none", NULL};
    self->broker = child_start (argv);
}

static void s_start_worker (house_t *self)
{
    char plugin [512];
    snprintf (plugin, sizeof plugin, "%s/plugins/arithmetic.so", getenv ("CADRE_BUILD_DIR"));
    const char *argv [] = {"bin/cadre-worker", "--broker", self->address, "--slots", "2",
                           "--plugin",         plugin,     NULL};
    self->worker = child_start (argv);
}

static cadre_job_t *s_submit (house_t *self, bool durable)
{
    cadre_job_t *job =
        cadre_job_open (self->pool, "square", &(cadre_job_options_t){.durable = durable});
    for (int64_t i = 0; i < TASKS; i++)
        assert_int_equal (cadre_job_add (job, NULL, "i", i), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    if (cadre_job_sync (job, WAIT_NOTICE_MS))
        fail_msg ("%s", cadre_job_message (job));
    return job;
}

static void s_start (house_t *self)
{
    *self = (house_t){.folder = "/tmp/cadre-disorder-XXXXXX"};
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->address, sizeof self->address, "ipc://%s/run", self->folder);
    s_start_broker (self);
    self->pool =
        cadre_open (self->address, &(cadre_options_t){.connect_timeout_ms = WAIT_NOTICE_MS});
    assert_non_null (self->pool);
    s_start_worker (self);
    cadre_job_t *job = s_submit (self, true);
    self->number = cadre_job_number (job, WAIT_NOTICE_MS);
    cadre_job_destroy (&job);
    self->owned = s_submit (self, false);
}

static void s_check_kept (house_t *self)
{
    cadre_job_t *kept =
        cadre_job_follow (self->pool, self->number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
    outcomes_squares (kept, TASKS);
    cadre_job_destroy (&kept);
}

static void s_remove (const char *folder)
{
    char command [128];
    snprintf (command, sizeof command, "rm -rf %s", folder);
    int code = system (command);
    assert (code == 0);
}

static void s_end (house_t *self)
{
    cadre_job_destroy (&self->owned);
    cadre_abort (&self->pool);
    child_destroy (&self->worker);
    child_destroy (&self->broker);
    s_remove (self->folder);
}

//  The beginning of a session that goes well, and how far.
static raw_peer_t *s_enemy (house_t *self, unsigned state, random_frames_t *frames)
{
    static const char *const doors [] = {"front", "back", "sink"};
    if (state < 3)
        return raw_peer_new (self->address, doors [state]);
    if (state >= 6)
        return raw_peer_worker (self->address, "another", 10);
    raw_peer_t *enemy = raw_peer_client (self->address);
    uint8_t uuid [WIRE_UUID_BYTES] = {(uint8_t) random_frames_chance (frames, 4)};
    memset (uuid, uuid [0], sizeof uuid);
    wire_job_open_t open = {.ref = 1,
                            .uuid = {uuid, sizeof uuid},
                            .kind = WIRE_KIND_CALL,
                            .function = wire_view (state == 4 ? "another" : "square"),
                            .retries_lost = 1,
                            .detached = state > 3,
                            .durable = state > 3};
    buffer_t frame = {0};
    if (state == 3)
        return enemy;
    frames->sequence = 1;
    wire_write_job_open (&frame, (wire_envelope_t){.session = enemy->session, .sequence = 1},
                         &open);
    raw_peer_say (enemy->socket, &frame);
    return enemy;
}

//  State 7 speaks on the sink of its session; the others where they came in.
static void s_talk (house_t *self, unsigned state, unsigned seed)
{
    random_frames_t frames = {.seed = seed, .skip = state == 7 ? NULL : " worker_hello "};
    raw_peer_t *enemy = s_enemy (self, state, &frames);
    frames.session = enemy->session;
    for (int i = 0; i < FRAMES; i++) {
        buffer_t frame = random_frames_next (&frames);
        raw_peer_say (state == 7 ? enemy->sink : enemy->socket, &frame);
    }
    raw_peer_destroy (&enemy);
    random_frames_end (&frames);
}

static void test_a_broker_with_a_store (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    for (unsigned i = 0; i < ENEMIES * 8; i++) {
        s_talk (&house, i % 8, 1000 + i);
        if (child_wait (house.broker, 0) != -1)
            fail_msg ("after enemy %u the broker has ended: %s", i, child_output (house.broker));
    }
    outcomes_squares (house.owned, TASKS);
    s_check_kept (&house);
    //  What enemies have made durable is no obstacle
    child_destroy (&house.broker);
    s_start_broker (&house);
    s_check_kept (&house);
    assert_int_equal (child_wait (house.broker, 0), -1);
    s_end (&house);
}

//  ==== a worker ========================================================================

//  A session that ends for what was said before takes a task with it: then it runs anew, as with
//  every broker.
static cadre_outcome_t s_outcome (worker_rig_t *rig, uint64_t job)
{
    cadre_outcome_t outcome;
    do {
        worker_rig_open_job (rig, job, WIRE_KIND_CALL, "square", 0, 1000);
        outcome = worker_rig_wait (rig, worker_rig_call (rig, job, 7))->outcome;
    } while (outcome == CADRE_OUTCOME_WORKER_LOST);
    return outcome;
}

//  Over ipc: a connection by inproc to a lane that nobody has bound stays, with its socket, until
//  somebody does. A worker waits for a second between two HELLOs, so several are tested at a time;
//  *ARGUMENT is the first round of this one.
static void *s_disturb_worker (void *argument)
{
    const unsigned *first = argument;
    char folder [] = "/tmp/cadre-disorder-XXXXXX", address [64];
    assert (mkdtemp (folder));
    snprintf (address, sizeof address, "ipc://%s", folder);
    worker_rig_t *rig = worker_rig_new ((worker_options_t){
        .broker = address, .slots = 2, .threads = true, .functions = thread_cluster_functions});
    for (unsigned round = *first; round < WORKER_ROUNDS; round += WORKERS) {
        //  These end a worker, and must
        random_frames_t frames = {.seed = 77 + round, .skip = " stop drain refused goodbye "};
        for (int i = 0; i < FRAMES; i++) {
            frames.session = worker_rig_session (rig);
            buffer_t frame = random_frames_next (&frames);
            worker_rig_raw (rig, round / WORKERS % 2, &frame);
        }
        worker_rig_forget (rig, round / WORKERS % 4 < 2);
        cadre_outcome_t outcome = s_outcome (rig, 1000 + round);
        assert (outcome == CADRE_OUTCOME_OK);
        random_frames_end (&frames);
    }
    worker_rig_destroy (&rig);
    s_remove (folder);
    return NULL;
}

static void test_a_worker (void **state)
{
    (void) state;
    pthread_t threads [WORKERS];
    unsigned firsts [WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        firsts [i] = i;
        assert_int_equal (pthread_create (&threads [i], NULL, s_disturb_worker, &firsts [i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join (threads [i], NULL);
}

//  ==== a client ========================================================================

static void test_a_client (void **state)
{
    (void) state;
    for (unsigned round = 0; round < 60; round++) {
        fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 1000);
        cadre_t *pool = cadre_open (fake_broker_address (broker), NULL);
        assert_non_null (pool);
        random_frames_t frames = {.seed = 5 + round, .session = 1};
        cadre_job_t *job =
            round % 3
                ? cadre_job_open (pool, "square", &(cadre_job_options_t){.durable = round % 3 == 2})
                : NULL;
        cadre_future_t *future = cadre_submit (pool, "square", "i", (int64_t) 7);
        for (int64_t i = 0; job && i < 3; i++)
            cadre_job_add (job, NULL, "i", i);
        for (int i = 0; i < FRAMES; i++) {
            buffer_t frame = random_frames_next (&frames);
            fake_broker_raw (broker, frame.data, frame.size);
            buffer_free (&frame);
            cadre_event_t event;
            if (job)
                cadre_job_next (job, &event, 0);
        }
        cadre_future_wait (future, 20);
        if (job)
            cadre_job_sync (job, 1);
        cadre_job_destroy (&job);
        cadre_future_destroy (&future);
        cadre_abort (&pool);
        fake_broker_destroy (&broker);
        random_frames_end (&frames);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_broker_with_a_store),
        cmocka_unit_test (test_a_worker),
        cmocka_unit_test (test_a_client),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
