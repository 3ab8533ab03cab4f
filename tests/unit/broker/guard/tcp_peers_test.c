//  tcp_peers_test.c - what libzmq holds of a connection, who brings bytes without end, and
//  who has nothing to do here

#include "broker/guard/flood_guard.h"
#include "broker/guard/idle_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KIB UINT64_C (1024)
#define MIB (1024 * KIB)
#define SECOND INT64_C (1000000)
#define MANY 100

typedef struct bench {
    tcp_peer_t all [MANY];     //  Connections
    tcp_peer_t *places [MANY]; //  The view's array
    tcp_peers_view_t view;     //  What the judges see
} bench_t;

//  So many connections to the front, that came a second after each other and of which nothing is
//  held.
static void s_begin (bench_t *self, size_t count)
{
    *self = (bench_t){.view = {.count = count,
                               .now_us = 1000 * SECOND,
                               .memory_limit = 64 * MIB,
                               .lost_us = 10 * SECOND}};
    self->view.tcp_peers = self->places;
    for (size_t i = 0; i < count; i++) {
        tcp_peer_t *peer = self->places [i] = &self->all [i];
        peer->fd = (int) i;
        peer->since_us = self->view.now_us - (int64_t) (count - i) * SECOND;
        peer->heard_us = peer->acked_us = self->view.now_us;
        peer->quiet = true;
    }
}

static size_t s_cut (const bench_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->view.count; i++)
        count += self->all [i].cut != NULL;
    return count;
}

//  ---- measuring ----------------------------------------------------------

//  Messages of any number go through, in looks that fall anywhere: nothing is held but what has not
//  come to its end.
static void test_whole_messages_are_not_held (void **state)
{
    (void) state;
    tcp_peer_t peer = {0};
    uint64_t brought = 600; //  A handshake
    tcp_peers_measure (&peer, brought, 0, SECOND);
    assert_int_equal (peer.held, 600);
    for (int i = 1; i < 1000; i++) {
        brought += 42 * 100 + 100 * KIB; //  With 33 bytes a message that nobody has counted
        peer.handed_now += 9 * 100 + 100 * KIB;
        tcp_peers_measure (&peer, brought, 0, (i + 1) * SECOND);
        assert_true (peer.held < 4 * KIB);
        assert_false (peer.quiet);
    }
    assert_int_equal (peer.heard_us, 1000 * SECOND);
}

static void test_what_does_not_end_is_held (void **state)
{
    (void) state;
    tcp_peer_t peer = {0};
    tcp_peers_measure (&peer, 100, 0, SECOND);
    peer.handed_now = 20;
    tcp_peers_measure (&peer, 120, 0, 2 * SECOND);
    for (uint64_t i = 1; i < 100; i++) {
        tcp_peers_measure (&peer, 120 + i * KIB, 100, 3 * SECOND);
        assert_int_equal (peer.held, i * KIB - 100); //  The kernel has the rest
        assert_true (peer.quiet);
    }
    assert_int_equal (peer.heard_us, 2 * SECOND);
    peer.handed_now = 100 * KIB; //  It has ended
    tcp_peers_measure (&peer, 120 + 99 * KIB, 0, 4 * SECOND);
    assert_int_equal (peer.held, 0);
}

//  ---- messages without end -----------------------------------------------

static void test_one_may_hold_so_much (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 3);
    self.all [0].held = 3 * MIB;
    self.all [1].held = 4 * MIB;
    assert_true (flood_guard_judge (&self.view));
    assert_null (self.all [0].cut);
    assert_non_null (self.all [1].cut);
    assert_null (self.all [2].cut);
}

//  A large frame on its way is all right where there is room for it, and who is heard is not
//  suspected.
static void test_honest_peers_are_not_cut (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, MANY);
    self.view.memory_limit = 2048 * MIB;
    for (size_t i = 0; i < MANY; i++)
        self.all [i].held = MIB;
    self.all [0].held = 60 * MIB;
    self.all [0].quiet = false;
    assert_true (flood_guard_judge (&self.view));
    assert_int_equal (s_cut (&self), 0);
    s_begin (&self, MANY);
    assert_false (flood_guard_judge (&self.view));
}

//  However slowly each of many does it: what they hold together is bounded, and those who hold most
//  go.
static void test_all_together_may_hold_so_much (void **state)
{
    (void) state;
    bench_t self;
    uint64_t left = 0;
    s_begin (&self, MANY);
    for (size_t i = 0; i < MANY; i++)
        self.all [i].held = (100 + i) * KIB;
    flood_guard_judge (&self.view);
    for (size_t i = 0; i < MANY; i++)
        left += self.all [i].cut ? 0 : self.all [i].held;
    assert_in_range (left, 7 * MIB, 8 * MIB);
    assert_non_null (self.all [MANY - 1].cut);
    assert_null (self.all [0].cut);
}

//  Frames of no bytes take thirty times what they bring.
static void test_growth_that_nothing_explains (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 3);
    self.all [0].held = 500 * KIB;
    self.all [1].held = 900 * KIB;
    self.all [2].held = 10 * KIB;
    self.view.strange = 15 * MIB;
    flood_guard_judge (&self.view);
    assert_int_equal (s_cut (&self), 0);
    self.view.strange = 40 * MIB;
    flood_guard_judge (&self.view);
    assert_non_null (self.all [1].cut);
    assert_null (self.all [2].cut);
}

//  Who has a seat and sends no whole message gives it up when it is full, or when others wait.
static void test_seats_are_for_whole_messages (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 5);
    self.all [4].heard_us -= 2 * SECOND; //  It has no seat
    for (size_t i = 0; i < 4; i++)
        self.all [i].seated_us = self.all [i].heard_us = self.view.now_us - 2 * SECOND;
    assert_false (flood_guard_judge (&self.view)); //  Nobody is in anybody's way
    self.all [0].full = true;
    self.all [1].heard_us = self.view.now_us - SECOND / 2;
    self.all [2].seated_us = self.view.now_us - SECOND / 2;
    assert_true (flood_guard_judge (&self.view));
    assert_non_null (self.all [0].cut);
    assert_int_equal (s_cut (&self), 1);
    self.view.waiting = 1;
    assert_true (flood_guard_judge (&self.view));
    assert_non_null (self.all [3].cut);
    assert_int_equal (s_cut (&self), 2);
}

//  ---- idle_guard ----------------------------------------------------------

static void test_who_says_nothing_and_has_no_session (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 4);
    for (size_t i = 0; i < 4; i++)
        self.all [i].heard_us -= 11 * SECOND;
    self.all [1].let_in = true;
    self.all [2].role = ADDRESS_SINK; //  A worker that has nothing to do says nothing there
    self.all [3].heard_us = self.view.now_us - 9 * SECOND;
    assert_false (idle_guard_judge (&self.view));
    assert_non_null (self.all [0].cut);
    assert_int_equal (s_cut (&self), 1);
}

static void test_who_does_not_read (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 2);
    self.all [0].let_in = self.all [1].let_in = true;
    self.all [0].acked_us -= 11 * SECOND;
    idle_guard_judge (&self.view);
    assert_non_null (self.all [0].cut);
    assert_null (self.all [1].cut);
}

//  When descriptors are short those who have been there longest without a session go, as many as it
//  takes; nobody who is let in, and nobody who has just come.
static void test_strangers_give_way (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 20);
    for (size_t i = 0; i < 5; i++)
        self.all [i].let_in = true;
    self.view.surplus = 6;
    assert_true (idle_guard_judge (&self.view));
    for (size_t i = 0; i < 20; i++)
        assert_int_equal (self.all [i].cut != NULL, i >= 5 && i < 11);
    self.view.surplus = MANY;
    self.all [19].since_us = self.view.now_us - SECOND / 4;
    idle_guard_judge (&self.view);
    assert_null (self.all [19].cut);
    assert_int_equal (s_cut (&self), 14);
}

//  Of sinks without a word as many stay as there are workers.
static void test_sinks_of_nobody (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 10);
    for (size_t i = 0; i < 2; i++) {
        self.all [i].role = ADDRESS_BACK;
        self.all [i].let_in = true;
    }
    for (size_t i = 2; i < 9; i++) {
        self.all [i].role = ADDRESS_SINK;
        self.all [i].heard_us = i == 2 ? self.view.now_us : self.all [i].since_us;
    }
    self.view.surplus = MANY;
    self.all [9].let_in = true;
    idle_guard_judge (&self.view);
    assert_int_equal (s_cut (&self), 4); //  Of the six that have said nothing
    assert_null (self.all [2].cut);
}

//  At a lane the first one is its worker.
static void test_lanes_are_for_one (void **state)
{
    (void) state;
    bench_t self;
    s_begin (&self, 20);
    for (size_t i = 0; i < 20; i++)
        self.all [i].role = TCP_PEER_LANE;
    self.all [0].let_in = true;
    self.all [0].acked_us -= 100 * SECOND; //  Its window bounds what it is sent
    self.view.surplus = MANY;
    idle_guard_judge (&self.view);
    assert_null (self.all [0].cut);
    assert_int_equal (s_cut (&self), 14); //  Those of more than five seconds
    for (size_t i = 1; i < 20; i++)
        assert_int_equal (self.all [i].cut != NULL, i < 15);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_whole_messages_are_not_held),
        cmocka_unit_test (test_what_does_not_end_is_held),
        cmocka_unit_test (test_one_may_hold_so_much),
        cmocka_unit_test (test_honest_peers_are_not_cut),
        cmocka_unit_test (test_all_together_may_hold_so_much),
        cmocka_unit_test (test_growth_that_nothing_explains),
        cmocka_unit_test (test_seats_are_for_whole_messages),
        cmocka_unit_test (test_who_says_nothing_and_has_no_session),
        cmocka_unit_test (test_who_does_not_read),
        cmocka_unit_test (test_strangers_give_way),
        cmocka_unit_test (test_sinks_of_nobody),
        cmocka_unit_test (test_lanes_are_for_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
