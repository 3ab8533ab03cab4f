//  handover_test.c - files go along with bytes, in order; a slot's large results are files

#include "common/bulk.h"
#include "common/descriptors.h"
#include "common/pack.h"
#include "tests/lib/fakes/fake_slot.h"
#include "worker/shared/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE (1u << 20)

static int s_pair [2];
static handover_t s_files;
static slots_rig_t bench;

static void s_open_pair (void)
{
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s_pair), 0);
    s_files = (handover_t){0};
}

static void s_close_pair (void)
{
    handover_clear (&s_files);
    close (s_pair [0]);
    close (s_pair [1]);
}

static ssize_t s_receive (void)
{
    uint8_t bytes [64];
    return handover_receive (&s_files, s_pair [1], bytes, sizeof bytes, MSG_DONTWAIT);
}

static void s_files_come_in_order (void **state)
{
    (void) state;
    int fd = -1;
    size_t open = descriptors_open ();
    s_open_pair ();
    for (size_t i = 1; i <= 3; i++) {
        bulk_t *bulk = bulk_of_pieces (&(view_t){(const uint8_t *) "123", i}, 1);
        assert_int_equal (handover_send (s_pair [0], "f", 1, bulk_descriptor (bulk), 0), 1);
        assert_int_equal (send (s_pair [0], "plain", 5, 0), 5);
        bulk_release (&bulk);
    }
    while (s_receive () > 0)
        ;
    for (size_t i = 1; i <= 3; i++) {
        assert_true (handover_take (&s_files, &fd));
        bulk_t *bulk = bulk_of_descriptor (fd, i, false);
        assert_non_null (bulk);
        bulk_release (&bulk);
    }
    assert_false (handover_take (&s_files, &fd));
    s_close_pair ();
    assert_int_equal (descriptors_open (), open);
}

//  Who sends files that nobody awaits fills only so much, and all are closed.
static void s_too_many_files_are_not_read (void **state)
{
    (void) state;
    size_t open = descriptors_open ();
    s_open_pair ();
    for (size_t i = 0; i < HANDOVER_FILES + 5; i++)
        assert_int_equal (handover_send (s_pair [0], "f", 1, 0, 0), 1);
    while (s_receive () > 0)
        ;
    assert_int_equal (errno, EAGAIN);
    assert_int_equal (s_files.count, HANDOVER_FILES);
    s_close_pair ();
    assert_int_equal (descriptors_open (), open);
}

static void s_a_file_without_a_descriptor_is_noticed (void **state)
{
    (void) state;
    struct rlimit limit, few;
    int fd = 0;
    s_open_pair ();
    assert_int_equal (handover_send (s_pair [0], "f", 1, 0, 0), 1);
    getrlimit (RLIMIT_NOFILE, &limit);
    few = limit;
    few.rlim_cur = 3;
    setrlimit (RLIMIT_NOFILE, &few);
    ssize_t got = s_receive ();
    setrlimit (RLIMIT_NOFILE, &limit);
    assert_int_equal (got, 1);
    assert_true (handover_take (&s_files, &fd));
    assert_int_equal (fd, -1);
    s_close_pair ();
}

//  ---- the worker's side -----------------------------------------------------------

//  A slot has a task with a payload of LARGE bytes, and has begun it.
static uint32_t s_begin_large (void)
{
    uint32_t ticket = 0;
    buffer_t payload = {0};
    uint8_t *bytes = calloc (1, LARGE);
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    pack_array (&payload, 1);
    pack_blob (&payload, bytes, LARGE);
    free (bytes);
    lease_t *lease = lease_new_large (slots_job (bench.slots, 42), 1,
                                      &(wire_lane_task_t){.attempt = 1}, &payload);
    slots_push (bench.slots, &lease);
    slots_rig_turn (&bench);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    uint8_t read [4096];
    while (handover_receive (&s_files, bench.slot [0].fd, buffer_reserve (&bench.slot [0].in, 4096),
                             sizeof read, MSG_DONTWAIT)
           > 0)
        ;
    ticket = 1;
    assert_int_equal (fake_slot_claim (&bench.slot [0], ticket, 0), TICKET_RUN);
    return ticket;
}

static void s_end_large (void)
{
    handover_clear (&s_files);
    slots_rig_close (&bench);
}

static void s_a_large_payload_goes_as_a_file (void **state)
{
    (void) state;
    int fd = -1;
    s_begin_large ();
    assert_true (handover_take (&s_files, &fd));
    bulk_t *bulk = bulk_of_descriptor (fd, LARGE + 6, false);
    assert_non_null (bulk);
    bulk_release (&bulk);
    s_end_large ();
}

static void s_say_file (uint32_t ticket, int fd, uint64_t size_bytes)
{
    if (fd >= 0)
        handover_send (bench.slot [0].fd, &(uint8_t){RING_BELL_FILE}, 1, fd, 0);
    fake_slot_result_file (&bench.slot [0], ticket, size_bytes);
    slots_rig_turn (&bench);
}

static void s_a_large_result_comes_as_a_file (void **state)
{
    (void) state;
    buffer_t value = {0};
    size_t open = descriptors_open ();
    uint32_t ticket = s_begin_large ();
    pack_text (&value, "well");
    bulk_t *bulk = bulk_of_pieces (&(view_t){value.data, value.size}, 1);
    s_say_file (ticket, bulk_descriptor (bulk), value.size);
    bulk_release (&bulk);
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_OK);
    assert_int_equal (bench.heard [0].value_bytes, value.size);
    assert_memory_equal (bench.heard [0].value, value.data, value.size);
    buffer_free (&value);
    s_end_large ();
    assert_int_equal (descriptors_open (), open);
}

//  Not sealed: the slot could change it, or cut it off under those who read it.
static void s_a_file_that_can_change_is_an_error_of_its_task (void **state)
{
    (void) state;
    size_t open = descriptors_open ();
    uint32_t ticket = s_begin_large ();
    int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal (write (fd, "\xc0", 1), 1);
    s_say_file (ticket, fd, 1);
    close (fd);
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (bench.heard [0].detail, "memory: no memory or descriptor"));
    s_end_large ();
    assert_int_equal (descriptors_open (), open);
}

static void s_a_file_that_never_came_breaks_the_slot (void **state)
{
    (void) state;
    uint32_t ticket = s_begin_large ();
    s_say_file (ticket, -1, 1000);
    slots_rig_pass_ms (&bench, 1000);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGKILL);
    s_end_large ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_files_come_in_order),
        cmocka_unit_test (s_too_many_files_are_not_read),
        cmocka_unit_test (s_a_file_without_a_descriptor_is_noticed),
        cmocka_unit_test (s_a_large_payload_goes_as_a_file),
        cmocka_unit_test (s_a_large_result_comes_as_a_file),
        cmocka_unit_test (s_a_file_that_can_change_is_an_error_of_its_task),
        cmocka_unit_test (s_a_file_that_never_came_breaks_the_slot),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
