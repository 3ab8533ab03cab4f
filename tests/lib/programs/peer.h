/*  peer.h - what the two independent peers share: frames as SPEC.md describes them
 *
 *  peer_worker and peer_client keep the protocol honest. They are written from
 *  common/SPEC.md alone, on czmq and msgpack-c, and share no code with the rest
 *  of the tree: where they and cadre disagree, the page or the code is wrong.
 *  They trust the broker, and end with a message when it breaks the protocol.
 */

#ifndef TESTS_LIB_PROGRAMS_PEER_H_INCLUDED
#define TESTS_LIB_PROGRAMS_PEER_H_INCLUDED

#include <czmq.h>
#include <msgpack.h>

#define PEER_FRAME_MAX (1024 * 1024)
#define PEER_PART_MAX (256 * 1024)

//  Verbs, SPEC.md section 9
enum {
    REFUSED = 0x03,
    WHO = 0x04,
    BEAT = 0x05,
    GOODBYE = 0x06,
    WINDOW = 0x07,
    PART = 0x08,
    CLIENT_HELLO = 0x10,
    JOB_OPEN = 0x11,
    JOB_TASKS = 0x12,
    JOB_SEAL = 0x13,
    CLIENT_WELCOME = 0x20,
    JOB_OPENED = 0x21,
    RESULTS = 0x22,
    JOB_STATE = 0x24,
    LANE_HELLO = 0x30,
    LANE_JOB = 0x31,
    LANE_TASKS = 0x32,
    LANE_JOB_END = 0x33,
    WORKER_HELLO = 0x40,
    WORKER_WELCOME = 0x41,
    LANE_OPEN = 0x42,
    DRAIN = 0x46,
    STOP = 0x47,
    SINK_RESULTS = 0x50,
    SINK_DRAINED = 0x53
};

//  A frame that was received
typedef struct peer_frame {
    uint8_t major;                //  Version of the sender
    uint8_t verb;                 //  One of the above, or another
    uint64_t session;             //  Of the envelope
    uint64_t sequence;            //  Of the envelope
    size_t size;                  //  Bytes, envelope included
    zframe_t *bytes;              //  What the body points into
    msgpack_unpacked body;        //  Owns the fields
    const msgpack_object *fields; //  The body's elements
    size_t count;                 //  How many
} peer_frame_t;

//  A frame in the making: the envelope is there, the body is packed by the caller
typedef struct peer_out {
    msgpack_sbuffer bytes; //  The frame so far
    msgpack_packer body;   //  Packs behind the envelope
} peer_out_t;

void peer_begin (peer_out_t *self, uint8_t major, uint8_t verb, uint64_t session, uint64_t sequence,
                 size_t fields);
//  Sends and frees it; returns its size in bytes
size_t peer_send (peer_out_t *self, void *socket);

void peer_pack_text (msgpack_packer *packer, const char *text);

//  Waits for nothing: false when no frame is there
bool peer_receive (void *socket, peer_frame_t *frame);
void peer_frame_free (peer_frame_t *frame);

uint64_t peer_uint (const peer_frame_t *frame, size_t field);
msgpack_object_array peer_array (const peer_frame_t *frame, size_t field);
char *peer_text (const peer_frame_t *frame, size_t field); //  The caller frees it

//  A connected socket: `name` is front, back, sink or lane-N; offset what tcp adds to the base
//  port. Lane and sink never reconnect.
zsock_t *peer_connect (int type, const char *address, const char *name, unsigned offset);

//  The same for a port named by the broker, with the host of the address.
zsock_t *peer_connect_lane (const char *address, uint64_t lane);

//  Waits up to a second for the answer to a HELLO: the verb of WELCOME, which the caller frees;
//  REFUSED, and says why; or 0.
uint8_t peer_await_welcome (zsock_t *socket, uint8_t welcome, peer_frame_t *frame);

void peer_uuid (unsigned char uuid [16]);

//  Ends the process with a message when a condition does not hold.
void peer_expect (bool condition, const char *what);

#endif
