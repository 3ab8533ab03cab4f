//  zap.c - handles libzmq's authentication requests (ZAP, ZeroMQ RFC 27)

#include "broker/auth/zap.h"

#include <string.h>
#include <zmq.h>

#include "broker/auth/authz.h"
#include "common/clock.h"
#include "common/log.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define FRAMES_MAX 7
#define TEXT_BYTES 256
#define MAPPED "::ffff:" //  Prefix of an IPv4 peer on an IPv6 socket
#define QUIET_US 1000000 //  Minimum interval of log lines about refusals

enum {
    FRAME_VERSION,
    FRAME_ID,
    FRAME_DOMAIN,
    FRAME_ADDRESS,
    FRAME_IDENTITY,
    FRAME_MECHANISM,
    FRAME_KEY
};

//  One request: version, request id, domain, address, identity, mechanism, credentials.
typedef struct question {
    char text [FRAMES_MAX][TEXT_BYTES]; //  Frames, NUL-terminated
    size_t size [FRAMES_MAX];           //  Their sizes
    size_t count;                       //  How many
} question_t;

typedef enum verdict { NO_QUESTION, NOT_UNDERSTOOD, UNDERSTOOD } verdict_t;

//  Always reads all frames. A malformed request must be answered, too, or the REP socket accepts no
//  further one.
static verdict_t s_zap_receive (void *handler, question_t *question)
{
    bool fine = true;
    int more = 1;
    *question = (question_t){0};
    while (more) {
        zmq_msg_t frame;
        size_t size = sizeof more;
        zmq_msg_init (&frame);
        if (zmq_msg_recv (&frame, handler, ZMQ_DONTWAIT) < 0)
            return NO_QUESTION;
        if (question->count < FRAMES_MAX && zmq_msg_size (&frame) < TEXT_BYTES) {
            question->size [question->count] = zmq_msg_size (&frame);
            memcpy (question->text [question->count++], zmq_msg_data (&frame),
                    zmq_msg_size (&frame));
        } else
            fine = false;
        zmq_msg_close (&frame);
        zmq_getsockopt (handler, ZMQ_RCVMORE, &more, &size);
    }
    fine = fine && question->count > FRAME_MECHANISM
           && strcmp (question->text [FRAME_VERSION], "1.0") == 0;
    return fine ? UNDERSTOOD : NOT_UNDERSTOOD;
}

static void s_zap_answer (void *handler, const question_t *question, const char *peer)
{
    zmq_send (handler, "1.0", 3, ZMQ_SNDMORE);
    zmq_send (handler, question->text [FRAME_ID], question->size [FRAME_ID], ZMQ_SNDMORE);
    zmq_send (handler, peer ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send (handler, peer ? "OK" : "not let in", peer ? 2 : 10, ZMQ_SNDMORE);
    zmq_send (handler, peer ? peer : "", peer ? strlen (peer) : 0, ZMQ_SNDMORE);
    zmq_send (handler, "", 0, 0);
}

//  An attack may cause thousands of refusals a second, so at most one line a second is logged.
static void s_zap_note (zap_t *self, const question_t *question, const char *key)
{
    uint64_t count = atomic_fetch_add (self->refusals, 1) + 1;
    int64_t now_us = clock_now (NULL);
    if (self->logged_us && now_us - self->logged_us < QUIET_US)
        return;
    const rights_t *rights = keyring_find (self->keys, key);
    const char *address = question->text [FRAME_ADDRESS];
    if (strncmp (address, MAPPED, strlen (MAPPED)) == 0)
        address += strlen (MAPPED);
    log_line (LOG_WARNING, "B035",
              "a peer at %s was refused at %.5s: %s %s (%llu refusals since the last line)",
              address, question->text [FRAME_DOMAIN], rights ? "wrong role of key" : "unknown key",
              rights ? rights->name : key, (unsigned long long) (count - self->logged));
    self->logged = count;
    self->logged_us = now_us;
}

void zap_answer (zap_t *self)
{
    question_t question;
    char key [KEYS_TEXT_BYTES] = "";
    verdict_t verdict = s_zap_receive (self->handler, &question);
    if (verdict == NOT_UNDERSTOOD)
        s_zap_answer (self->handler, &question, NULL);
    if (verdict != UNDERSTOOD)
        return;
    if (question.count > FRAME_KEY && question.size [FRAME_KEY] == KEYS_RAW_BYTES)
        zmq_z85_encode (key, (const uint8_t *) question.text [FRAME_KEY], KEYS_RAW_BYTES);
    const char *peer = authz_admit (self->keys, question.text [FRAME_DOMAIN],
                                    question.text [FRAME_MECHANISM], key);
    if (!peer)
        s_zap_note (self, &question, key);
    s_zap_answer (self->handler, &question, peer);
}

bool zap_open (zap_t *self, void *context)
{
    self->handler = zmq_socket (context, ZMQ_REP);
    if (self->handler && zmq_bind (self->handler, ENDPOINT) == 0)
        return true;
    zap_close (self);
    return false;
}

void zap_close (zap_t *self)
{
    if (self->handler) {
        zmq_unbind (self->handler,
                    ENDPOINT); //  Releases the name at once; zmq_close releases it later
        zmq_close (self->handler);
    }
    self->handler = NULL;
}
