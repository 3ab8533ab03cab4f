//  deferred_frames_test.c - frames that wait until a client acknowledges replies, and the rate of
//  large frames

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/front/deferred_frames.h"
#include "tests/lib/rigs/modules_rig.h"

#define MIB (1024u * 1024)

static deferred_frames_verdict_t s_judge (modules_rig_t *rig, client_t *client, unsigned verb,
                                          size_t size)
{
    static const uint8_t bytes [MIB];
    cursor_t body = cursor_of (bytes, size);
    return deferred_frames_judge (client, &rig->ctx,
                                  &(wire_envelope_t){.verb = (uint8_t) verb, .sequence = 1}, &body);
}

static void test_large_frames_have_a_rate (void **state)
{
    (void) state;
    modules_rig_t rig;
    unsigned passed = 0;
    modules_rig_start (&rig);
    client_t *client = modules_rig_client (&rig);
    while (passed < 100 && s_judge (&rig, client, WIRE_job_open, MIB) == DEFERRED_FRAMES_PASS)
        passed++;
    assert_in_range (passed, 25, 40);
    //  Nothing behind it is read, until it is asked for it again
    assert_int_equal (s_judge (&rig, client, WIRE_request, 10), DEFERRED_FRAMES_DROP);
    assert_true (deferred_frames_wants_more (client));
    assert_int_equal (s_judge (&rig, client, WIRE_request, 10), DEFERRED_FRAMES_PASS);
    assert_int_equal (s_judge (&rig, client, WIRE_request, MIB), DEFERRED_FRAMES_DROP);
    rig.ctx.now_us += 5000000;
    assert_true (deferred_frames_wants_more (client));
    assert_int_equal (s_judge (&rig, client, WIRE_job_open, MIB), DEFERRED_FRAMES_PASS);
    //  A window bounds these
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal (s_judge (&rig, client, WIRE_job_tasks, MIB), DEFERRED_FRAMES_PASS);
    modules_rig_end_client (&rig, &client);
    modules_rig_end (&rig);
}

//  A client that does not acknowledge what it was answered: it is full.
static client_t *s_full_client (modules_rig_t *rig)
{
    modules_rig_start (rig);
    client_t *client = modules_rig_client (rig);
    while (!client_is_full (client, &rig->ctx)) {
        buffer_t reply = {0};
        memset (buffer_reserve (&reply, MIB), 0, MIB);
        reply.size = MIB;
        stream_put (client->out, &reply, 0, false);
    }
    return client;
}

//  It has read them, and what it sent may be looked at.
static void s_read_all (client_t *client)
{
    uint64_t sent = 0;
    while (stream_next (client->out))
        sent++;
    assert_true (stream_acknowledge (client->out, sent));
    assert_int_equal (stream_plain_bytes (client->out), 0);
}

static void s_end (modules_rig_t *rig, client_t **client)
{
    modules_rig_end_client (rig, client);
    modules_rig_end (rig);
}

static void s_next_is (client_t *client, modules_rig_t *rig, unsigned verb)
{
    deferred_frame_t *frame = deferred_frames_next (client, &rig->ctx);
    assert_non_null (frame);
    assert_int_equal (frame->envelope.verb, verb);
    free (frame);
}

static void test_frames_wait_in_their_order (void **state)
{
    (void) state;
    modules_rig_t rig;
    client_t *client = s_full_client (&rig);
    assert_int_equal (s_judge (&rig, client, WIRE_request, 10), DEFERRED_FRAMES_PASS);
    assert_int_equal (s_judge (&rig, client, WIRE_job_open, 10), DEFERRED_FRAMES_TAKEN);
    assert_int_equal (s_judge (&rig, client, WIRE_request, 10), DEFERRED_FRAMES_TAKEN);
    assert_int_equal (s_judge (&rig, client, WIRE_job_follow, 10), DEFERRED_FRAMES_TAKEN);
    assert_null (deferred_frames_next (client, &rig.ctx)); //  It is full still
    s_read_all (client);
    s_next_is (client, &rig, WIRE_job_open);
    s_next_is (client, &rig, WIRE_request);
    s_next_is (client, &rig, WIRE_job_follow);
    assert_null (deferred_frames_next (client, &rig.ctx));
    assert_int_equal (client->deferred_bytes, 0);
    assert_int_equal (s_judge (&rig, client, WIRE_job_open, 10), DEFERRED_FRAMES_PASS);
    assert_false (deferred_frames_wants_more (client)); //  Nothing was dropped
    s_end (&rig, &client);
}

static void test_few_bytes_wait (void **state)
{
    (void) state;
    modules_rig_t rig;
    unsigned taken = 0;
    client_t *client = s_full_client (&rig);
    while (taken < 1000 && s_judge (&rig, client, WIRE_job_open, 10000) == DEFERRED_FRAMES_TAKEN)
        taken++;
    assert_in_range (taken, 50, 110); //  1 MiB
    assert_int_equal (s_judge (&rig, client, WIRE_job_open, 1), DEFERRED_FRAMES_DROP);
    assert_false (deferred_frames_wants_more (client)); //  What waits comes first
    s_read_all (client);
    while (taken--)
        s_next_is (client, &rig, WIRE_job_open);
    assert_true (deferred_frames_wants_more (client));
    assert_false (deferred_frames_wants_more (client));
    s_end (&rig, &client);
}

static void test_tasks_wait_within_their_window (void **state)
{
    (void) state;
    modules_rig_t rig;
    client_t *client = s_full_client (&rig);
    client->granted_bytes = client->received_bytes + 10000;
    assert_int_equal (s_judge (&rig, client, WIRE_job_follow, 10), DEFERRED_FRAMES_TAKEN);
    assert_int_equal (s_judge (&rig, client, WIRE_job_tasks, 9000), DEFERRED_FRAMES_TAKEN);
    assert_int_equal (s_judge (&rig, client, WIRE_job_tasks, 9000), DEFERRED_FRAMES_BROKEN);
    s_read_all (client);
    s_next_is (client, &rig, WIRE_job_follow);
    s_next_is (client, &rig, WIRE_job_tasks);
    assert_int_equal (client->parked_metered, 0);
    s_end (&rig, &client);
}

//  Three times lost_ms without any progress is the end of a session to which much is on its way.
static void test_who_never_acknowledges_is_stuck (void **state)
{
    (void) state;
    modules_rig_t rig;
    client_t *client = s_full_client (&rig);
    assert_false (deferred_frames_is_stuck (client, &rig.ctx)); //  Nothing was sent yet
    rig.ctx.now_us += 60000000;
    client->backlog.bytes = UINT64_C (1) << 30;
    assert_false (deferred_frames_is_stuck (client, &rig.ctx));
    rig.ctx.now_us += 29000000;
    assert_false (deferred_frames_is_stuck (client, &rig.ctx));
    client->backlog.settled++; //  It reads
    assert_false (deferred_frames_is_stuck (client, &rig.ctx));
    rig.ctx.now_us += 29000000;
    assert_false (deferred_frames_is_stuck (client, &rig.ctx));
    rig.ctx.now_us += 2000000;
    assert_true (deferred_frames_is_stuck (client, &rig.ctx));
    s_read_all (client);
    assert_false (deferred_frames_is_stuck (client, &rig.ctx));
    s_end (&rig, &client);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_large_frames_have_a_rate),
        cmocka_unit_test (test_frames_wait_in_their_order),
        cmocka_unit_test (test_few_bytes_wait),
        cmocka_unit_test (test_tasks_wait_within_their_window),
        cmocka_unit_test (test_who_never_acknowledges_is_stuck),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
