//  pages_test.c - a list of three million tasks comes in pages, as fast as it is read, and others
//  are answered in between

#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

#define TASKS UINT64_C (3000000)
#define FRAME_TASKS 60000u

//  Beats take what has come; lost_ms is far away.
static void s_acknowledge (peer_t *self)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session},
                     &(wire_beat_t){.received = self->in, .sent = self->out});
    s_send (self->dealer, &frame);
}

static void s_ask (peer_t *self, uint64_t id, const char *what, uint64_t job)
{
    buffer_t map = {0}, frame = {0};
    pack_map (&map, 1);
    pack_text (&map, "job");
    pack_uint (&map, job);
    wire_request_t request = {.id = id, .what = wire_view (what), .arguments = wire_view_of (&map)};
    wire_write_request (&frame, s_next (self), &request);
    s_send (self->dealer, &frame);
    buffer_free (&map);
}

//  The next reply, which is to that request; how many elements its list has. 0 when none comes in
//  time.
static size_t s_hear_within (peer_t *self, uint64_t id, bool *more, int wait_ms)
{
    wire_reply_t reply;
    size_t count = 0;
    if (!s_receive (self, self->dealer, WIRE_reply, wait_ms))
        return 0;
    assert_true (wire_read_reply (&self->body, &reply));
    assert_int_equal (reply.id, id);
    assert_int_equal (reply.code, CADRE_OK);
    cursor_t list = cursor_of_view (reply.body);
    if (cursor_peek (&list) == CURSOR_ARRAY)
        cursor_array (&list, &count);
    *more = reply.more;
    return count;
}

static size_t s_hear (peer_t *self, uint64_t id, bool *more)
{
    *more = true;
    return s_hear_within (self, id, more, WAIT_MS);
}

//  A frame of tasks that have ended already: a byte each.
static void s_send_ended (peer_t *self, uint64_t first)
{
    buffer_t list = {0}, frame = {0};
    for (uint32_t i = 0; i < FRAME_TASKS; i++)
        pack_nil (&list);
    wire_job_tasks_t tasks = {
        .ref = 1, .first = first, .payloads = wire_list_of (&list, FRAME_TASKS)};
    wire_write_job_tasks (&frame, s_next (self), &tasks);
    s_send (self->dealer, &frame);
    buffer_free (&list);
}

//  The job's number.
static uint64_t s_fill (peer_t *self, uint64_t granted)
{
    buffer_t ended = {0};
    uint8_t uuid [16];
    wire_job_opened_t opened;
    wire_job_open_t open = s_job (1, uuid);
    wire_pack_span (&ended, &(wire_span_t){.first = 0, .count = TASKS});
    open.detached = true;
    open.ended = wire_list_of (&ended, 1);
    s_open_job (self, &open);
    buffer_free (&ended);
    s_expect (self, self->dealer, WIRE_job_opened);
    assert_true (wire_read_job_opened (&self->body, &opened));
    assert_int_equal (opened.code, CADRE_OK);
    for (uint64_t first = 0; first < TASKS; first += FRAME_TASKS) {
        wire_window_t window = {.tasks = granted};
        while (window.tasks < first + FRAME_TASKS) {
            s_acknowledge (self);
            s_expect (self, self->dealer, WIRE_window);
            assert_true (wire_read_window (&self->body, &window));
        }
        granted = window.tasks;
        s_send_ended (self, first);
    }
    return opened.number;
}

static void test_a_long_list_comes_in_pages (void **state)
{
    (void) state;
    rig_t rig;
    peer_t reader, other;
    bool more = true, others_more;
    size_t seen, pages = 0, count;
    s_start (&rig, 60000, false);
    wire_client_welcome_t welcome = s_client_open (&reader, &rig);
    uint64_t job = s_fill (&reader, welcome.window_tasks);
    s_client_open (&other, &rig);
    s_ask (&reader, 7, "task.list", job);
    seen = s_hear (&reader, 7, &more);
    s_ask (&other, 1, "job.info", job);
    s_hear (&other, 1, &others_more);
    //  What is not acknowledged yet is few pages, and not the whole list
    for (; (count = s_hear_within (&reader, 7, &more, 0)) > 0; pages++)
        seen += count;
    assert_in_range (pages, 0, 8);
    assert_true (more);
    s_acknowledge (&reader);
    for (; more; pages++) {
        seen += s_hear (&reader, 7, &more);
        //  Before the reader has taken the page, so before the list can have ended
        s_ask (&other, pages, "job.info", job);
        s_hear (&other, pages, &others_more);
        s_acknowledge (&other);
        s_acknowledge (&reader);
    }
    assert_int_equal (seen, TASKS);
    assert_true (pages > 500);
    s_close (&other);
    s_close (&reader);
    s_end (&rig);
}

int main (void)
{
    static const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_long_list_comes_in_pages),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
