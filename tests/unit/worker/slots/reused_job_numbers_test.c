//  reused_job_numbers_test.c - jobs of a broker that is gone, whose numbers another one gives
//  again; slots are played by the test

#include "tests/lib/fakes/fake_slot.h"
#include "worker/slots/slot_handle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER 42
#define SEEN(verbs, name) ((verbs) >> (WIRE_##name - 0x60) & 1)

static slots_rig_t bench;
static uint32_t tickets [8];

static size_t s_read (size_t place, uint32_t *verbs)
{
    *verbs = 0;
    return fake_slot_read (&bench.slot [place], tickets, 8, verbs);
}

//  Two slots run leases 1 and 2 of the job; then a broker of this epoch welcomes the worker, and
//  adopts nothing.
static void s_run_and_meet (uint64_t epoch)
{
    wire_list_t nothing = {0};
    uint32_t verbs;
    slots_rig_open (&bench, 2, NULL);
    slots_close_jobs (bench.slots, 1);
    slots_rig_job (&bench, NUMBER, WIRE_KIND_CALL, 0, 5000);
    slots_rig_push (&bench, NUMBER, 1, 2);
    slots_rig_turn (&bench);
    for (size_t place = 0; place < 2; place++)
        fake_slot_ready (&bench.slot [place]);
    slots_rig_turn (&bench);
    for (size_t place = 0; place < 2; place++) {
        assert_int_equal (s_read (place, &verbs), 1);
        assert_int_equal (fake_slot_claim (&bench.slot [place], 1, bench.time.now_us), TICKET_RUN);
    }
    slots_keep (bench.slots, &nothing);
    slots_close_jobs (bench.slots, epoch);
}

static void s_open_other (void)
{
    slots_open_job (bench.slots, &(wire_lane_job_t){.job = NUMBER,
                                                    .kind = WIRE_KIND_MAP,
                                                    .function = wire_view ("other"),
                                                    .grace_ms = 5000});
}

static void s_end (size_t place)
{
    fake_slot_result (&bench.slot [place], 1, CADRE_OUTCOME_CANCELLED, 50000);
    slots_rig_turn (&bench);
}

static void s_another_brokers_number_is_another_job (void **state)
{
    (void) state;
    uint32_t verbs;
    s_run_and_meet (2);
    assert_null (slots_job (bench.slots, NUMBER));
    s_open_other ();
    assert_int_equal (slots_job (bench.slots, NUMBER)->kind, WIRE_KIND_MAP);
    assert_int_equal (slots_job (bench.slots, NUMBER)->function.size, strlen ("other"));
    slots_rig_push (&bench, NUMBER, 3, 1);
    slots_rig_turn (&bench);
    assert_int_equal (s_read (0, &verbs), 0);

    //  The slot that is free first forgets the old one, and is told of the new one; not again when
    //  the other ends, too
    s_end (0);
    assert_int_equal (s_read (0, &verbs), 1);
    assert_true (SEEN (verbs, slot_job_end) && SEEN (verbs, slot_job));
    s_end (1);
    s_read (1, &verbs);
    assert_true (SEEN (verbs, slot_job_end));
    s_read (0, &verbs);
    assert_false (SEEN (verbs, slot_job_end));
    slots_rig_close (&bench);
}

//  A slot that has nothing of it to run is told at once.
static void s_a_free_slot_forgets_at_once (void **state)
{
    (void) state;
    uint32_t verbs;
    wire_list_t nothing = {0};
    s_run_and_meet (1);
    s_end (0);
    s_read (0, &verbs);
    assert_false (SEEN (verbs, slot_job_end)); //  The same broker may have more of it
    slots_keep (bench.slots, &nothing);
    slots_close_jobs (bench.slots, 2);
    slots_rig_turn (&bench);
    s_read (0, &verbs);
    assert_true (SEEN (verbs, slot_job_end));
    s_read (1, &verbs);
    assert_false (SEEN (verbs, slot_job_end));
    slots_rig_close (&bench);
}

static void s_the_same_brokers_number_is_the_same_job (void **state)
{
    (void) state;
    s_run_and_meet (1);
    cached_job_t *job = slots_job (bench.slots, NUMBER);
    assert_non_null (job);
    s_open_other ();
    assert_ptr_equal (slots_job (bench.slots, NUMBER), job);
    assert_int_equal (job->kind, WIRE_KIND_CALL);
    slots_rig_close (&bench);
}

//  A slot knows one job of a number: the end of one that is gone must not take the present one's
//  place.
static void s_the_end_of_a_bygone_job_spares_the_present_one (void **state)
{
    (void) state;
    wire_lane_job_t fields = {.job = NUMBER};
    slot_handle_t handle;
    slot_handle_init (&handle, 0);
    job_cache_t *jobs = job_cache_new (1);
    job_cache_set_epoch (jobs, 1);
    cached_job_t *bygone = job_cache_open (jobs, &fields);
    job_cache_set_epoch (jobs, 2);
    cached_job_t *present = job_cache_open (jobs, &fields);
    job_cache_set_known (bygone, 0, true);
    job_cache_set_known (present, 0, true);
    slot_handle_end_job (&handle, jobs, bygone);
    assert_int_equal (handle.out.size, 0);
    assert_false (job_cache_is_known (bygone, 0));
    assert_true (job_cache_is_known (present, 0));
    slot_handle_end_job (&handle, jobs, present);
    assert_true (handle.out.size > 0);
    buffer_free (&handle.out);
    job_cache_destroy (&jobs);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_another_brokers_number_is_another_job),
        cmocka_unit_test (s_a_free_slot_forgets_at_once),
        cmocka_unit_test (s_the_same_brokers_number_is_the_same_job),
        cmocka_unit_test (s_the_end_of_a_bygone_job_spares_the_present_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
