//  requests_test.c - requests over many tasks: step by step, in their order, clients in turn, and
//  never a reply that no frame holds

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/front/front_session.h"
#include "broker/front/request.h"
#include "broker/front/requests.h"
#include "common/pack.h"
#include "tests/lib/rigs/modules_rig.h"

static const wire_job_open_t s_usual = {.retries_lost = 1};

typedef struct house {
    modules_rig_t rig; // the blackboard
    front_t *front;    // under test; its socket is never used
    client_t *one;     // asks
    client_t *other;   // as well
    uint64_t ids;      // of requests
    wire_reply_t last; // the last reply that was read; its views lie in the stream
} house_t;

static client_t *s_client (house_t *self)
{
    client_t *client = modules_rig_client (&self->rig);
    HASH_ADD (hh, self->rig.ctx.clients, session, sizeof client->session, client);
    return client;
}

static void s_start (house_t *self)
{
    *self = (house_t){0};
    modules_rig_start (&self->rig);
    self->front = front_new (&self->rig.ctx, NULL, NULL);
    self->one = s_client (self);
    self->other = s_client (self);
}

static void s_end_client (house_t *self, client_t **client)
{
    request_drop_all (self->front, *client);
    HASH_DELETE (hh, self->rig.ctx.clients, *client);
    modules_rig_end_client (&self->rig, client);
}

static void s_end (house_t *self)
{
    s_end_client (self, &self->one);
    s_end_client (self, &self->other);
    front_destroy (&self->front);
    modules_rig_end (&self->rig);
}

//  A job without client, with tasks that were never begun.
static job_t *s_job (house_t *self, uint32_t tasks)
{
    wire_job_open_t options = s_usual;
    options.detached = true;
    return modules_rig_job (&self->rig, self->one, &options, tasks);
}

//  Asks with `job` and one more argument, a text, or none.
static uint64_t s_ask (house_t *self, client_t *client, const char *what, uint64_t job,
                       const char *key, const char *value)
{
    buffer_t map = {0}, frame = {0};
    wire_envelope_t envelope;
    cursor_t body;
    pack_map (&map, (size_t) (job != 0) + (key != NULL));
    if (job) {
        pack_text (&map, "job");
        pack_uint (&map, job);
    }
    if (key) {
        pack_text (&map, key);
        pack_text (&map, value);
    }
    wire_request_t fields = {
        .id = ++self->ids, .what = wire_view (what), .arguments = wire_view_of (&map)};
    wire_write_request (&frame, (wire_envelope_t){0}, &fields);
    assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body), CADRE_OK);
    assert_true (requests_take (self->front, client, &body));
    buffer_free (&map);
    buffer_free (&frame);
    return self->ids;
}

//  The next reply to the client; false when there is none yet.
static bool s_hear (house_t *self, client_t *client)
{
    wire_envelope_t envelope;
    cursor_t body;
    const buffer_t *frame = stream_next (client->out);
    if (!frame)
        return false;
    assert_true (frame->size <= WIRE_FRAME_MAX);
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    assert_int_equal (envelope.verb, WIRE_reply);
    assert_true (wire_read_reply (&body, &self->last));
    return true;
}

static size_t s_elements (const house_t *self)
{
    cursor_t cursor = cursor_of_view (self->last.body);
    size_t count = 0;
    assert_true (cursor_array (&cursor, &count));
    return count;
}

//  Turns until something has come; how many that took.
static unsigned s_turns (house_t *self, client_t *client)
{
    for (unsigned turns = 0; turns < 100000; turns++) {
        if (s_hear (self, client))
            return turns;
        requests_answer (self->front);
    }
    fail_msg ("no reply comes");
    return 0;
}

//  Asks for a page of a list.
static size_t s_page (house_t *self, const char *what, uint64_t job, uint64_t first, uint64_t count)
{
    buffer_t map = {0}, frame = {0};
    wire_envelope_t envelope;
    cursor_t body;
    pack_map (&map, 3);
    request_pair_uint (&map, "job", job);
    request_pair_uint (&map, "first", first);
    request_pair_uint (&map, "count", count);
    wire_request_t fields = {
        .id = ++self->ids, .what = wire_view (what), .arguments = wire_view_of (&map)};
    wire_write_request (&frame, (wire_envelope_t){0}, &fields);
    assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body), CADRE_OK);
    assert_true (requests_take (self->front, self->one, &body));
    buffer_free (&map);
    buffer_free (&frame);
    s_turns (self, self->one);
    assert_false (self->last.more);
    return s_elements (self);
}

//  The first element's number.
static uint64_t s_first (const house_t *self, const char *key)
{
    cursor_t cursor = cursor_of_view (self->last.body);
    size_t count;
    view_t element;
    uint64_t number;
    assert_true (cursor_array (&cursor, &count) && cursor_skip (&cursor, &element));
    cursor = cursor_find (element, key);
    assert_true (cursor_uint (&cursor, &number));
    return number;
}

//  A list is read in pages, each from behind the last element of the one before.
static void test_lists_have_pages (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    const uint64_t first = s_job (&house, 5)->number;
    for (unsigned i = 1; i < 5; i++)
        s_job (&house, 5);
    assert_int_equal (s_page (&house, "job.list", 0, 0, 2), 2);
    assert_int_equal (s_first (&house, "job"), first);
    assert_int_equal (s_page (&house, "job.list", 0, first + 2, 2), 2);
    assert_int_equal (s_first (&house, "job"), first + 2);
    assert_int_equal (s_page (&house, "job.list", 0, first + 4, 2), 1);
    assert_int_equal (s_page (&house, "job.list", 0, first + 5, 2), 0);
    assert_int_equal (s_page (&house, "job.list", 0, 0, 0), 5);
    assert_int_equal (s_page (&house, "task.list", first, 2, 2), 2);
    assert_int_equal (s_first (&house, "index"), 2);
    assert_int_equal (s_page (&house, "task.list", first, 4, 2), 1);
    assert_int_equal (s_page (&house, "task.list", first, 5, 2), 0);
    s_end (&house);
}

static void test_what_is_small_is_answered_at_once (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, 3);
    s_ask (&house, house.one, "task.list", job->number, NULL, NULL);
    assert_true (s_hear (&house, house.one));
    assert_int_equal (s_elements (&house), 3);
    assert_false (house.last.more);
    s_end (&house);
}

//  A list that matches nothing looks at each task once, so many a turn; others are answered between
//  two steps
static void test_a_scan_is_cut_into_turns (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    const uint32_t tasks = FRONT_STEPS * 20;
    job_t *job = s_job (&house, tasks);
    uint64_t long_one = s_ask (&house, house.one, "task.list", job->number, "state", "done");
    uint64_t behind = s_ask (&house, house.one, "job.info", job->number, NULL, NULL);
    assert_false (s_hear (&house, house.one));
    for (unsigned i = 0; i < 10; i++) {
        uint64_t id = s_ask (&house, house.other, "job.info", job->number, NULL, NULL);
        assert_in_range (s_turns (&house, house.other), 0, 1);
        assert_int_equal (house.last.id, id);
        assert_false (s_hear (&house, house.one));
    }
    assert_in_range (s_turns (&house, house.one), 20 - 10, 20 + 4);
    assert_int_equal (house.last.id, long_one);
    assert_int_equal (s_elements (&house), 0);
    s_turns (&house, house.one);
    assert_int_equal (house.last.id, behind);
    s_end (&house);
}

//  While others speak, a turn has less time for answers
static void test_a_turn_with_frames_is_short (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, FRONT_STEPS * 4);
    house.rig.ctx.heard = true;
    s_ask (&house, house.one, "task.list", job->number, "state", "done");
    assert_in_range (s_turns (&house, house.one), 12, 18);
    s_end (&house);
}

static void test_clients_take_turns (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, FRONT_STEPS * 4);
    for (unsigned i = 0; i < 50; i++)
        s_ask (&house, house.one, "task.list", job->number, "state", "done");
    s_ask (&house, house.other, "task.list", job->number, "state", "done");
    assert_in_range (s_turns (&house, house.other), 4, 12);
    s_end (&house);
}

//  Who takes no replies gets no more of them, and goes on where it was when it does
static void test_a_list_waits_for_its_reader (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    const uint32_t tasks = 40000;
    job_t *job = s_job (&house, tasks);
    s_ask (&house, house.one, "task.list", job->number, NULL, NULL);
    for (unsigned i = 0; i < 1000; i++)
        requests_answer (house.front);
    assert_in_range (stream_bytes (house.one->out), INBOX_REPLIES_BYTES - 4096,
                     INBOX_REPLIES_BYTES + (512 << 10));
    size_t seen = 0;
    for (bool more = true; more; requests_answer (house.front)) {
        if (s_hear (&house, house.one)) {
            seen += s_elements (&house);
            more = house.last.more;
            assert_true (stream_acknowledge (house.one->out, stream_sent (house.one->out)));
        }
        request_queue (house.front, house.one);
    }
    assert_int_equal (seen, tasks);
    s_end (&house);
}

//  Who asks on is not heard for ever
static void test_an_inbox_has_an_end (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, FRONT_STEPS * 4);
    size_t asked = 0;
    for (; inbox_admits (&house.one->inbox, 100); asked++)
        s_ask (&house, house.one, "task.list", job->number, "state", "done");
    assert_int_equal (asked, INBOX_REQUESTS_MAX);
    s_end (&house);
}

//  The job at which a list stands is forgotten: the list goes on behind it, and ends
static void test_a_list_survives_what_it_stands_at (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *jobs [200];
    for (size_t i = 0; i < 200; i++) {
        jobs [i] = s_job (&house, 1);
        ledger_jobs_cancel_all (house.rig.ctx.ledger, jobs [i]);
        ledger_settle (house.rig.ctx.ledger);
    }
    house.front->steps = 400;
    s_ask (&house, house.one, "job.list", 0, NULL, NULL);
    assert_false (s_hear (&house, house.one));
    for (size_t i = 0; i < 199; i++)
        ledger_jobs_forget (house.rig.ctx.ledger, jobs [i]);
    s_job (&house, 1); // comes later: not listed
    s_turns (&house, house.one);
    assert_in_range (s_elements (&house), 2, 30);
    assert_false (house.last.more);
    s_end (&house);
}

//  A job whose list is being made is gone
static void test_a_list_of_a_job_that_goes (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    job_t *job = s_job (&house, FRONT_STEPS * 4);
    s_ask (&house, house.one, "task.list", job->number, "state", "leased");
    ledger_jobs_withdraw (house.rig.ctx.ledger, job);
    s_turns (&house, house.one);
    assert_int_equal (house.last.code, CADRE_ERROR_NOT_FOUND);
    s_end (&house);
}

//  Failed tasks are tried again bit by bit, when what is still to be cancelled has ended
static void test_a_retry_is_cut_into_turns (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    const uint32_t tasks = 100000;
    job_t *job = s_job (&house, tasks);
    ledger_jobs_cancel_all (house.rig.ctx.ledger, job);
    s_ask (&house, house.one, "job.retry", job->number, NULL, NULL);
    for (unsigned i = 0; i < 10; i++)
        requests_answer (house.front);
    assert_false (s_hear (&house, house.one));
    assert_int_equal (job->ready + job->failed, tasks);
    while (job->failed < tasks)
        ledger_settle (house.rig.ctx.ledger);
    assert_in_range (s_turns (&house, house.one), 20, 1000);
    cursor_t count = cursor_find (house.last.body, "tasks");
    uint64_t number = 0;
    assert_true (cursor_uint (&count, &number));
    assert_int_equal (number, tasks);
    assert_int_equal (job->ready, tasks);
    assert_string_equal (job_state_name (job), "active");
    s_end (&house);
}

//  Whatever a job of an old store is called, it can be listed: texts are cut at a character, with a
//  mark
//  The last reply is a map with this number.
static uint64_t s_number (const house_t *self, const char *key)
{
    uint64_t number = UINT64_MAX;
    cursor_t cursor = cursor_find (self->last.body, key);
    assert_true (cursor_uint (&cursor, &number));
    return number;
}

//  One request cancels, another forgets all that have ended; a job that is active stays.
static void test_many_jobs_at_once (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    for (unsigned i = 0; i < 3000; i++)
        s_job (&house, 1);
    s_ask (&house, house.one, "job.cancel", 0, "state", "active");
    assert_true (s_turns (&house, house.one) > 1);
    assert_int_equal (s_number (&house, "cancelled"), 3000);
    job_t *active = s_job (&house, 1);
    uint64_t number = active->number;
    do
        ledger_settle (house.rig.ctx.ledger);
    while (ledger_settle_goes_on (house.rig.ctx.ledger));
    s_ask (&house, house.one, "job.forget", 0, "state", "active");
    s_turns (&house, house.one);
    assert_int_equal (s_number (&house, "jobs"), 0);
    s_ask (&house, house.one, "job.forget", 0, "state", "cancelled");
    s_turns (&house, house.one);
    assert_int_equal (s_number (&house, "jobs"), 3000);
    assert_int_equal (job_table_count (house.rig.ctx.jobs), 1);
    assert_non_null (job_table_find (house.rig.ctx.jobs, number));
    s_end (&house);
}

static void test_what_is_too_long_is_cut (void **state)
{
    (void) state;
    house_t house;
    s_start (&house);
    uint8_t uuid [WIRE_UUID_BYTES] = {77};
    buffer_t name = {0};
    while (name.size < WIRE_FRAME_MAX - 200)
        buffer_append (&name, "é", 2);
    wire_job_open_t open = s_usual;
    open.uuid = (view_t){uuid, sizeof uuid};
    open.kind = WIRE_KIND_COMMAND;
    open.detached = true;
    open.function = open.name = wire_view_of (&name);
    job_t *job = ledger_jobs_open (house.rig.ctx.ledger, house.one, &open);
    static const char *const questions [] = {"job.list", "job.info"};
    for (size_t i = 0; i < 2; i++) {
        s_ask (&house, house.one, questions [i], job->number, NULL, NULL);
        s_turns (&house, house.one);
        assert_int_equal (house.last.code, CADRE_OK);
        cursor_t cursor = cursor_of_view (house.last.body);
        size_t count = 1;
        if (i == 0)
            assert_true (cursor_array (&cursor, &count) && count == 1);
        view_t map, text;
        assert_true (cursor_skip (&cursor, &map));
        cursor = cursor_find (map, "function");
        assert_true (cursor_text (&cursor, &text));
        assert_in_range (text.size, 1000, 1024);
        assert_memory_equal (text.data + text.size - 3, "…", 3);
        assert_int_equal ((text.size - 3) % 2, 0); // no half of a character
    }
    buffer_free (&name);
    s_end (&house);
}

int main (void)
{
    static const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_what_is_small_is_answered_at_once),
        cmocka_unit_test (test_a_scan_is_cut_into_turns),
        cmocka_unit_test (test_a_turn_with_frames_is_short),
        cmocka_unit_test (test_clients_take_turns),
        cmocka_unit_test (test_lists_have_pages),
        cmocka_unit_test (test_a_list_waits_for_its_reader),
        cmocka_unit_test (test_an_inbox_has_an_end),
        cmocka_unit_test (test_a_list_survives_what_it_stands_at),
        cmocka_unit_test (test_a_list_of_a_job_that_goes),
        cmocka_unit_test (test_a_retry_is_cut_into_turns),
        cmocka_unit_test (test_many_jobs_at_once),
        cmocka_unit_test (test_what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
