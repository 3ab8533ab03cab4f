/*  session.h - the client's side of a session with a broker (SPEC.md, section 4)
 *
 *  Sends HELLO until it is answered, sends stream frames within the broker's window, receives
 *  frames once and in order, acknowledges, grants windows, resumes after a lost connection, and
 *  detects a silent broker. It owns no socket and no thread: frames are sent through a callback,
 *  received by session_receive, and the time is passed to each call.
 *
 *      GREETING ──WELCOME──► OPEN ──REFUSED, broken protocol──► ENDED
 *          ▲                  │
 *          └──WHO, gap, ──────┘   the same session if the broker still has it, else a new one:
 *             GOODBYE,            frames of the old session are lost, and its owner sends
 *             new socket          everything again
 *
 *  When a broker is away for longer than the session's patience, everything open fails; the session
 *  continues to send HELLO, as a new client.
 *
 *  One thread at a time (the connection's lock).
 */

#ifndef CLIENT_LIB_SESSION_SESSION_H_INCLUDED
#define CLIENT_LIB_SESSION_SESSION_H_INCLUDED

#include "client/lib/session/receive_window.h"
#include "common/fault.h"
#include "common/parts.h"
#include "common/stream.h"

typedef struct session session_t;

typedef enum session_state { SESSION_GREETING, SESSION_OPEN, SESSION_ENDED } session_state_t;

//  Callbacks; owner is passed to each.
typedef struct session_handler {
    //  Sends one frame; false when that is not possible now.
    bool (*send) (void *owner, const buffer_t *frame);
    //  A stream frame has arrived in order, or a BEAT that has acknowledged something; false when
    //  it is malformed.
    bool (*frame) (void *owner, uint8_t verb, cursor_t body);
    //  The session is lost. The broker will not answer what it has not answered yet; a new session
    //  may follow. This is the last chance to query what was acknowledged.
    void (*gone) (void *owner, const fault_t *why);
    //  A new session has begun: frames put into an earlier one are void. same: according to its
    //  epoch, the broker has kept its state.
    void (*renewed) (void *owner, bool same);
    //  Everything open has failed: the session has ended, or reconnecting was given up.
    void (*lost) (void *owner, const fault_t *why);
    //  HELLO was refused. True: it will be sent to another address. False, or NULL: the session
    //  ends.
    bool (*elsewhere) (void *owner);
    void *owner; //  Borrowed
} session_handler_t;

typedef struct session_options {
    const char *name;      //  Label of this client
    const char *address;   //  Of the broker, for messages
    uint64_t window_tasks; //  Unread results that may wait here
    uint64_t window_bytes; //  Unread bytes that may wait here
    int64_t patience_ms;   //  Silence after which reconnecting is given up; negative: never
} session_options_t;

session_t *session_new (const session_options_t *options, const session_handler_t *handler);
void session_destroy (session_t **self_p);

session_state_t session_state (const session_t *self);

//  Why it ended, or CADRE_OK.
const fault_t *session_fault (const session_t *self);

//  True while the broker has been silent for longer than it may be, or there is no session yet.
bool session_silent (const session_t *self);

//  True when a frame of the broker came within three beat intervals.
bool session_hears (const session_t *self, int64_t now_us);

//  Frames now go to another socket, perhaps to another broker, at this address: sends HELLO there,
//  and resumes the session if the broker has it.
void session_greet (session_t *self, const char *address, int64_t now_us);

//  Timers: HELLO, BEATs, silence. Returns when it must be called again. After this process was
//  stopped, the broker gets extra time.
int64_t session_tick (session_t *self, int64_t now_us);

//  One message from the broker.
void session_receive (session_t *self, const void *bytes, size_t size_bytes, int64_t now_us);

//  After one or more session_receive: sends acknowledgements and windows that are due, and frames
//  that the window allows. True if anything was sent.
bool session_settle (session_t *self, int64_t now_us);

//  True when frames can be put: there is a session, or one that may be resumed.
bool session_put_accepts (const session_t *self);

//  True while reconnecting is given up.
bool session_put_given_up (const session_t *self);

//  Queues a frame for session_settle and consumes it; without a session it is dropped, because
//  everything is sent again in the next one. metered and tasks as in stream_put. Returns the number
//  of the last frame put.
uint64_t session_put (session_t *self, buffer_t *frame, uint64_t tasks, bool metered);

//  The last frame of this session that the broker has acknowledged.
uint64_t session_put_acknowledged (const session_t *self);

//  The last frame of this session that was passed to the socket.
uint64_t session_put_sent (const session_t *self);

//  Splits a payload into PART frames and packs a reference to it into item.
void session_put_parts (session_t *self, const buffer_t *payload, buffer_t *item);

//  May files be worth while: is the broker on this machine?
bool session_put_files (const session_t *self);

//  The broker's window is closed or unknown: wait before more is put.
bool session_put_blocked (const session_t *self);

//  No frame waits to be sent.
bool session_put_drained (const session_t *self);

//  How many tasks and bytes a single frame may carry, so that it always fits the window.
uint64_t session_put_frame_tasks (const session_t *self);

//  Results and bytes that were delivered and are unread; and that the application has read.
void session_put_hold (session_t *self, uint64_t tasks, uint64_t bytes);
void session_put_release (session_t *self, uint64_t tasks, uint64_t bytes);

//  Unread results fill the window: no more will come.
bool session_put_is_full (const session_t *self);

//  A payload that arrived in parts; false when there is none.
bool session_put_take_parts (session_t *self, uint64_t number, buffer_t *payload);

//  The size of a payload that came but could not be allocated. 0: there is none with that number.
uint64_t session_put_lacked_parts (session_t *self, uint64_t number);

//  Sends GOODBYE and ends the session.
void session_leave (session_t *self, const char *reason);

//  Ends the session with a reason; everything open fails.
void session_end (session_t *self, const fault_t *why);

#endif
