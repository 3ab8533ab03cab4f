//  hostile_test.c - whatever peers send, the broker lives, counts what it refuses, and a normal
//  client's results are right

#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/rigs/thread_cluster.h"

#include <cadre.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define TASKS 3000
#define WAIT_NOTICE_MS 60000

//  A broker with a worker, and a client whose job runs while others misbehave
typedef struct scene {
    thread_cluster_t *stage; // broker and worker
    cadre_t *pool;           // the normal client
    cadre_job_t *job;        // its job
} scene_t;

static int64_t s_number (scene_t *self, const char *key)
{
    cadre_value_t *body = NULL;
    if (cadre_request (self->pool, "broker.info", NULL, &body, WAIT_NOTICE_MS) != CADRE_OK)
        fail_msg ("%s", cadre_message (self->pool));
    int64_t number = cadre_value_int (cadre_value_get (body, key));
    cadre_value_destroy (&body);
    return number;
}

//  Until the count has grown by so many; the sockets are not ordered among each other
static void s_expect_growth (scene_t *self, const char *key, int64_t before, int64_t growth)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (s_number (self, key) >= before + growth)
            return;
        nanosleep (&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail_msg ("%s grew from %ld to %ld, not by %ld", key, (long) before,
              (long) s_number (self, key), (long) growth);
}

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->stage = thread_cluster_new ("ipc", true);
    self->pool = cadre_open (thread_cluster_address (self->stage), NULL);
    if (!self->pool)
        fail_msg ("%s", cadre_open_message ());
    self->job = cadre_job_open (self->pool, "square", NULL);
    for (int64_t i = 0; i < TASKS; i++)
        assert_int_equal (cadre_job_add (self->job, NULL, "i", i), CADRE_OK);
    *state = self;
    return 0;
}

//  More tasks, and every result right and there once
static void s_check_results (scene_t *self)
{
    uint8_t seen [2 * TASKS] = {0};
    size_t count = 0;
    cadre_event_t event;
    cadre_error_t error;
    for (int64_t i = TASKS; i < 2 * TASKS; i++)
        assert_int_equal (cadre_job_add (self->job, NULL, "i", i), CADRE_OK);
    assert_int_equal (cadre_job_seal (self->job), CADRE_OK);
    while ((error = cadre_job_next (self->job, &event, WAIT_NOTICE_MS)) == CADRE_OK) {
        if (event.kind != CADRE_EVENT_RESULT)
            continue;
        int64_t value = -1;
        cursor_t cursor = cursor_of (event.bytes, event.size_bytes);
        if (event.outcome != CADRE_OUTCOME_OK)
            fail_msg ("task %u: %s", event.index, event.message);
        assert_true (cursor_int (&cursor, &value) && value == (int64_t) event.index * event.index);
        assert_int_equal (seen [event.index]++, 0);
        count++;
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (count, 2 * TASKS);
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    cadre_job_destroy (&self->job);
    cadre_close (&self->pool, 5000);
    thread_cluster_destroy (&self->stage);
    free (self);
    return 0;
}

//  ---- frames --------------------------------------------------------------------

static void test_random_bytes (void **state)
{
    scene_t *self = *state;
    static const char *const names [] = {"front", "back", "sink"};
    unsigned seed = 3;
    int64_t before = s_number (self, "refused_frames");
    for (size_t n = 0; n < 3; n++) {
        raw_peer_t *enemy = raw_peer_new (thread_cluster_address (self->stage), names [n]);
        for (int i = 0; i < 500; i++) {
            uint8_t bytes [200];
            for (size_t j = 0; j < sizeof bytes; j++)
                bytes [j] = (uint8_t) (rand_r (&seed) >> 8);
            if (i % 2) {
                bytes [0] = WIRE_MAJOR;
                bytes [2] = bytes [3] = 0;
            }
            raw_peer_send (enemy, bytes, (size_t) rand_r (&seed) % sizeof bytes);
        }
        s_expect_growth (self, "refused_frames", before, 1);
        before = s_number (self, "refused_frames");
        raw_peer_destroy (&enemy);
    }
    s_check_results (self);
}

#define BLANK(name, ...)                                                                           \
    {                                                                                              \
        wire_##name##_t fields;                                                                    \
        memset (&fields, 0, sizeof fields);                                                        \
        wire_write_##name (&frames [count++],                                                      \
                           (wire_envelope_t){.session = session, .sequence = 1}, &fields);         \
    }

//  Every message there is, with nothing in it
static size_t s_blank_frames (buffer_t *frames, uint64_t session)
{
    size_t count = 0;
    WIRE_MESSAGES (BLANK)
    return count;
}

//  A frame cut at each byte, or with each bit turned
static void s_spoil (raw_peer_t *enemy, buffer_t *frame)
{
    for (size_t size = 0; size < frame->size; size++)
        raw_peer_send (enemy, frame->data, size);
    for (size_t bit = 0; bit < frame->size * 8; bit++) {
        frame->data [bit / 8] ^= (uint8_t) (1 << bit % 8);
        raw_peer_send (enemy, frame->data, frame->size);
        frame->data [bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
}

static raw_peer_t *s_enemy (scene_t *self, size_t which)
{
    const char *address = thread_cluster_address (self->stage);
    switch (which) {
    case 0: return raw_peer_new (address, "front");
    case 1: return raw_peer_new (address, "back");
    case 2: return raw_peer_new (address, "sink");
    case 3: return raw_peer_client (address);
    default: return raw_peer_worker (address, "another", 10);
    }
}

static void test_truncated_and_flipped_frames (void **state)
{
    scene_t *self = *state;
    for (size_t which = 0; which < 5; which++) {
        buffer_t frames [64] = {0};
        int64_t before = s_number (self, "refused_frames");
        raw_peer_t *enemy = s_enemy (self, which);
        size_t count = s_blank_frames (frames, enemy->session);
        for (size_t i = 0; i < count; i++) {
            s_spoil (enemy, &frames [i]);
            buffer_free (&frames [i]);
        }
        s_expect_growth (self, "refused_frames", before, 1);
        raw_peer_destroy (&enemy);
    }
    s_check_results (self);
}

static void test_huge_counts (void **state)
{
    scene_t *self = *state;
    static const char *const heads [] = {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff",
                                         "\xdb\xff\xff\xff\xff", "\x92\x01\xdd\xff\xff\xff\xff",
                                         "\x93\x01\x00\xdd\x00\xff\xff\xff"};
    static const size_t sizes [] = {5, 5, 5, 7, 8};
    for (size_t which = 0; which < 5; which++) {
        raw_peer_t *enemy = s_enemy (self, which);
        int64_t before = s_number (self, "refused_frames");
        for (unsigned verb = 0; verb < 256; verb++)
            for (size_t i = 0; i < 5; i++) {
                buffer_t frame = {0};
                wire_write_who (&frame, (wire_envelope_t){.session = enemy->session},
                                &(wire_who_t){0});
                frame.size = WIRE_ENVELOPE_BYTES;
                frame.data [1] = (uint8_t) verb;
                buffer_append (&frame, heads [i], sizes [i]);
                raw_peer_say (enemy->socket, &frame);
            }
        if (which != 2) //  Frames of no session are dropped on the sink, not refused
            s_expect_growth (self, "refused_frames", before, 1);
        raw_peer_destroy (&enemy);
    }
    s_check_results (self);
}

static void test_messages_of_many_frames (void **state)
{
    scene_t *self = *state;
    for (size_t which = 0; which < 3; which++) {
        raw_peer_t *enemy = s_enemy (self, which);
        int64_t before = s_number (self, "refused_frames");
        for (int i = 0; i < 50; i++) {
            for (int frame = 0; frame < i + 1; frame++)
                zmq_send (enemy->socket, "\1\5", 2, ZMQ_SNDMORE);
            zmq_send (enemy->socket, "\1\5", 2, 0);
        }
        s_expect_growth (self, "refused_frames", before, 50);
        raw_peer_destroy (&enemy);
    }
    s_check_results (self);
}

//  libzmq cuts such a peer off; nobody else notices
static void test_too_large_frames (void **state)
{
    scene_t *self = *state;
    static uint8_t bytes [4u << 20] = {WIRE_MAJOR, WIRE_client_hello};
    for (size_t which = 0; which < 3; which++) {
        raw_peer_t *enemy = s_enemy (self, which);
        for (int i = 0; i < 4; i++) {
            raw_peer_send (enemy, bytes, WIRE_FRAME_MAX + 1);
            raw_peer_send (enemy, bytes, sizeof bytes);
            raw_peer_send (enemy, bytes, WIRE_FRAME_MAX);
        }
        s_number (self, "refused_frames");
        raw_peer_destroy (&enemy);
    }
    s_check_results (self);
}

//  Twenty connections to one socket file; says whether somebody listens there.
static bool s_throw_bytes (const char *folder, const char *name)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    uint8_t bytes [4096];
    bool connected = false;
    snprintf (place.sun_path, sizeof place.sun_path, "%s/%s", folder, name);
    for (int i = 0; i < 20; i++) {
        memset (bytes, i * 13, sizeof bytes);
        int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect (fd, (struct sockaddr *) &place, sizeof place) == 0) {
            connected = true;
            send (fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        close (fd);
    }
    return connected;
}

//  Throws bytes at all sockets of the folder; returns at how many.
static size_t s_throw_bytes_at_all (const char *folder)
{
    size_t connected = 0;
    DIR *files = opendir (folder);
    assert_non_null (files);
    for (struct dirent *file; (file = readdir (files)) != NULL;)
        connected += file->d_type == DT_SOCK && s_throw_bytes (folder, file->d_name);
    closedir (files);
    return connected;
}

//  Bytes that are no ZeroMQ at all, to front, back, sink and the lane: the worker may be on its way
//  back to its own
static void test_bytes_that_are_no_zeromq (void **state)
{
    scene_t *self = *state;
    const char *folder = thread_cluster_address (self->stage) + strlen ("ipc://");
    int tries = 0;
    while (s_throw_bytes_at_all (folder) < 4) {
        assert_true (++tries < WAIT_NOTICE_MS / 50);
        usleep (50 * 1000);
    }
    s_check_results (self);
}

//  ---- sessions ----------------------------------------------------------------------

static void s_open_job (raw_peer_t *enemy, uint64_t sequence)
{
    buffer_t frame = {0};
    wire_job_open_t job = {.ref = 1,
                           .uuid = {(const uint8_t *) "0123456789abcdef", 16},
                           .kind = WIRE_KIND_CALL,
                           .function = wire_view ("square"),
                           .grace_ms = 5000};
    wire_write_job_open (&frame, (wire_envelope_t){.session = enemy->session, .sequence = sequence},
                         &job);
    raw_peer_say (enemy->socket, &frame);
}

static void test_wrong_sequence_numbers (void **state)
{
    scene_t *self = *state;
    cursor_t body;
    raw_peer_t *enemy = raw_peer_client (thread_cluster_address (self->stage));
    s_open_job (enemy, 5);
    assert_true (raw_peer_hear (enemy, enemy->socket, WIRE_who, &body, WAIT_NOTICE_MS));
    raw_peer_destroy (&enemy);
    s_check_results (self);
}

static void test_frame_of_another_session (void **state)
{
    scene_t *self = *state;
    cursor_t body;
    raw_peer_t *enemy = raw_peer_new (thread_cluster_address (self->stage), "front");
    enemy->session = 12345;
    s_open_job (enemy, 1);
    assert_true (raw_peer_hear (enemy, enemy->socket, WIRE_who, &body, WAIT_NOTICE_MS));
    raw_peer_destroy (&enemy);
    s_check_results (self);
}

//  A frame of so many tasks would keep the others waiting.
static void test_a_frame_of_too_many_tasks (void **state)
{
    scene_t *self = *state;
    raw_peer_t *enemy = raw_peer_client (thread_cluster_address (self->stage));
    int64_t before = s_number (self, "refused_frames");
    cursor_t body;
    wire_refused_t refused;
    s_open_job (enemy, 1);
    size_t count = WIRE_FRAME_TASKS_MAX + 1;
    assert_true (count < enemy->tasks);
    buffer_t payloads = {0}, frame = {0};
    memset (buffer_reserve (&payloads, count), 0x90, count);
    payloads.size = count;
    wire_job_tasks_t tasks = {.ref = 1, .payloads = wire_list_of (&payloads, count)};
    wire_write_job_tasks (&frame, (wire_envelope_t){.session = enemy->session, .sequence = 2},
                          &tasks);
    raw_peer_say (enemy->socket, &frame);
    buffer_free (&payloads);
    assert_true (raw_peer_hear (enemy, enemy->socket, WIRE_refused, &body, WAIT_NOTICE_MS));
    assert_true (wire_read_refused (&body, &refused));
    assert_int_equal (refused.code, CADRE_ERROR_TOO_LARGE);
    s_expect_growth (self, "refused_frames", before, 1);
    raw_peer_destroy (&enemy);
    s_check_results (self);
}

//  Results for every lease there may be, all wrong
static void s_claim (raw_peer_t *worker, uint64_t job, uint64_t serials)
{
    uint64_t sequence = 0;
    for (uint64_t serial = 0; serial < serials; serial += 500) {
        buffer_t results = {0}, frame = {0};
        for (uint64_t i = 0; i < 500; i++)
            wire_pack_sink_result (&results,
                                   &(wire_sink_result_t){.job = job,
                                                         .index = serial + i,
                                                         .serial = serial + i,
                                                         .outcome = CADRE_OUTCOME_OK,
                                                         .value = {(const uint8_t *) "\x7f", 1}});
        sequence++;
        wire_write_sink_results (
            &frame, (wire_envelope_t){.session = worker->session, .sequence = sequence},
            &(wire_sink_results_t){.results = wire_list_of (&results, 500)});
        raw_peer_say (worker->sink, &frame);
        buffer_free (&results);
    }
}

static void test_worker_that_claims_leases_of_others (void **state)
{
    scene_t *self = *state;
    int64_t before = s_number (self, "stale_results");
    raw_peer_t *enemy = raw_peer_worker (thread_cluster_address (self->stage), "another", 10);
    s_claim (enemy, cadre_job_number (self->job, WAIT_NOTICE_MS), 10000);
    s_expect_growth (self, "stale_results", before, 1);
    s_check_results (self);
    raw_peer_destroy (&enemy);
}

//  It gets tasks, answers none, and is gone: others do them
static void test_worker_that_answers_nothing (void **state)
{
    scene_t *self = *state;
    raw_peer_t *enemy = raw_peer_worker (thread_cluster_address (self->stage), "square", 100);
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = enemy->session},
                     &(wire_beat_t){.received = UINT64_MAX});
    raw_peer_say (enemy->socket, &frame);
    wire_write_goodbye (&frame, (wire_envelope_t){.session = enemy->session, .sequence = 1},
                        &(wire_goodbye_t){0});
    raw_peer_say (enemy->sink, &frame);
    s_check_results (self);
    raw_peer_destroy (&enemy);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_random_bytes),
        TEST (test_truncated_and_flipped_frames),
        TEST (test_huge_counts),
        TEST (test_messages_of_many_frames),
        TEST (test_too_large_frames),
        TEST (test_bytes_that_are_no_zeromq),
        TEST (test_wrong_sequence_numbers),
        TEST (test_frame_of_another_session),
        TEST (test_a_frame_of_too_many_tasks),
        TEST (test_worker_that_claims_leases_of_others),
        TEST (test_worker_that_answers_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
