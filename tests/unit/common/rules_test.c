//  rules_test.c - what may travel: values, results, output and functions, and the place that a
//  fault names

#include "common/pack.h"
#include "common/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) ((view_t){.data = (const uint8_t *) (text), .size = sizeof (text) - 1})
#define EXT1_GOOD "\xc7\x06\x01\x93\xa1k\xa1m\xa0"

//  In one piece, and byte after byte: both must say the same
static bool s_check (view_t value, const rules_shape_t *shape, fault_t *fault)
{
    uint8_t *exact = malloc (value.size);
    rules_scan_t scan;
    fault_t other = {0};
    memcpy (exact, value.data, value.size);
    bool sound = rules_check ((view_t){.data = exact, .size = value.size}, shape, fault);
    rules_scan_begin (&scan, shape, value.size);
    bool going = true;
    for (size_t size = 1; size <= value.size && going; size++)
        going = rules_scan_go (&scan, exact, size, &other);
    assert_int_equal (going, sound);
    assert_int_equal (sound, going && rules_scan_is_whole (&scan));
    if (!sound)
        assert_string_equal (other.text, fault->text);
    free (exact);
    return sound;
}

static void s_take (view_t value, const rules_shape_t *shape)
{
    fault_t fault = {0};
    if (!s_check (value, shape, &fault))
        fail_msg ("%s", fault.text);
}

static void s_refuse (view_t value, const rules_shape_t *shape, const char *start)
{
    fault_t fault = {0};
    assert_false (s_check (value, shape, &fault));
    if (strncmp (fault.text, start, strlen (start)) != 0)
        fail_msg ("\"%s\" does not begin with \"%s\"", fault.text, start);
}

static void s_values_of_all_types_pass (void **state)
{
    (void) state;
    s_take (BYTES ("\xc0"), &rules_value);
    s_take (BYTES ("\x94\x01\xff\xcb\x3f\xe0\0\0\0\0\0\0\xc3"), &rules_value);
    s_take (BYTES ("\x92\xa4gr\xc3\xbc\xc4\x02\xff\xfe"), &rules_value);
    s_take (BYTES ("\x82\xa1k\x81\x01\xa3one\xff\x90"), &rules_value); // {"k": {1: "one"}, -1: []}
    assert_true (rules_check ((view_t){0}, &rules_value, NULL));
}

static void s_faults_name_the_place (void **state)
{
    (void) state;
    s_refuse (BYTES ("\xd7\x02\0\0\0\0\0\0\x30\x39"), &rules_value, "value: ext type 2");
    s_refuse (BYTES ("\x94\x01\x02\x03\x81\xa4name\xd4\x09\x01"), &rules_value,
              "value[3][\"name\"]: ext type 9");
    s_refuse (BYTES ("\x82\xa1k\x01\x07\x92\x01\xa3\xff\xfe\xfd"), &rules_value,
              "value[7][1]: a text that is not UTF-8 (byte 0xff)");
    s_refuse (BYTES ("\x91\x81\xfe\xc1"), &rules_value, "value[0][-2]: a byte 0xc1");
    s_refuse (BYTES ("\x91\x82\x01\x02\xc0\x03"), &rules_value,
              "value[0]: a map with a key that is neither");
    s_refuse (BYTES ("\x81\xa1\xff\x01"), &rules_value, "value"); // a key that is not UTF-8
    s_refuse (BYTES ("\x81\xa6\x1b[2J\xc3\xbc\xc1"), &rules_value,
              "value[\" [2J"); // no control characters
    s_refuse (BYTES ("\x92\x01"), &rules_value, "value");
    s_refuse (BYTES ("\x91\xdb\0\0\0\x09xyz"), &rules_value, "value[0]: it is incomplete");
    s_refuse (BYTES ("\xdd\xff\xff\xff\xff"), &rules_value,
              "value: it announces more elements than bytes");
    s_refuse (BYTES ("\x01\x02"), &rules_value, "value: more bytes follow it");
    s_refuse (BYTES ("\x90\x02"), &rules_value, "value: more bytes follow it");
}

//  The short way to numbers and short arrays of them says what the long way says.
static void s_short_values_take_no_short_cut (void **state)
{
    (void) state;
    for (unsigned first = 0; first < 256; first++)
        for (size_t size = 1; size <= 12; size++)
            for (uint8_t head = 0x90; head <= 0x93; head++) {
                uint8_t bytes [16] = {head, (uint8_t) first, 0x01, 0x02, 0x03};
                fault_t fault = {0};
                s_check ((view_t){bytes, size}, &rules_value, &fault);
                s_check ((view_t){bytes + 1, size}, &rules_value, &fault);
            }
}

static void s_nest (unsigned depth, const rules_shape_t *shape, bool passes)
{
    uint8_t bytes [40];
    fault_t fault = {0};
    memset (bytes, 0x91, depth);
    bytes [depth] = 0xc0;
    assert_int_equal (s_check ((view_t){bytes, depth + 1}, shape, &fault), passes);
    if (!passes)
        assert_non_null (strstr (fault.text, "[0]: nested deeper than 20"));
    bytes [depth - 1] = 0x90; // empty ones count, too
    assert_int_equal (rules_check ((view_t){bytes, depth}, shape, &fault), passes);
}

static void s_the_transport_may_add_levels (void **state)
{
    (void) state;
    s_nest (20, &rules_value, true);
    s_nest (21, &rules_value, false);
    s_nest (21, &rules_items, true);
    s_nest (22, &rules_items, false);
    s_nest (21, &rules_call, true);
    s_nest (22, &rules_call, false);
    s_nest (22, &rules_map, true);
    s_nest (23, &rules_map, false);
}

static void s_failures_stand_where_they_may (void **state)
{
    (void) state;
    s_take (BYTES ("\x92\x01" EXT1_GOOD), &rules_items);
    s_take (BYTES ("\x91\x92\x01" EXT1_GOOD), &rules_call);
    s_refuse (BYTES (EXT1_GOOD), &rules_items, "value: ext type 1: only an item");
    s_refuse (BYTES ("\x91\x91" EXT1_GOOD), &rules_items, "value[0][0]: ext type 1: only an item");
    s_refuse (BYTES ("\x81\x05" EXT1_GOOD), &rules_items, "value[5]: ext type 1: only an item");
    s_refuse (BYTES ("\x92\x01" EXT1_GOOD), &rules_value, "value[1]: ext type 1: only an item");
    s_refuse (BYTES ("\x91\xd5\x01xx"), &rules_items, "value[0]: ext type 1 that does not hold");
    s_refuse (BYTES ("\x91\xc7\x06\x01\x93\xa1\xff\xa1m\xa0"), &rules_items,
              "value[0]: ext type 1 that");
    s_refuse (BYTES ("\x91\xd7\x02\0\0\0\0\0\0\0\x01"), &rules_any,
              "payload[0]: ext type 2: only the protocol");
}

static void s_words_of_commands_are_any_bytes (void **state)
{
    (void) state;
    s_take (BYTES ("\x93\x91\xa1\xff\xc0\xc0"), &rules_command);
    s_refuse (BYTES ("\x93\x91\xa1\xff\xc0\xc0"), &rules_call,
              "arguments[0][0]: a text that is not UTF-8");
    assert_ptr_equal (rules_payload (WIRE_KIND_COMMAND), &rules_command);
    assert_ptr_equal (rules_payload (WIRE_KIND_CALL), &rules_call);
    assert_ptr_equal (rules_payload (WIRE_KIND_MAP), &rules_map);
}

static void s_the_next_value_is_taken (void **state)
{
    view_t value;
    fault_t fault = {0};
    (void) state;
    view_t bytes = BYTES ("\x92\x01\x02\xa1x\xd4\x09\x01");
    cursor_t cursor = cursor_of_view (bytes);
    assert_true (rules_take (&cursor, &rules_value, &value, &fault));
    assert_int_equal (value.size, 3);
    assert_true (rules_take (&cursor, &rules_value, &value, &fault));
    assert_int_equal (value.size, 2);
    const uint8_t *before = cursor.at;
    assert_false (rules_take (&cursor, &rules_value, &value, &fault));
    assert_ptr_equal (cursor.at, before);
    assert_string_equal (fault.text, "value: ext type 9: a value has no ext types");
}

static void s_only_what_can_be_known_is_an_outcome (void **state)
{
    fault_t fault = {0};
    (void) state;
    for (uint64_t outcome = 0; outcome < 20; outcome++) {
        rules_result_t said = {.outcome = outcome};
        assert_int_equal (rules_message_result (&said, &fault),
                          outcome >= 1 && outcome <= 8 && outcome != 7);
        said.by_slot = true;
        assert_int_equal (rules_message_result (&said, &fault), outcome >= 1 && outcome <= 5);
        said.cancelled = true;
        assert_int_equal (rules_message_result (&said, &fault),
                          (outcome >= 1 && outcome <= 5) || outcome == 8);
    }
    rules_message_result (&(rules_result_t){.outcome = CADRE_OUTCOME_WORKER_LOST, .by_slot = true},
                          &fault);
    assert_string_equal (fault.text, "outcome 7 (worker-lost) cannot come from a slot");
    assert_false (
        rules_message_result (&(rules_result_t){.outcome = 2, .code = INT64_C (1) << 40}, &fault));
    assert_false (
        rules_message_result (&(rules_result_t){.outcome = 2, .run_us = UINT64_MAX}, &fault));
}

static bool s_detail (view_t detail)
{
    return rules_message_result (
        &(rules_result_t){.outcome = CADRE_OUTCOME_ERROR, .detail = detail}, NULL);
}

static void s_details_are_maps_of_what_they_say (void **state)
{
    (void) state;
    assert_true (s_detail (BYTES ("\xc0")));
    assert_true (s_detail (BYTES ("\x80")));
    assert_true (s_detail (BYTES ("\x83\xa4kind\xa1k\xa7user_us\x05\xa9"
                                  "abandoned\xc3")));
    assert_true (s_detail (BYTES ("\x81\xa3new\x91\x01")));
    assert_false (s_detail (BYTES ("\x01")));
    assert_false (s_detail (BYTES ("\x81\xa4kind\x01")));
    assert_false (s_detail (BYTES ("\x81\xa7message\xa1\xff")));
    assert_false (s_detail (BYTES ("\x81\xa7user_us\xff")));
    assert_false (s_detail (BYTES ("\x81\x01\x01")));
    assert_false (s_detail (BYTES ("\x81\xa3new\xd4\x09\x01")));
    assert_false (s_detail (BYTES ("\x80\x01")));
    buffer_t large = {0};
    pack_map (&large, 1);
    pack_text (&large, "trace");
    char *text = calloc (1, RULES_DETAIL_BYTES);
    memset (text, 'x', RULES_DETAIL_BYTES - 1);
    pack_text (&large, text);
    assert_false (s_detail (wire_view_of (&large)));
    free (text);
    buffer_free (&large);
}

static void s_output_is_what_its_stream_carries (void **state)
{
    (void) state;
    assert_true (rules_message_output (WIRE_STREAM_STDOUT, BYTES ("\xff\0"), NULL));
    assert_true (rules_message_output (WIRE_STREAM_STDERR, (view_t){0}, NULL));
    assert_true (rules_message_output (WIRE_STREAM_LOG, BYTES ("gr\xc3\xbcn"), NULL));
    assert_false (rules_message_output (WIRE_STREAM_LOG, BYTES ("\xff"), NULL));
    assert_true (rules_message_output (WIRE_STREAM_PROGRESS,
                                       BYTES ("\x92\xcb\x3f\xe0\0\0\0\0\0\0\xa0"), NULL));
    assert_false (rules_message_output (WIRE_STREAM_PROGRESS, BYTES ("\x92\xa0\xa0"), NULL));
    assert_false (rules_message_output (WIRE_STREAM_PROGRESS, BYTES ("\xc0"), NULL));
    assert_true (rules_message_output (WIRE_STREAM_PARTIAL, BYTES ("\x91\x01"), NULL));
    assert_false (rules_message_output (WIRE_STREAM_PARTIAL, BYTES ("\xd4\x09\x01"), NULL));
    assert_false (rules_message_output (WIRE_STREAM_PARTIAL, (view_t){0}, NULL));
    assert_false (rules_message_output (0, BYTES ("x"), NULL));
    assert_false (rules_message_output (6, BYTES ("x"), NULL));
    static uint8_t much [WIRE_PART_MAX + 1];
    assert_true (rules_message_output (WIRE_STREAM_STDOUT, (view_t){much, WIRE_PART_MAX}, NULL));
    assert_false (
        rules_message_output (WIRE_STREAM_STDOUT, (view_t){much, WIRE_PART_MAX + 1}, NULL));
}

static bool s_function (const char *name, const char *takes, const char *says, size_t count)
{
    buffer_t records = {0};
    wire_function_t function = {
        .name = wire_view (name), .takes = wire_view (takes), .says = wire_view (says)};
    for (size_t i = 0; i < count; i++)
        wire_pack_function (&records, &function);
    wire_list_t list = wire_list_of (&records, count);
    bool sound = rules_message_functions (&list, NULL);
    buffer_free (&records);
    return sound;
}

static void s_functions_fit_into_a_hello (void **state)
{
    char long_name [RULES_NAME_BYTES + 2], long_words [RULES_SAYS_BYTES + 2];
    (void) state;
    memset (long_name, 'n', sizeof long_name);
    memset (long_words, 'w', sizeof long_words);
    long_name [sizeof long_name - 1] = long_words [sizeof long_words - 1] = 0;
    assert_true (s_function ("square", "i", "the square", 1));
    assert_true (s_function ("f", "", "", 2000));
    assert_false (s_function ("f", "", "", 2001));
    assert_false (s_function (long_name, "", "", 1));
    assert_true (s_function (long_name + 1, "", "", 1));
    assert_false (s_function ("f", "", long_words, 1));
    assert_true (s_function ("f", "", long_words + 1, 500));
    assert_false (s_function ("f", "", long_words + 1, 600)); // more than half a frame
    assert_false (s_function ("", "", "", 1));
    assert_false (s_function ("\x1b[2J", "", "", 1));
    assert_false (s_function ("\xff", "", "", 1));
    assert_false (s_function ("f", "", "\xff", 1));
    buffer_t other = {0};
    pack_array (&other, 1);
    pack_uint (&other, 7);
    wire_list_t list = wire_list_of (&other, 1);
    assert_false (rules_message_functions (&list, NULL));
    buffer_free (&other);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_values_of_all_types_pass),
        cmocka_unit_test (s_faults_name_the_place),
        cmocka_unit_test (s_short_values_take_no_short_cut),
        cmocka_unit_test (s_the_transport_may_add_levels),
        cmocka_unit_test (s_failures_stand_where_they_may),
        cmocka_unit_test (s_words_of_commands_are_any_bytes),
        cmocka_unit_test (s_the_next_value_is_taken),
        cmocka_unit_test (s_only_what_can_be_known_is_an_outcome),
        cmocka_unit_test (s_details_are_maps_of_what_they_say),
        cmocka_unit_test (s_output_is_what_its_stream_carries),
        cmocka_unit_test (s_functions_fit_into_a_hello),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
