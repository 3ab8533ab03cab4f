//  ticket_test.c - claims and revokes in one thread, in two that race, and at the wrap of 32 bits

#include "worker/ticket.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RACED 200000u

static void s_run_in_order (void **state)
{
    ticket_page_t page;
    (void) state;
    ticket_page_init (&page);
    assert_int_equal (ticket_offer (&page, 3), 1);
    assert_int_equal (ticket_state (&page, 1), TICKET_WAITING);
    assert_int_equal (ticket_claim (&page, 1, 77), TICKET_RUN);
    assert_int_equal (page.started_us, 77);
    assert_int_equal (ticket_state (&page, 1), TICKET_RUNNING);
    assert_int_equal (ticket_state (&page, 2), TICKET_WAITING);
    ticket_finish (&page, 1);
    assert_int_equal (ticket_state (&page, 1), TICKET_FINISHED);
    assert_int_equal (ticket_claim (&page, 2, 78), TICKET_RUN);
    assert_int_equal (ticket_offer (&page, 1), 4);
}

static void s_revoked_tickets_are_skipped (void **state)
{
    ticket_page_t page;
    uint32_t first;
    (void) state;
    ticket_page_init (&page);
    ticket_offer (&page, 5);
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_RUN);
    assert_int_equal (ticket_revoke (&page, &first), 4);
    assert_int_equal (first, 2);
    assert_int_equal (ticket_revoke (&page, &first), 0);
    assert_int_equal (ticket_offer (&page, 1), 6);
    for (uint32_t ticket = 2; ticket <= 5; ticket++)
        assert_int_equal (ticket_claim (&page, ticket, 0), TICKET_SKIP);
    assert_int_equal (ticket_claim (&page, 6, 0), TICKET_RUN);
}

static void s_what_was_not_offered_is_unknown (void **state)
{
    ticket_page_t page;
    (void) state;
    ticket_page_init (&page);
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_UNKNOWN);
    ticket_offer (&page, 2);
    assert_int_equal (ticket_claim (&page, 2, 0), TICKET_UNKNOWN);
}

static void s_cancel_names_one_ticket (void **state)
{
    ticket_page_t page;
    (void) state;
    ticket_page_init (&page);
    assert_false (ticket_is_cancelled (&page, 0));
    ticket_cancel (&page, 7);
    assert_true (ticket_is_cancelled (&page, 7));
    assert_false (ticket_is_cancelled (&page, 8));
}

static void s_numbers_wrap (void **state)
{
    ticket_page_t page;
    uint32_t first;
    (void) state;
    ticket_page_init (&page);
    page.claim = UINT64_C (0xfffffffefffffffe);
    page.finished = 0xfffffffd;
    assert_int_equal (ticket_offer (&page, 4), 0xfffffffe);
    for (uint32_t ticket = 0xfffffffe; ticket != 1; ticket++) {
        assert_int_equal (ticket_claim (&page, ticket, 0), TICKET_RUN);
        assert_int_equal (ticket_state (&page, ticket), TICKET_RUNNING);
        ticket_finish (&page, ticket);
        assert_int_equal (ticket_state (&page, ticket), TICKET_FINISHED);
    }
    assert_int_equal (ticket_revoke (&page, &first), 1);
    assert_int_equal (first, 1);
    assert_int_equal (ticket_claim (&page, 1, 0), TICKET_SKIP);
}

typedef struct race {
    ticket_page_t page;            //  Shared
    unsigned char run [RACED + 1]; //  How often each ticket was run
    _Atomic uint32_t offered;      //  Highest ticket offered: stands for the pipe
} race_t;

static void *s_slot_thread (void *argument)
{
    race_t *race = argument;
    for (uint32_t ticket = 1; ticket <= RACED; ticket++) {
        while (atomic_load (&race->offered) < ticket)
            ;
        if (ticket_claim (&race->page, ticket, 0) == TICKET_RUN) {
            race->run [ticket]++;
            ticket_finish (&race->page, ticket);
        }
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
    assert_int_equal (pthread_create (&thread, NULL, s_slot_thread, &race), 0);
    for (uint32_t offered = 0; offered < RACED;) {
        uint32_t count = RACED - offered < 7 ? RACED - offered : 7, first;
        assert_int_equal (ticket_offer (&race.page, count), offered + 1);
        offered += count;
        atomic_store (&race.offered, offered);
        uint32_t taken = ticket_revoke (&race.page, &first);
        for (uint32_t i = 0; i < taken; i++)
            revoked [first + i]++;
    }
    pthread_join (thread, NULL);
    for (uint32_t ticket = 1; ticket <= RACED; ticket++)
        assert_int_equal (race.run [ticket] + revoked [ticket], 1);
}

static void s_two_mappings_share_a_page (void **state)
{
    int fd;
    (void) state;
    ticket_page_t *worker = ticket_page_new (&fd);
    assert_non_null (worker);
    ticket_page_t *slot = ticket_page_map (fd);
    assert_non_null (slot);
    close (fd);
    ticket_offer (worker, 1);
    assert_int_equal (ticket_claim (slot, 1, 5), TICKET_RUN);
    assert_int_equal (ticket_state (worker, 1), TICKET_RUNNING);
    ticket_page_destroy (&slot);
    ticket_page_destroy (&slot);
    ticket_page_destroy (&worker);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_run_in_order),
        cmocka_unit_test (s_revoked_tickets_are_skipped),
        cmocka_unit_test (s_what_was_not_offered_is_unknown),
        cmocka_unit_test (s_cancel_names_one_ticket),
        cmocka_unit_test (s_numbers_wrap),
        cmocka_unit_test (s_each_is_run_or_revoked_once),
        cmocka_unit_test (s_two_mappings_share_a_page),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
