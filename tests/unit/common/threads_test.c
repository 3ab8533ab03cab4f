//  threads_test.c - threads that cannot be started are an error with cause and cure

#include "common/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define GIB (UINT64_C (1) << 30)

static void *s_run (void *argument)
{
    *(int *) argument = 7;
    return NULL;
}

static void test_there_are_some (void **state)
{
    (void) state;
    fault_t fault = {0};
    pthread_t thread;
    int seven = 0;
    assert_int_equal (threads_need (8, &fault), CADRE_OK);
    assert_int_equal (threads_start (&thread, s_run, &seven, &fault), CADRE_OK);
    pthread_join (thread, NULL);
    assert_int_equal (seven, 7);
}

//  Their stacks take more than there is.
static void test_there_are_none (void **state)
{
    (void) state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip (); // a sanitizer's own memory would count
#endif
    fault_t fault = {0};
    pthread_t thread;
    pthread_attr_t attributes, usual;
    struct rlimit before, limit;
    assert_int_equal (getrlimit (RLIMIT_AS, &before), 0);
    assert_int_equal (pthread_getattr_default_np (&usual), 0);
    assert_int_equal (pthread_attr_init (&attributes), 0);
    assert_int_equal (pthread_attr_setstacksize (&attributes, 64 * GIB), 0);
    assert_int_equal (pthread_setattr_default_np (&attributes), 0);
    limit = (struct rlimit){16 * GIB, before.rlim_max};
    assert_int_equal (setrlimit (RLIMIT_AS, &limit), 0);
    assert_int_equal (threads_need (2, &fault), CADRE_ERROR_MEMORY);
    assert_non_null (strstr (fault.text, "no thread can be started"));
    assert_non_null (strstr (fault.text, "ulimit -u"));
    assert_int_equal (threads_start (&thread, s_run, NULL, &fault), CADRE_ERROR_MEMORY);
    assert_int_equal (setrlimit (RLIMIT_AS, &before), 0);
    assert_int_equal (pthread_setattr_default_np (&usual), 0);
    pthread_attr_destroy (&attributes);
    pthread_attr_destroy (&usual);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_there_are_some),
        cmocka_unit_test (test_there_are_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
