//  peer_client.c - a client written from SPEC.md alone: submits COUNT calls of square and checks
//  each result once
//
//  peer_client ADDRESS COUNT [MAJOR]
//
//  Exit 0 and "COUNT ok"; 1 when a result is wrong, missing or double; 2 and the broker's message
//  when it is refused; 3 when the broker breaks the protocol; 4 after 60 s.

#include "tests/lib/programs/peer.h"

#define RESULTS_AHEAD 5000
#define BYTES_AHEAD (1u << 20)
#define BATCH 200
#define REF 1

typedef struct client {
    zsock_t *front;                 //  The only socket
    uint8_t major;                  //  Version to claim
    uint64_t session;               //  Given by WELCOME
    int64_t beat_ms, next_beat_ms;  //  How often, and when
    uint64_t sent, received;        //  Stream frames
    uint64_t may_tasks, may_bytes;  //  The broker's window
    uint64_t tasks, bytes;          //  Sent of it
    uint64_t results, result_bytes; //  Received of ours
    uint64_t granted;               //  Results last granted
    uint64_t count;                 //  Tasks to do
    unsigned char *seen;            //  For each task: its result came
    bool final;                     //  The job has ended
    int wrong;                      //  Results that are not as they should be
} client_t;

static void s_begin (client_t *self, peer_out_t *out, uint8_t verb, size_t fields)
{
    peer_begin (out, self->major, verb, self->session, ++self->sent, fields);
}

static void s_two (client_t *self, uint8_t verb, uint64_t first, uint64_t second)
{
    peer_out_t out;
    peer_begin (&out, 1, verb, self->session, 0, 2);
    msgpack_pack_uint64 (&out.body, first);
    msgpack_pack_uint64 (&out.body, second);
    peer_send (&out, self->front);
}

static void s_hello (client_t *self, const unsigned char uuid [16])
{
    peer_out_t out;
    peer_begin (&out, self->major, CLIENT_HELLO, 0, 0, 9);
    peer_pack_text (&out.body, "cadre");
    msgpack_pack_uint8 (&out.body, self->major);
    msgpack_pack_uint8 (&out.body, 0);
    msgpack_pack_bin (&out.body, 16);
    msgpack_pack_bin_body (&out.body, uuid, 16);
    peer_pack_text (&out.body, "peer");
    msgpack_pack_uint8 (&out.body, 0);
    msgpack_pack_uint64 (&out.body, self->granted = RESULTS_AHEAD);
    msgpack_pack_uint64 (&out.body, BYTES_AHEAD);
    msgpack_pack_array (&out.body, 0);
    peer_send (&out, self->front);
}

static bool s_open_session (client_t *self)
{
    unsigned char uuid [16];
    peer_frame_t frame;
    peer_uuid (uuid);
    for (int tries = 0; tries < 20 && !zsys_interrupted; tries++) {
        s_hello (self, uuid);
        uint8_t verb = peer_await_welcome (self->front, CLIENT_WELCOME, &frame);
        if (!verb)
            continue;
        if (verb == REFUSED)
            return false;
        self->session = frame.session;
        self->may_tasks = peer_uint (&frame, 3);
        self->may_bytes = peer_uint (&frame, 4);
        self->beat_ms = (int64_t) peer_uint (&frame, 5);
        peer_frame_free (&frame);
        return true;
    }
    return false;
}

static void s_open_job (client_t *self)
{
    unsigned char uuid [16];
    peer_out_t out;
    peer_uuid (uuid);
    s_begin (self, &out, JOB_OPEN, 14);
    msgpack_pack_uint8 (&out.body, REF);
    msgpack_pack_bin (&out.body, 16);
    msgpack_pack_bin_body (&out.body, uuid, 16);
    msgpack_pack_uint8 (&out.body, 1);
    msgpack_pack_false (&out.body);
    peer_pack_text (&out.body, "peer's squares");
    peer_pack_text (&out.body, "square");
    msgpack_pack_nil (&out.body);
    for (int i = 0; i < 6; i++) //  priority, limit, retries, retries_lost, timeout_ms, grace_ms
        msgpack_pack_uint32 (&out.body, i == 3 ? 2 : i == 5 ? 5000 : 0);
    msgpack_pack_array (&out.body, 0);
    peer_send (&out, self->front);
}

//  As many as the window has room for: a task takes at most 12 bytes here
static void s_submit (client_t *self)
{
    while (self->tasks < self->count) {
        uint64_t batch = self->count - self->tasks;
        if (batch > BATCH)
            batch = BATCH;
        if (batch > self->may_tasks - self->tasks)
            batch = self->may_tasks - self->tasks;
        if (batch == 0 || self->bytes + batch * 12 + 60 > self->may_bytes)
            return;
        peer_out_t out;
        s_begin (self, &out, JOB_TASKS, 3);
        msgpack_pack_uint8 (&out.body, REF);
        msgpack_pack_uint64 (&out.body, self->tasks);
        msgpack_pack_array (&out.body, batch);
        for (uint64_t i = 0; i < batch; i++) {
            msgpack_pack_array (&out.body, 1);
            msgpack_pack_uint64 (&out.body, self->tasks++);
        }
        self->bytes += peer_send (&out, self->front);
        if (self->tasks < self->count)
            continue;
        s_begin (self, &out, JOB_SEAL, 2);
        msgpack_pack_uint8 (&out.body, REF);
        msgpack_pack_uint64 (&out.body, self->count);
        peer_send (&out, self->front);
    }
}

static void s_check (client_t *self, const msgpack_object *result)
{
    const msgpack_object *field = result->via.array.ptr;
    uint64_t index = field [1].via.u64;
    if (field [0].via.u64 != REF || index >= self->count || self->seen [index]++
        || field [3].via.u64 != 1 || field [6].type != MSGPACK_OBJECT_POSITIVE_INTEGER
        || field [6].via.u64 != index * index) {
        fprintf (stderr, "peer: result %lu is wrong or came twice\n", index);
        self->wrong++;
    }
    self->results++;
}

static void s_on_stream (client_t *self, const peer_frame_t *frame)
{
    if (frame->sequence <= self->received)
        return;
    peer_expect (frame->sequence == ++self->received, "a gap in the stream");
    if (frame->verb == RESULTS) {
        msgpack_object_array results = peer_array (frame, 0);
        self->result_bytes += frame->size;
        for (size_t i = 0; i < results.size; i++)
            s_check (self, &results.ptr [i]);
        peer_expect (self->results <= self->granted, "more results than I granted");
    } else if (frame->verb == JOB_OPENED)
        peer_expect (peer_uint (frame, 1) != 0, "the job is refused");
    else if (frame->verb == JOB_STATE && frame->fields [7].via.boolean)
        self->final = true;
    if (self->results + RESULTS_AHEAD / 2 > self->granted) {
        self->granted = self->results + RESULTS_AHEAD;
        s_two (self, WINDOW, self->granted, self->result_bytes + BYTES_AHEAD);
        s_two (self, BEAT, self->received, self->sent);
    }
}

static void s_on_frame (client_t *self, const peer_frame_t *frame)
{
    peer_expect (frame->verb != WHO, "the broker does not know me any more");
    peer_expect (frame->session == self->session, "a frame of another session");
    if (frame->verb == WINDOW) {
        self->may_tasks = peer_uint (frame, 0);
        self->may_bytes = peer_uint (frame, 1);
    } else if (frame->sequence)
        s_on_stream (self, frame);
}

static void s_beat (client_t *self)
{
    s_two (self, BEAT, self->received, self->sent);
    s_two (self, WINDOW, self->granted, self->result_bytes + BYTES_AHEAD);
    self->next_beat_ms = zclock_mono () + self->beat_ms;
}

static void s_work (client_t *self)
{
    int64_t deadline_ms = zclock_mono () + 60000;
    peer_frame_t frame;
    s_open_job (self);
    while (!self->final && !zsys_interrupted) {
        s_submit (self);
        int64_t now_ms = zclock_mono ();
        if (now_ms > deadline_ms) {
            fprintf (stderr, "peer: %lu of %lu results after 60 s\n", self->results, self->count);
            exit (4);
        }
        if (now_ms >= self->next_beat_ms)
            s_beat (self);
        zmq_pollitem_t item = {.socket = zsock_resolve (self->front), .events = ZMQ_POLLIN};
        zmq_poll (&item, 1, self->next_beat_ms > now_ms ? self->next_beat_ms - now_ms : 0);
        while (peer_receive (self->front, &frame)) {
            s_on_frame (self, &frame);
            peer_frame_free (&frame);
        }
    }
}

static void s_goodbye (client_t *self)
{
    peer_out_t out;
    s_two (self, BEAT, self->received, self->sent);
    peer_begin (&out, 1, GOODBYE, self->session, 0, 1);
    peer_pack_text (&out.body, "done");
    peer_send (&out, self->front);
}

int main (int argc, char **argv)
{
    if (argc < 3) {
        fprintf (stderr, "usage: peer_client ADDRESS COUNT [MAJOR]\n");
        return 64;
    }
    client_t self = {.count = strtoul (argv [2], NULL, 10),
                     .major = argc > 3 ? (uint8_t) strtoul (argv [3], NULL, 10) : 1};
    self.front = peer_connect (ZMQ_DEALER, argv [1], "front", 0);
    self.seen = calloc (self.count + 1, 1);
    bool welcome = s_open_session (&self);
    if (welcome) {
        s_work (&self);
        s_goodbye (&self);
    }
    zsock_destroy (&self.front);
    free (self.seen);
    if (!welcome)
        return 2;
    if (self.wrong || self.results != self.count) {
        fprintf (stderr, "peer: %lu results for %lu tasks, %d wrong\n", self.results, self.count,
                 self.wrong);
        return 1;
    }
    printf ("%lu ok\n", self.results);
    return 0;
}
