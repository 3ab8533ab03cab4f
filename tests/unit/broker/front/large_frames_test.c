//  large_frames_test.c - large frames have a rate for each key

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_large_frames_have_a_rate)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
