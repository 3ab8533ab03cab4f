//  roles_test.c - what each key may say: every verb at every door, every request of SPEC.md by
//  every role, functions, and others' sessions

#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/honest_client.h"

#include "common/entropy.h"
#include "common/keydir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 50000

static raw_peer_t *s_client (const cluster_t *self, const char *name)
{
    keys_t keys = cluster_key (self, name);
    raw_peer_t *client = raw_peer_with (cluster_address (self), "front", &keys);
    uint8_t uuid [WIRE_UUID_BYTES];
    entropy_uuid (uuid);
    assert_true (raw_peer_greet (client, uuid));
    return client;
}

//  ==== requests ====================================================================

static const struct {
    const char *what; // the request
    role_t least;     // whom it takes
} s_requests [] = {
    {"job.list", ROLE_OBSERVER},      {"job.info", ROLE_OBSERVER},
    {"job.cancel", ROLE_CLIENT},      {"job.retry", ROLE_CLIENT},
    {"job.forget", ROLE_CLIENT},      {"task.list", ROLE_OBSERVER},
    {"task.info", ROLE_OBSERVER},     {"task.explain", ROLE_OBSERVER},
    {"task.drop", ROLE_CLIENT},       {"worker.list", ROLE_OBSERVER},
    {"worker.drain", ROLE_ADMIN},     {"worker.stop", ROLE_ADMIN},
    {"function.list", ROLE_OBSERVER}, {"broker.info", ROLE_OBSERVER},
    {"broker.reload", ROLE_ADMIN},    {"broker.drain", ROLE_ADMIN},
    {"broker.stop", ROLE_ADMIN},
};

#define REQUESTS (sizeof s_requests / sizeof s_requests [0])

//  Its place in the table; REQUESTS: it is not there.
static size_t s_place (const char *what)
{
    for (size_t i = 0; i < REQUESTS; i++)
        if (strcmp (s_requests [i].what, what) == 0)
            return i;
    return REQUESTS;
}

//  The table above has every request of the table in SPEC.md: who adds one must say here whom it
//  takes.
static void test_all_requests_are_here (void **state)
{
    (void) state;
    char path [512], line [2048], group [32], verb [32], *save = NULL;
    bool seen [REQUESTS] = {false};
    snprintf (path, sizeof path, "%s/common/SPEC.md", getenv ("CADRE_SOURCE_DIR"));
    FILE *spec = fopen (path, "re");
    assert_non_null (spec);
    while (fgets (line, sizeof line, spec)) {
        char *cell = *line == '|' ? strtok_r (line, "|", &save) : NULL;
        for (char *what = cell ? strtok_r (cell, ", ", &save) : NULL; what;
             what = strtok_r (NULL, ", ", &save)) {
            char rest;
            if (sscanf (what, "%31[a-z].%31[a-z]%c", group, verb, &rest) != 2)
                continue;
            size_t place = s_place (what);
            if (place == REQUESTS)
                fail_msg ("%s is in SPEC.md, and nobody has said whom it takes", what);
            seen [place] = true; //  Other tables may speak of it, too
        }
    }
    fclose (spec);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_true (seen [i]);
}

//  Refused, or answered in whatever way: arguments are missing, so nothing is done.
static void s_ask_all (raw_peer_t *client, role_t role)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        role_t least = s_requests [i].least;
        bool may = role == ROLE_ADMIN || least == ROLE_OBSERVER || least == role;
        if (may && strncmp (s_requests [i].what, "broker.", 7) == 0 && least == ROLE_ADMIN
            && strcmp (s_requests [i].what, "broker.reload") != 0)
            continue; //  Would end the broker: see below
        uint64_t code = raw_peer_request (client, s_requests [i].what);
        if ((code == CADRE_ERROR_REFUSED) == may)
            fail_msg ("%s asks for %s and is answered %u", keys_role_name (role),
                      s_requests [i].what, (unsigned) code);
    }
    assert_int_equal (raw_peer_request (client, "broker.nonsense"), CADRE_ERROR_ARGUMENT);
}

static void test_requests (void **state)
{
    cluster_t *self = *state;
    static const struct {
        const char *name; // of the key
        role_t role;      // its role
    } peers [] = {
        {"eve", ROLE_OBSERVER}, {"alice", ROLE_CLIENT}, {"web", ROLE_CLIENT}, {"boss", ROLE_ADMIN}};
    honest_client_t *honest = honest_client_new (self);
    for (size_t i = 0; i < 4; i++) {
        raw_peer_t *client = s_client (self, peers [i].name);
        s_ask_all (client, peers [i].role);
        raw_peer_destroy (&client);
    }
    raw_peer_t *local = raw_peer_client (cluster_local (self));
    s_ask_all (local, ROLE_ADMIN);
    raw_peer_destroy (&local);
    honest_client_check (&honest);
}

static void test_admin_ends_it (void **state)
{
    cluster_t *self = *state;
    raw_peer_t *boss = s_client (self, "boss");
    assert_int_equal (raw_peer_request (boss, "broker.drain"), CADRE_OK);
    assert_int_equal (raw_peer_request (boss, "broker.stop"), CADRE_OK);
    assert_int_equal (cluster_await_end (self), 0);
    raw_peer_destroy (&boss);
}

//  ==== verbs =======================================================================

#define BLANK(name, ...)                                                                           \
    {                                                                                              \
        wire_##name##_t fields;                                                                    \
        memset (&fields, 0, sizeof fields);                                                        \
        wire_write_##name (&frame, (wire_envelope_t){.session = session, .sequence = sequence},    \
                           &fields);                                                               \
        raw_peer_say (socket, &frame);                                                             \
    }

//  Every message that there is
static void s_say_all (void *socket, uint64_t session, uint64_t sequence)
{
    buffer_t frame = {0};
    WIRE_MESSAGES (BLANK)
}

//  Workers' words at the clients' door and clients' words at the workers', with a session and
//  without: nobody appears.
static void test_verbs_at_the_wrong_door (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    keys_t node = cluster_key (self, "other");
    uint8_t uuid [WIRE_UUID_BYTES] = {7};
    int64_t before = cluster_info (self, "refused_frames");
    raw_peer_t *client = s_client (self, "alice"),
               *worker = raw_peer_with (cluster_address (self), "back", &node);
    assert_true (raw_peer_register (worker, uuid, "tcp", "another"));
    cluster_until (self, "workers", 2);
    s_say_all (client->socket, 0, 0);
    s_say_all (client->socket, worker->session, 1);
    s_say_all (worker->socket, 0, 0);
    s_say_all (worker->socket, client->session, 1);
    cluster_until_at_least (self, "refused_frames", before + 1);
    //  A whole HELLO is not heard either: whoever said it still waits for an answer when another
    //  question has one
    raw_peer_t *posing = s_client (self, "alice");
    wire_client_hello_t hello = {
        .magic = wire_view (WIRE_MAGIC), .major = WIRE_MAJOR, .uuid = {uuid, sizeof uuid}};
    buffer_t frame = {0};
    cursor_t body;
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &hello);
    raw_peer_say (worker->socket, &frame);
    assert_true (raw_peer_hear (worker, worker->socket, WIRE_who, &body, WAIT_NOTICE_MS));
    assert_int_equal (cluster_info (self, "workers"), 2);
    raw_peer_destroy (&posing);
    raw_peer_destroy (&client);
    raw_peer_destroy (&worker);
    honest_client_check (&honest);
}

//  One who may only look opens no job, and does nothing to one that it follows.
static void test_observer (void **state)
{
    cluster_t *self = *state;
    uint8_t uuid [WIRE_UUID_BYTES] = {8};
    cadre_t *pool = cluster_open (self);
    cadre_job_t *job = cadre_job_open (pool, "gate", &(cadre_job_options_t){.detached = true});
    assert_int_equal (cadre_job_add (job, NULL, "si", cluster_folder (self), (int64_t) 3),
                      CADRE_OK);
    cadre_job_seal (job);
    cluster_await (self, "started-3");
    raw_peer_t *eve = s_client (self, "eve");
    for (unsigned kind = 0; kind < 5; kind++)
        for (int detached = 0; detached < 2; detached++) {
            uuid [1]++;
            assert_int_equal (raw_peer_open_job (eve, uuid [1], kind, "square", detached, uuid),
                              CADRE_ERROR_REFUSED);
        }
    buffer_t frame = {0};
    wire_write_job_follow (
        &frame, (wire_envelope_t){.session = eve->session, .sequence = ++eve->sent},
        &(wire_job_follow_t){
            .ref = 99, .number = cadre_job_number (job, WAIT_NOTICE_MS), .wait = true});
    raw_peer_say (eve->socket, &frame);
    wire_write_job_cancel (&frame,
                           (wire_envelope_t){.session = eve->session, .sequence = ++eve->sent},
                           &(wire_job_cancel_t){.ref = 99, .all = true});
    raw_peer_say (eve->socket, &frame);
    assert_int_equal (raw_peer_request (eve, "job.list"), CADRE_OK); //  All of it was handled
    cluster_touch (self, "go");
    assert_int_equal (cadre_job_wait (job, WAIT_NOTICE_MS), CADRE_OK); //  It was not cancelled
    cadre_job_destroy (&job);
    raw_peer_destroy (&eve);
    cadre_close (&pool, 5000);
}

//  ==== functions ===================================================================

static void test_functions (void **state)
{
    cluster_t *self = *state;
    uint8_t uuid [WIRE_UUID_BYTES] = {9};
    static const struct {
        unsigned kind;        // of the job
        const char *function; // its function
        bool may;             // with that key
    } jobs [] = {{WIRE_KIND_CALL, "square", true},    {WIRE_KIND_MAP, "square", true},
                 {WIRE_KIND_CALL, "add", false},      {WIRE_KIND_MAP, "add", false},
                 {WIRE_KIND_CALL, "squares", false},  {WIRE_KIND_COMMAND, "", false},
                 {WIRE_KIND_COMMAND, "square", false}};
    raw_peer_t *web = s_client (self, "web");
    for (size_t i = 0; i < sizeof jobs / sizeof jobs [0]; i++) {
        uuid [1]++;
        uint64_t code =
            raw_peer_open_job (web, 1 + i, jobs [i].kind, jobs [i].function, false, uuid);
        assert_int_equal (code, jobs [i].may ? CADRE_OK : CADRE_ERROR_REFUSED);
    }
    raw_peer_destroy (&web);
}

//  The key reaches all jobs from the next look at the keys on.
static void s_let_all (cluster_t *self, const char *name)
{
    keydir_entry_t entry;
    fault_t fault = {0};
    assert_int_equal (keydir_get (cluster_keys (self), name, &entry, &fault), CADRE_OK);
    entry.all_jobs = true;
    assert_int_equal (keydir_put (cluster_keys (self), &entry, true, &fault), CADRE_OK);
    keydir_free (&entry);
    cluster_reload (self);
}

//  Who reaches all jobs does with them what its key may do: tasks of another's command are not
//  tried again by one that may call a function.
static void test_anothers_job (void **state)
{
    cluster_t *self = *state;
    uint8_t uuid [WIRE_UUID_BYTES] = {10};
    s_let_all (self, "web");
    raw_peer_t *boss = s_client (self, "boss"), *web = s_client (self, "web");
    assert_int_equal (raw_peer_open_job (boss, 1, WIRE_KIND_COMMAND, "", true, uuid), CADRE_OK);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.access = cluster_access (self, "web")});
    assert_non_null (pool);
    cadre_value_t *jobs = NULL, *arguments = cadre_value_map ();
    assert_int_equal (cadre_request (pool, "job.list", NULL, &jobs, WAIT_NOTICE_MS), CADRE_OK);
    const cadre_value_t *newest =
        cadre_value_at (jobs, cadre_value_count (jobs) - 1); //  A store may have others
    cadre_value_t *number = cadre_value_of_int (cadre_value_int (cadre_value_get (newest, "job")));
    cadre_value_set (arguments, "job", &number);
    assert_int_equal (cadre_request (pool, "job.retry", arguments, NULL, WAIT_NOTICE_MS),
                      CADRE_ERROR_REFUSED);
    assert_non_null (
        strstr (cadre_message (pool), "may call certain functions and run no commands"));
    cadre_value_destroy (&arguments);
    cadre_value_destroy (&jobs);
    cadre_close (&pool, 5000);
    raw_peer_destroy (&boss);
    raw_peer_destroy (&web);
}

//  ==== others' sessions ============================================================

static void test_anothers_session (void **state)
{
    cluster_t *self = *state;
    keys_t web = cluster_key (self, "web"), boss = cluster_key (self, "boss");
    raw_peer_t *alice = s_client (self, "alice");
    raw_peer_t *thieves [] = {raw_peer_with (cluster_address (self), "front", &web),
                              raw_peer_with (cluster_address (self), "front", &boss),
                              raw_peer_new (cluster_local (self), "front")};
    for (size_t i = 0; i < 3; i++) {
        assert_false (raw_peer_greet (thieves [i], alice->uuid));
        //  Nor does it help to know the number
        thieves [i]->session = alice->session;
        cursor_t body;
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = alice->session}, &(wire_beat_t){0});
        raw_peer_say (thieves [i]->socket, &frame);
        assert_true (
            raw_peer_hear (thieves [i], thieves [i]->socket, WIRE_who, &body, WAIT_NOTICE_MS));
        raw_peer_destroy (&thieves [i]);
    }
    assert_int_equal (raw_peer_request (alice, "job.list"), CADRE_OK);
    raw_peer_t *again = raw_peer_with (cluster_address (self), "front", &alice->keys);
    assert_true (raw_peer_greet (again, alice->uuid)); //  The same key may
    assert_int_equal (again->session, alice->session);
    raw_peer_destroy (&again);
    raw_peer_destroy (&alice);
}

static void test_anothers_registration (void **state)
{
    cluster_t *self = *state;
    keys_t node = cluster_key (self, "node"), other = cluster_key (self, "other");
    uint8_t uuid [WIRE_UUID_BYTES] = {11}, fresh [WIRE_UUID_BYTES] = {12};
    raw_peer_t *owner = raw_peer_with (cluster_address (self), "back", &node);
    raw_peer_t *thief = raw_peer_with (cluster_address (self), "back", &other);
    raw_peer_t *local = raw_peer_new (cluster_local (self), "back");
    assert_true (raw_peer_register (owner, uuid, "tcp", "another"));
    assert_false (raw_peer_register (thief, uuid, "tcp", "another"));
    assert_false (raw_peer_register (local, uuid, "ipc", "another"));
    assert_false (
        raw_peer_register (thief, fresh, "ipc", "another")); //  Not the way by which it came
    assert_false (raw_peer_register (thief, fresh, "inproc", "another"));
    assert_false (raw_peer_register (local, fresh, "tcp", "another"));
    assert_true (raw_peer_register (owner, uuid, "tcp", "another"));
    cluster_until (self, "workers", 2);
    raw_peer_destroy (&owner);
    raw_peer_destroy (&thief);
    raw_peer_destroy (&local);
}

static void test_anothers_lane (void **state)
{
    cluster_t *self = *state;
    keys_t other = cluster_key (self, "other"), node = cluster_key (self, "node"),
           alice = cluster_key (self, "alice");
    char lane [32];
    raw_peer_t *worker = raw_peer_worker_with (cluster_address (self), &other, "another", 10);
    snprintf (lane, sizeof lane, "lane-%u", worker->port);
    assert_false (raw_peer_is_let_in (cluster_address (self), lane, &node));
    assert_false (raw_peer_is_let_in (cluster_address (self), lane, &alice));
    assert_false (raw_peer_is_let_in (cluster_address (self), lane, NULL));
    raw_peer_destroy (&worker);
    snprintf (lane, sizeof lane, "lane-%u", cluster_port (self) + 100); //  The real worker's
    assert_false (raw_peer_is_let_in (cluster_address (self), lane, &other));
    assert_true (raw_peer_is_let_in (cluster_address (self), lane, &node));
}

static void s_answer (void *sink, uint64_t session, uint64_t sequence,
                      const wire_sink_result_t *result)
{
    buffer_t results = {0}, frame = {0};
    wire_pack_sink_result (&results, result);
    wire_write_sink_results (&frame, (wire_envelope_t){.session = session, .sequence = sequence},
                             &(wire_sink_results_t){.results = wire_list_of (&results, 1)});
    raw_peer_say (sink, &frame);
    buffer_free (&results);
}

//  The lease of the one task on this worker's lane
static wire_sink_result_t s_lease (raw_peer_t *worker, int64_t value, uint8_t *packed)
{
    cursor_t body;
    wire_lane_tasks_t tasks;
    wire_lane_task_t task;
    assert_true (raw_peer_hear (worker, worker->lane, WIRE_lane_tasks, &body, WAIT_NOTICE_MS));
    assert_true (wire_read_lane_tasks (&body, &tasks) && tasks.tasks.count == 1);
    cursor_t cursor = cursor_of_view (tasks.tasks.values);
    assert_true (wire_read_lane_task (&cursor, &task));
    *packed = (uint8_t) value;
    return (wire_sink_result_t){.job = tasks.job,
                                .index = task.index,
                                .serial = tasks.serial,
                                .outcome = CADRE_OUTCOME_OK,
                                .value = {packed, 1}};
}

//  Everything is known, session, job, lease and number, and still no other worker's word counts for
//  it.
static void test_results_in_anothers_name (void **state)
{
    cluster_t *self = *state;
    keys_t node = cluster_key (self, "node"), other = cluster_key (self, "other");
    honest_client_t *honest = honest_client_new (self);
    cadre_t *pool = cluster_open (self);
    cadre_job_t *job = cadre_job_open (pool, "secret", NULL);
    cadre_event_t event = {0};
    uint8_t wrong, right;
    raw_peer_t *worker = raw_peer_worker_with (cluster_address (self), &node, "secret", 10);
    raw_peer_t *liars [] = {raw_peer_with (cluster_address (self), "sink", &other),
                            raw_peer_new (cluster_local (self), "sink")};
    assert_int_equal (cadre_job_add (job, NULL, ""), CADRE_OK);
    cadre_job_seal (job);
    wire_sink_result_t result = s_lease (worker, 13, &wrong);
    int64_t before = cluster_info (self, "refused_frames");
    for (size_t i = 0; i < 2; i++)
        for (uint64_t sequence = 1; sequence <= 3; sequence++)
            s_answer (liars [i]->socket, worker->session, sequence, &result);
    cluster_until_at_least (self, "refused_frames", before + 6);
    right = 42;
    result.value.data = &right;
    s_answer (worker->sink, worker->session, 1, &result);
    while (event.kind != CADRE_EVENT_RESULT || event.outcome == CADRE_OUTCOME_NONE)
        assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_OK);
    assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
    assert_int_equal (event.size_bytes, 1);
    assert_int_equal (*(const uint8_t *) event.bytes, 42);
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_ERROR_END);
    cadre_job_destroy (&job);
    cadre_close (&pool, 5000);
    raw_peer_destroy (&worker);
    raw_peer_destroy (&liars [0]);
    raw_peer_destroy (&liars [1]);
    honest_client_check (&honest);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, cluster_set_up_curve, cluster_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_all_requests_are_here),
        TEST (test_requests),
        TEST (test_admin_ends_it),
        TEST (test_verbs_at_the_wrong_door),
        TEST (test_observer),
        TEST (test_functions),
        TEST (test_anothers_job),
        TEST (test_anothers_session),
        TEST (test_anothers_registration),
        TEST (test_anothers_lane),
        TEST (test_results_in_anothers_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
