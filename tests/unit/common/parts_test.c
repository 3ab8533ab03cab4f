//  parts_test.c - payloads come together from their parts, whatever order and lies they come in

#include "common/pack.h"
#include "common/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int s_setup (void **state)
{
    *state = parts_new ();
    return *state ? 0 : -1;
}

static int s_teardown (void **state)
{
    parts_t *parts = *state;
    parts_destroy (&parts);
    parts_destroy (&parts);
    return 0;
}

static cadre_error_t s_add (void *parts, uint64_t number, uint64_t total, const void *bytes,
                            size_t size)
{
    wire_part_t part = {.payload = number, .total = total, .bytes = {bytes, size}};
    return parts_add (parts, &part);
}

//  One blob of content_size bytes, as a payload
static buffer_t s_payload (size_t content_size, uint8_t fill)
{
    buffer_t payload = {0};
    uint8_t *content = malloc (content_size);
    assert_non_null (content);
    memset (content, fill, content_size);
    pack_blob (&payload, content, content_size);
    free (content);
    return payload;
}

static void test_several_interleaved (void **state)
{
    buffer_t one = s_payload (1000000, 1), two = s_payload (700000, 2), out = {0};
    for (size_t at = 0; at < one.size; at += WIRE_PART_MAX) {
        size_t left = one.size - at;
        assert_int_equal (
            s_add (*state, 5, one.size, one.data + at, left < WIRE_PART_MAX ? left : WIRE_PART_MAX),
            CADRE_OK);
        if (at >= two.size)
            continue;
        assert_false (parts_take (*state, 6, &out));
        left = two.size - at;
        assert_int_equal (
            s_add (*state, 6, two.size, two.data + at, left < WIRE_PART_MAX ? left : WIRE_PART_MAX),
            CADRE_OK);
    }
    assert_int_equal (parts_bytes (*state), one.size + two.size);
    assert_true (parts_take (*state, 6, &out));
    assert_int_equal (out.size, two.size);
    assert_memory_equal (out.data, two.data, two.size);
    buffer_free (&out);
    assert_int_equal (parts_bytes (*state), one.size);
    assert_true (parts_take (*state, 5, &out));
    assert_memory_equal (out.data, one.data, one.size);
    assert_int_equal (parts_bytes (*state), 0);
    buffer_free (&out);
    assert_false (parts_take (*state, 5, &out));
    buffer_free (&one);
    buffer_free (&two);
}

static void test_incomplete_goes_on (void **state)
{
    buffer_t out = {0};
    assert_int_equal (s_add (*state, 1, 3, "\x92\x01", 2), CADRE_OK);
    assert_false (parts_take (*state, 1, &out));
    assert_int_equal (parts_bytes (*state), 2);
}

static void test_lies_are_refused (void **state)
{
    uint8_t *large = calloc (1, WIRE_PART_MAX + 1);
    assert_non_null (large);
    assert_int_equal (s_add (*state, 0, 3, "abc", 3), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, 3, "", 0), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, 3, "abcd", 4), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, 0, "a", 1), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, WIRE_PART_MAX + 1, large, WIRE_PART_MAX + 1),
                      CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, WIRE_PAYLOAD_MAX + 1, "a", 1), CADRE_ERROR_TOO_LARGE);
    assert_int_equal (s_add (*state, 1, UINT64_MAX, "a", 1), CADRE_ERROR_TOO_LARGE);
    assert_int_equal (parts_bytes (*state), 0);
    assert_int_equal (s_add (*state, 1, 4, "ab", 2), CADRE_OK);
    assert_int_equal (s_add (*state, 1, 5, "c", 1), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (*state, 1, 4, "cde", 3), CADRE_ERROR_PROTOCOL);
    assert_int_equal (parts_bytes (*state), 2);
    free (large);
}

//  A gigabyte announced costs what has arrived
static void test_memory_follows_arrival (void **state)
{
    for (uint64_t i = 1; i <= PARTS_OPEN_MAX; i++)
        assert_int_equal (s_add (*state, i, WIRE_PAYLOAD_MAX, "a", 1), CADRE_OK);
    assert_int_equal (parts_bytes (*state), PARTS_OPEN_MAX);
    assert_int_equal (s_add (*state, 9999, 3, "a", 1), CADRE_ERROR_TOO_LARGE);
    assert_int_equal (s_add (*state, 7, WIRE_PAYLOAD_MAX, "b", 1), CADRE_OK);
}

//  Where memory ends the largest goes: what still comes of it takes up none, and it is told apart
//  from what never came.
static void test_the_largest_is_given_up (void **state)
{
    buffer_t out = {0};
    uint8_t *bytes = calloc (1, WIRE_PART_MAX);
    assert_non_null (bytes);
    assert_false (parts_give_up (*state));
    assert_int_equal (s_add (*state, 1, 3 * WIRE_PART_MAX, bytes, WIRE_PART_MAX), CADRE_OK);
    assert_int_equal (s_add (*state, 1, 3 * WIRE_PART_MAX, bytes, WIRE_PART_MAX), CADRE_OK);
    assert_int_equal (s_add (*state, 2, 1000, bytes, 999), CADRE_OK);
    assert_true (parts_held (*state) >= 2 * WIRE_PART_MAX + 999);
    assert_true (parts_give_up (*state));
    assert_true (parts_held (*state) < 8192);
    assert_int_equal (parts_bytes (*state), 999);
    assert_false (parts_take_given_up (*state, 1)); //  It has not come yet
    assert_int_equal (s_add (*state, 1, 3 * WIRE_PART_MAX, bytes, WIRE_PART_MAX), CADRE_OK);
    assert_int_equal (s_add (*state, 1, 3 * WIRE_PART_MAX, bytes, 1), CADRE_ERROR_PROTOCOL);
    assert_int_equal (parts_bytes (*state), 999);
    assert_false (parts_take (*state, 1, &out));
    assert_true (parts_take_given_up (*state, 1));
    assert_false (parts_take_given_up (*state, 1));
    assert_false (parts_take_given_up (*state, 2));
    assert_int_equal (s_add (*state, 2, 1000, bytes, 1), CADRE_OK);
    assert_false (parts_take (*state, 2, &out)); //  A thousand values are not one
    assert_int_equal (parts_held (*state), 0);
    free (bytes);
}

static void test_not_one_value (void **state)
{
    buffer_t out = {0};
    assert_int_equal (s_add (*state, 1, 2, "\x01\x02", 2), CADRE_OK);
    assert_false (parts_take (*state, 1, &out));
    assert_int_equal (s_add (*state, 2, 2, "\x92\x02", 2), CADRE_OK);
    assert_false (parts_take (*state, 2, &out));
    assert_int_equal (s_add (*state, 3, 1, "\xc1", 1), CADRE_OK);
    assert_false (parts_take (*state, 3, &out));
    assert_int_equal (parts_bytes (*state), 0);
    assert_null (out.data);
}

//  ---- whoever takes it says what it is to be ----

static const char *const s_values [] = {
    "\x01",
    "\xa2\xc3\xa4",
    "\xa2\xc3\xc3",
    "\x92\x01\xa3"
    "a\xff"
    "b",
    "\x81\xa1k\x92\xa1\xff\xa1\xfe",
    "\xc7\x07\x01\x93\xa1k\xa1m\xa1t",
    "\x91\xc7\x07\x01\x93\xa1k\xa1m\xa1t",
    "\x91\x91\xc7\x07\x01\x93\xa1k\xa1m\xa1t",
    "\x81\x01\xc7\x07\x01\x93\xa1k\xa1m\xa1t",
    "\x91\xc7\x07\x01\x93\xa1k\xa1m\xa1\xff",
    "\xd4\x09\x01",
    "\x91\xd7\x02\x01\x01\x01\x01\x01\x01\x01\x01",
    "\x82\x01\x01\xc3\x01",
    "\x91",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01",
    "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"};

//  However it is cut, it is taken where it would be taken whole.
static void s_is_taken_as_whole (parts_t *parts, view_t value, size_t step,
                                 const rules_shape_t *shape)
{
    buffer_t out = {0};
    fault_t fault = {0}, whole = {0};
    for (size_t at = 0; at < value.size; at += step) {
        size_t left = value.size - at;
        assert_int_equal (s_add (parts, 1, value.size, value.data + at, left < step ? left : step),
                          CADRE_OK);
    }
    bool sound = rules_check (value, shape, &whole);
    assert_int_equal (parts_take_as (parts, 1, shape, &out, &fault), sound);
    assert_int_equal (out.size, sound ? value.size : 0);
    assert_int_equal (*fault.text != 0, !sound);
    buffer_free (&out);
}

static void test_it_is_what_it_is_taken_as (void **state)
{
    static const rules_shape_t *const shapes [] = {&rules_value, &rules_items,   &rules_call,
                                                   &rules_map,   &rules_command, &rules_any};
    for (size_t i = 0; i < sizeof s_values / sizeof *s_values; i++)
        for (size_t j = 0; j < sizeof shapes / sizeof *shapes; j++)
            for (size_t step = 1; step <= 5; step++)
                s_is_taken_as_whole (*state, wire_view (s_values [i]), step, shapes [j]);
}

static void test_a_fault_names_the_place (void **state)
{
    buffer_t out = {0};
    fault_t fault = {0};
    s_add (*state, 1, 6,
           "\x92\x01\xa3"
           "a\xff"
           "b",
           6);
    assert_false (parts_take_as (*state, 1, &rules_value, &out, &fault));
    assert_string_equal (fault.text, "value[1]: a text that is not UTF-8");
    s_add (*state, 2, 6, "\x91\x81\xa1k\xa1\xff", 6);
    assert_false (parts_take_as (*state, 2, &rules_call, &out, &fault));
    assert_string_equal (fault.text, "arguments[0][\"k\"]: a text that is not UTF-8");
    s_add (*state, 3, 4, "\x91\xd4\x09\x01", 4);
    assert_false (parts_take_as (*state, 3, &rules_call, &out, &fault));
    assert_string_equal (fault.text, "payload[0]: ext type 9: a value has no ext types");
    assert_false (parts_take_as (*state, 3, &rules_call, &out, &fault));
    assert_string_equal (fault.text, "arguments: its parts have not arrived");
}

//  What would be more is given up, and its end is heard of.
static void test_no_more_is_held_than_the_bound (void **state)
{
    buffer_t out = {0}, payload = s_payload (200000, 7), other = s_payload (50000, 8);
    parts_bound (*state, 150000);
    assert_int_equal (s_add (*state, 1, payload.size, payload.data, 100000), CADRE_OK);
    assert_int_equal (s_add (*state, 2, other.size, other.data, 1000), CADRE_OK);
    assert_int_equal (parts_take_given_up (*state, 1), 0); //  It has not come
    assert_int_equal (s_add (*state, 1, payload.size, payload.data + 100000, payload.size - 100000),
                      CADRE_OK);
    assert_in_range (parts_held (*state), 1000, 150000);
    assert_false (parts_take (*state, 1, &out));
    assert_int_equal (parts_take_given_up (*state, 1), payload.size);
    assert_int_equal (s_add (*state, 2, other.size, other.data + 1000, other.size - 1000),
                      CADRE_OK);
    assert_true (parts_take (*state, 2, &out)); //  There was room for it
    assert_int_equal (out.size, other.size);
    assert_int_equal (parts_held (*state), 0);
    buffer_free (&out);
    buffer_free (&payload);
    buffer_free (&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_several_interleaved),
        TEST (test_incomplete_goes_on),
        TEST (test_lies_are_refused),
        TEST (test_memory_follows_arrival),
        TEST (test_the_largest_is_given_up),
        TEST (test_not_one_value),
        TEST (test_it_is_what_it_is_taken_as),
        TEST (test_a_fault_names_the_place),
        TEST (test_no_more_is_held_than_the_bound),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
