//  holders_test.c - whose a job is: what a key learns of the jobs of others, and what becomes of
//  names that two keys choose

#include "tests/lib/rigs/cluster.h"

#include "common/access.h"
#include "common/keydir.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 50000
#define NOBODYS 999999 //  There is no job of that number

static char s_state [] = "/tmp/cadre-holders-XXXXXX"; //  Where the stores of these brokers are

static int s_begin (void **state)
{
    (void) state;
    return mkdtemp (s_state) ? setenv ("XDG_STATE_HOME", s_state, 1) : -1;
}

static int s_remove (const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status, (void) kind, (void) place;
    return remove (path);
}

static int s_end (void **state)
{
    (void) state;
    return nftw (s_state, s_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static int s_setup (void **state)
{
    cluster_t *self = cluster_new ("curve", 1, 2);
    cluster_add_key (self, "bob", ROLE_CLIENT, NULL);
    cluster_reload (self);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    cluster_t *self = *state;
    cluster_destroy (&self);
    return 0;
}

//  As after a crash of its machine; whoever asks asks anew.
static void s_restart (cluster_t *self)
{
    kill (cluster_broker (self), SIGKILL);
    cluster_await_end (self);
    cluster_start_again (self);
}

static cadre_t *s_as (const cluster_t *self, const char *name)
{
    cadre_t *pool =
        name ? cadre_open (NULL, &(cadre_options_t){.access = cluster_access (self, name),
                                                    .connect_timeout_ms = 20000})
             : cadre_open (cluster_local (self), NULL);
    if (!pool)
        fail_msg ("%s", cadre_open_message ());
    return pool;
}

//  A job of one task, square of that, in memory or on disk; its number.
static uint64_t s_submit (cadre_t *pool, const unsigned char *uuid, bool durable, int64_t value)
{
    cadre_job_options_t options = {
        .detached = true, .durable = durable, .uuid = uuid, .name = "mine"};
    cadre_job_t *job = cadre_job_open (pool, "square", &options);
    assert_int_equal (cadre_job_add (job, NULL, "i", value), CADRE_OK);
    cadre_job_seal (job);
    uint64_t number = cadre_job_number (job, WAIT_NOTICE_MS);
    assert_int_not_equal (number, 0);
    assert_int_equal (cadre_job_wait (job, WAIT_NOTICE_MS), CADRE_OK);
    cadre_job_destroy (&job);
    return number;
}

//  Its result, or the error with which it is not told.
static cadre_error_t s_read (cadre_t *pool, uint64_t number, int64_t *value, char message [512])
{
    cadre_job_t *job = cadre_job_follow (pool, number, CADRE_FOLLOW_RESULTS);
    cadre_event_t event = {0};
    cadre_error_t error;
    *value = -1;
    while ((error = cadre_job_next (job, &event, WAIT_NOTICE_MS)) == CADRE_OK)
        if (event.kind == CADRE_EVENT_RESULT && event.size_bytes == 1)
            *value = *(const int8_t *) event.bytes; //  A small number is one byte of msgpack
    snprintf (message, 512, "%s", cadre_job_message (job));
    cadre_job_destroy (&job);
    return error;
}

static cadre_error_t s_ask (cadre_t *pool, const char *what, uint64_t number, cadre_value_t **body)
{
    cadre_value_t *arguments = cadre_value_build ("{s:u,s:u}", "job", number, "task", (uint64_t) 0);
    cadre_error_t error = cadre_request (pool, what, arguments, body, WAIT_NOTICE_MS);
    cadre_value_destroy (&arguments);
    return error;
}

static bool s_lists (cadre_t *pool, uint64_t number)
{
    cadre_value_t *jobs = NULL;
    bool found = false;
    assert_int_equal (cadre_request (pool, "job.list", NULL, &jobs, WAIT_NOTICE_MS), CADRE_OK);
    for (size_t i = 0; i < cadre_value_count (jobs); i++)
        found =
            found || cadre_value_uint (cadre_value_get (cadre_value_at (jobs, i), "job")) == number;
    cadre_value_destroy (&jobs);
    return found;
}

static const char *const s_requests [] = {"job.info",  "task.list",  "task.info", "task.explain",
                                          "task.drop", "job.cancel", "job.retry", "job.forget"};
#define LOOKS 4 //  Of these, the first ones change nothing

//  ==== what others learn ===========================================================

//  The text for a job that is not there, with this number in it.
static void s_is_as_nobodys (const char *said, const char *of_nobody, uint64_t number)
{
    char expected [512], digits [32];
    const char *at = strstr (of_nobody, "999999");
    assert_non_null (at);
    snprintf (digits, sizeof digits, "%llu", (unsigned long long) number);
    snprintf (expected, sizeof expected, "%.*s%s%s", (int) (at - of_nobody), of_nobody, digits,
              at + 6);
    assert_string_equal (said, expected);
}

static void s_sees_nothing (cadre_t *pool, uint64_t number)
{
    char said [512], of_nobody [512];
    int64_t value;
    for (size_t i = 0; i < sizeof s_requests / sizeof *s_requests; i++) {
        assert_int_equal (s_ask (pool, s_requests [i], NOBODYS, NULL), CADRE_ERROR_NOT_FOUND);
        snprintf (of_nobody, sizeof of_nobody, "%s", cadre_message (pool));
        if (s_ask (pool, s_requests [i], number, NULL) != CADRE_ERROR_NOT_FOUND)
            fail_msg ("%s reaches another's job", s_requests [i]);
        s_is_as_nobodys (cadre_message (pool), of_nobody, number);
    }
    cadre_error_t error = s_read (pool, NOBODYS, &value, of_nobody);
    assert_int_equal (s_read (pool, number, &value, said), error);
    s_is_as_nobodys (said, of_nobody, number);
    assert_int_equal (value, -1);
    assert_false (s_lists (pool, number));
}

static void s_sees_all (cadre_t *pool, uint64_t number, int64_t square)
{
    char said [512];
    int64_t value;
    for (size_t i = 0; i < LOOKS; i++)
        if (s_ask (pool, s_requests [i], number, NULL) != CADRE_OK)
            fail_msg ("%s: %s", s_requests [i], cadre_message (pool));
    s_read (pool, number, &value, said);
    assert_int_equal (value, square);
    assert_true (s_lists (pool, number));
}

static void s_sees (const cluster_t *self, const char *name, uint64_t number, int64_t square)
{
    cadre_t *pool = s_as (self, name);
    if (square)
        s_sees_all (pool, number, square);
    else
        s_sees_nothing (pool, number);
    cadre_close (&pool, 5000);
}

static void s_let_all (cluster_t *self, const char *name, bool all)
{
    keydir_entry_t entry;
    fault_t fault = {0};
    assert_int_equal (keydir_get (cluster_keys (self), name, &entry, &fault), CADRE_OK);
    entry.all_jobs = all;
    assert_int_equal (keydir_put (cluster_keys (self), &entry, true, &fault), CADRE_OK);
    keydir_free (&entry);
    cluster_reload (self);
}

//  Its own see it, and those who may see all: not the next best key; and a restart changes nothing.
static void s_belongs (cluster_t *self, bool durable)
{
    cadre_t *alice = s_as (self, "alice");
    uint64_t number = s_submit (alice, NULL, durable, 7);
    cadre_close (&alice, 5000);
    for (int i = 0; i < (durable ? 2 : 1); i++) {
        if (i)
            s_restart (self);
        s_sees (self, "alice", number, 49);
        s_sees (self, "bob", number, 0);
        s_sees (self, "web", number, 0);
        s_sees (self, "boss", number, 49);
        s_sees (self, "eve", number, 49);
        s_sees (self, NULL, number, 49);
    }
    s_let_all (self, "bob", true);
    s_sees (self, "bob", number, 49);
    s_let_all (self, "bob", false);
    s_sees (self, "bob", number, 0);
    s_sees (self, "alice", number, 49); //  Nobody has cancelled, dropped or forgotten it
}

static void test_in_memory (void **state)
{
    s_belongs (*state, false);
}

static void test_on_disk (void **state)
{
    s_belongs (*state, true);
}

//  What the broker's own user submitted over ipc is not for keys that reach their own alone.
static void test_the_local_user_s (void **state)
{
    cluster_t *self = *state;
    cadre_t *local = s_as (self, NULL);
    uint64_t number = s_submit (local, NULL, false, 3);
    cadre_close (&local, 5000);
    s_sees (self, "alice", number, 0);
    s_sees (self, "boss", number, 9);
}

static void s_key_is (const cluster_t *self, const char *name, uint64_t number, const char *key)
{
    cadre_t *pool = s_as (self, name);
    cadre_value_t *job = NULL;
    assert_int_equal (s_ask (pool, "job.info", number, &job), CADRE_OK);
    assert_string_equal (cadre_value_text (cadre_value_get (job, "key")), key);
    cadre_value_destroy (&job);
    cadre_close (&pool, 5000);
}

//  Labels of clients are what they say themselves; the key is who it was.
static void test_whose_it_is_is_told (void **state)
{
    cluster_t *self = *state;
    cadre_t *alice = s_as (self, "alice"), *local = s_as (self, NULL);
    uint64_t number = s_submit (alice, NULL, true, 4), own = s_submit (local, NULL, false, 5);
    cadre_close (&alice, 5000);
    cadre_close (&local, 5000);
    s_key_is (self, "alice", number, "alice");
    s_key_is (self, "boss", own, "");
    s_restart (self);
    s_key_is (self, "boss", number, "alice");
    s_key_is (self, "eve", number, "alice");
}

//  Whoever may do it all the same does: the order is carried out.
static void test_orders (void **state)
{
    cluster_t *self = *state;
    cadre_t *alice = s_as (self, "alice");
    uint64_t first = s_submit (alice, NULL, false, 2), second = s_submit (alice, NULL, false, 3);
    assert_int_equal (s_ask (alice, "job.forget", first, NULL), CADRE_OK);
    cadre_t *boss = s_as (self, "boss");
    assert_int_equal (s_ask (boss, "job.forget", second, NULL), CADRE_OK);
    assert_false (s_lists (boss, first));
    assert_false (s_lists (boss, second));
    cadre_close (&boss, 5000);
    cadre_close (&alice, 5000);
}

//  ==== names =======================================================================

//  Whoever says another's UUID first, while it is there and when it was forgotten, has a job of
//  their own.
static void s_same_name (cluster_t *self, bool durable)
{
    static const unsigned char uuid [16] = "the same for all";
    char said [512];
    int64_t value;
    cadre_t *thief = s_as (self, "bob"), *alice = s_as (self, "alice");
    uint64_t taken = s_submit (thief, uuid, durable, 5), own = s_submit (alice, uuid, durable, 6);
    assert_int_not_equal (taken, own);
    assert_int_equal (s_submit (alice, uuid, durable, 6), own);
    assert_int_equal (s_submit (thief, uuid, durable, 5), taken);
    s_read (alice, own, &value, said);
    assert_int_equal (value, 36);
    s_read (thief, taken, &value, said);
    assert_int_equal (value, 25);
    assert_int_equal (s_ask (thief, "job.forget", taken, NULL), CADRE_OK);
    assert_int_equal (s_submit (alice, uuid, durable, 6), own);
    if (durable) {
        cadre_close (&thief, 5000);
        cadre_close (&alice, 5000);
        s_restart (self);
        thief = s_as (self, "bob"), alice = s_as (self, "alice");
        assert_int_equal (s_submit (alice, uuid, durable, 6), own);
    }
    //  Its own is forgotten: that is what it hears, and no other does
    cadre_job_t *again =
        cadre_job_open (thief, "square",
                        &(cadre_job_options_t){.detached = true, .durable = durable, .uuid = uuid});
    assert_int_equal (cadre_job_number (again, WAIT_NOTICE_MS), 0);
    assert_non_null (strstr (cadre_job_message (again), "was forgotten"));
    cadre_job_destroy (&again);
    cadre_close (&thief, 5000);
    cadre_close (&alice, 5000);
}

static void test_same_name_in_memory (void **state)
{
    s_same_name (*state, false);
}

static void test_same_name_on_disk (void **state)
{
    s_same_name (*state, true);
}

//  ==== keys made anew ==============================================================

static void s_rotate (cluster_t *self, const char *name)
{
    keydir_entry_t entry;
    access_t access;
    fault_t fault = {0};
    assert_int_equal (keydir_get (cluster_keys (self), name, &entry, &fault), CADRE_OK);
    assert_int_equal (access_read (&access, cluster_access (self, name), &fault), CADRE_OK);
    assert_int_equal (zmq_curve_keypair (access.keys.public_key, access.keys.secret_key), 0);
    memcpy (entry.public_key, access.keys.public_key, KEYS_TEXT_BYTES);
    assert_int_equal (keydir_put (cluster_keys (self), &entry, true, &fault), CADRE_OK);
    assert_int_equal (access_write (&access, cluster_access (self, name), &fault), CADRE_OK);
    keydir_free (&entry);
    access_wipe (&access);
    cluster_reload (self);
}

//  A key made anew has the jobs of the one before, however often; a new key of the same name
//  belongs to another person.
static void test_keys_made_anew (void **state)
{
    cluster_t *self = *state;
    cadre_t *bob = s_as (self, "bob");
    uint64_t number = s_submit (bob, NULL, true, 8);
    cadre_close (&bob, 5000);
    for (int i = 0; i < 2; i++) {
        s_rotate (self, "bob");
        s_sees (self, "bob", number, 64);
        s_key_is (self, "boss", number, "bob");
    }
    cluster_revoke (self, "bob");
    cluster_add_key (self, "bob", ROLE_CLIENT, NULL);
    cluster_reload (self);
    s_sees (self, "bob", number, 0);
    s_sees (self, "boss", number, 64);
    cadre_t *boss = s_as (self, "boss");
    cadre_value_t *job = NULL;
    assert_int_equal (s_ask (boss, "job.info", number, &job), CADRE_OK);
    assert_int_equal (strlen (cadre_value_text (cadre_value_get (job, "key"))),
                      KEYS_TEXT_BYTES - 1);
    cadre_value_destroy (&job);
    cadre_close (&boss, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_in_memory),           TEST (test_on_disk),
        TEST (test_the_local_user_s),    TEST (test_orders),
        TEST (test_same_name_in_memory), TEST (test_same_name_on_disk),
        TEST (test_keys_made_anew),      TEST (test_whose_it_is_is_told),
    };
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
