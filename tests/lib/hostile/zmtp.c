//  zmtp.c - attack: a peer that speaks ZMTP by hand, for what libzmq would never say

#include "tests/lib/hostile/zmtp.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#define FRAME_MAX 4096
#define LARGE 2

//  ==== bytes =======================================================================

bool zmtp_connect (zmtp_t *self, const char *endpoint)
{
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    struct sockaddr_un ipc = {.sun_family = AF_UNIX};
    bool is_tcp = strncmp (endpoint, "tcp", 3) == 0;
    *self = (zmtp_t){.fd = socket (is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (self->fd < 0)
        return false;
    if (is_tcp)
        tcp.sin_port = htons ((uint16_t) strtoul (strrchr (endpoint, ':') + 1, NULL, 10));
    else
        snprintf (ipc.sun_path, sizeof ipc.sun_path, "%s", endpoint + strlen ("ipc://"));
    int at_once = 1; //  Heads and bodies are sent one after the other
    setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const struct timeval patience = {.tv_sec = ZMTP_PATIENCE_MS / 1000};
    setsockopt (self->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const void *place = is_tcp ? (const void *) &tcp : &ipc;
    if (connect (self->fd, place, is_tcp ? sizeof tcp : sizeof ipc) == 0)
        return true;
    zmtp_close (self);
    return false;
}

void zmtp_close (zmtp_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

void zmtp_greeting (uint8_t greeting [ZMTP_GREETING_BYTES], const char *mechanism)
{
    memset (greeting, 0, ZMTP_GREETING_BYTES);
    greeting [0] = 0xff;
    greeting [8] = 1;
    greeting [9] = 0x7f;
    greeting [10] = 3;
    memcpy (greeting + 12, mechanism, strlen (mechanism));
}

bool zmtp_put (zmtp_t *self, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size) {
        ssize_t sent = send (self->fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t) sent;
    }
    return true;
}

static bool s_await (zmtp_t *self)
{
    struct pollfd item = {.fd = self->fd, .events = POLLIN};
    return poll (&item, 1, ZMTP_PATIENCE_MS) == 1;
}

static bool s_get (zmtp_t *self, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size) {
        ssize_t got = s_await (self) ? recv (self->fd, at, size, 0) : -1;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t) got;
    }
    return true;
}

bool zmtp_is_cut (zmtp_t *self)
{
    uint8_t bytes [FRAME_MAX];
    while (s_await (self))
        if (recv (self->fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

//  ==== frames ======================================================================

static bool s_put_frame (zmtp_t *self, unsigned flags, const void *bytes, size_t size)
{
    uint8_t head [9] = {(uint8_t) (flags | LARGE)};
    for (int i = 0; i < 8; i++)
        head [1 + i] = (uint8_t) (size >> (56 - 8 * i));
    struct iovec parts [] = {{head, sizeof head}, {(void *) (uintptr_t) bytes, size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = sendmsg (self->fd, &message, MSG_NOSIGNAL);
    if (sent < (ssize_t) sizeof head)
        return false; //  Nobody's buffer is as full as that
    size_t done = (size_t) sent - sizeof head;
    return zmtp_put (self, (const uint8_t *) bytes + done, size - done);
}

//  The size of the next frame, or -1.
static int64_t s_get_frame (zmtp_t *self, unsigned *flags, uint8_t *bytes, size_t max)
{
    uint8_t head [8];
    uint64_t size = 0;
    if (!s_get (self, head, 1))
        return -1;
    *flags = head [0];
    size_t width = *flags & LARGE ? 8 : 1;
    if (!s_get (self, head, width))
        return -1;
    for (size_t i = 0; i < width; i++)
        size = size << 8 | head [i];
    return size <= max && s_get (self, bytes, size) ? (int64_t) size : -1;
}

static size_t s_property (uint8_t *at, const char *name, const char *value)
{
    size_t name_size = strlen (name), size = strlen (value);
    at [0] = (uint8_t) name_size;
    memcpy (at + 1, name, name_size);
    memset (at + 1 + name_size, 0, 4);
    at [4 + name_size] = (uint8_t) size;
    memcpy (at + 5 + name_size, value, size);
    return 5 + name_size + size;
}

static size_t s_properties (uint8_t *at, const char *type, const char *user_id)
{
    size_t size = user_id ? s_property (at, "User-Id", user_id) : 0;
    size += s_property (at + size, "Socket-Type", type);
    size += s_property (at + size, "Identity", "");
    return size;
}

static bool s_begins (const uint8_t *bytes, int64_t size, const char *word)
{
    return size >= (int64_t) strlen (word) && memcmp (bytes, word, strlen (word)) == 0;
}

//  ==== handshakes ==================================================================

static bool s_shake_null (zmtp_t *self, const char *type, const char *user_id)
{
    uint8_t ready [FRAME_MAX] = "\5READY", answer [FRAME_MAX];
    unsigned flags;
    size_t size = 6 + s_properties (ready + 6, type, user_id);
    if (!s_put_frame (self, ZMTP_COMMAND, ready, size))
        return false;
    return s_begins (answer, s_get_frame (self, &flags, answer, sizeof answer), "\5READY");
}

//  A nonce of a word and the bytes behind it.
static void s_nonce (uint8_t nonce [24], const char *word, const void *rest, size_t size)
{
    memcpy (nonce, word, 24 - size);
    memcpy (nonce + 24 - size, rest, size);
}

static void s_count (zmtp_t *self, uint8_t bytes [8])
{
    self->nonce++;
    for (int i = 0; i < 8; i++)
        bytes [i] = (uint8_t) (self->nonce >> (56 - 8 * i));
}

//  What lasts from one step of CURVE to the next. The half of it that concerns the broker alone is
//  made once a thread, since whoever attacks would not make it anew for each connection.
typedef struct shake {
    uint8_t server [32];                      //  The broker's public key
    uint8_t public_key [32], secret_key [32]; //  Ours
    uint8_t brief [32], brief_secret [32];    //  Ours, for this connection
    uint8_t shared [32];                      //  Of the broker and of this connection
    uint8_t answer [128];                     //  Its key for this connection, and a cookie
} shake_t;

static bool s_say_hello (zmtp_t *self, const shake_t *shake)
{
    uint8_t hello [200] = "\5HELLO\1", zeros [64] = {0}, nonce [24];
    memcpy (hello + 80, shake->brief, 32);
    s_count (self, hello + 112);
    s_nonce (nonce, "CurveZMQHELLO---", hello + 112, 8);
    int rc = crypto_box_easy_afternm (hello + 120, zeros, sizeof zeros, nonce, shake->shared);
    assert (rc == 0);
    return s_put_frame (self, ZMTP_COMMAND, hello, sizeof hello);
}

static bool s_hear_welcome (zmtp_t *self, shake_t *shake)
{
    uint8_t welcome [FRAME_MAX], nonce [24];
    unsigned flags;
    int64_t size = s_get_frame (self, &flags, welcome, sizeof welcome);
    if (size != 168 || !s_begins (welcome, size, "\7WELCOME"))
        return false;
    s_nonce (nonce, "WELCOME-", welcome + 8, 16);
    return crypto_box_open_easy_afternm (shake->answer, welcome + 24, 144, nonce, shake->shared)
           == 0;
}

static bool s_initiate (zmtp_t *self, const shake_t *shake, const char *type, const char *user_id)
{
    uint8_t initiate [FRAME_MAX] = "\10INITIATE", plain [FRAME_MAX], vouch [64], nonce [24];
    memcpy (initiate + 9, shake->answer + 32, 96);
    memcpy (plain, shake->public_key, 32);
    memcpy (vouch, shake->brief, 32);
    memcpy (vouch + 32, shake->server, 32);
    randombytes_buf (plain + 32, 16);
    s_nonce (nonce, "VOUCH---", plain + 32, 16);
    int rc =
        crypto_box_easy (plain + 48, vouch, sizeof vouch, nonce, shake->answer, shake->secret_key);
    size_t size = 128 + s_properties (plain + 128, type, user_id);
    s_count (self, initiate + 105);
    s_nonce (nonce, "CurveZMQINITIATE", initiate + 105, 8);
    rc |= crypto_box_easy_afternm (initiate + 113, plain, size, nonce, self->precomp);
    assert (rc == 0);
    return s_put_frame (self, ZMTP_COMMAND, initiate, 113 + size + crypto_box_MACBYTES);
}

static bool s_shake_curve (zmtp_t *self, const char *type, const keys_t *keys, const char *user_id)
{
    static _Thread_local shake_t shake;
    uint8_t answer [FRAME_MAX], server [32];
    unsigned flags;
    zmq_z85_decode (server, keys->server_key);
    if (memcmp (server, shake.server, sizeof server) != 0) {
        memcpy (shake.server, server, sizeof server);
        crypto_box_keypair (shake.brief, shake.brief_secret);
        int fine = crypto_box_beforenm (shake.shared, shake.server, shake.brief_secret);
        assert (fine == 0);
    }
    zmq_z85_decode (shake.public_key, keys->public_key);
    zmq_z85_decode (shake.secret_key, keys->secret_key);
    if (!s_say_hello (self, &shake) || !s_hear_welcome (self, &shake))
        return false;
    int rc = crypto_box_beforenm (self->precomp, shake.answer, shake.brief_secret);
    assert (rc == 0);
    if (!s_initiate (self, &shake, type, user_id))
        return false;
    self->curve = s_begins (answer, s_get_frame (self, &flags, answer, sizeof answer), "\5READY");
    return self->curve;
}

bool zmtp_shake (zmtp_t *self, const char *type, const keys_t *keys, const char *user_id)
{
    uint8_t ours [ZMTP_GREETING_BYTES], theirs [ZMTP_GREETING_BYTES];
    zmtp_greeting (ours, keys ? "CURVE" : "NULL");
    if (!zmtp_put (self, ours, sizeof ours) || !s_get (self, theirs, sizeof theirs))
        return false;
    return keys ? s_shake_curve (self, type, keys, user_id) : s_shake_null (self, type, user_id);
}

//  ==== messages ====================================================================

bool zmtp_send (zmtp_t *self, unsigned flags, const void *bytes, size_t size)
{
    if (!self->curve)
        return s_put_frame (self, flags, bytes, size);
    uint8_t nonce [24], *plain = malloc (size + 1), *boxed = malloc (size + 64);
    assert (plain && boxed);
    memcpy (boxed, "\7MESSAGE", 8);
    plain [0] = (uint8_t) flags;
    memcpy (plain + 1, bytes, size);
    s_count (self, boxed + 8);
    s_nonce (nonce, "CurveZMQMESSAGEC", boxed + 8, 8);
    crypto_box_easy_afternm (boxed + 16, plain, size + 1, nonce, self->precomp);
    bool fine = s_put_frame (self, 0, boxed, 16 + size + 1 + crypto_box_MACBYTES);
    free (plain);
    free (boxed);
    return fine;
}

int64_t zmtp_receive (zmtp_t *self, uint8_t *bytes, size_t max)
{
    uint8_t *boxed = malloc (max + 64), nonce [24];
    unsigned flags = 0;
    assert (boxed);
    int64_t size;
    do
        size = s_get_frame (self, &flags, boxed, max + 64);
    while (size >= 0 && flags & ZMTP_COMMAND && !self->curve);
    if (size >= 0 && !self->curve)
        memcpy (bytes, boxed, (size_t) size);
    if (size > 33 && self->curve) {
        s_nonce (nonce, "CurveZMQMESSAGES", boxed + 8, 8);
        if (crypto_box_open_easy_afternm (boxed + 16, boxed + 16, (uint64_t) size - 16, nonce,
                                          self->precomp))
            size = -1;
        else {
            size -= 33;
            memcpy (bytes, boxed + 17, (size_t) size);
        }
    }
    free (boxed);
    return size;
}
