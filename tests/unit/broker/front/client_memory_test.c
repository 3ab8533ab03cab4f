//  client_memory_test.c - what one session may make the broker hold, with a broker in a thread

#include "broker/front/admission.h"
#include "common/pack.h"
#include "tests/lib/rigs/broker_rig.h"

#define MEMORY (16u << 20)
#define JOBS 400u //  So many make a list of some 100 KiB
#define ASKED 60u
#define OPENED 40u //  With 20 KiB each

static uint64_t s_opened (peer_t *self, char message [512])
{
    wire_job_opened_t opened;
    s_expect (self, self->dealer, WIRE_job_opened);
    assert_true (wire_read_job_opened (&self->body, &opened));
    view_copy (opened.message, message, 512);
    assert_true ((opened.number == 0) == (opened.code != 0));
    return opened.code;
}

static void s_acknowledge (peer_t *self, uint64_t received)
{
    buffer_t frame = {0};
    wire_beat_t beat = {.received = received, .sent = self->out};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session}, &beat);
    s_send (self->dealer, &frame);
}

static view_t s_spec (buffer_t *spec, size_t size)
{
    char *text = calloc (1, size + 1);
    memset (text, 'x', size);
    pack_map (spec, 1);
    pack_text (spec, "dir");
    pack_text (spec, text);
    free (text);
    return wire_view_of (spec);
}

static int64_t s_info (peer_t *self, const char *key);

//  ---- JOB_OPEN -----------------------------------------------------------

static void s_check_refused (peer_t *client, wire_job_open_t *open, cadre_error_t code,
                             const char *part)
{
    char message [512];
    open->ref++;
    s_open_job (client, open);
    assert_int_equal (s_opened (client, message), code);
    if (!strstr (message, part))
        fail_msg ("'%s' does not say '%s'", message, part);
}

static void test_fields_of_job_open_have_bounds (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    uint8_t uuid [16];
    char message [512], text [1024];
    buffer_t needs = {0}, spec = {0};
    memset (text, 'n', sizeof text);
    text [sizeof text - 1] = 0;
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = 64u << 20});
    s_client_open (&client, &rig);
    wire_job_open_t open = s_job (0, uuid);
    open.function = wire_view (text);
    s_check_refused (&client, &open, CADRE_ERROR_ARGUMENT, "255 bytes");
    open.kind = WIRE_KIND_COMMAND; //  It calls no function, but says one
    s_check_refused (&client, &open, CADRE_ERROR_ARGUMENT, "255 bytes");
    open.function = wire_view ("");
    open.name = wire_view (text);
    s_check_refused (&client, &open, CADRE_ERROR_ARGUMENT, "255 bytes");
    open.name = wire_view ("");
    pack_text (&needs, text);
    open.needs = wire_list_of (&needs, 1);
    s_check_refused (&client, &open, CADRE_ERROR_ARGUMENT, "32 labels");
    open.needs = (wire_list_t){0};
    open.spec = s_spec (&spec, ADMISSION_SPEC_BYTES);
    s_check_refused (&client, &open, CADRE_ERROR_TOO_LARGE, "512");
    buffer_clear (&spec);
    open.spec =
        s_spec (&spec, ADMISSION_SPEC_BYTES
                           - 100); //  The largest environment that a program can have is half of it
    open.ref++;
    s_open_job (&client, &open);
    assert_int_equal (s_opened (&client, message), CADRE_OK);
    buffer_free (&spec);
    buffer_free (&needs);
    s_close (&client);
    s_end (&rig);
}

//  Open jobs until one is refused; returns how many were not.
static unsigned s_open_many (peer_t *client, uint64_t *ref, view_t spec, char message [512])
{
    uint8_t uuid [16];
    for (unsigned count = 0;; count++) {
        wire_job_open_t open = s_job (++*ref, uuid);
        open.kind = WIRE_KIND_COMMAND;
        open.function = wire_view ("");
        open.spec = spec;
        s_open_job (client, &open);
        if (s_opened (client, message))
            return count;
        s_acknowledge (client, client->in);
        assert_true (count < 1000);
    }
}

//  What JOB_OPEN carries is counted: a session has its share, and it comes back when a job has
//  ended.
static void test_open_jobs_are_counted (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, other;
    uint64_t ref = 0;
    char message [512];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    buffer_t spec = {0};
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_spec (&spec, 200 << 10);
    unsigned count = s_open_many (&client, &ref, wire_view_of (&spec), message);
    assert_true (count >= 4 && count <= MEMORY / 8 / (200 << 10));
    assert_non_null (strstr (message, "2.0 MiB")); //  The limit is named
    assert_true (s_info (&client, "open_job_bytes") >= (int64_t) count * (200 << 10));
    assert_true (s_info (&client, "open_job_bytes") <= MEMORY / 8);
    assert_true (s_info (&client, "memory_bytes") >= (int64_t) count * (200 << 10));
    assert_true (s_info (&client, "refused_for_room") >= 1);
    s_client_open (&other, &rig); //  Another one has its own
    uint64_t other_ref = 0;
    assert_true (s_open_many (&other, &other_ref, wire_view_of (&spec), message) >= count - 1);
    for (uint64_t i = 1; i <= count; i++) {
        s_seal (&client, i, 0);
        s_collect (&client, i, outcomes, NULL);
    }
    s_acknowledge (&client, client.in);
    assert_true (s_open_many (&client, &ref, wire_view_of (&spec), message) >= count - 1);
    buffer_free (&spec);
    s_close (&client);
    s_close (&other);
    s_end (&rig);
}

//  ---- replies ------------------------------------------------------------

static void s_ask (peer_t *self, uint64_t id, const char *what, view_t arguments)
{
    buffer_t frame = {0};
    wire_request_t request = {.id = id, .what = wire_view (what), .arguments = arguments};
    wire_write_request (&frame, s_next (self), &request);
    s_send (self->dealer, &frame);
}

//  A number of broker.info.
static int64_t s_info (peer_t *self, const char *key)
{
    static uint64_t id = 1000000;
    wire_reply_t reply;
    uint64_t value = 0;
    s_ask (self, ++id, "broker.info", (view_t){0});
    do {
        s_expect (self, self->dealer, WIRE_reply);
        s_acknowledge (self, self->in);
        assert_true (wire_read_reply (&self->body, &reply));
    } while (reply.id != id);
    cursor_t cursor = cursor_find (reply.body, key);
    assert_true (cursor_uint (&cursor, &value));
    return (int64_t) value;
}

static void s_open_listed (peer_t *client)
{
    uint8_t uuid [16];
    char name [200], message [512];
    memset (name, 'n', sizeof name);
    name [sizeof name - 1] = 0;
    for (uint64_t ref = 1; ref <= JOBS; ref++) {
        wire_job_open_t open = s_job (ref, uuid);
        open.detached = true;
        open.name = wire_view (name);
        s_open_job (client, &open);
        assert_int_equal (s_opened (client, message), CADRE_OK);
        s_acknowledge (client, client->in);
    }
}

//  Replies until none has come for some beats, or something else but a beat does; *last is the id
//  of the last whole one, and they are in order.
static size_t s_read_replies (peer_t *client, uint64_t *last)
{
    size_t bytes = 0;
    for (int beats = 0; beats < 3;) {
        wire_reply_t reply;
        assert_true (s_receive (client, client->dealer, 0, WAIT_MS));
        beats += client->envelope.verb == WIRE_beat;
        if (client->envelope.verb == WIRE_who)
            break;
        if (client->envelope.verb != WIRE_reply)
            continue;
        assert_true (wire_read_reply (&client->body, &reply));
        assert_int_equal (reply.id, *last + 1);
        *last += !reply.more;
        bytes += zmq_msg_size (&client->message);
        beats = 0;
    }
    return bytes;
}

static void s_open_with (peer_t *client, uint64_t number, uint8_t uuid [16], const buffer_t *spec,
                         bool fresh)
{
    uint8_t other [16];
    wire_job_open_t open = s_job (JOBS + number, other);
    if (fresh)
        memcpy (uuid, other, sizeof other);
    open.uuid = (view_t){.data = uuid, .size = 16};
    open.kind = WIRE_KIND_COMMAND;
    open.function = wire_view ("");
    open.spec = wire_view_of (spec);
    s_open_job (client, &open);
}

//  Who asks and acknowledges nothing is answered a few times; the rest waits, in order, until it
//  does.
static void test_requests_wait_for_acknowledgements (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, other;
    uint64_t last = 0;
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_open_listed (&client);
    for (uint64_t id = 1; id <= ASKED; id++)
        s_ask (&client, id, "job.list", (view_t){0});
    assert_true (s_read_replies (&client, &last) < 1 << 20);
    assert_true (last < ASKED);
    s_client_open (&other, &rig);
    assert_true (s_info (&other, "parked_bytes") > 0);
    assert_true (s_info (&other, "reply_bytes") < 1 << 20);
    assert_true (s_info (&other, "memory_bytes") < MEMORY);
    for (int turns = 0; last < ASKED; turns++) {
        assert_true (turns < 200);
        s_acknowledge (&client, client.in);
        s_read_replies (&client, &last);
    }
    s_acknowledge (&client, client.in);
    assert_int_equal (s_info (&other, "parked_bytes"), 0);
    s_close (&client);
    s_close (&other);
    s_end (&rig);
}

//  The next frame; what comes again after a HELLO is passed over.
static void s_hear (peer_t *self)
{
    zmq_pollitem_t item = {.socket = self->dealer, .events = ZMQ_POLLIN};
    do {
        assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
        assert_int_equal (sockets_receive (self->dealer, &self->message), CADRE_OK);
        assert_int_equal (wire_open (zmq_msg_data (&self->message), zmq_msg_size (&self->message),
                                     &self->envelope, &self->body),
                          CADRE_OK);
    } while (self->envelope.sequence && self->envelope.sequence <= self->in);
    if (self->envelope.sequence)
        assert_int_equal (self->envelope.sequence, ++self->in);
}

//  Jobs that are opened while replies are to be acknowledged wait. That takes up little: what comes
//  beyond is as if it had not come, and asked for when there is room.
static void test_what_is_too_much_to_wait_is_asked_for (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client;
    uint64_t last = 0, opened = 0;
    bool again = false;
    uint8_t uuids [OPENED + 1][16];
    buffer_t spec = {0};
    wire_client_welcome_t welcome;
    s_start_with (&rig, (broker_options_t){.lost_ms = 5000, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_open_listed (&client);
    s_spec (&spec, 20 << 10);
    for (uint64_t id = 1; id <= ASKED; id++)
        s_ask (&client, id, "job.list", (view_t){0});
    s_read_replies (&client, &last);
    for (uint64_t i = 1; i <= OPENED; i++)
        s_open_with (&client, i, uuids [i], &spec, true);
    for (int turns = 0; opened < OPENED || last < ASKED; turns++) {
        assert_true (turns < 500);
        s_acknowledge (&client, client.in);
        s_hear (&client);
        if (client.envelope.verb == WIRE_reply) {
            wire_reply_t reply;
            assert_true (wire_read_reply (&client.body, &reply));
            last = reply.id - reply.more;
        } else if (client.envelope.verb == WIRE_job_opened) {
            wire_job_opened_t job;
            assert_true (wire_read_job_opened (&client.body, &job));
            assert_int_equal (job.code, 0);
            assert_int_equal (job.ref, JOBS + ++opened); //  In order, each once
        } else if (client.envelope.verb == WIRE_who) {
            again = true;
            s_client_hello (&client);
        } else if (client.envelope.verb == WIRE_client_welcome) {
            assert_true (wire_read_client_welcome (&client.body, &welcome));
            assert_true (welcome.resumed);
            client.out = welcome.received;
            for (uint64_t i = welcome.received - JOBS - ASKED + 1; i <= OPENED; i++)
                s_open_with (&client, i, uuids [i], &spec, false);
        }
    }
    assert_true (again);
    buffer_free (&spec);
    s_close (&client);
    s_end (&rig);
}

//  Who goes on like that is put out, and told.
static void test_who_acknowledges_nothing_is_put_out (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, other;
    wire_refused_t refused;
    s_start_with (&rig, (broker_options_t){.lost_ms = 200, .memory_bytes = MEMORY});
    s_client_open (&client, &rig);
    s_open_listed (&client);
    uint64_t acknowledged = client.in;
    for (uint64_t id = 1; id <= ASKED; id++)
        s_ask (&client, id, "job.list", (view_t){0});
    for (int turns = 0; client.envelope.verb != WIRE_refused; turns++) {
        assert_true (turns < 1000);
        s_acknowledge (&client, acknowledged); //  It lives
        assert_true (s_receive (&client, client.dealer, 0, WAIT_MS));
    }
    assert_true (wire_read_refused (&client.body, &refused));
    assert_int_equal (refused.code, CADRE_ERROR_TOO_LARGE);
    s_client_open (&other, &rig);
    assert_int_equal (s_info (&other, "stuck_clients"), 1);
    assert_int_equal (s_info (&other, "parked_bytes"), 0);
    s_close (&client);
    s_close (&other);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_fields_of_job_open_have_bounds),
        cmocka_unit_test (test_open_jobs_are_counted),
        cmocka_unit_test (test_requests_wait_for_acknowledgements),
        cmocka_unit_test (test_what_is_too_much_to_wait_is_asked_for),
        cmocka_unit_test (test_who_acknowledges_nothing_is_put_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
