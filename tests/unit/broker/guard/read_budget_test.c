//  read_budget_test.c - how much libzmq may hold of what connections bring

#include "broker/guard/read_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KIB 1024u
#define MIB (1024u * KIB)
#define MANY 64
#define SEATS 3 //  In 4 MiB

typedef struct rig {
    read_budget_t *budget; //  Of a broker with 64 MiB
    unsigned woken [MANY]; //  How often a connection was told to go on
} rig_t;

static void s_resume (void *owner, int fd)
{
    ((rig_t *) owner)->woken [fd]++;
}

static int s_setup (void **state)
{
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->budget = read_budget_new (64 * MIB, MANY, s_resume, self);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    rig_t *self = *state;
    read_budget_destroy (&self->budget);
    free (self);
    return 0;
}

//  Reads as libzmq does: as much as may be. Returns how much that was.
static size_t s_read (rig_t *self, int fd, const uint8_t *bytes, size_t size)
{
    bool look;
    size_t at = 0, room;
    while (at < size && (room = read_budget_room (self->budget, fd, &look)) > 0) {
        room = room < size - at ? room : size - at;
        if (look)
            room = read_budget_fits (self->budget, fd, bytes + at, room);
        if (room == 0)
            break;
        read_budget_came (self->budget, fd, bytes + at, room);
        at += room;
    }
    return at;
}

static void s_greet (rig_t *self, int fd, const char *mechanism)
{
    uint8_t greeting [64] = {0xff, [9] = 0x7f, [10] = 3};
    memcpy (greeting + 12, mechanism, strlen (mechanism));
    read_budget_begin (self->budget, fd);
    assert_int_equal (s_read (self, fd, greeting, sizeof greeting), sizeof greeting);
}

//  A frame of that size in the clear; returns how much of it is read.
static size_t s_bring (rig_t *self, int fd, uint8_t flags, size_t size)
{
    uint8_t *bytes = calloc (1, size + 9);
    assert_non_null (bytes);
    bytes [0] = flags | 2;
    for (int i = 0; i < 8; i++)
        bytes [8 - i] = (uint8_t) (size >> 8 * i);
    size_t read = s_read (self, fd, bytes, size + 9);
    free (bytes);
    return read;
}

static void test_messages_that_are_handed_over_pass_without_end (void **state)
{
    rig_t *self = *state;
    s_greet (self, 1, "NULL");
    for (int i = 0; i < 100; i++) {
        assert_int_equal (s_bring (self, 1, 0, MIB), MIB + 9);
        read_budget_heard (self->budget, 1, MIB, 0);
    }
    assert_in_range (read_budget_bytes (self->budget), 0, KIB);
    assert_false (read_budget_is_seated (self->budget, 1));
}

//  What nobody has heard is bounded, and the next frame is not even begun.
static void test_a_connection_waits_until_it_was_heard (void **state)
{
    rig_t *self = *state;
    s_greet (self, 1, "NULL");
    assert_int_equal (s_bring (self, 1, 0, MIB), MIB + 9);
    assert_int_equal (s_bring (self, 1, 0, MIB), 0);
    assert_true (read_budget_is_full (self->budget, 1));
    read_budget_heard (self->budget, 1, MIB, 0);
    assert_int_equal (self->woken [1], 1);
    assert_int_equal (s_bring (self, 1, 0, MIB), MIB + 9);
}

static void test_all_together_are_bounded (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd < MANY; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, MIB);
    }
    assert_in_range (read_budget_bytes (self->budget), 3 * MIB,
                     4 * MIB + MANY * READ_BUDGET_FREE_BYTES);
    assert_int_equal (read_budget_waiting (self->budget), MANY - 1 - SEATS);
}

//  In the order in which they came.
static void test_a_seat_goes_to_who_has_waited_longest (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd <= 6; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, MIB);
    }
    assert_int_equal (self->woken [4], 0);
    read_budget_heard (self->budget, 2, MIB, 0);
    assert_int_equal (self->woken [4], 1);
    read_budget_end (self->budget, 4);
    assert_int_equal (self->woken [5], 1);
    assert_int_equal (self->woken [6], 0);
    assert_int_equal (s_bring (self, 5, 0, MIB), MIB + 9);
}

//  Two thirds of the seats, so that others have one.
static void test_a_group_does_not_take_all_seats (void **state)
{
    rig_t *self = *state;
    s_greet (self, 1, "NULL");
    s_bring (self, 1, 0, 100);
    read_budget_heard (self->budget, 1, 100, 1);
    for (int fd = 2; fd <= 6; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, MIB);
    }
    assert_int_equal (read_budget_waiting (self->budget), 3);
    assert_int_equal (s_bring (self, 1, 0, MIB), MIB + 9);
    s_greet (self, 7, "NULL");
    s_bring (self, 7, 0, 100);
    read_budget_heard (self->budget, 7, 100, 2);
    assert_int_equal (s_bring (self, 7, 0, MIB), 0);
    read_budget_heard (self->budget, 1, MIB, 1);
    assert_int_equal (self->woken [7], 1); //  Others of the first group wait longer
    read_budget_heard (self->budget, 2, MIB, 3);
    assert_int_equal (self->woken [4], 1);
}

//  What a connection has when it is heard first goes with it to its group.
static void test_a_connection_takes_its_seat_to_its_group (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd <= SEATS; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, MIB);
        read_budget_heard (self->budget, fd, 0, 1);
    }
    s_greet (self, 4, "NULL");
    assert_int_equal (s_bring (self, 4, 0, MIB), 0);
    read_budget_heard (self->budget, 1, MIB, 1);
    assert_int_equal (self->woken [4], 1);
    assert_int_equal (s_bring (self, 4, 0, MIB), MIB + 9);
}

static void test_a_held_group_begins_no_frame (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd <= 3; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, 100);
        read_budget_heard (self->budget, fd, 100, fd == 3 ? 2 : 1);
    }
    read_budget_hold (self->budget, 1, true);
    assert_int_equal (s_bring (self, 1, 0, 100), 0);
    assert_int_equal (s_bring (self, 2, 0, MIB), 0);
    assert_true (read_budget_is_paused (self->budget, 1)
                 && read_budget_is_paused (self->budget, 2));
    assert_int_equal (s_bring (self, 3, 0, 100), 109);
    assert_int_equal (self->woken [1] + self->woken [2], 0);
    read_budget_hold (self->budget, 1, false);
    assert_int_equal (self->woken [1], 1);
    assert_int_equal (self->woken [2], 1);
    assert_int_equal (s_bring (self, 1, 0, 100), 109);
}

//  Else it would keep its seat for as long as it is held.
static void test_a_held_group_ends_the_frame_that_it_has_begun (void **state)
{
    static uint8_t bytes [MIB + 9] = {2, [6] = MIB >> 16};
    rig_t *self = *state;
    s_greet (self, 1, "NULL");
    s_bring (self, 1, 0, 100);
    read_budget_heard (self->budget, 1, 100, 1);
    assert_int_equal (s_read (self, 1, bytes, MIB / 2), MIB / 2);
    read_budget_hold (self->budget, 1, true);
    assert_int_equal (s_read (self, 1, bytes + MIB / 2, sizeof bytes - MIB / 2),
                      sizeof bytes - MIB / 2);
    assert_int_equal (s_bring (self, 1, 0, 100), 0);
    assert_false (read_budget_is_full (self->budget, 1));
    read_budget_heard (self->budget, 1, MIB, 1);
    assert_false (read_budget_is_seated (self->budget, 1));
    assert_int_equal (self->woken [1], 0);
}

//  Who has gone may have left messages in libzmq's queues.
static void test_what_the_dead_have_left_counts_until_the_queues_were_empty (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd <= SEATS; fd++) {
        s_greet (self, fd, "NULL");
        s_bring (self, fd, 0, MIB);
        read_budget_end (self->budget, fd);
    }
    s_greet (self, 7, "NULL");
    assert_int_equal (s_bring (self, 7, 0, MIB), 0);
    read_budget_drained (self->budget);
    assert_int_equal (self->woken [7], 0); //  They may have gone while the queues were looked at
    read_budget_drained (self->budget);
    assert_int_equal (self->woken [7], 1);
    assert_int_equal (s_bring (self, 7, 0, MIB), MIB + 9);
}

static void test_small_frames_need_no_seat (void **state)
{
    rig_t *self = *state;
    for (int fd = 1; fd < MANY; fd++) {
        s_greet (self, fd, "NULL");
        for (int i = 0; i < 100; i++)
            assert_int_equal (s_bring (self, fd, 0, 10), 19);
        assert_false (read_budget_is_seated (self->budget, fd));
    }
}

//  Empty frames cost what libzmq takes for them.
static void test_frames_cost_more_than_their_bytes (void **state)
{
    rig_t *self = *state;
    static const uint8_t frames [400] = {0};
    s_greet (self, 1, "CURVE");
    uint64_t before = read_budget_bytes (self->budget);
    assert_int_equal (s_read (self, 1, frames, sizeof frames), sizeof frames);
    assert_int_equal (read_budget_bytes (self->budget) - before,
                      200 * READ_BUDGET_FRAME_BYTES + sizeof frames);
}

static void test_a_message_of_many_frames_is_cut (void **state)
{
    rig_t *self = *state;
    s_greet (self, 1, "NULL");
    for (unsigned i = 0; i < READ_BUDGET_MESSAGE_FRAMES; i++)
        s_bring (self, 1, i + 1 < READ_BUDGET_MESSAGE_FRAMES, 1);
    assert_false (read_budget_is_cut (self->budget, 1));
    for (unsigned i = 0; i <= READ_BUDGET_MESSAGE_FRAMES; i++)
        s_bring (self, 1, 1, 1);
    assert_true (read_budget_is_cut (self->budget, 1));
    assert_int_equal (read_budget_cut (self->budget), 1);
    assert_int_equal (s_bring (self, 1, 0, 1), 0);
    s_greet (self, 1, "NULL"); //  Another one gets the descriptor
    assert_int_equal (s_bring (self, 1, 0, 1), 10);
}

//  Heads that come byte by byte are no way around.
static void test_a_large_frame_in_small_pieces (void **state)
{
    rig_t *self = *state;
    static const uint8_t head [9] = {2, 0, 0, 0, 0, 0, 15, 0, 0};
    for (int fd = 1; fd <= SEATS + 1; fd++) {
        s_greet (self, fd, "NULL");
        for (size_t i = 0; i < sizeof head; i++)
            assert_int_equal (s_read (self, fd, head + i, 1), fd <= SEATS || i < sizeof head - 1);
    }
    assert_int_equal (read_budget_waiting (self->budget), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_messages_that_are_handed_over_pass_without_end),
        TEST (test_a_connection_waits_until_it_was_heard),
        TEST (test_all_together_are_bounded),
        TEST (test_a_seat_goes_to_who_has_waited_longest),
        TEST (test_a_group_does_not_take_all_seats),
        TEST (test_a_connection_takes_its_seat_to_its_group),
        TEST (test_a_held_group_begins_no_frame),
        TEST (test_a_held_group_ends_the_frame_that_it_has_begun),
        TEST (test_what_the_dead_have_left_counts_until_the_queues_were_empty),
        TEST (test_small_frames_need_no_seat),
        TEST (test_frames_cost_more_than_their_bytes),
        TEST (test_a_message_of_many_frames_is_cut),
        TEST (test_a_large_frame_in_small_pieces),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
