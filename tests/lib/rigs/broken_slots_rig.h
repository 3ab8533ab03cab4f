/*  broken_slots_rig.h - rig: slots of a worker that break, and what became of their leases
 *
 *  Static functions for unit tests that include it once.
 */

#ifndef TESTS_LIB_RIGS_BROKEN_SLOTS_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_BROKEN_SLOTS_RIG_H_INCLUDED

#include "tests/lib/fakes/fake_slot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static slots_rig_t bench;
static uint32_t tickets [64];

//  COUNT slots that are ready, and as many leases more than one each: serials from 1 on, given in
//  order.
static inline void s_open (size_t slots, size_t leases, uint64_t timeout_ms)
{
    slots_rig_open (&bench, slots, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, timeout_ms, 100);
    slots_rig_push (&bench, 42, 1, leases);
    slots_rig_turn (&bench);
    for (size_t i = 0; i < slots; i++)
        fake_slot_ready (&bench.slot [i]);
    slots_rig_turn (&bench);
}

static inline const fake_heard_t *s_heard (uint64_t serial)
{
    for (size_t i = 0; i < bench.heard_count; i++)
        if (bench.heard [i].serial == serial)
            return &bench.heard [i];
    return NULL;
}

static inline bool s_is_killed (size_t place)
{
    return bench.slot [place].backend.last_signal == SIGKILL;
}

//  The kill takes effect, and another slot comes.
static inline void s_bury (size_t place)
{
    assert_true (s_is_killed (place));
    fake_slot_die (&bench.slot [place], SIGKILL);
    slots_rig_pass_ms (&bench, 20);
    slots_rig_turn (&bench);
}

static inline void s_next_slot (size_t place)
{
    for (int i = 0; i < 20 && bench.slot [place].fd < 0; i++)
        slots_rig_pass_ms (&bench, 1000);
    fake_slot_ready (&bench.slot [place]);
    slots_rig_turn (&bench);
}

static inline void s_claim (size_t place)
{
    assert_int_equal (fake_slot_claim (&bench.slot [place], 1, bench.time.now_us), TICKET_RUN);
}

#endif
