//  items_test.c - limits, crashes and retries concern the item: maps against a broker driven by
//  hand

#include <cadre.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "common/value.h"
#include "tests/lib/fakes/fake_broker.h"

#define ITEMS 10
#define BAD 4

//  How a chunk ends that has the bad item in it, as long as its tries are fewer than failures.
typedef struct rig {
    fake_broker_t *broker;
    cadre_t *pool;
    pthread_t thread;        //  Of the worker
    cadre_outcome_t outcome; //  ERROR: the others go on; else what ends the task, and those behind
                             //  are not begun
    unsigned failures;       //  Tries of it that fail
    size_t room;             //  Values that a slot can keep; 0: any number
    unsigned begun [ITEMS];  //  How often each item was begun
    uint64_t tries;          //  That the bad item was said to have had, last
    unsigned most;           //  Tries that the bad item has, if all of them fail
    size_t left;             //  Items without a value
    bool drains; //  What ends the task is that the worker leaves: once, and the bad item is not to
                 //  blame
    bool empty;  //  It answers with lists of no values
    bool once;   //  JOB_OPEN says that what is lost does not run twice
    uint64_t retries; //  ... and how often a task is tried again
} rig_t;

//  False when the task ends with this item.
static bool s_serve_item (rig_t *self, uint64_t item, uint64_t tries, buffer_t *values,
                          cadre_outcome_t *outcome)
{
    assert_in_range (item, 0, ITEMS - 1);
    self->begun [item]++;
    if (item == BAD)
        self->tries = tries;
    if (item != BAD || tries >= self->failures || (self->drains && self->begun [BAD] > 1)) {
        pack_uint (values, item * item);
        self->left--;
        return true;
    }
    if (tries + 1 == self->most)
        self->left = self->outcome == CADRE_OUTCOME_CANCELLED ? 0 : self->left - 1;
    value_codec_pack_failure (values, cadre_outcome_text (self->outcome), "bad", "");
    *outcome = self->outcome;
    return self->outcome == CADRE_OUTCOME_ERROR;
}

static void s_answer (rig_t *self, uint64_t ref, uint64_t index, cadre_outcome_t outcome,
                      const buffer_t *values, size_t count)
{
    buffer_t value = {0}, list = {0}, frame = {0}, detail = {0};
    pack_array (&value, count);
    pack_raw (&value, values->data, values->size);
    wire_result_t result = {.ref = ref,
                            .index = index,
                            .attempt = 1,
                            .outcome = outcome,
                            .value = wire_view_of (&value)};
    if (self->drains && outcome == CADRE_OUTCOME_CANCELLED) {
        pack_map (&detail, 1);
        pack_text (&detail, "kind");
        pack_text (&detail, "drained");
        result.detail = wire_view_of (&detail);
    }
    wire_pack_result (&list, &result);
    wire_results_t results = {.results = wire_list_of (&list, 1)};
    wire_write_results (&frame, (wire_envelope_t){0}, &results);
    fake_broker_send (self->broker, &frame);
    buffer_free (&value);
    buffer_free (&list);
    buffer_free (&detail);
}

static void s_serve_chunk (rig_t *self, uint64_t ref, uint64_t index, cursor_t *payload)
{
    size_t count = 0, done = 0;
    uint64_t first, tries;
    buffer_t values = {0};
    cadre_outcome_t outcome = CADRE_OUTCOME_OK;
    assert_true (cursor_array (payload, &count));
    assert_true (cursor_uint (payload, &first) && cursor_uint (payload, &tries));
    for (size_t i = 0; i < count - 2; i++)
        assert_true (cursor_skip (payload, NULL));
    for (bool goes_on = !self->empty; goes_on && done < count - 2; done++)
        goes_on =
            s_serve_item (self, first + done, tries, &values, &outcome) && done + 1 != self->room;
    s_answer (self, ref, index, outcome, &values, done);
    buffer_free (&values);
}

static void *s_serve (void *argument)
{
    rig_t *self = argument;
    wire_job_open_t open;
    cursor_t body = fake_broker_expect (self->broker, WIRE_job_open);
    assert_true (wire_read_job_open (&body, &open));
    self->once = open.retries_lost == 0;
    self->retries = open.retries;
    while (self->left) {
        wire_job_tasks_t tasks;
        body = fake_broker_expect (self->broker, WIRE_job_tasks);
        assert_true (wire_read_job_tasks (&body, &tasks));
        cursor_t payloads = cursor_of_view (tasks.payloads.values);
        for (size_t i = 0; i < tasks.payloads.count; i++)
            s_serve_chunk (self, tasks.ref, tasks.first + i, &payloads);
        if (self->empty)
            break;
    }
    return NULL;
}

//  Maps in one chunk, in place; what became of it.
static cadre_error_t s_map (rig_t *self, const cadre_job_options_t *job, int64_t results [ITEMS])
{
    for (int64_t i = 0; i < ITEMS; i++)
        results [i] = i;
    cadre_map_options_t options = {.job = *job, .chunk = ITEMS};
    self->broker = fake_broker_new (FAKE_BROKER_WELCOME, 100000);
    self->pool = cadre_open (fake_broker_address (self->broker), NULL);
    assert_non_null (self->pool);
    if (!self->left)
        self->left = ITEMS;
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
    return cadre_map_int (self->pool, "square", results, ITEMS, &options, results);
}

static void s_end (rig_t *self)
{
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->broker);
}

//  All others have their values, and were begun once.
static void s_check_others (const rig_t *self, const int64_t results [ITEMS])
{
    for (int64_t i = 0; i < ITEMS; i++) {
        if (i == BAD)
            continue;
        assert_int_equal (results [i], i * i);
        assert_int_equal (self->begun [i], 1);
    }
}

static void s_check_retried (cadre_outcome_t outcome, const cadre_job_options_t *job)
{
    rig_t rig = {.outcome = outcome, .failures = 2};
    int64_t results [ITEMS];
    assert_int_equal (s_map (&rig, job, results), CADRE_OK);
    pthread_join (rig.thread, NULL);
    s_check_others (&rig, results);
    assert_int_equal (results [BAD], BAD * BAD);
    assert_int_equal (rig.begun [BAD], 3);
    assert_int_equal (rig.tries, 2);
    assert_int_equal (rig.retries, 0);
    s_end (&rig);
}

static void test_failures_are_tried_again_alone (void **state)
{
    (void) state;
    static const cadre_outcome_t outcomes [] = {CADRE_OUTCOME_ERROR, CADRE_OUTCOME_SIGNAL,
                                                CADRE_OUTCOME_TIMEOUT};
    for (size_t i = 0; i < 3; i++)
        s_check_retried (outcomes [i], &(cadre_job_options_t){.retries = 2, .backoff_ms = 1});
    s_check_retried (CADRE_OUTCOME_TIMEOUT,
                     &(cadre_job_options_t){.retry_limits = "timeout=2", .backoff_ms = 1});
}

//  Its tries are used up, by cause, or it has none: the others are done all the same.
static void test_failures_that_are_final (void **state)
{
    (void) state;
    static const struct {
        cadre_outcome_t outcome; //  Of the bad item
        cadre_job_options_t job; //  How often it may be tried
        unsigned begun;          //  How often it is
        const char *message;     //  Of the map
    } cases [] = {
        {CADRE_OUTCOME_SIGNAL, {.no_rerun = true}, 1, "item 4: signal: bad"},
        {CADRE_OUTCOME_SIGNAL, {.retries = 1, .backoff_ms = 1}, 2, "item 4: signal: bad"},
        {CADRE_OUTCOME_TIMEOUT,
         {.retry_limits = "signal=5", .backoff_ms = 1},
         1,
         "item 4: timeout: bad"},
        {CADRE_OUTCOME_SIGNAL,
         {.retries = 9, .backoff_ms = 1},
         3,
         "item 4: quarantined: it has killed 3 slots"},
        {CADRE_OUTCOME_CANCELLED, {.retries = 9, .backoff_ms = 1}, 1, "item 4: cancelled: bad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t rig = {.outcome = cases [i].outcome, .failures = 99, .most = cases [i].begun};
        int64_t results [ITEMS];
        bool cancelled = rig.outcome == CADRE_OUTCOME_CANCELLED;
        assert_int_equal (s_map (&rig, &cases [i].job, results), CADRE_ERROR_TASK);
        pthread_join (rig.thread, NULL);
        assert_int_equal (rig.begun [BAD], cases [i].begun);
        assert_int_equal (
            strncmp (cadre_message (rig.pool), cases [i].message, strlen (cases [i].message)), 0);
        assert_int_equal (rig.once, cases [i].job.no_rerun);
        assert_int_equal (results [BAD], 0);
        assert_int_equal (rig.begun [ITEMS - 1], cancelled ? 0 : 1);
        if (!cancelled)
            s_check_others (&rig, results);
        s_end (&rig);
    }
}

//  A worker that leaves costs the item at hand nothing, but its only try if it must not run twice.
static void test_a_worker_that_leaves (void **state)
{
    (void) state;
    for (int once = 0; once < 2; once++) {
        rig_t rig = {.outcome = CADRE_OUTCOME_CANCELLED, .drains = true, .failures = 1};
        int64_t results [ITEMS];
        rig.left = once ? ITEMS - 1 : ITEMS;
        cadre_job_options_t job = {.no_rerun = once};
        assert_int_equal (s_map (&rig, &job, results), once ? CADRE_ERROR_TASK : CADRE_OK);
        pthread_join (rig.thread, NULL);
        s_check_others (&rig, results);
        assert_int_equal (rig.begun [BAD], once ? 1 : 2);
        assert_int_equal (rig.tries, 0);
        s_end (&rig);
    }
}

//  A slot that cannot keep more values ends its task early; the rest goes into others.
static void test_rest_is_begun_elsewhere (void **state)
{
    (void) state;
    rig_t rig = {.room = 3};
    int64_t results [ITEMS];
    assert_int_equal (s_map (&rig, &(cadre_job_options_t){0}, results), CADRE_OK);
    pthread_join (rig.thread, NULL);
    s_check_others (&rig, results);
    assert_int_equal (rig.begun [BAD], 1);
    s_end (&rig);
}

//  A worker that does nothing and says ok is not asked for ever.
static void test_nothing_done_is_a_failure (void **state)
{
    (void) state;
    rig_t rig = {.empty = true};
    int64_t results [ITEMS];
    assert_int_equal (s_map (&rig, &(cadre_job_options_t){.retries = 5}, results),
                      CADRE_ERROR_TASK);
    pthread_join (rig.thread, NULL);
    assert_non_null (strstr (cadre_message (rig.pool), "item 0: protocol"));
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_failures_are_tried_again_alone),
        cmocka_unit_test (test_failures_that_are_final),
        cmocka_unit_test (test_a_worker_that_leaves),
        cmocka_unit_test (test_rest_is_begun_elsewhere),
        cmocka_unit_test (test_nothing_done_is_a_failure),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
