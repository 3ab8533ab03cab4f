//  wakeup_test.c - the descriptor by which an event loop learns that there is news

#include "client/lib/session/wakeup.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool s_polls_readable (int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}

static void test_none_is_made_before_it_is_asked_for (void **state)
{
    (void) state;
    wakeup_t wakeup;
    wakeup_init (&wakeup);
    wakeup_raise (&wakeup);
    wakeup_clear (&wakeup);
    assert_false (wakeup_is_open (&wakeup));
    wakeup_close (&wakeup);
}

static void test_what_came_before_is_news (void **state)
{
    (void) state;
    wakeup_t wakeup;
    wakeup_init (&wakeup);
    int fd = wakeup_open (&wakeup);
    assert_true (fd >= 0 && s_polls_readable (fd));
    assert_int_equal (wakeup_open (&wakeup), fd);
    wakeup_close (&wakeup);
    assert_false (wakeup_is_open (&wakeup));
}

static void test_it_is_readable_from_raise_to_clear (void **state)
{
    (void) state;
    wakeup_t wakeup;
    wakeup_init (&wakeup);
    int fd = wakeup_open (&wakeup);
    wakeup_clear (&wakeup);
    assert_false (s_polls_readable (fd));
    wakeup_raise (&wakeup);
    wakeup_raise (&wakeup);
    assert_true (s_polls_readable (fd));
    wakeup_clear (&wakeup);
    assert_false (s_polls_readable (fd));
    wakeup_raise (&wakeup);
    assert_true (s_polls_readable (fd));
    wakeup_close (&wakeup);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_none_is_made_before_it_is_asked_for),
        cmocka_unit_test (test_what_came_before_is_news),
        cmocka_unit_test (test_it_is_readable_from_raise_to_clear),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
