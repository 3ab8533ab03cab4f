//  hello_flood_test.c - peers that say HELLO again and again, and more of them than there is room
//  for

#include "tests/lib/rigs/broker_rig.h"

#define MANY 200
#define MEMORY_BYTES (2u << 20) //  Has room for 64 sessions
#define SESSIONS 64

static uint64_t s_info (peer_t *client, const char *key)
{
    buffer_t frame = {0};
    wire_reply_t reply;
    uint64_t number = 0;
    wire_write_request (&frame, s_next (client),
                        &(wire_request_t){.id = 1, .what = wire_view ("broker.info")});
    s_send (client->dealer, &frame);
    s_expect (client, client->dealer, WIRE_reply);
    assert_true (wire_read_reply (&client->body, &reply));
    cursor_t cursor = cursor_find (reply.body, key);
    assert_true (cursor_uint (&cursor, &number));
    return number;
}

static unsigned s_count (peer_t *self, unsigned verb)
{
    unsigned count = 0;
    while (s_receive (self, self->dealer, 0, 50))
        count += self->envelope.verb == verb;
    return count;
}

//  Nothing of it is left when it says goodbye to the name that it had.
static void test_a_connection_has_one_client (void **state)
{
    (void) state;
    rig_t rig;
    peer_t asker, client;
    s_start (&rig, 10000, false);
    s_client_open (&asker, &rig);
    s_client_open (&client, &rig);
    uint64_t former = client.session;
    entropy_uuid (client.uuid);
    client.session = client.in = 0;
    s_client_hello (&client);
    s_expect (&client, client.dealer, WIRE_client_welcome);
    assert_int_not_equal (client.envelope.session, former);
    assert_int_equal (s_info (&asker, "clients"), 2);
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = former}, &(wire_beat_t){0});
    s_send (client.dealer, &frame);
    s_expect (&client, client.dealer, WIRE_who);
    s_close (&client);
    s_close (&asker);
    s_end (&rig);
}

//  The first ones are answered; one session is there.
static void test_a_flood_of_clients_over_one_connection (void **state)
{
    (void) state;
    rig_t rig;
    peer_t asker, client;
    s_start (&rig, 10000, false);
    s_client_open (&asker, &rig);
    s_client_open (&client, &rig);
    client.session = client.in = 0;
    for (int i = 0; i < MANY; i++) {
        entropy_uuid (client.uuid);
        s_client_hello (&client);
    }
    assert_in_range (s_count (&client, WIRE_client_welcome), 1, 20);
    assert_int_equal (s_info (&asker, "clients"), 2);
    assert_in_range (s_info (&asker, "refused_hellos"), MANY - 20, MANY);
    s_close (&client);
    s_close (&asker);
    s_end (&rig);
}

//  Each by its own connection: beyond the limit they are refused, with what to do; when one leaves,
//  another finds room.
static void test_more_clients_than_there_is_room_for (void **state)
{
    (void) state;
    rig_t rig;
    peer_t peers [SESSIONS + 1];
    wire_refused_t refused;
    char text [512];
    s_start_with (&rig, (broker_options_t){.lost_ms = 10000, .memory_bytes = MEMORY_BYTES});
    for (int i = 0; i < SESSIONS; i++)
        s_client_open (&peers [i], &rig);
    assert_int_equal (s_info (&peers [0], "clients_limit"), SESSIONS);
    assert_in_range (s_info (&peers [0], "memory_bytes"), SESSIONS * 1024, MEMORY_BYTES);
    peer_t *last = &peers [SESSIONS];
    *last = (peer_t){.rig = &rig};
    zmq_msg_init (&last->message);
    entropy_uuid (last->uuid);
    last->dealer = s_connect (&rig, ZMQ_DEALER, "front");
    s_client_hello (last);
    s_expect (last, last->dealer, WIRE_refused);
    assert_true (wire_read_refused (&last->body, &refused));
    assert_int_equal (refused.code, CADRE_ERROR_DESCRIPTORS);
    view_copy (refused.message, text, sizeof text);
    assert_non_null (strstr (text, "--memory"));
    buffer_t frame = {0};
    wire_write_goodbye (&frame, (wire_envelope_t){.session = peers [1].session},
                        &(wire_goodbye_t){0});
    s_send (peers [1].dealer, &frame);
    do
        s_client_hello (last); //  One that came too early is not counted against it
    while (!s_receive (last, last->dealer, WIRE_client_welcome, 100));
    for (int i = 0; i <= SESSIONS; i++)
        s_close (&peers [i]);
    s_end (&rig);
}

//  Two that take turns are asked once each, and who says rubbish is refused once.
static void test_answers_do_not_pile_up (void **state)
{
    (void) state;
    rig_t rig;
    peer_t asker, strangers [2];
    s_start (&rig, 10000, false);
    s_client_open (&asker, &rig);
    for (int i = 0; i < 2; i++) {
        strangers [i] = (peer_t){.rig = &rig};
        zmq_msg_init (&strangers [i].message);
        strangers [i].dealer = s_connect (&rig, ZMQ_DEALER, i ? "back" : "front");
    }
    for (int i = 0; i < 4 * MANY; i++) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = 77}, &(wire_beat_t){0});
        s_send (strangers [i % 2].dealer, &frame);
        wire_write_client_hello (&frame, (wire_envelope_t){0}, &(wire_client_hello_t){0});
        s_send (strangers [0].dealer, &frame);
    }
    for (int i = 0; i < 2; i++)
        assert_in_range (
            s_count (&strangers [i], WIRE_who) + s_count (&strangers [0], WIRE_refused), 1, 60);
    assert_true (s_info (&asker, "refused_frames") >= 4 * MANY);
    for (int i = 0; i < 2; i++)
        s_close (&strangers [i]);
    s_close (&asker);
    s_end (&rig);
}

//  A worker that says HELLO under another name has left under the first one: its lane is free, what
//  it had runs elsewhere.
static void test_a_connection_has_one_worker (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker, other;
    uint64_t index [8];
    size_t outcomes [CADRE_OUTCOMES_COUNT];
    s_start (&rig, 60000, false);
    s_client_open (&client, &rig);
    s_worker_open (&worker, &rig);
    s_submit (&client, 1, 1);
    s_take (&worker, index, 8);
    entropy_uuid (worker.uuid);
    worker.epoch = 0;
    s_worker_hello (&worker, NULL);
    s_expect (&worker, worker.dealer, WIRE_worker_welcome);
    assert_int_equal (s_info (&client, "workers"), 1);
    assert_int_equal (s_info (&client, "lanes"), 1);
    s_worker_open (&other, &rig);
    assert_int_equal (s_serve (&other, 1), 1);
    s_collect (&client, 1, outcomes, NULL);
    assert_int_equal (outcomes [CADRE_OUTCOME_OK], 1);
    s_close (&other);
    s_close (&worker);
    s_close (&client);
    s_end (&rig);
}

static void test_a_flood_of_workers_over_one_connection (void **state)
{
    (void) state;
    rig_t rig;
    peer_t client, worker;
    s_start (&rig, 60000, false);
    s_client_open (&client, &rig);
    s_worker_open (&worker, &rig);
    for (int i = 0; i < MANY; i++) {
        entropy_uuid (worker.uuid);
        s_worker_hello (&worker, NULL);
    }
    assert_in_range (s_count (&worker, WIRE_worker_welcome), 1, 20);
    assert_int_equal (s_info (&client, "workers"), 1);
    s_close (&worker);
    s_close (&client);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_connection_has_one_client),
        cmocka_unit_test (test_a_flood_of_clients_over_one_connection),
        cmocka_unit_test (test_more_clients_than_there_is_room_for),
        cmocka_unit_test (test_answers_do_not_pile_up),
        cmocka_unit_test (test_a_connection_has_one_worker),
        cmocka_unit_test (test_a_flood_of_workers_over_one_connection),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
