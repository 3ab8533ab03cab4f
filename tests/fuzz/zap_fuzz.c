//  zap_fuzz.c - any frames as a question whether a peer is let in: answered once, and "200" only
//  for what the doors admit
//
//  The input is cut at bytes of 0xff into frames; 0xfe stands for the public key of a client.

#include "broker/auth/authz.h"
#include "broker/auth/zap.h"
#include "common/log.h"
#include "common/sockets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 12
#define FRAME_BYTES 600

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

typedef struct rig {
    void *context, *asker;          //  libzmq's side
    zap_t zap;                      //  Ours
    atomic_uint_least64_t refusals; //  For it
    uint8_t raw [KEYS_RAW_BYTES];   //  The client's key
    char text [KEYS_TEXT_BYTES];    //  The same
} rig_t;

typedef struct frames {
    uint8_t bytes [FRAMES][FRAME_BYTES]; //  Of each frame
    size_t size [FRAMES];                //  Its bytes
    size_t count;                        //  How many
} frames_t;

static void s_end (void);

static rig_t *s_rig (void)
{
    static rig_t rig;
    if (rig.context)
        return &rig;
    log_set_level (LOG_NONE);
    memset (rig.raw, 7, sizeof rig.raw);
    zmq_z85_encode (rig.text, rig.raw, sizeof rig.raw);
    rig.context = sockets_context_new (1, 10, NULL);
    rig.zap.refusals = &rig.refusals;
    rig.zap.keys = keyring_new ();
    keyring_add (rig.zap.keys, rig.text, &(rights_t){.name = "alice", .role = ROLE_CLIENT});
    bool open = zap_open (&rig.zap, rig.context);
    rig.asker = zmq_socket (rig.context, ZMQ_REQ);
    int relaxed = 1;
    zmq_setsockopt (rig.asker, ZMQ_REQ_RELAXED, &relaxed, sizeof relaxed);
    int rc = zmq_connect (rig.asker, "inproc://zeromq.zap.01");
    assert (open && rc == 0);
    atexit (s_end);
    return &rig;
}

static void s_end (void)
{
    rig_t *rig = s_rig ();
    zmq_close (rig->asker);
    zap_close (&rig->zap);
    keyring_destroy (&rig->zap.keys);
    sockets_context_destroy (&rig->context);
}

static void s_cut (const rig_t *rig, frames_t *frames, const uint8_t *bytes, size_t size)
{
    *frames = (frames_t){.count = 1};
    for (size_t i = 0; i < size; i++) {
        size_t *used = &frames->size [frames->count - 1];
        uint8_t *frame = frames->bytes [frames->count - 1];
        if (bytes [i] == 0xff) {
            if (frames->count < FRAMES)
                frames->count++;
        } else if (bytes [i] == 0xfe && *used + KEYS_RAW_BYTES <= FRAME_BYTES) {
            memcpy (frame + *used, rig->raw, KEYS_RAW_BYTES);
            *used += KEYS_RAW_BYTES;
        } else if (*used < FRAME_BYTES)
            frame [(*used)++] = bytes [i];
    }
}

static bool s_is (const frames_t *frames, size_t which, const void *bytes, size_t size)
{
    return frames->size [which] == size && memcmp (frames->bytes [which], bytes, size) == 0;
}

//  What is let in is a client's key at the front by CURVE, or anybody in the clear at a local door.
static bool s_may (const rig_t *rig, const frames_t *frames)
{
    if (frames->count < 6)
        return false;
    bool local = strncmp ((const char *) frames->bytes [2], "local", 6) == 0
                 && strncmp ((const char *) frames->bytes [5], "NULL", 5) == 0;
    bool front = strncmp ((const char *) frames->bytes [2], "front", 6) == 0
                 && strncmp ((const char *) frames->bytes [5], "CURVE", 6) == 0
                 && s_is (frames, 6, rig->raw, sizeof rig->raw);
    return local || front;
}

//  Six frames: version, the question's id, "200" or "400", a word, who it is, nothing.
static void s_check_answer (const rig_t *rig, const frames_t *question)
{
    frames_t answer = {0};
    int more = 1;
    size_t size = sizeof more;
    while (more) {
        assert (answer.count < 6);
        int got = zmq_recv (rig->asker, answer.bytes [answer.count], FRAME_BYTES, ZMQ_DONTWAIT);
        assert (got >= 0);
        answer.size [answer.count++] = (size_t) got;
        zmq_getsockopt (rig->asker, ZMQ_RCVMORE, &more, &size);
    }
    assert (answer.count == 6 && s_is (&answer, 0, "1.0", 3));
    bool in = s_is (&answer, 2, "200", 3);
    assert (in || s_is (&answer, 2, "400", 3));
    assert (!in || s_may (rig, question));
    assert (!in || s_is (&answer, 1, question->bytes [1], question->size [1]));
    assert (in == (answer.size [4] > 0));
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    static frames_t question;
    rig_t *rig = s_rig ();
    s_cut (rig, &question, bytes, size);
    for (size_t i = 0; i < question.count; i++)
        zmq_send (rig->asker, question.bytes [i], question.size [i],
                  i + 1 < question.count ? ZMQ_SNDMORE : 0);
    zap_answer (&rig->zap);
    zap_answer (&rig->zap); //  There is no second one
    s_check_answer (rig, &question);
    return 0;
}
