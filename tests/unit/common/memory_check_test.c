//  memory_check_test.c - memory for something large is asked for before it is taken

#include "common/memory_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/buffer.h"

#define HUGE_BYTES (SIZE_MAX / 8)
#define LARGE_BYTES ((size_t) 4 << 20)

static void test_small_is_not_asked_for (void **state)
{
    (void) state;
    assert_true (memory_check_for (0));
    assert_true (memory_check_for (MEMORY_CHECK_LEAST - 1));
    assert_true (memory_check_for (LARGE_BYTES));
    assert_false (memory_check_for (HUGE_BYTES));
    assert_false (memory_check_for (SIZE_MAX));
}

static void test_what_is_on_its_way_counts (void **state)
{
    (void) state;
    assert_true (memory_check_enter (LARGE_BYTES, 3, 2));
    assert_true (memory_check_enter (LARGE_BYTES, 3, 2));
    assert_false (memory_check_enter (HUGE_BYTES, 3, 2));
    //  Copies that no machine has room for
    assert_false (memory_check_enter (LARGE_BYTES, HUGE_BYTES / LARGE_BYTES, 4));
    memory_check_leave (LARGE_BYTES);
    memory_check_leave (LARGE_BYTES);
    assert_true (memory_check_enter (LARGE_BYTES, 3, 2));
    memory_check_leave (LARGE_BYTES);
}

static void test_fault_says_what (void **state)
{
    (void) state;
    fault_t fault = {0};
    assert_int_equal (memory_check_lacks (LARGE_BYTES, "arguments", &fault), CADRE_ERROR_MEMORY);
    assert_non_null (strstr (fault.text, "no memory for arguments of 4.0 MiB"));
    assert_non_null (strstr (fault.text, "ulimit -v"));
}

//  What finds no room is left out; the buffer is as before once it is cleared.
static void test_checked_buffer_fails (void **state)
{
    (void) state;
    static char byte;
    buffer_t buffer = {.checked = true};
    buffer_append (&buffer, "abc", 3);
    assert_null (buffer_reserve (&buffer, HUGE_BYTES));
    assert_true (buffer.failed);
    buffer_append (&buffer, &byte, 1);
    assert_int_equal (buffer.size, 3);
    assert_memory_equal (buffer.data, "abc", 3);
    buffer_clear (&buffer);
    assert_false (buffer.failed);
    buffer_append (&buffer, "d", 1);
    assert_int_equal (buffer.size, 1);
    buffer_t taken = buffer_take (&buffer);
    assert_true (buffer.checked);
    buffer_free (&taken);
    assert_true (taken.checked);
    buffer_free (&taken);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_small_is_not_asked_for),
        cmocka_unit_test (test_what_is_on_its_way_counts),
        cmocka_unit_test (test_fault_says_what),
        cmocka_unit_test (test_checked_buffer_fails),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
