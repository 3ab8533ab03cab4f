//  damaged_journal_test.c - records that cannot be: the broker says that its store is damaged, and
//  does not start; nothing of them comes back later

#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

#define JOB 7u

static void s_record (buffer_t *batch, unsigned verb, buffer_t *fields)
{
    pack_uint (batch, verb);
    buffer_append (batch, fields->data, fields->size);
    buffer_free (fields);
}

//  A job with one task, whose payload is that value.
static void s_job_record (buffer_t *batch, const buffer_t *payload)
{
    static const uint8_t uuid [WIRE_UUID_BYTES] = {1};
    buffer_t open = {0}, fields = {0};
    wire_pack_job_open (&open, &(wire_job_open_t){.ref = 1,
                                                  .uuid = {uuid, sizeof uuid},
                                                  .kind = WIRE_KIND_CALL,
                                                  .function = wire_view ("square"),
                                                  .durable = true});
    wire_pack_log_job (&fields, &(wire_log_job_t){.job = JOB, .open = wire_view_of (&open)});
    s_record (batch, WIRE_log_job, &fields);
    wire_pack_log_tasks (&fields,
                         &(wire_log_tasks_t){.job = JOB, .payloads = wire_list_of (payload, 1)});
    s_record (batch, WIRE_log_tasks, &fields);
    buffer_free (&open);
}

static void s_result_record (buffer_t *batch, const buffer_t *body)
{
    buffer_t fields = {0};
    wire_pack_log_result (&fields, &(wire_log_result_t){.job = JOB,
                                                        .outcome = CADRE_OUTCOME_ERROR,
                                                        .body = wire_view_of (body)});
    s_record (batch, WIRE_log_result, &fields);
}

//  Does a broker start on a store with this batch?
static bool s_starts (buffer_t *batch)
{
    fault_t fault = {0};
    modules_rig_t rig;
    memory_disk_t *disk = memory_disk_new ();
    store_t *store = memory_open (disk, 0, &fault);
    assert_int_equal (store_scan (store, NULL, NULL, &fault), CADRE_OK);
    store_append (store, batch, NULL);
    assert_int_equal (store_close (&store, &fault), CADRE_OK);
    modules_rig_start (&rig);
    store = memory_open (disk, 0, &fault);
    bool starts = persistence_open (&rig.ctx, &store, &fault) == CADRE_OK;
    assert_true (starts || strstr (fault.text, "the store is damaged"));
    persistence_close (&rig.ctx, &fault);
    modules_rig_end (&rig);
    memory_disk_destroy (&disk);
    return starts;
}

static void s_pack_body (buffer_t *body, bool whole)
{
    pack_uint (body, 0);                   // the task
    pack_uint (body, 1);                   // tries
    pack_uint (body, CADRE_OUTCOME_ERROR); // outcome
    pack_int (body, 0);                    // code
    if (!whole)
        return;
    pack_uint (body, 5); // run time
    pack_nil (body);     // value
    pack_nil (body);     // detail
}

//  Who follows the job would have read behind its end
static void test_a_result_is_whole (void **state)
{
    (void) state;
    for (int whole = 0; whole < 2; whole++) {
        buffer_t batch = {0}, payload = {0}, body = {0};
        pack_array (&payload, 0);
        s_job_record (&batch, &payload);
        s_pack_body (&body, whole);
        s_result_record (&batch, &body);
        assert_int_equal (s_starts (&batch), whole);
        buffer_free (&payload);
        buffer_free (&body);
    }
}

//  A task whose payload is said to have come in parts, and has not, could not be handed out
static void test_a_large_payload_is_there (void **state)
{
    (void) state;
    buffer_t batch = {0}, payload = {0};
    wire_pack_parts (&payload, 3);
    s_job_record (&batch, &payload);
    assert_false (s_starts (&batch));
    buffer_free (&payload);
}

int main (void)
{
    static const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_result_is_whole),
        cmocka_unit_test (test_a_large_payload_is_there),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
