//  broker_search_test.c - where a broker is looked for, in which order, for how long; the time is
//  given, names are faked

#include "common/broker_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/fakes/listener.h"

#define MS INT64_C (1000)

static atomic_int s_last;      //  hub is 127.0.0.N; 0: not known
static atomic_uint s_look_ups; //  how often it was asked

static size_t s_look (const char *name, char (*numbers) [ADDRESS_NAME_BYTES], size_t max,
                      fault_t *fault)
{
    (void) max;
    atomic_fetch_add (&s_look_ups, 1);
    int last = atomic_load (&s_last);
    if (last == 0) {
        fault_set (fault, CADRE_ERROR_ADDRESS, "%s has no address", name);
        return 0;
    }
    snprintf (numbers [0], ADDRESS_NAME_BYTES, "127.0.0.%d", last);
    snprintf (numbers [1], ADDRESS_NAME_BYTES, "127.0.0.%d", last + 1);
    return 2;
}

static broker_search_t *s_search (const char *pattern, unsigned port)
{
    char text [256];
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    listener_addresses (text, sizeof text, pattern, port);
    assert_int_equal (address_parse_list (text, addresses, ADDRESS_LIST_MAX, &count, NULL),
                      CADRE_OK);
    broker_search_t *self = broker_search_new (addresses, count, ADDRESS_FRONT, s_look);
    assert_int_equal (broker_search_due (self, 0), INT64_MAX);
    assert_false (broker_search_step (self, 0));
    broker_search_begin (self);
    return self;
}

//  The next place, at this time on the search's clock; look-ups take real time.
static const char *s_next (broker_search_t *self, int64_t now_us)
{
    for (unsigned i = 0; i < 10000; i++) {
        if (broker_search_step (self, now_us))
            return broker_search_number (self)->name;
        if (broker_search_due (self, now_us) > now_us + 2 * MS)
            return "nowhere";
        usleep (1000);
    }
    return "never";
}

static void test_a_number_is_tried_at_once (void **state)
{
    (void) state;
    broker_search_t *search = s_search ("tcp://127.0.0.9:@", 9);
    assert_true (broker_search_step (search, 0));
    assert_string_equal (broker_search_number (search)->name, "127.0.0.9");
    assert_false (broker_search_step (search, 9999 * MS));
    assert_true (broker_search_step (search, 10000 * MS)); //  Anew: the connection may hang
    broker_search_arrived (search);
    assert_false (broker_search_step (search, 90000 * MS));
    broker_search_destroy (&search);
    broker_search_destroy (&search);
}

//  Behind a proxy nothing is looked up here, and nobody is asked.
static void test_names_are_kept (void **state)
{
    (void) state;
    unsigned before = atomic_load (&s_look_ups);
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    assert_int_equal (address_parse_list ("tcp://hub:5700,tcp://other:5700", addresses,
                                          ADDRESS_LIST_MAX, &count, NULL),
                      CADRE_OK);
    broker_search_t *search = broker_search_new (addresses, count, ADDRESS_FRONT, s_look);
    broker_search_keep_names (search);
    broker_search_begin (search);
    assert_true (broker_search_step (search, 0));
    assert_string_equal (broker_search_number (search)->name, "hub");
    assert_true (broker_search_step (search, 1000 * MS));
    assert_string_equal (broker_search_number (search)->name, "other");
    assert_int_equal (atomic_load (&s_look_ups), before);
    broker_search_destroy (&search);
}

static void test_who_accepts_comes_first (void **state)
{
    (void) state;
    uint16_t port = 0;
    int listener = listener_new ("127.0.0.3", &port);
    broker_search_t *search =
        s_search ("tcp://127.0.0.2:@,tcp://127.0.0.3:@,tcp://127.0.0.4:@", port);
    assert_string_equal (s_next (search, 0), "127.0.0.3");
    assert_int_equal (broker_search_index (search), 1);
    assert_int_equal (broker_search_size (search), 3);
    assert_string_equal (broker_search_address (search)->name, "127.0.0.3");
    assert_string_equal (s_next (search, 900 * MS), "nowhere");
    assert_string_equal (s_next (search, 1000 * MS),
                         "127.0.0.4"); //  It was not asked; 127.0.0.2 refuses
    close (listener);
    broker_search_destroy (&search);
}

static void test_every_number_of_a_name (void **state)
{
    (void) state;
    uint16_t port = 0;
    atomic_store (&s_last, 2);
    int listener = listener_new ("127.0.0.3", &port);
    broker_search_t *search = s_search ("tcp://hub:@", port);
    assert_string_equal (broker_search_number (search)->name, "hub"); //  Before the first step
    assert_string_equal (s_next (search, 0), "127.0.0.3");
    assert_string_equal (broker_search_address (search)->name, "hub");
    close (listener);
    broker_search_destroy (&search);
}

//  The broker came back, and the name stands for another host now.
static void test_names_are_looked_up_again (void **state)
{
    (void) state;
    uint16_t port = 0;
    atomic_store (&s_last, 3);
    int before = listener_new ("127.0.0.3", &port), after = listener_new ("127.0.0.7", &port);
    broker_search_t *search = s_search ("tcp://hub:@", port);
    assert_string_equal (s_next (search, 0), "127.0.0.3");
    broker_search_arrived (search);
    close (before);
    atomic_store (&s_last, 6);
    broker_search_begin (search);
    assert_string_equal (s_next (search, 1), "127.0.0.7");
    close (after);
    broker_search_destroy (&search);
}

//  Both accept connections, but the one that was left did not answer.
static void test_the_place_that_was_left_comes_last (void **state)
{
    (void) state;
    uint16_t port = 0;
    int one = listener_new ("127.0.0.2", &port);
    broker_search_t *search = s_search ("tcp://127.0.0.2:@,tcp://127.0.0.3:@", port);
    assert_string_equal (s_next (search, 0), "127.0.0.2");
    broker_search_arrived (search);
    broker_search_begin (search);
    assert_string_equal (s_next (search, 0), "127.0.0.2"); //  The other one refuses
    int two = listener_new ("127.0.0.3", &port);
    broker_search_t *both = s_search ("tcp://127.0.0.2:@,tcp://127.0.0.3:@", port);
    assert_string_equal (s_next (both, 0), "127.0.0.2");
    assert_string_equal (s_next (both, 1000 * MS), "127.0.0.3");
    close (one);
    close (two);
    broker_search_destroy (&search);
    broker_search_destroy (&both);
}

static void test_patience_grows_with_the_rounds (void **state)
{
    (void) state;
    broker_search_t *search = s_search ("inproc://a,inproc://b", 0);
    int64_t now_us = 0;
    static const int64_t stays_ms [] = {1000, 2000, 4000, 8000, 8000};
    for (size_t round = 0; round < sizeof stays_ms / sizeof *stays_ms; round++)
        for (int place = 0; place < 2; place++) {
            assert_true (broker_search_step (search, now_us));
            assert_string_equal (broker_search_number (search)->name, place ? "b" : "a");
            assert_int_equal (broker_search_due (search, now_us), now_us + stays_ms [round] * MS);
            now_us += stays_ms [round] * MS;
        }
    broker_search_skip (search);
    assert_true (broker_search_step (search, now_us));
    broker_search_arrived (search);
    broker_search_begin (search);
    assert_true (broker_search_step (search, now_us));
    assert_string_equal (broker_search_number (search)->name, "b"); //  It was at a
    assert_int_equal (broker_search_due (search, now_us), now_us + 1000 * MS);
    broker_search_stay (search, now_us);
    assert_int_equal (broker_search_due (search, now_us), now_us + 5000 * MS);
    broker_search_destroy (&search);
}

//  The broker is not there yet: it is asked for once a second, and nobody waits longer in later
//  rounds.
static void test_nobody_listens (void **state)
{
    (void) state;
    uint16_t port = listener_free_port ();
    broker_search_t *search = s_search ("tcp://127.0.0.2:@,tcp://127.0.0.3:@", port);
    for (int64_t second = 0; second < 6; second++)
        assert_string_equal (s_next (search, second * 1000 * MS), "127.0.0.2");
    int listener = listener_new ("127.0.0.3", &port);
    assert_string_equal (s_next (search, 6000 * MS), "127.0.0.3");
    close (listener);
    broker_search_destroy (&search);
}

static void test_a_name_that_is_not_known_yet (void **state)
{
    (void) state;
    uint16_t port = 0;
    int listener = listener_new ("127.0.0.3", &port);
    atomic_store (&s_last, 0);
    broker_search_t *search = s_search ("tcp://hub:@", port);
    assert_string_equal (s_next (search, 0), "nowhere");
    assert_string_equal (broker_search_fault (search)->text, "hub has no address");
    assert_string_equal (broker_search_address (search)->name, "hub");
    atomic_store (&s_last, 2);
    unsigned before = atomic_load (&s_look_ups);
    assert_string_equal (s_next (search, 900 * MS), "nowhere");
    assert_int_equal (atomic_load (&s_look_ups), before);
    assert_string_equal (s_next (search, 1000 * MS), "127.0.0.3");
    assert_int_equal (broker_search_fault (search)->code, CADRE_OK);
    close (listener);
    broker_search_destroy (&search);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_number_is_tried_at_once),
        cmocka_unit_test (test_names_are_kept),
        cmocka_unit_test (test_who_accepts_comes_first),
        cmocka_unit_test (test_every_number_of_a_name),
        cmocka_unit_test (test_names_are_looked_up_again),
        cmocka_unit_test (test_the_place_that_was_left_comes_last),
        cmocka_unit_test (test_patience_grows_with_the_rounds),
        cmocka_unit_test (test_nobody_listens),
        cmocka_unit_test (test_a_name_that_is_not_known_yet),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
