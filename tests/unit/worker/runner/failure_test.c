//  failure_test.c - details get the worker's name

#include "common/pack.h"
#include "common/rules.h"
#include "worker/runner/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void s_expect_text (const buffer_t *detail, const char *key, const char *text)
{
    view_t value = {0};
    cursor_t cursor = cursor_find ((view_t){detail->data, detail->size}, key);
    assert_true (cursor_text (&cursor, &value));
    assert_true (view_is (value, text));
}

static void s_own_details_name_all (void **state)
{
    buffer_t detail = {0};
    bool abandoned = false;
    (void) state;
    failure_pack (&detail, "timeout", "too long", "alpha", true);
    s_expect_text (&detail, "kind", "timeout");
    s_expect_text (&detail, "message", "too long");
    s_expect_text (&detail, "worker", "alpha");
    cursor_t cursor = cursor_find ((view_t){detail.data, detail.size}, "abandoned");
    assert_true (cursor_bool (&cursor, &abandoned));
    assert_true (abandoned);
    buffer_free (&detail);
}

static void s_a_slots_detail_gets_the_name (void **state)
{
    buffer_t given = {0}, detail = {0};
    (void) state;
    pack_map (&given, 3);
    pack_text (&given, "worker");
    pack_text (&given, "somebody else");
    pack_text (&given, "kind");
    pack_text (&given, "division");
    pack_text (&given, "user_us");
    pack_uint (&given, 12);
    failure_pack_with_worker (&detail, (view_t){given.data, given.size}, "alpha", NULL);
    s_expect_text (&detail, "kind", "division");
    s_expect_text (&detail, "worker", "alpha");
    cursor_t cursor = cursor_of (detail.data, detail.size);
    size_t pairs;
    assert_true (cursor_map (&cursor, &pairs));
    assert_int_equal (pairs, 3);
    buffer_free (&given);
    buffer_free (&detail);
}

static void s_a_message_takes_the_place_of_another (void **state)
{
    buffer_t given = {0}, detail = {0};
    cursor_t cursor;
    size_t pairs;
    (void) state;
    pack_map (&given, 2);
    pack_text (&given, "message");
    pack_text (&given, "killed by signal 9");
    pack_text (&given, "user_us");
    pack_uint (&given, 12);
    failure_pack_with_worker (&detail, (view_t){given.data, given.size}, "alpha",
                              "killed for lack of memory");
    s_expect_text (&detail, "message", "killed for lack of memory");
    s_expect_text (&detail, "worker", "alpha");
    cursor = cursor_of (detail.data, detail.size);
    assert_true (cursor_map (&cursor, &pairs));
    assert_int_equal (pairs, 3);
    buffer_free (&given);
    buffer_free (&detail);
}

//  What a slot says is cut, repaired and sorted: the broker takes it, whatever it was.
static void s_a_detail_keeps_the_rules (void **state)
{
    static char trace [200000];
    buffer_t given = {0}, detail = {0};
    fault_t fault = {0};
    (void) state;
    memset (trace, 't', sizeof trace - 1);
    pack_map (&given, 6);
    pack_text (&given, "kind");
    pack_uint (&given, 7);
    pack_text (&given, "message");
    pack_text (&given, "m\xff");
    pack_text (&given, "trace");
    pack_text (&given, trace);
    pack_text (&given, "user_us");
    pack_int (&given, -1);
    pack_text (&given, "max_rss_bytes");
    pack_uint (&given, 9);
    pack_ext (&given, 9, "x", 1);
    pack_nil (&given);
    failure_pack_with_worker (&detail, (view_t){given.data, given.size}, "alpha\xff", NULL);
    s_expect_text (&detail, "message", "m?");
    s_expect_text (&detail, "worker", "alpha?");
    view_t cut = {0};
    cursor_t cursor = cursor_find ((view_t){detail.data, detail.size}, "trace");
    assert_true (cursor_text (&cursor, &cut) && cut.size == 32768);
    assert_memory_equal (cut.data + cut.size - 13, "t [truncated]", 13);
    cursor = cursor_of (detail.data, detail.size);
    size_t pairs;
    assert_true (cursor_map (&cursor, &pairs));
    assert_int_equal (pairs, 4);
    rules_result_t result = {.outcome = CADRE_OUTCOME_ERROR, .detail = {detail.data, detail.size}};
    assert_true (rules_message_result (&result, &fault));
    buffer_free (&given);
    buffer_free (&detail);
}

static void s_without_a_detail_there_is_the_name (void **state)
{
    static const uint8_t nil [] = {0xc0};
    buffer_t detail = {0};
    (void) state;
    failure_pack_with_worker (&detail, (view_t){nil, 1}, "alpha", NULL);
    s_expect_text (&detail, "worker", "alpha");
    buffer_clear (&detail);
    failure_pack_with_worker (&detail, (view_t){0}, "alpha", NULL);
    s_expect_text (&detail, "worker", "alpha");
    buffer_free (&detail);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_own_details_name_all),
        cmocka_unit_test (s_a_slots_detail_gets_the_name),
        cmocka_unit_test (s_a_message_takes_the_place_of_another),
        cmocka_unit_test (s_a_detail_keeps_the_rules),
        cmocka_unit_test (s_without_a_detail_there_is_the_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
