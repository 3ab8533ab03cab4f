//  peer_worker.c - a worker written from SPEC.md alone: offers square and echo, and runs them as
//  they come
//
//  peer_worker ADDRESS [MAJOR]
//
//  Serves until the broker says STOP, a drain is complete, or it gets SIGTERM. Exit 0; 2 and the
//  broker's message when it is refused; 3 when the broker breaks the protocol.

#include "tests/lib/programs/peer.h"

#define TASKS_AHEAD 500
#define BYTES_AHEAD (8u << 20)
#define JOBS_MAX 64
#define PAYLOADS_MAX 16

typedef struct job {
    uint64_t number; //  At the broker; 0: free
    uint64_t kind;   //  1 call, 3 map
    char *function;  //  Its name
} job_t;

typedef struct payload {
    uint64_t number;       //  The broker's; 0: free
    msgpack_sbuffer bytes; //  What has arrived
    uint64_t total;        //  What will have
} payload_t;

typedef struct worker {
    const char *address;               //  Of the broker
    uint8_t major;                     //  Version to claim
    zsock_t *back, *lane, *sink;       //  The last two once welcome
    uint64_t session;                  //  Given by WELCOME
    int64_t beat_ms, next_beat_ms;     //  How often, and when
    uint64_t received, sent;           //  Lane and sink
    uint64_t acknowledged;             //  Of the sink
    uint64_t tasks, bytes;             //  Taken from the lane in all
    uint64_t payload_numbers;          //  Highest number given to a payload
    bool open, draining, done;         //  The lane said HELLO; no more comes; goodbye was said
    job_t jobs [JOBS_MAX];             //  Announced
    payload_t payloads [PAYLOADS_MAX]; //  Arriving in parts
} worker_t;

static const char *const s_functions [][3] = {{"square", "i", "the square of an integer"},
                                              {"echo", "*", "its argument"}};

static void s_hello (worker_t *self, const unsigned char uuid [16])
{
    peer_out_t out;
    peer_begin (&out, self->major, WORKER_HELLO, 0, 0, 17);
    msgpack_packer *body = &out.body;
    peer_pack_text (body, "cadre");
    msgpack_pack_uint8 (body, self->major);
    msgpack_pack_uint8 (body, 0);
    msgpack_pack_bin (body, 16);
    msgpack_pack_bin_body (body, uuid, 16);
    peer_pack_text (body, "peer");
    peer_pack_text (body, "localhost");
    msgpack_pack_int (body, getpid ());
    peer_pack_text (body, strncmp (self->address, "tcp", 3) == 0 ? "tcp" : "ipc");
    peer_pack_text (body, "0.0.0");
    msgpack_pack_uint8 (body, 1);
    msgpack_pack_false (body);
    msgpack_pack_false (body);
    msgpack_pack_array (body, 0);
    msgpack_pack_array (body, 2);
    for (size_t i = 0; i < 2; i++) {
        msgpack_pack_array (body, 3);
        for (size_t j = 0; j < 3; j++)
            peer_pack_text (body, s_functions [i][j]);
    }
    msgpack_pack_uint8 (body, 0);
    msgpack_pack_array (body, 0);
    msgpack_pack_array (body, 0);
    peer_send (&out, self->back);
}

static void s_two (worker_t *self, uint8_t verb, uint64_t first, uint64_t second)
{
    peer_out_t out;
    peer_begin (&out, 1, verb, self->session, 0, 2);
    msgpack_pack_uint64 (&out.body, first);
    msgpack_pack_uint64 (&out.body, second);
    peer_send (&out, self->back);
}

static void s_beat (worker_t *self)
{
    s_two (self, BEAT, self->received, self->sent);
    self->next_beat_ms = zclock_mono () + self->beat_ms;
}

//  Everything taken has been answered, so the window moves on
static void s_window (worker_t *self, uint8_t verb)
{
    s_two (self, verb, self->tasks + TASKS_AHEAD, self->bytes + BYTES_AHEAD);
}

//  HELLO once a second until there is an answer
static bool s_register (worker_t *self)
{
    unsigned char uuid [16];
    peer_frame_t frame;
    peer_uuid (uuid);
    for (int tries = 0; tries < 20 && !zsys_interrupted; tries++) {
        s_hello (self, uuid);
        uint8_t verb = peer_await_welcome (self->back, WORKER_WELCOME, &frame);
        if (!verb)
            continue;
        if (verb == REFUSED)
            return false;
        self->session = frame.session;
        self->lane = peer_connect_lane (self->address, peer_uint (&frame, 1));
        self->sink = peer_connect (ZMQ_PUSH, self->address, "sink", 2);
        self->beat_ms = (int64_t) peer_uint (&frame, 3);
        peer_frame_free (&frame);
        return true;
    }
    return false;
}

static job_t *s_job (worker_t *self, uint64_t number)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (self->jobs [i].number == number)
            return &self->jobs [i];
    peer_expect (false, number ? "tasks of a job that was not announced" : "too many jobs");
    return NULL;
}

static payload_t *s_payload (worker_t *self, uint64_t number)
{
    for (size_t i = 0; i < PAYLOADS_MAX; i++)
        if (self->payloads [i].number == number)
            return &self->payloads [i];
    return NULL;
}

static void s_part (worker_t *self, const peer_frame_t *frame)
{
    payload_t *payload = s_payload (self, peer_uint (frame, 0));
    if (!payload) {
        payload = s_payload (self, 0);
        peer_expect (payload != NULL, "too many payloads");
        payload->number = peer_uint (frame, 0);
        payload->total = peer_uint (frame, 1);
        msgpack_sbuffer_init (&payload->bytes);
    }
    peer_expect (payload->total == peer_uint (frame, 1), "a total that changes");
    msgpack_object bytes = frame->fields [2];
    peer_expect (bytes.type == MSGPACK_OBJECT_BIN && bytes.via.bin.size <= PEER_PART_MAX,
                 "a part's bytes");
    msgpack_sbuffer_write (&payload->bytes, bytes.via.bin.ptr, bytes.via.bin.size);
    peer_expect (payload->bytes.size <= payload->total, "more bytes than announced");
}

//  What a task was given: the payload itself, or one that came in parts and is unpacked into
//  *unpacked, which points into *parts
static msgpack_object s_input (worker_t *self, msgpack_object object, msgpack_unpacked *unpacked,
                               payload_t **parts)
{
    msgpack_unpacked_init (unpacked);
    if (object.type != MSGPACK_OBJECT_EXT || object.via.ext.type != 2)
        return object;
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | (unsigned char) object.via.ext.ptr [i];
    payload_t *payload = s_payload (self, number);
    size_t offset = 0;
    peer_expect (payload && payload->bytes.size == payload->total, "a payload that is not there");
    peer_expect (msgpack_unpack_next (unpacked, payload->bytes.data, payload->bytes.size, &offset)
                     == MSGPACK_UNPACK_SUCCESS,
                 "a payload that is no value");
    *parts = payload;
    return unpacked->data;
}

//  ---- running ------------------------------------------------------------------

//  One call: packs the value, or returns what went wrong
static const char *s_call (const char *function, msgpack_object arguments, msgpack_packer *value)
{
    if (arguments.type != MSGPACK_OBJECT_ARRAY || arguments.via.array.size < 1)
        return "one argument is needed";
    msgpack_object first = arguments.via.array.ptr [0];
    if (strcmp (function, "echo") == 0) {
        msgpack_pack_object (value, first);
        return NULL;
    }
    if (first.type != MSGPACK_OBJECT_POSITIVE_INTEGER
        && first.type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return "square takes an integer";
    msgpack_pack_int64 (value, first.via.i64 * first.via.i64);
    return NULL;
}

static void s_pack_failure (msgpack_packer *packer, const char *message)
{
    msgpack_pack_array (packer, 3);
    peer_pack_text (packer, "peer");
    peer_pack_text (packer, message);
    peer_pack_text (packer, "");
}

static void s_map (const char *function, msgpack_object items, msgpack_packer *value)
{
    peer_expect (items.type == MSGPACK_OBJECT_ARRAY, "a map over no array");
    //  The place of the first item, and its tries
    size_t count = items.via.array.size, head = 2;
    for (size_t i = 0; i < head; i++)
        peer_expect (i < count && items.via.array.ptr [i].type == MSGPACK_OBJECT_POSITIVE_INTEGER,
                     "a map that does not tell its items");
    msgpack_pack_array (value, count - head);
    for (size_t i = head; i < count; i++) {
        const char *message = s_call (function, items.via.array.ptr [i], value);
        if (!message)
            continue;
        msgpack_sbuffer failure;
        msgpack_packer packer;
        msgpack_sbuffer_init (&failure);
        msgpack_packer_init (&packer, &failure, msgpack_sbuffer_write);
        s_pack_failure (&packer, message);
        msgpack_pack_ext_with_body (value, failure.data, failure.size, 1);
        msgpack_sbuffer_destroy (&failure);
    }
}

static void s_send_parts (worker_t *self, const msgpack_sbuffer *value, uint64_t number)
{
    for (size_t at = 0; at < value->size; at += PEER_PART_MAX) {
        size_t left = value->size - at, size = left < PEER_PART_MAX ? left : PEER_PART_MAX;
        peer_out_t out;
        peer_begin (&out, 1, PART, self->session, ++self->sent, 3);
        msgpack_pack_uint64 (&out.body, number);
        msgpack_pack_uint64 (&out.body, value->size);
        msgpack_pack_bin (&out.body, size);
        msgpack_pack_bin_body (&out.body, value->data + at, size);
        peer_send (&out, self->sink);
    }
}

//  Puts a value into a result: itself, or the number under which its parts were sent
static void s_put_value (worker_t *self, peer_out_t *out, const msgpack_sbuffer *value)
{
    if (value->size <= PEER_PART_MAX) {
        msgpack_sbuffer_write (&out->bytes, value->data, value->size);
        return;
    }
    char number [8];
    for (int i = 0; i < 8; i++)
        number [i] = (char) (self->payload_numbers >> (56 - 8 * i));
    msgpack_pack_ext_with_body (&out->body, number, 8, 2);
}

static void s_answer (worker_t *self, const job_t *job, uint64_t index, uint64_t serial,
                      const char *message, msgpack_sbuffer *value)
{
    if (!message && value->size > PEER_PART_MAX)
        s_send_parts (self, value, ++self->payload_numbers);
    peer_out_t out;
    peer_begin (&out, 1, SINK_RESULTS, self->session, ++self->sent, 1);
    msgpack_pack_array (&out.body, 1);
    msgpack_pack_array (&out.body, 8);
    msgpack_pack_uint64 (&out.body, job->number);
    msgpack_pack_uint64 (&out.body, index);
    msgpack_pack_uint64 (&out.body, serial);
    msgpack_pack_uint8 (&out.body, message ? 2 : 1);
    msgpack_pack_uint8 (&out.body, 0);
    msgpack_pack_uint8 (&out.body, 1);
    if (message) {
        msgpack_pack_nil (&out.body);
        msgpack_pack_map (&out.body, 2);
        peer_pack_text (&out.body, "kind");
        peer_pack_text (&out.body, "peer");
        peer_pack_text (&out.body, "message");
        peer_pack_text (&out.body, message);
    } else {
        s_put_value (self, &out, value);
        msgpack_pack_nil (&out.body);
    }
    peer_send (&out, self->sink);
}

static void s_run (worker_t *self, const job_t *job, const msgpack_object *task, uint64_t serial)
{
    msgpack_unpacked unpacked;
    msgpack_sbuffer value;
    msgpack_packer packer;
    payload_t *parts = NULL;
    msgpack_object input = s_input (self, task->via.array.ptr [2], &unpacked, &parts);
    msgpack_sbuffer_init (&value);
    msgpack_packer_init (&packer, &value, msgpack_sbuffer_write);
    const char *message = NULL;
    if (job->kind == 3)
        s_map (job->function, input, &packer);
    else
        message = s_call (job->function, input, &packer);
    s_answer (self, job, task->via.array.ptr [0].via.u64, serial, message, &value);
    self->tasks++;
    if (parts) {
        msgpack_sbuffer_destroy (&parts->bytes);
        parts->number = 0;
    }
    msgpack_sbuffer_destroy (&value);
    msgpack_unpacked_destroy (&unpacked);
}

static void s_tasks (worker_t *self, const peer_frame_t *frame)
{
    const job_t *job = s_job (self, peer_uint (frame, 0));
    msgpack_object_array tasks = peer_array (frame, 2);
    for (size_t i = 0; i < tasks.size; i++)
        s_run (self, job, &tasks.ptr [i], peer_uint (frame, 1) + i);
    s_window (self, WINDOW);
}

//  ---- the lane and the back socket ------------------------------------------------

static void s_on_lane (worker_t *self, const peer_frame_t *frame)
{
    if (frame->session != self->session)
        return;
    peer_expect (frame->sequence == ++self->received, "a gap in the lane");
    if (frame->verb == PART || frame->verb == LANE_TASKS)
        self->bytes += frame->size;
    job_t *job;
    switch (frame->verb) {
    case LANE_HELLO:
        self->open = true;
        s_window (self, LANE_OPEN);
        break;
    case LANE_JOB:
        job = s_job (self, 0);
        *job = (job_t){.number = peer_uint (frame, 0),
                       .kind = peer_uint (frame, 1),
                       .function = peer_text (frame, 2)};
        break;
    case LANE_TASKS: s_tasks (self, frame); break;
    case LANE_JOB_END:
        job = s_job (self, peer_uint (frame, 0));
        free (job->function);
        *job = (job_t){0};
        break;
    case PART: s_part (self, frame); break;
    default: peer_expect (false, "an unknown verb on the lane");
    }
}

static void s_goodbye (worker_t *self)
{
    peer_out_t out;
    peer_begin (&out, 1, GOODBYE, self->session, ++self->sent, 1);
    peer_pack_text (&out.body, "drained");
    peer_send (&out, self->sink);
    self->done = true;
}

static void s_on_back (worker_t *self, const peer_frame_t *frame)
{
    peer_out_t out;
    switch (frame->verb) {
    case BEAT:
        self->acknowledged = peer_uint (frame, 0);
        peer_expect (self->acknowledged <= self->sent, "what was never sent is acknowledged");
        break;
    case DRAIN:
        self->draining = true;
        peer_begin (&out, 1, SINK_DRAINED, self->session, ++self->sent, 1);
        msgpack_pack_uint8 (&out.body, 0);
        peer_send (&out, self->sink);
        break;
    case STOP: self->done = true; break;
    case WHO: peer_expect (false, "the broker does not know me any more"); break;
    default: break; //  CANCEL, RECALL: every lease was answered when it was read
    }
    if (self->draining && self->acknowledged == self->sent)
        s_goodbye (self);
}

static void s_serve (worker_t *self)
{
    peer_frame_t frame;
    s_beat (self);
    while (!self->done && !zsys_interrupted) {
        zmq_pollitem_t items [] = {{.socket = zsock_resolve (self->back), .events = ZMQ_POLLIN},
                                   {.socket = zsock_resolve (self->lane), .events = ZMQ_POLLIN}};
        int64_t wait_ms = self->next_beat_ms - zclock_mono ();
        zmq_poll (items, 2, wait_ms > 0 ? wait_ms : 0);
        while (peer_receive (self->lane, &frame)) {
            s_on_lane (self, &frame);
            peer_frame_free (&frame);
        }
        while (!self->done && peer_receive (self->back, &frame)) {
            s_on_back (self, &frame);
            peer_frame_free (&frame);
        }
        if (zclock_mono () >= self->next_beat_ms)
            s_beat (self);
    }
}

int main (int argc, char **argv)
{
    if (argc < 2) {
        fprintf (stderr, "usage: peer_worker ADDRESS [MAJOR]\n");
        return 64;
    }
    worker_t self = {.address = argv [1],
                     .major = argc > 2 ? (uint8_t) strtoul (argv [2], NULL, 10) : 1};
    self.back = peer_connect (ZMQ_DEALER, self.address, "back", 1);
    bool welcome = s_register (&self);
    if (welcome)
        s_serve (&self);
    for (size_t i = 0; i < JOBS_MAX; i++)
        free (self.jobs [i].function);
    zsock_destroy (&self.lane);
    zsock_destroy (&self.sink);
    zsock_destroy (&self.back);
    return welcome ? 0 : 2;
}
