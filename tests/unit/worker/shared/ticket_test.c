//  ticket_test.c - claims and revokes in one thread, in two that race, and at the wrap of 32 bits

#include "worker/shared/ticket.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RACED 200000u

static ticket_page_t page;
static ticket_desk_t desk;

static int s_setup (void **state)
{
    (void) state;
    ticket_page_init (&page);
    desk = ticket_desk_of (&page);
    return 0;
}

static uint32_t s_offer (uint32_t count)
{
    uint32_t first;
    assert_true (ticket_offer (&desk, count, &first));
    return first;
}

static uint32_t s_revoke (uint32_t *first)
{
    uint32_t count;
    assert_true (ticket_revoke (&desk, first, &count));
    return count;
}

static bool s_is_claimed (uint32_t ticket)
{
    assert_true (ticket_look (&desk));
    return ticket_is_claimed (&desk, ticket);
}

static void s_run_in_order (void **state)
{
    (void) state;
    assert_int_equal (s_offer (3), 1);
    assert_false (s_is_claimed (1));
    assert_int_equal (ticket_claim (&page, 1, 77), TICKET_RUN);
    assert_int_equal (page.started_us, 77);
    assert_true (s_is_claimed (1));
    assert_false (s_is_claimed (2));
    assert_int_equal (ticket_claim (&page, 2, 78), TICKET_RUN);
    assert_int_equal (s_offer (1), 4);
}

static void s_revoked_tickets_are_skipped (void **state)
{
    uint32_t first;
    (void) state;
    s_offer (5);
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_RUN);
    assert_int_equal (s_revoke (&first), 4);
    assert_int_equal (first, 2);
    assert_int_equal (s_revoke (&first), 0);
    assert_int_equal (s_offer (1), 6);
    for (uint32_t ticket = 2; ticket <= 5; ticket++)
        assert_int_equal (ticket_claim (&page, ticket, 0), TICKET_SKIP);
    assert_int_equal (ticket_claim (&page, 6, 0), TICKET_RUN);
}

static void s_what_was_not_offered_is_unknown (void **state)
{
    (void) state;
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_UNKNOWN);
    s_offer (2);
    assert_int_equal (ticket_claim (&page, 2, 0), TICKET_UNKNOWN);
}

static void s_cancel_names_one_ticket (void **state)
{
    (void) state;
    assert_false (ticket_is_cancelled (&page, 0));
    ticket_cancel (&page, 7);
    assert_true (ticket_is_cancelled (&page, 7));
    assert_false (ticket_is_cancelled (&page, 8));
}

static void s_numbers_wrap (void **state)
{
    uint32_t first;
    (void) state;
    page.claim = UINT64_C (0xfffffffefffffffe);
    desk.limit = desk.next = 0xfffffffe;
    assert_int_equal (s_offer (4), 0xfffffffe);
    for (uint32_t ticket = 0xfffffffe; ticket != 1; ticket++) {
        assert_false (s_is_claimed (ticket));
        assert_int_equal (ticket_claim (&page, ticket, 0), TICKET_RUN);
        assert_true (s_is_claimed (ticket));
    }
    assert_int_equal (s_revoke (&first), 1);
    assert_int_equal (first, 1);
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_SKIP);
}

static void s_a_page_that_was_written_over_is_noticed (void **state)
{
    static const uint64_t claims [] = {
        UINT64_MAX,
        0,
        UINT64_C (0x0000000300000007), //  Another limit
        UINT64_C (0x0000000700000006), //  next beyond the limit
        UINT64_C (0x0000000200000006), //  next went back
    };
    uint32_t first, count;
    for (size_t i = 0; i < sizeof claims / sizeof claims [0]; i++) {
        s_setup (state);
        s_offer (5);
        ticket_claim (&page, 1, 0);
        ticket_claim (&page, 2, 0);
        assert_true (ticket_look (&desk));
        page.claim = claims [i];
        assert_false (ticket_look (&desk));
        assert_false (ticket_offer (&desk, 1, &first));
        assert_false (ticket_revoke (&desk, &first, &count));
        assert_int_equal (count, 0);
        assert_int_equal (page.claim, claims [i]);
        assert_true (ticket_is_claimed (&desk, 2)); //  What was known stays known
        assert_false (ticket_is_claimed (&desk, 3));
    }
}

typedef struct race {
    ticket_page_t page;            //  Shared
    ticket_desk_t desk;            //  The worker's
    unsigned char run [RACED + 1]; //  How often each ticket was run
    _Atomic uint32_t offered;      //  Highest ticket offered: stands for the pipe
} race_t;

static void *s_slot_thread (void *argument)
{
    race_t *race = argument;
    for (uint32_t ticket = 1; ticket <= RACED; ticket++) {
        while (atomic_load (&race->offered) < ticket)
            ;
        if (ticket_claim (&race->page, ticket, 0) == TICKET_RUN)
            race->run [ticket]++;
    }
    return NULL;
}

static void s_each_is_run_or_revoked_once (void **state)
{
    static race_t race;
    static unsigned char revoked [RACED + 1];
    pthread_t thread;
    (void) state;
    ticket_page_init (&race.page);
    race.desk = ticket_desk_of (&race.page);
    assert_int_equal (pthread_create (&thread, NULL, s_slot_thread, &race), 0);
    for (uint32_t offered = 0; offered < RACED;) {
        uint32_t count = RACED - offered < 7 ? RACED - offered : 7, first, taken;
        assert_true (ticket_offer (&race.desk, count, &first));
        assert_int_equal (first, offered + 1);
        offered += count;
        atomic_store (&race.offered, offered);
        assert_true (ticket_revoke (&race.desk, &first, &taken));
        for (uint32_t i = 0; i < taken; i++)
            revoked [first + i]++;
    }
    pthread_join (thread, NULL);
    for (uint32_t ticket = 1; ticket <= RACED; ticket++)
        assert_int_equal (race.run [ticket] + revoked [ticket], 1);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup (s_run_in_order, s_setup),
        cmocka_unit_test_setup (s_revoked_tickets_are_skipped, s_setup),
        cmocka_unit_test_setup (s_what_was_not_offered_is_unknown, s_setup),
        cmocka_unit_test_setup (s_cancel_names_one_ticket, s_setup),
        cmocka_unit_test_setup (s_numbers_wrap, s_setup),
        cmocka_unit_test_setup (s_a_page_that_was_written_over_is_noticed, s_setup),
        cmocka_unit_test_setup (s_each_is_run_or_revoked_once, s_setup),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
