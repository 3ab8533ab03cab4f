//  client_fuzz.c - what a broker may say to a client, given to the library without a network
//
//  The input is a row of deeds (tests/lib/hostile/fuzz_frames.h). Channel 0 and 1: a frame of the
//  session, with the number that is due; 2: a whole frame; 3: time passes, and all is acknowledged;
//  4: another session; 5 and up: the application does something, which may take in frames
//  meanwhile. The connection (connection.h) is one of its own, without socket and thread. At the
//  end of the input the session ends: whoever waits must come back.

#include <cadre.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/pool/pool.h"
#include "client/lib/session/session_private.h"
#include "tests/lib/hostile/fuzz_frames.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed);

#define CHANNELS 8
#define APPLICATION 5 //  Channels from here on
#define THINGS 4      //  Futures, jobs
#define LARGE 300000

struct connection {
    connection_handler_t handler; //  The pool's
    session_t *session;           //  Under test
    uint64_t number;              //  Of the last session that was welcomed
    int64_t now_us;               //  Moves with the input
};

typedef struct world {
    cadre_t *pool;                    //  Under test
    fuzz_frames_t input;              //  What is left of it
    cadre_future_t *futures [THINGS]; //  Some may be NULL
    cadre_job_t *jobs [THINGS];       //  Some may be NULL
} world_t;

static world_t s_world;

//  ---- the broker --------------------------------------------------------------------

static void s_receive (connection_t *self, buffer_t *frame)
{
    session_receive (self->session, frame->data, frame->size, self->now_us);
    session_settle (self->session, self->now_us);
    buffer_free (frame);
}

static void s_welcome (connection_t *self, const uint8_t *epoch)
{
    buffer_t frame = {0};
    wire_client_welcome_t welcome = {.window_tasks = 1000,
                                     .window_bytes = 1 << 20,
                                     .beat_ms = 1000,
                                     .lost_ms = 10000,
                                     .epoch = epoch ? *epoch % 4 : 1};
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    s_receive (self, &frame);
    wire_write_client_welcome (&frame, (wire_envelope_t){.session = ++self->number}, &welcome);
    s_receive (self, &frame);
}

static void s_pass (connection_t *self, uint8_t span)
{
    buffer_t frame = {0};
    wire_beat_t beat = {.received = session_put_sent (self->session),
                        .sent = self->session->in.received};
    self->now_us += (int64_t) span * 100000;
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session->number}, &beat);
    s_receive (self, &frame);
    session_tick (self->session, self->now_us);
}

static void s_frame (connection_t *self, const fuzz_deed_t *deed)
{
    static const uint8_t unnumbered [] = {WIRE_beat,    WIRE_window,         WIRE_goodbye,
                                          WIRE_refused, WIRE_client_welcome, WIRE_who};
    bool counts = !memchr (unnumbered, deed->verb, sizeof unnumbered);
    const session_t *session = self->session;
    buffer_t frame = {0};
    fuzz_frames_write (&frame, deed, session->number, counts ? session->in.received + 1 : 0);
    s_receive (self, &frame);
}

static void s_whole_frame (connection_t *self, const fuzz_deed_t *deed)
{
    buffer_t frame = {0};
    buffer_append (&frame, deed->body.data, deed->body.size);
    s_receive (self, &frame);
}

static void s_hear (connection_t *self, const fuzz_deed_t *deed)
{
    self->handler.gather (self->handler.owner);
    switch (deed->channel % CHANNELS) {
    case 2: s_whole_frame (self, deed); break;
    case 3: s_pass (self, deed->verb); break;
    case 4: s_welcome (self, deed->body.size ? deed->body.data : NULL); break;
    default: s_frame (self, deed);
    }
}

static void s_input_is_over (connection_t *self)
{
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_CLOSED, "the input is over");
    session_end (self->session, &fault);
}

//  ---- connection.h --------------------------------------------------------------------

static bool s_send (void *owner, const buffer_t *frame)
{
    (void) owner;
    return frame->size <= WIRE_FRAME_MAX;
}

connection_t *connection_new (void *context, const address_t *addresses, size_t count,
                              const keys_t *keys, const session_options_t *options,
                              const connection_handler_t *handler, fault_t *fault)
{
    connection_t *self = calloc (1, sizeof *self);
    (void) context, (void) addresses, (void) count, (void) keys, (void) fault;
    assert (self);
    self->handler = *handler;
    self->now_us = 1000000;
    session_handler_t calls = {.send = s_send,
                               .frame = handler->frame,
                               .gone = handler->gone,
                               .renewed = handler->renewed,
                               .lost = handler->lost,
                               .owner = handler->owner};
    self->session = session_new (options, &calls);
    return self;
}

void connection_close (connection_t *self, const char *reason)
{
    if (reason)
        session_leave (self->session, reason);
}

void connection_destroy (connection_t **self_p)
{
    connection_t *self = *self_p;
    if (!self)
        return;
    session_destroy (&self->session);
    free (self);
    *self_p = NULL;
}

size_t connection_address_index (const connection_t *self)
{
    (void) self;
    return 0;
}

const char *connection_address (const connection_t *self)
{
    (void) self;
    return "ipc:///fuzz";
}

void connection_lock (connection_t *self)
{
    (void) self;
}

void connection_unlock (connection_t *self)
{
    (void) self;
}

session_t *connection_session (connection_t *self)
{
    return self->session;
}

const fault_t *connection_unresolved (const connection_t *self)
{
    static const fault_t none;
    (void) self;
    return &none;
}

void connection_touch (connection_t *self)
{
    (void) self;
}

void connection_flush (connection_t *self)
{
    self->handler.gather (self->handler.owner);
    session_settle (self->session, self->now_us);
}

void connection_notify (connection_t *self)
{
    (void) self;
}

int64_t connection_deadline (int timeout_ms)
{
    return timeout_ms;
}

//  A deed of the application counts as a time that has passed.
bool connection_wait (connection_t *self, int64_t deadline_us, connection_done_fn *done,
                      void *argument)
{
    fuzz_deed_t deed;
    if (self->number == 0)
        s_welcome (self, NULL);
    connection_flush (self);
    while (!done (argument)) {
        bool over = session_state (self->session) == SESSION_ENDED;
        if (over && deadline_us < 0)
            abort (); //  It would wait for ever
        if (over)
            return false;
        if (!fuzz_frames_next (&s_world.input, &deed))
            s_input_is_over (self);
        else if (deed.channel % CHANNELS < APPLICATION)
            s_hear (self, &deed);
        else if (deadline_us >= 0)
            return false;
    }
    return true;
}

//  ---- the application -------------------------------------------------------------------

static void s_submit (world_t *self, size_t place, size_t size_bytes)
{
    static uint8_t bytes [LARGE];
    cadre_future_destroy (&self->futures [place]);
    self->futures [place] = cadre_submit (self->pool, "f", "B", bytes, size_bytes);
}

static void s_run (world_t *self, size_t place)
{
    static const char *const argv [] = {"true", NULL};
    cadre_future_destroy (&self->futures [place]);
    self->futures [place] = cadre_submit_command (self->pool, argv, NULL);
}

//  bits: ordered, detached, durable, twice never
static void s_open (world_t *self, size_t place, unsigned bits)
{
    cadre_job_options_t options = {
        .ordered = bits & 1, .detached = bits & 6, .durable = bits & 4, .no_rerun = bits & 8};
    cadre_job_destroy (&self->jobs [place]);
    self->jobs [place] = cadre_job_open (self->pool, "f", &options);
    for (int i = 0; i < 3; i++)
        cadre_job_add (self->jobs [place], NULL, "i", (int64_t) i);
}

static void s_follow (world_t *self, size_t place)
{
    cadre_job_destroy (&self->jobs [place]);
    self->jobs [place] =
        cadre_job_follow (self->pool, 7, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_OUTPUT);
}

static void s_read_event (const cadre_event_t *event)
{
    cadre_value_t *value = event->kind == CADRE_EVENT_RESULT
                               ? cadre_value_decode (event->bytes, event->size_bytes)
                               : NULL;
    cadre_value_destroy (&value);
    assert (strlen (event->message) + strlen (event->trace) + strlen (event->error_kind)
            < LARGE * 10u);
}

static void s_read (world_t *self, size_t place)
{
    cadre_event_t event;
    for (int i = 0; i < 8 && cadre_job_next (self->jobs [place], &event, 0) == CADRE_OK; i++)
        s_read_event (&event);
}

static void s_look (world_t *self, size_t place)
{
    cadre_future_t *future = self->futures [place];
    cadre_value_t *value = NULL;
    cadre_future_next (future, &value, 0);
    cadre_value_destroy (&value);
    if (!cadre_future_done (future))
        return;
    cadre_future_value (future);
    cadre_future_message (future);
    cadre_future_worker (future);
}

static void s_ask (world_t *self)
{
    cadre_value_t *body = NULL;
    cadre_request (self->pool, "job.list", NULL, &body, 100);
    cadre_value_destroy (&body);
}

static void s_map (world_t *self)
{
    cadre_value_t *items = cadre_value_list (), *results = NULL;
    for (int i = 0; i < 5; i++) {
        cadre_value_t *item = cadre_value_of_int (i);
        cadre_value_append (items, &item);
    }
    cadre_map (self->pool, "f", items, NULL, &results);
    cadre_value_destroy (&results);
    cadre_value_destroy (&items);
}

static void s_count (cadre_future_t *future, void *argument)
{
    (void) future;
    (*(unsigned *) argument)++;
}

static void s_do (world_t *self, const fuzz_deed_t *deed)
{
    static unsigned calls;
    cadre_progress_t progress;
    size_t place = deed->verb / 16 % THINGS;
    switch (deed->verb % 16) {
    case 0: s_submit (self, place, 3); break;
    case 1: s_submit (self, place, LARGE); break;
    case 2: s_run (self, place); break;
    case 3: s_open (self, place, deed->channel / CHANNELS); break;
    case 4: s_follow (self, place); break;
    case 5: s_read (self, place); break;
    case 6: cadre_job_wait (self->jobs [place], deed->channel & 8 ? -1 : 100); break;
    case 7: cadre_job_seal (self->jobs [place]); break;
    case 8: cadre_job_cancel (self->jobs [place]); break;
    case 9: cadre_job_sync (self->jobs [place], 100); break;
    case 10: cadre_job_progress (self->jobs [place], &progress); break;
    case 11: cadre_future_wait (self->futures [place], deed->channel & 8 ? -1 : 100); break;
    case 12: s_look (self, place); break;
    case 13: s_ask (self); break;
    case 14: s_map (self); break;
    default:
        cadre_future_on_done (self->futures [place], s_count, &calls);
        cadre_dispatch (self->pool);
    }
}

static void s_end (world_t *self)
{
    for (size_t i = 0; i < THINGS; i++) {
        cadre_future_wait (self->futures [i], -1);
        cadre_future_destroy (&self->futures [i]);
        cadre_job_wait (self->jobs [i], -1);
        s_read (self, i);
        cadre_job_destroy (&self->jobs [i]);
    }
    cadre_abort (&self->pool);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    fuzz_deed_t deed;
    world_t *self = &s_world;
    *self = (world_t){.input = {.at = bytes, .left = size}};
    self->pool = cadre_open ("ipc:///fuzz", &(cadre_options_t){.callbacks_by_dispatch = true});
    assert (self->pool);
    while (fuzz_frames_next (&self->input, &deed))
        if (deed.channel % CHANNELS < APPLICATION)
            s_hear (self->pool->connection, &deed);
        else
            s_do (self, &deed);
    s_end (self);
    return 0;
}

size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_frames_mutate (bytes, size, max_size, seed);
}
