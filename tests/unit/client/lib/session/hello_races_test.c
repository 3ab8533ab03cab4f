//  hello_races_test.c - a client's session when several of its HELLOs are answered, late and by
//  several sessions

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/lib/session/session.h"

#define SECOND INT64_C (1000000)

typedef struct rig {
    session_t *session;
    unsigned hellos;  //  Said
    unsigned renewed; //  Sessions that began
    uint64_t named;   //  By the last HELLO
    int64_t now_us;
} rig_t;

static bool s_send (void *owner, const buffer_t *frame)
{
    rig_t *self = owner;
    wire_envelope_t envelope;
    cursor_t body;
    assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
    if (envelope.verb == WIRE_client_hello) {
        self->hellos++;
        self->named = envelope.session;
    }
    return true;
}

static bool s_frame (void *owner, uint8_t verb, cursor_t body)
{
    (void) owner;
    (void) verb;
    (void) body;
    return true;
}

static void s_gone (void *owner, const fault_t *why)
{
    (void) owner;
    (void) why;
}

static void s_renewed (void *owner, bool same)
{
    rig_t *self = owner;
    (void) same;
    self->renewed++;
}

static void s_welcome (rig_t *self, uint64_t session, bool resumed, uint64_t answers)
{
    wire_client_welcome_t welcome = {.resumed = resumed,
                                     .window_tasks = 100,
                                     .window_bytes = 1 << 20,
                                     .beat_ms = 1000,
                                     .lost_ms = 10000,
                                     .answers = answers};
    buffer_t frame = {0};
    wire_write_client_welcome (&frame, (wire_envelope_t){.session = session}, &welcome);
    session_receive (self->session, frame.data, frame.size, self->now_us);
    buffer_free (&frame);
}

static void s_who (rig_t *self)
{
    buffer_t frame = {0};
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    session_receive (self->session, frame.data, frame.size, self->now_us);
    buffer_free (&frame);
}

//  In session 5, and greeting again, since the broker is away.
static void s_begin (rig_t *self)
{
    static const session_options_t options = {.name = "test",
                                              .address = "nowhere",
                                              .window_tasks = 10,
                                              .window_bytes = 1000,
                                              .patience_ms = -1};
    const session_handler_t handler = {.send = s_send,
                                       .frame = s_frame,
                                       .gone = s_gone,
                                       .renewed = s_renewed,
                                       .lost = s_gone,
                                       .owner = self};
    *self = (rig_t){.now_us = SECOND};
    self->session = session_new (&options, &handler);
    session_greet (self->session, "nowhere", self->now_us);
    s_welcome (self, 5, false, 0);
    s_who (self);
    for (int i = 0; i < 3; i++)
        session_tick (self->session, self->now_us += SECOND);
    assert_int_equal (self->hellos, 5);
    assert_int_equal (self->named, 5);
    assert_int_equal (self->renewed, 1);
}

static void test_one_session_begins (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig);
    s_welcome (&rig, 6, false, 5);
    s_welcome (&rig, 7, false, 5);
    assert_int_equal (rig.renewed, 2);
    //  The broker kept the last one
    s_who (&rig);
    assert_int_equal (rig.named, 6);
    s_welcome (&rig, 8, false, 5);
    assert_int_equal (session_state (rig.session), SESSION_GREETING);
    s_welcome (&rig, 8, true, 6);
    assert_int_equal (rig.renewed, 3);
    assert_int_equal (session_state (rig.session), SESSION_OPEN);
    session_destroy (&rig.session);
}

//  It goes on in the session that began with the first answer; what it has put into it is not put
//  twice.
static void test_the_same_answer_comes_again (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig);
    s_welcome (&rig, 6, false, 5);
    s_who (&rig);
    s_welcome (&rig, 6, false, 5);
    s_welcome (&rig, 6, false, 0);
    assert_int_equal (session_state (rig.session), SESSION_GREETING);
    s_welcome (&rig, 6, true, 6);
    assert_int_equal (session_state (rig.session), SESSION_OPEN);
    assert_int_equal (rig.renewed, 2);
    session_destroy (&rig.session);
}

//  A broker of an older release says nothing of it.
static void test_an_answer_that_names_nothing_counts (void **state)
{
    (void) state;
    rig_t rig;
    s_begin (&rig);
    s_welcome (&rig, 6, false, 0);
    assert_int_equal (session_state (rig.session), SESSION_OPEN);
    assert_int_equal (rig.renewed, 2);
    session_destroy (&rig.session);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_one_session_begins),
        cmocka_unit_test (test_the_same_answer_comes_again),
        cmocka_unit_test (test_an_answer_that_names_nothing_counts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
