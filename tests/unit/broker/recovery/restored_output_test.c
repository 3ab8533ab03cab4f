//  restored_output_test.c - output of a durable job is cut at the same place, whether the broker
//  was restarted or not

#include "broker/ledger/deliver.h"
#include "tests/lib/rigs/journal_rig.h"

//  What is kept of a task's output: bytes, and marks of a cut.
typedef struct unacked {
    size_t bytes;  //  Written
    unsigned cuts; //  Marks
} unacked_t;

static unacked_t s_kept (const job_t *job)
{
    unacked_t self = {0};
    uint64_t position = 0, number;
    result_log_record_t record;
    while (result_log_read (job->keep, &position, &record)) {
        cursor_t cursor = cursor_of_view (record.body);
        view_t bytes;
        bool cut;
        for (int i = 0; i < 3; i++)
            assert_true (cursor_uint (&cursor, &number));
        assert_true (cursor_bool (&cursor, &cut) && cursor_blob (&cursor, &bytes));
        self.bytes += bytes.size;
        self.cuts += cut;
    }
    return self;
}

static void s_write (journal_rig_t *rig, size_t size)
{
    static char bytes [WIRE_PART_MAX];
    view_t view = {.data = (const uint8_t *) bytes, .size = size};
    deliver_output (&rig->modules.ctx, journal_rig_only (rig), 0, 1, WIRE_STREAM_STDOUT, view);
    journal_rig_turn (rig);
}

//  Output is cut where it is cut without a restart, and marked once
static void test_output_is_cut_at_the_same_place (void **state)
{
    (void) state;
    journal_rig_t rig;
    journal_rig_start (&rig);
    journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    for (size_t left = CONTEXT_KEEP_BYTES - 7; left;
         left -= left < WIRE_PART_MAX ? left : WIRE_PART_MAX)
        s_write (&rig, left < WIRE_PART_MAX ? left : WIRE_PART_MAX);
    journal_rig_restart (&rig);
    assert_int_equal (s_kept (journal_rig_only (&rig)).bytes, CONTEXT_KEEP_BYTES - 7);
    s_write (&rig, 7);
    journal_rig_restart (&rig);
    unacked_t kept = s_kept (journal_rig_only (&rig));
    assert_true (kept.bytes == CONTEXT_KEEP_BYTES && kept.cuts == 0);
    s_write (&rig, 1);
    for (int i = 0; i < 2; i++) {
        journal_rig_restart (&rig);
        s_write (&rig, 1);
        kept = s_kept (journal_rig_only (&rig));
        assert_true (kept.bytes == CONTEXT_KEEP_BYTES && kept.cuts == 1);
    }
    journal_rig_end (&rig);
}

//  A store that is full keeps the room for how tasks will end
static void test_output_does_not_take_the_last_room (void **state)
{
    (void) state;
    journal_rig_t rig = {.disk = memory_disk_new (), .quota = 1000000};
    store_usage_t usage;
    journal_rig_open (&rig);
    journal_rig_job (&rig, 1);
    journal_rig_turn (&rig);
    for (int i = 0; i < 20; i++)
        s_write (&rig, 100000);
    journal_usage (rig.modules.ctx.journal, &usage);
    assert_true (usage.used_bytes + usage.pending_bytes + usage.reserved_bytes
                 <= usage.quota_bytes);
    for (int i = 0; i < 2; i++) {
        unacked_t kept = s_kept (journal_rig_only (&rig));
        assert_true (kept.bytes == 900000 && kept.cuts == 1);
        journal_rig_restart (&rig);
    }
    journal_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_output_is_cut_at_the_same_place),
        cmocka_unit_test (test_output_does_not_take_the_last_room),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
