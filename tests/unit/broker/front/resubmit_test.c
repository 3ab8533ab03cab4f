//  resubmit_test.c - a job that is submitted again under its name: the same tasks are the same job,
//  and others are refused

#include "broker/front/front_jobs.h"
#include "broker/front/front_session.h"
#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

#include <stdlib.h>
#include <string.h>

typedef struct scene {
    journal_rig_t rig; // broker and store
    front_t *front;    // the clients' side
    uint64_t ref;      // the last one
} scene_t;

static const uint8_t s_uuid [WIRE_UUID_BYTES] = {1};

static void s_let_in (scene_t *self)
{
    client_t *client = self->rig.client;
    snprintf (client->holder, sizeof client->holder, "%s", RIGHTS_LOCAL);
    client->route = 1;
    HASH_ADD (hh, self->rig.modules.ctx.clients, session, sizeof client->session, client);
    self->front = front_new (&self->rig.modules.ctx, NULL, NULL);
}

static void s_let_out (scene_t *self)
{
    front_destroy (&self->front);
    HASH_DELETE (hh, self->rig.modules.ctx.clients, self->rig.client);
}

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    journal_rig_start (&self->rig);
    s_let_in (self);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    s_let_out (self);
    journal_rig_end (&self->rig);
    free (self);
    return 0;
}

static void s_restart (scene_t *self)
{
    journal_rig_turn (&self->rig);
    s_let_out (self);
    journal_rig_restart (&self->rig);
    s_let_in (self);
}

//  What the last JOB_OPENED of that ref said; 99: nothing
static uint64_t s_answer (scene_t *self, uint64_t ref, char message [512])
{
    uint64_t code = 99;
    const buffer_t *frame;
    journal_rig_turn (&self->rig);
    while ((frame = stream_next (self->rig.client->out))) {
        wire_envelope_t envelope;
        wire_job_opened_t opened;
        cursor_t body;
        assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
        if (envelope.verb != WIRE_job_opened || !wire_read_job_opened (&body, &opened)
            || opened.ref != ref)
            continue;
        code = opened.code;
        view_copy (opened.message, message, 512);
    }
    return code;
}

//  spec: a map in JSON's manner of one text, or NULL
static uint64_t s_open_with (scene_t *self, wire_job_open_t open)
{
    buffer_t packed = {0};
    open.ref = ++self->ref;
    open.uuid = (view_t){s_uuid, sizeof s_uuid};
    wire_pack_job_open (&packed, &open);
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_open (self->front, self->rig.client, &body));
    buffer_free (&packed);
    return self->ref;
}

static uint64_t s_open (scene_t *self, bool durable)
{
    return s_open_with (self, (wire_job_open_t){.kind = WIRE_KIND_CALL,
                                                .function = wire_view ("square"),
                                                .detached = true,
                                                .durable = durable});
}

//  One frame of tasks whose argument is a letter each; a capital one is large and comes in parts
static void s_tasks (scene_t *self, uint64_t ref, uint64_t first, const char *letters)
{
    static uint64_t parts;
    static uint8_t large [1000];
    buffer_t packed = {0}, list = {0};
    size_t count = strlen (letters);
    for (size_t i = 0; i < count; i++) {
        if (letters [i] < 'a') {
            buffer_t whole = {0};
            memset (large, letters [i], sizeof large);
            pack_array (&whole, 1);
            pack_blob (&whole, large, sizeof large);
            wire_part_t part = {
                .payload = ++parts, .total = whole.size, .bytes = wire_view_of (&whole)};
            assert_int_equal (parts_add (self->rig.client->parts, &part), CADRE_OK);
            buffer_free (&whole);
            wire_pack_parts (&list, parts);
            continue;
        }
        pack_array (&list, 1);
        pack_text_of (&list, letters + i, 1);
    }
    wire_job_tasks_t fields = {.ref = ref, .first = first, .payloads = wire_list_of (&list, count)};
    wire_pack_job_tasks (&packed, &fields);
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_tasks (self->front, self->rig.client, &body));
    buffer_free (&packed);
    buffer_free (&list);
}

static void s_seal (scene_t *self, uint64_t ref, uint64_t count)
{
    buffer_t packed = {0};
    wire_pack_job_seal (&packed, &(wire_job_seal_t){.ref = ref, .count = count});
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_seal (self->front, self->rig.client, &body));
    buffer_free (&packed);
}

static job_t *s_submit (scene_t *self, bool durable, const char *letters)
{
    uint64_t ref = s_open (self, durable);
    s_tasks (self, ref, 0, letters);
    s_seal (self, ref, strlen (letters));
    journal_rig_turn (&self->rig);
    return journal_rig_only (&self->rig);
}

static void s_is_same (scene_t *self, uint64_t ref)
{
    char message [512];
    assert_int_equal (s_answer (self, ref, message), CADRE_OK);
}

static void s_is_other (scene_t *self, uint64_t ref)
{
    char message [512];
    assert_int_equal (s_answer (self, ref, message), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (message, "that differ from these"));
}

//  Submitted again as a whole
static void s_again (scene_t *self, bool durable, const char *letters, bool same)
{
    uint64_t ref = s_open (self, durable);
    s_tasks (self, ref, 0, letters);
    s_seal (self, ref, strlen (letters));
    if (same)
        s_is_same (self, ref);
    else
        s_is_other (self, ref);
    assert_int_equal (parts_bytes (self->rig.client->parts), 0); //  Nothing is left over
}

static void s_all (scene_t *self, bool durable, const char *letters)
{
    char other [16];
    for (size_t i = 0; letters [i]; i++) {
        snprintf (other, sizeof other, "%s", letters);
        other [i] = letters [i] < 'a' ? 'Z' : 'z';
        s_again (self, durable, letters, true);
        s_again (self, durable, other, false);
    }
    snprintf (other, sizeof other, "%s%s", letters, "x");
    s_again (self, durable, other, false);
    other [strlen (letters) - 1] = 0;
    s_again (self, durable, other, false);
}

static void test_in_memory (void **state)
{
    scene_t *self = *state;
    s_submit (self, false, "abXcd");
    s_all (self, false, "abXcd");
}

static void test_on_disk (void **state)
{
    scene_t *self = *state;
    s_submit (self, true, "abXcd");
    s_all (self, true, "abXcd");
    s_restart (self);
    s_all (self, true, "abXcd");
}

//  Payloads of tasks that have ended are dropped, in memory and by a compaction; what they were is
//  known all the same.
static void test_payloads_that_are_gone (void **state)
{
    scene_t *self = *state;
    job_t *job = s_submit (self, true, "abXcd");
    worker_record_t *worker = modules_rig_worker (&self->rig.modules, 4);
    journal_rig_answer_all (&self->rig, job, worker, 3);
    journal_rig_turn (&self->rig);
    for (int i = 0; i < 3; i++) {
        compact_run (self->rig.modules.ctx.compact);
        journal_rig_turn (&self->rig);
        s_all (self, true, "abXcd");
        s_restart (self);
        s_all (self, true, "abXcd");
    }
}

//  A job that is still open grows by whoever says the next tasks, in frames of any size; what
//  differs before that is refused.
static void test_two_at_a_time (void **state)
{
    scene_t *self = *state;
    uint64_t one = s_open (self, true), two = s_open (self, true), three = s_open (self, true);
    s_tasks (self, one, 0, "ab");
    s_tasks (self, two, 0, "a");
    s_tasks (self, two, 1, "bcd");
    s_tasks (self, one, 2, "cde");
    s_tasks (self, three, 0, "abcx");
    s_tasks (self, three, 4, "efg");
    s_is_other (self, three);
    s_tasks (self, two, 4, "e");
    s_seal (self, two, 5);
    s_seal (self, one, 5);
    journal_rig_turn (&self->rig);
    assert_int_equal (journal_rig_only (&self->rig)->total, 5);
    s_again (self, true, "abcde", true);
}

//  Who opened it, and lost the race, hears it as well.
static void test_the_first_may_be_the_other (void **state)
{
    scene_t *self = *state;
    uint64_t one = s_open (self, false), two = s_open (self, false);
    s_tasks (self, two, 0, "ab");
    s_tasks (self, one, 0, "xyz");
    s_is_other (self, one);
    assert_int_equal (journal_rig_only (&self->rig)->total, 2);
}

//  After a cut a client goes on behind what was acknowledged, which it has no more; what it says
//  from there on is compared for those who come after it.
static void test_a_client_that_goes_on (void **state)
{
    scene_t *self = *state;
    uint64_t ref = s_open (self, true);
    s_tasks (self, ref, 0, "abc");
    s_restart (self);
    ref = s_open (self, true);
    s_tasks (self, ref, 2, "cd");
    s_tasks (self, ref, 4, "e");
    s_seal (self, ref, 5);
    s_is_same (self, ref);
    s_again (self, true, "abcde", true);
    s_again (self, true, "abcdx", false);
}

//  ==== what it is to run ===========================================================

static void s_pack_variables (buffer_t *spec, const char *const *texts, size_t count)
{
    pack_text (spec, "env");
    pack_array (spec, count);
    for (size_t i = 0; i < count; i++)
        pack_text (spec, texts [i]);
}

static void s_expect (scene_t *self, wire_job_open_t open, const char *message)
{
    char said [512] = "";
    open.kind = WIRE_KIND_COMMAND;
    open.durable = true;
    uint64_t code = s_answer (self, s_open_with (self, open), said);
    assert_int_equal (code, message ? CADRE_ERROR_REFUSED : CADRE_OK);
    if (message && !strstr (said, message))
        fail_msg ("'%s' lacks '%s'", said, message);
}

static void test_commands (void **state)
{
    scene_t *self = *state;
    static const char *const variables [] = {"PWD=/a", "SHLVL=1", "MODE=test", "MODE=live"};
    static const struct {
        const char *entry;   //  Beside those of the first one
        const char *text;    //  Its value
        const char *message; //  Of the refusal
    } others [] = {{"dir", "/b", "in another directory"},
                   {"shell", "/bin/other", "by another shell"},
                   {"stdin", "x", "with another stdin"},
                   {"slot_mark", "x", "with another command"}};
    buffer_t spec = {0};
    pack_map (&spec, 2);
    s_pack_variables (&spec, variables, 3);
    pack_text (&spec, "env_around");
    pack_uint (&spec, 2);
    wire_job_open_t open = {.spec = wire_view_of (&spec), .retries_lost = 2};
    s_expect (self, open, NULL);
    s_expect (self, open, NULL);
    s_expect (
        self,
        (wire_job_open_t){.spec = open.spec, .retries_lost = 1, .priority = 7, .timeout_ms = 5},
        NULL);
    s_expect (self, (wire_job_open_t){.spec = open.spec}, "may run twice");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buffer_t other = {0};
        pack_map (&other, 3);
        s_pack_variables (&other, variables + 2, 1);
        pack_text (&other, others [i].entry);
        pack_text (&other, others [i].text);
        pack_text (&other, "unknown");
        pack_bool (&other, true);
        s_expect (self, (wire_job_open_t){.spec = wire_view_of (&other), .retries_lost = 2},
                  others [i].message);
        buffer_free (&other);
    }
    buffer_t same = {0}, live = {0};
    pack_map (&same, 3); //  Elsewhere, with other things around
    s_pack_variables (&same, variables + 1, 2);
    pack_text (&same, "env_around");
    pack_uint (&same, 1);
    pack_text (&same, "dir_around");
    pack_bool (&same, true);
    s_expect (self, (wire_job_open_t){.spec = wire_view_of (&same), .retries_lost = 2}, NULL);
    pack_map (&live, 1);
    s_pack_variables (&live, variables + 3, 1);
    s_expect (self, (wire_job_open_t){.spec = wire_view_of (&live), .retries_lost = 2},
              "with other variables");
    s_expect (self, (wire_job_open_t){.retries_lost = 2}, "with other variables");
    buffer_free (&spec);
    buffer_free (&same);
    buffer_free (&live);
}

static void test_a_promise (void **state)
{
    scene_t *self = *state;
    char message [512];
    s_submit (self, false, "a");
    assert_int_equal (s_answer (self, s_open (self, true), message), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (message, "in memory only"));
}

//  Who submits a job in memory and leaves waits for the acknowledgement: it comes with the seal,
//  not with the next beat.
static void test_a_sealed_job_is_acknowledged_at_once (void **state)
{
    scene_t *self = *state;
    uint64_t ref = s_open (self, false);
    s_tasks (self, ref, 0, "ab");
    assert_false (self->rig.client->beat_due);
    s_seal (self, ref, 2);
    assert_true (self->rig.client->beat_due);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_in_memory),
        TEST (test_on_disk),
        TEST (test_payloads_that_are_gone),
        TEST (test_two_at_a_time),
        TEST (test_the_first_may_be_the_other),
        TEST (test_a_client_that_goes_on),
        TEST (test_commands),
        TEST (test_a_promise),
        TEST (test_a_sealed_job_is_acknowledged_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
