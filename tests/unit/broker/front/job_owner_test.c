//  job_owner_test.c - whose a job is, over a restart and in stores of a release that did not note
//  it

#include "broker/front/front_jobs.h"
#include "broker/front/front_session.h"
#include "broker/front/job_owner.h"
#include "common/pack.h"
#include "tests/lib/rigs/journal_rig.h"

#include <stdlib.h>
#include <string.h>

#define ALICE "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define LEAD "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

typedef struct scene {
    journal_rig_t rig; // broker and store
    authz_t authz;     // of its peers
    front_t *front;    // the clients' side
} scene_t;

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    journal_rig_start (&self->rig);
    self->authz.keys = keyring_new ();
    keyring_add (self->authz.keys, ALICE, &(rights_t){.name = "alice", .role = ROLE_CLIENT});
    keyring_add (self->authz.keys, LEAD,
                 &(rights_t){.name = "lead", .role = ROLE_CLIENT, .all_jobs = true});
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    journal_rig_end (&self->rig);
    keyring_destroy (&self->authz.keys);
    free (self);
    return 0;
}

//  The client of the rig comes with that key
static client_t *s_let_in (scene_t *self, const char *key)
{
    client_t *client = self->rig.client;
    self->rig.modules.ctx.authz = &self->authz;
    snprintf (client->peer, sizeof client->peer, "%s", key);
    snprintf (client->holder, sizeof client->holder, "%s",
              authz_rights (&self->authz, key)->holder);
    client->route = 1;
    key_usage_leave (&self->rig.modules.ctx, &client->usage);
    client->usage = key_usage_enter (&self->rig.modules.ctx, client->holder);
    HASH_ADD (hh, self->rig.modules.ctx.clients, session, sizeof client->session, client);
    self->front = front_new (&self->rig.modules.ctx, NULL, NULL);
    return client;
}

static void s_let_out (scene_t *self)
{
    front_destroy (&self->front);
    HASH_DELETE (hh, self->rig.modules.ctx.clients, self->rig.client);
}

static void s_pack_open (buffer_t *packed, uint64_t ref, const uint8_t uuid [WIRE_UUID_BYTES])
{
    wire_job_open_t open = {.ref = ref,
                            .uuid = {uuid, WIRE_UUID_BYTES},
                            .kind = WIRE_KIND_CALL,
                            .function = wire_view ("square"),
                            .durable = true};
    wire_pack_job_open (packed, &open);
}

//  What JOB_OPENED says
static wire_job_opened_t s_open (scene_t *self, uint64_t ref, const uint8_t uuid [WIRE_UUID_BYTES])
{
    buffer_t packed = {0};
    wire_job_opened_t opened = {0};
    const buffer_t *frame;
    s_pack_open (&packed, ref, uuid);
    cursor_t body = cursor_of_view (wire_view_of (&packed));
    assert_true (front_jobs_open (self->front, self->rig.client, &body));
    buffer_free (&packed);
    journal_rig_turn (&self->rig);
    while ((frame = stream_next (self->rig.client->out))) {
        wire_envelope_t envelope;
        assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
        if (envelope.verb == WIRE_job_opened)
            assert_true (wire_read_job_opened (&body, &opened));
    }
    assert_int_equal (opened.ref, ref);
    return opened;
}

static void test_over_a_restart (void **state)
{
    scene_t *self = *state;
    const uint8_t uuid [WIRE_UUID_BYTES] = {1};
    fault_t fault = {0};
    s_let_in (self, ALICE);
    uint64_t number = s_open (self, 1, uuid).number;
    s_let_out (self);
    journal_rig_restart (&self->rig);
    client_t *client = s_let_in (self, ALICE);
    assert_string_equal (journal_rig_only (&self->rig)->identity.holder, ALICE);
    assert_non_null (job_owner_find (&self->rig.modules.ctx, client, number, &fault));
    assert_int_equal (s_open (self, 1, uuid).number, number);
    snprintf (client->peer, sizeof client->peer, "%s", LEAD);
    assert_non_null (job_owner_find (&self->rig.modules.ctx, client, number, &fault));
    client->peer [0] = '?'; //  Its key is gone
    assert_null (job_owner_find (&self->rig.modules.ctx, client, number, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_NOT_FOUND);
    s_let_out (self);
}

//  As the release before this one wrote them: without their last fields
static void s_write_old (scene_t *self, uint64_t number, const uint8_t uuid [WIRE_UUID_BYTES],
                         bool forgotten)
{
    journal_t *journal = self->rig.modules.ctx.journal;
    buffer_t *bytes = journal_begin (journal, WIRE_log_job);
    pack_array (bytes, 5);
    pack_uint (bytes, number);
    pack_int (bytes, 1);
    pack_int (bytes, 0);
    pack_text (bytes, "somebody");
    s_pack_open (bytes, 1, uuid);
    if (!forgotten)
        return;
    bytes = journal_begin (journal, WIRE_log_forget);
    pack_array (bytes, 2);
    pack_uint (bytes, number);
    pack_blob (bytes, uuid, WIRE_UUID_BYTES);
}

//  They are nobody's: who reaches all jobs reaches them, and nobody runs them a second time.
static void test_an_older_store (void **state)
{
    scene_t *self = *state;
    const uint8_t uuid [WIRE_UUID_BYTES] = {1}, gone [WIRE_UUID_BYTES] = {2};
    fault_t fault = {0};
    s_write_old (self, 41, uuid, false);
    s_write_old (self, 42, gone, true);
    journal_rig_turn (&self->rig);
    journal_rig_restart (&self->rig);
    s_let_in (self, ALICE);
    assert_null (job_owner_find (&self->rig.modules.ctx, self->rig.client, 41, &fault));
    wire_job_opened_t opened = s_open (self, 1, uuid);
    assert_int_equal (opened.code, CADRE_ERROR_REFUSED);
    assert_int_equal (s_open (self, 2, gone).code, CADRE_ERROR_NOT_FOUND);
    s_let_out (self);
    journal_rig_restart (&self->rig);
    client_t *client = s_let_in (self, LEAD);
    assert_non_null (job_owner_find (&self->rig.modules.ctx, client, 41, &fault));
    assert_int_equal (s_open (self, 1, uuid).number, 41);
    s_let_out (self);
}

//  Opens jobs until one is refused, in a session of its own; returns how many were not.
static unsigned s_open_many (scene_t *self, uint8_t session)
{
    s_let_in (self, ALICE);
    uint64_t ref = 0;
    wire_job_opened_t opened;
    do {
        const uint8_t uuid [WIRE_UUID_BYTES] = {session, (uint8_t) ref, (uint8_t) (ref >> 8)};
        opened = s_open (self, ++ref, uuid);
    } while (!opened.code);
    assert_int_equal (opened.code, CADRE_ERROR_TOO_LARGE);
    s_let_out (self);
    return (unsigned) ref - 1;
}

//  What the store has of a key counts for it: a restart gives nobody more than a share.
static void test_a_restart_gives_no_second_share (void **state)
{
    scene_t *self = *state;
    self->rig.memory = self->rig.modules.ctx.memory_limit = 1 << 20;
    unsigned first = s_open_many (self, 1);
    assert_true (first > 10);
    uint64_t before = self->rig.modules.ctx.open_bytes;
    journal_rig_restart (&self->rig);
    assert_in_range (self->rig.modules.ctx.open_bytes, before / 2, before);
    unsigned all = first;
    for (uint8_t session = 2; session < 6; session++) {
        all += s_open_many (self, session);
        assert_in_range (self->rig.modules.ctx.open_bytes, 1,
                         (1 << 20) / 4 + 4096); //  The last one weighs more than was thought
        journal_rig_restart (&self->rig);
    }
    assert_in_range (all, first, 4 * first); //  A session may have half a share
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {TEST (test_over_a_restart), TEST (test_an_older_store),
                                        TEST (test_a_restart_gives_no_second_share)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
