//  result_checks_test.c - a slot is believed as far as the rules go

#include "common/rules.h"
#include "worker/slots/result_checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) ((view_t){.data = (const uint8_t *) (text), .size = sizeof (text) - 1})

static cached_job_t job;
static lease_t lease;

static void s_task (unsigned kind, uint64_t timeout_ms, lease_verdict_t verdict)
{
    job = (cached_job_t){.kind = kind, .timeout_ms = timeout_ms};
    lease = (lease_t){.job = &job, .verdict = verdict};
}

static void s_values_keep_the_rules_of_their_kind (void **state)
{
    fault_t fault = {0};
    wire_slot_result_t said = {.outcome = CADRE_OUTCOME_OK,
                               .value = BYTES ("\x91\xc7\x04\x01\x93\xa0\xa0\xa0")};
    (void) state;
    s_task (WIRE_KIND_MAP, 0, LEASE_GOES_ON);
    assert_true (result_checks_is_sound (&lease, &said, &fault));
    s_task (WIRE_KIND_CALL, 0, LEASE_GOES_ON);
    assert_false (result_checks_is_sound (&lease, &said, &fault));
    assert_non_null (strstr (fault.text, "value[0]: ext type 1"));
    said.value = BYTES ("\xd7\x02\0\0\0\0\0\0\0\x07");
    assert_false (result_checks_is_sound (&lease, &said, &fault));
    said.value = BYTES ("\xa1x");
    said.detail = BYTES ("\xd4\x09\x01"); // it is made anew
    assert_true (result_checks_is_sound (&lease, &said, &fault));
}

static void s_only_who_was_told_to_end_is_cancelled (void **state)
{
    fault_t fault = {0};
    wire_slot_result_t said = {.outcome = CADRE_OUTCOME_CANCELLED, .run_us = 5000};
    (void) state;
    s_task (WIRE_KIND_MAP, 0, LEASE_GOES_ON);
    assert_false (result_checks_is_sound (&lease, &said, &fault));
    assert_string_equal (fault.text, "outcome 8 (cancelled) cannot come from a slot");
    s_task (WIRE_KIND_MAP, 6, LEASE_GOES_ON);
    assert_false (result_checks_is_sound (&lease, &said, &fault));
    s_task (WIRE_KIND_MAP, 5, LEASE_GOES_ON);
    assert_true (result_checks_is_sound (&lease, &said, &fault));
    assert_int_equal (result_checks_outcome (&lease, &said), CADRE_OUTCOME_TIMEOUT);
    s_task (WIRE_KIND_MAP, 5, LEASE_CANCELLED);
    assert_true (result_checks_is_sound (&lease, &said, &fault));
    assert_int_equal (result_checks_outcome (&lease, &said), CADRE_OUTCOME_CANCELLED);
}

static void s_a_slot_is_of_use_or_says_why_not (void **state)
{
    fault_t fault = {0};
    buffer_t records = {0};
    (void) state;
    wire_pack_function (&records, &(wire_function_t){.name = wire_view ("f")});
    wire_slot_ready_t said = {.functions = wire_list_of (&records, 1)};
    assert_true (result_checks_is_of_use (&said, &fault));
    wire_pack_function (&records, &(wire_function_t){.name = wire_view ("\xff")});
    said.functions = wire_list_of (&records, 2);
    assert_false (result_checks_is_of_use (&said, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_PLUGIN);
    said = (wire_slot_ready_t){.code = CADRE_ERROR_NOT_FOUND, .message = BYTES ("no \xff file")};
    assert_false (result_checks_is_of_use (&said, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_NOT_FOUND);
    assert_string_equal (fault.text, "no ? file");
    said.code = 4711;
    assert_false (result_checks_is_of_use (&said, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_PLUGIN);
    buffer_free (&records);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (s_values_keep_the_rules_of_their_kind),
                                        cmocka_unit_test (s_only_who_was_told_to_end_is_cancelled),
                                        cmocka_unit_test (s_a_slot_is_of_use_or_says_why_not)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
