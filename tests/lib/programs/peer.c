//  peer.c - frames as SPEC.md describes them

#include "tests/lib/programs/peer.h"

#include <sys/random.h>

#define ENVELOPE_BYTES 20

static void s_put_u64 (unsigned char *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        bytes [i] = (unsigned char) (number >> (56 - 8 * i));
}

static uint64_t s_get_u64 (const unsigned char *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number * 256 + bytes [i];
    return number;
}

void peer_expect (bool condition, const char *what)
{
    if (condition)
        return;
    fprintf (stderr, "peer: %s\n", what);
    exit (3);
}

void peer_begin (peer_out_t *self, uint8_t major, uint8_t verb, uint64_t session, uint64_t sequence,
                 size_t fields)
{
    unsigned char envelope [ENVELOPE_BYTES] = {major, verb};
    s_put_u64 (envelope + 4, session);
    s_put_u64 (envelope + 12, sequence);
    msgpack_sbuffer_init (&self->bytes);
    msgpack_packer_init (&self->body, &self->bytes, msgpack_sbuffer_write);
    msgpack_sbuffer_write (&self->bytes, (const char *) envelope, sizeof envelope);
    msgpack_pack_array (&self->body, fields);
}

size_t peer_send (peer_out_t *self, void *socket)
{
    size_t size = self->bytes.size;
    peer_expect (size <= PEER_FRAME_MAX, "a frame of mine is too large");
    zframe_t *frame = zframe_new (self->bytes.data, size);
    zframe_send (&frame, socket, 0);
    msgpack_sbuffer_destroy (&self->bytes);
    return size;
}

void peer_pack_text (msgpack_packer *packer, const char *text)
{
    msgpack_pack_str (packer, strlen (text));
    msgpack_pack_str_body (packer, text, strlen (text));
}

bool peer_receive (void *socket, peer_frame_t *frame)
{
    zframe_t *bytes = zframe_recv_nowait (socket);
    if (!bytes)
        return false;
    const unsigned char *data = zframe_data (bytes);
    size_t size = zframe_size (bytes), offset = 0;
    peer_expect (!zframe_more (bytes), "a message of several frames");
    peer_expect (size >= ENVELOPE_BYTES && size <= PEER_FRAME_MAX, "a frame's size");
    peer_expect (data [2] == 0 && data [3] == 0, "bytes 2 and 3 are not zero");
    *frame = (peer_frame_t){.major = data [0],
                            .verb = data [1],
                            .session = s_get_u64 (data + 4),
                            .sequence = s_get_u64 (data + 12),
                            .size = size,
                            .bytes = bytes};
    msgpack_unpacked_init (&frame->body);
    peer_expect (msgpack_unpack_next (&frame->body, (const char *) data + ENVELOPE_BYTES,
                                      size - ENVELOPE_BYTES, &offset)
                     == MSGPACK_UNPACK_SUCCESS,
                 "a body that is no msgpack");
    peer_expect (offset == size - ENVELOPE_BYTES, "bytes behind the body");
    peer_expect (frame->body.data.type == MSGPACK_OBJECT_ARRAY, "a body that is no array");
    frame->fields = frame->body.data.via.array.ptr;
    frame->count = frame->body.data.via.array.size;
    return true;
}

void peer_frame_free (peer_frame_t *frame)
{
    msgpack_unpacked_destroy (&frame->body);
    zframe_destroy (&frame->bytes);
}

uint64_t peer_uint (const peer_frame_t *frame, size_t field)
{
    peer_expect (field < frame->count
                     && frame->fields [field].type == MSGPACK_OBJECT_POSITIVE_INTEGER,
                 "a field that is no uint");
    return frame->fields [field].via.u64;
}

msgpack_object_array peer_array (const peer_frame_t *frame, size_t field)
{
    peer_expect (field < frame->count && frame->fields [field].type == MSGPACK_OBJECT_ARRAY,
                 "a field that is no array");
    return frame->fields [field].via.array;
}

char *peer_text (const peer_frame_t *frame, size_t field)
{
    peer_expect (field < frame->count && frame->fields [field].type == MSGPACK_OBJECT_STR,
                 "a field that is no text");
    return strndup (frame->fields [field].via.str.ptr, frame->fields [field].via.str.size);
}

static zsock_t *s_connect (int type, const char *endpoint, bool reconnects)
{
    zsock_t *socket = zsock_new (type);
    peer_expect (socket != NULL, "no socket");
    zsock_set_maxmsgsize (socket, PEER_FRAME_MAX);
    zsock_set_linger (socket, 1000);
    zsock_set_sndhwm (socket, 0);
    zsock_set_rcvhwm (socket, 0);
    if (!reconnects)
        zsock_set_reconnect_ivl (socket, -1);
    peer_expect (zsock_connect (socket, "%s", endpoint) == 0,
                 "an address that cannot be connected to");
    return socket;
}

//  Where the port begins, or NULL
static const char *s_port (const char *address)
{
    return strncmp (address, "tcp://", 6) == 0 ? strrchr (address, ':') + 1 : NULL;
}

zsock_t *peer_connect (int type, const char *address, const char *name, unsigned offset)
{
    char endpoint [512];
    const char *port = s_port (address);
    if (port)
        snprintf (endpoint, sizeof endpoint, "%.*s%lu", (int) (port - address), address,
                  strtoul (port, NULL, 10) + offset);
    else
        snprintf (endpoint, sizeof endpoint, "%s/%s", address, name);
    return s_connect (type, endpoint, type == ZMQ_DEALER);
}

zsock_t *peer_connect_lane (const char *address, uint64_t lane)
{
    char endpoint [512];
    const char *port = s_port (address);
    if (port)
        snprintf (endpoint, sizeof endpoint, "%.*s%lu", (int) (port - address), address, lane);
    else
        snprintf (endpoint, sizeof endpoint, "%s/lane-%lu", address, lane);
    return s_connect (ZMQ_PULL, endpoint, false);
}

void peer_uuid (unsigned char uuid [16])
{
    peer_expect (getrandom (uuid, 16, 0) == 16, "no random bytes");
}

uint8_t peer_await_welcome (zsock_t *socket, uint8_t welcome, peer_frame_t *frame)
{
    zmq_pollitem_t item = {.socket = zsock_resolve (socket), .events = ZMQ_POLLIN};
    zmq_poll (&item, 1, 1000);
    if (!peer_receive (socket, frame))
        return 0;
    if (frame->verb == welcome)
        return welcome;
    peer_expect (frame->verb == REFUSED, "neither welcome nor refused");
    char *message = peer_text (frame, 1);
    fprintf (stderr, "%s\n", message);
    free (message);
    peer_frame_free (frame);
    return REFUSED;
}
