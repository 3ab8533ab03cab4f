//  sink_window_test.c - what a worker may send ahead of acknowledgements, and that none that keeps
//  to it is blamed

#include "broker/core/context.h"
#include "broker/peers/sink_window.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES 200000u

static uint32_t s_random (uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

//  A worker that sends a frame while less than the window is unacknowledged as far as it knows;
//  BEATs acknowledge anything that has come, and reach it late or never.
static void test_who_keeps_to_it_is_never_blamed (void **state)
{
    (void) state;
    static uint64_t upto [FRAMES + 1];
    for (uint32_t seed = 1; seed <= 20; seed++) {
        sink_window_t window = {0};
        uint32_t random = seed, largest = seed % 3 ? WIRE_FRAME_MAX : 3000;
        uint64_t sent = 0, said = 0, known = 0;
        while (sent < FRAMES && upto [sent] < UINT64_C (400) << 20) {
            if (upto [sent] - upto [known] < CONTEXT_SINK_BYTES && s_random (&random) % 100) {
                size_t size = 1 + s_random (&random) % largest;
                upto [sent + 1] = upto [sent] + size;
                sent++;
                assert_true (sink_window_came (&window, sent, size));
                continue;
            }
            said += s_random (&random) % (sent - said + 1);
            sink_window_acknowledge (&window, said);
            if (s_random (&random) % 2)
                known = said;
        }
    }
}

static void test_who_sends_on_is (void **state)
{
    (void) state;
    sink_window_t window = {0};
    uint64_t sent = 0, bytes = 0;
    while (sink_window_came (&window, ++sent, 100000))
        bytes += 100000;
    assert_in_range (bytes, CONTEXT_SINK_BYTES, CONTEXT_SINK_BYTES + (3 << 20));
}

#define TEST(name) cmocka_unit_test (name)

int main (void)
{
    const struct CMUnitTest tests [] = {TEST (test_who_keeps_to_it_is_never_blamed),
                                        TEST (test_who_sends_on_is)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
