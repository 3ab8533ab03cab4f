//  fault_test.c - faults stay one line of valid UTF-8, whatever goes in

#include "common/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_set_returns_code (void **state)
{
    (void) state;
    fault_t fault = {0};
    assert_int_equal (fault_set (&fault, CADRE_ERROR_ADDRESS, "port %d is missing", 7),
                      CADRE_ERROR_ADDRESS);
    assert_int_equal (fault.code, CADRE_ERROR_ADDRESS);
    assert_string_equal (fault.text, "port 7 is missing");
}

static void test_set_without_fault (void **state)
{
    (void) state;
    assert_int_equal (fault_set (NULL, CADRE_ERROR_IO, "nobody reads %s", "this"), CADRE_ERROR_IO);
    fault_clear (NULL);
}

static void test_replace_from_own_text (void **state)
{
    (void) state;
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_IO, "cause");
    fault_set (&fault, CADRE_ERROR_MEMORY, "while opening: %s", fault.text);
    assert_string_equal (fault.text, "while opening: cause");
    assert_int_equal (fault.code, CADRE_ERROR_MEMORY);
}

static void test_clear (void **state)
{
    (void) state;
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_IO, "cause");
    fault_clear (&fault);
    assert_int_equal (fault.code, CADRE_OK);
    assert_string_equal (fault.text, "");
}

static void test_stays_one_line (void **state)
{
    (void) state;
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_TASK, "%s", "first\nsecond\r\n\tthird\x1b[31m\x7f");
    assert_string_equal (fault.text, "first second   third [31m ");
}

#define KEPT (FAULT_TEXT_BYTES - 1 - strlen (" [truncated]"))

//  A character of each width, placed so that the cut falls on each of its bytes
static void test_cut_between_characters (void **state)
{
    (void) state;
    static const char *const characters [] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 4; c++) {
        size_t width = strlen (characters [c]);
        for (size_t lead = KEPT - 8; lead <= KEPT; lead++) {
            char text [FAULT_TEXT_BYTES + 16];
            memset (text, 'x', lead);
            memcpy (text + lead, characters [c], width);
            memset (text + lead + width, 'y', sizeof text - lead - width);
            text [sizeof text - 1] = 0;
            fault_t fault = {0};
            fault_set (&fault, CADRE_ERROR_IO, "%s", text);
            size_t expected = lead + width > KEPT ? lead : KEPT;
            assert_memory_equal (fault.text, text, expected);
            assert_string_equal (fault.text + expected, " [truncated]");
        }
    }
}

static void test_cut_of_rubbish (void **state)
{
    (void) state;
    char text [FAULT_TEXT_BYTES * 2];
    memset (text, 0x80, sizeof text);
    text [sizeof text - 1] = 0;
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_IO, "%s", text);
    assert_true (strlen (fault.text) < FAULT_TEXT_BYTES);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_set_returns_code),
        cmocka_unit_test (test_set_without_fault),
        cmocka_unit_test (test_replace_from_own_text),
        cmocka_unit_test (test_clear),
        cmocka_unit_test (test_stays_one_line),
        cmocka_unit_test (test_cut_between_characters),
        cmocka_unit_test (test_cut_of_rubbish),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
