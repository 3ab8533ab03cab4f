//  slot_memory_test.c - memory that two sides see, and whose size nobody changes

#include "worker/shared/slot_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void s_two_mappings_see_the_same (void **state)
{
    int fd;
    uint32_t first;
    (void) state;
    slot_memory_t *worker = slot_memory_new (&fd);
    assert_non_null (worker);
    slot_memory_t *slot = slot_memory_map (fd);
    assert_non_null (slot);
    close (fd);
    ticket_desk_t desk = ticket_desk_of (&worker->page);
    assert_true (ticket_offer (&desk, 1, &first));
    assert_int_equal (ticket_claim (&slot->page, first, 5), TICKET_RUN);
    assert_true (ticket_look (&desk));
    assert_true (ticket_is_claimed (&desk, first));
    slot_memory_destroy (&slot);
    slot_memory_destroy (&slot);
    slot_memory_destroy (&worker);
}

static void s_its_size_is_sealed (void **state)
{
    int fd;
    (void) state;
    slot_memory_t *worker = slot_memory_new (&fd);
    assert_non_null (worker);
    assert_int_equal (ftruncate (fd, 0), -1);
    assert_int_equal (errno, EPERM);
    assert_int_equal (ftruncate (fd, (off_t) 1 << 30), -1);
    assert_int_equal (errno, EPERM);
    assert_int_equal (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal (errno, EPERM);
    assert_int_equal (worker->page.claim, (UINT64_C (1) << 32) | 1);
    close (fd);
    slot_memory_destroy (&worker);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_two_mappings_see_the_same),
        cmocka_unit_test (s_its_size_is_sealed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
