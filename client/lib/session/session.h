/*  session.h - a client's side of its session with a broker (SPEC.md, section 4)
 *
 *  Says HELLO until it is answered, sends stream frames within the broker's window, takes frames in
 *  once and in order, acknowledges, grants windows, resumes after a lost connection, and notices a
 *  silent broker. It owns no socket and no thread: frames go out through a function, come in
 *  through session_receive, and the time is given with each call.
 *
 *      GREETING ──WELCOME──► OPEN ──REFUSED, broken protocol──► ENDED
 *          ▲                  │
 *          └──WHO, gap, ──────┘   the same session when the broker still knows it, else a new one:
 *             GOODBYE,            what was put is gone with the old one, and its owner says it
 *             another socket      again
 *
 *  A broker that stays away longer than the session has patience is given up; the session goes on
 *  greeting it, as somebody new.
 *
 *  One thread at a time (the connection's lock).
 */

#ifndef CLIENT_LIB_SESSION_SESSION_H_INCLUDED
#define CLIENT_LIB_SESSION_SESSION_H_INCLUDED

#include "client/lib/session/allowance.h"
#include "common/fault.h"
#include "common/parts.h"
#include "common/stream.h"

typedef struct session session_t;

typedef enum session_state { SESSION_GREETING, SESSION_OPEN, SESSION_ENDED } session_state_t;

//  What the session calls; owner is handed to each.
typedef struct session_handler {
    //  Sends one frame; false when that is not possible now.
    bool (*send) (void *owner, const buffer_t *frame);
    //  A stream frame has arrived, its turn has come, or a BEAT, which has acknowledged something;
    //  false when it cannot be read.
    bool (*frame) (void *owner, uint8_t verb, cursor_t body);
    //  The session goes. What the broker had not answered it will not answer; a new session may
    //  follow. What it has acknowledged can be asked for the last time.
    void (*gone) (void *owner, const fault_t *why);
    //  A new session has begun: nothing that was put into one before counts. same: the broker says
    //  that it has what it had (by its epoch).
    void (*renewed) (void *owner, bool same);
    //  Whatever is open has failed: the session has ended, or the broker was given up.
    void (*lost) (void *owner, const fault_t *why);
    //  HELLO was refused. True: it will be said elsewhere. False, or NULL: the session ends.
    bool (*elsewhere) (void *owner);
    void *owner; //  Borrowed
} session_handler_t;

typedef struct session_options {
    const char *name;      //  Label of this client
    const char *address;   //  Of the broker, for messages
    uint64_t window_tasks; //  Results that may wait here unread
    uint64_t window_bytes; //  Bytes that may wait here unread
    int64_t patience_ms;   //  Silence after which the broker is given up; negative: never
} session_options_t;

session_t *session_new (const session_options_t *options, const session_handler_t *handler);
void session_destroy (session_t **self_p);

session_state_t session_state (const session_t *self);

//  Why it ended, or CADRE_OK.
const fault_t *session_fault (const session_t *self);

//  True while the broker has said nothing for longer than it promised, or a session is not there
//  yet.
bool session_silent (const session_t *self);

//  True when the broker has said something within the time of three beats.
bool session_hears (const session_t *self, int64_t now_us);

//  Frames go to another socket from now on, perhaps to another broker, at this address: HELLO is
//  said there, and the session is resumed if the broker knows it.
void session_greet (session_t *self, const char *address, int64_t now_us);

//  Timers: HELLO, beats, silence. Returns when it wants to be called again. After a stall of this
//  process the broker gets the time to be heard again.
int64_t session_tick (session_t *self, int64_t now_us);

//  One message from the broker.
void session_receive (session_t *self, const void *bytes, size_t size_bytes, int64_t now_us);

//  After a run of session_receive: acknowledgements and windows that are due, and frames that may
//  go. True if anything was sent.
bool session_settle (session_t *self, int64_t now_us);

//  True when frames can be put: there is, or was and may be resumed, a session.
bool session_put_accepts (const session_t *self);

//  True while the broker is given up.
bool session_put_given_up (const session_t *self);

//  Consumes a frame that session_settle will send; without a session it is dropped, since all is
//  said again in the next one. metered and tasks as in stream_put. Returns the number of the last
//  frame put.
uint64_t session_put (session_t *self, buffer_t *frame, uint64_t tasks, bool metered);

//  Up to which number the broker has acknowledged frames of this session.
uint64_t session_put_acknowledged (const session_t *self);

//  Up to which number frames of this session have been handed to the socket.
uint64_t session_put_sent (const session_t *self);

//  Cuts a payload into PART frames and packs a reference to it into item.
void session_put_parts (session_t *self, view_t payload, buffer_t *item);

//  The broker's window is closed, or not even known: wait before more is put.
bool session_put_blocked (const session_t *self);

//  Nothing waits to be sent.
bool session_put_drained (const session_t *self);

//  How many tasks and bytes a single frame may carry, so that the window can ever fit it.
uint64_t session_put_frame_tasks (const session_t *self);

//  Results and bytes that were handed over and wait for the application to read them, and that it
//  has read.
void session_put_hold (session_t *self, uint64_t tasks, uint64_t bytes);
void session_put_release (session_t *self, uint64_t tasks, uint64_t bytes);

//  What was handed over and not read fills the window: nothing more comes.
bool session_put_is_full (const session_t *self);

//  A payload that arrived in parts; false when there is none.
bool session_put_take_parts (session_t *self, uint64_t number, buffer_t *payload);

//  One that came, and that there was no memory for: how many bytes it had. 0: there is none of that
//  number.
uint64_t session_put_lacked_parts (session_t *self, uint64_t number);

//  Says GOODBYE and ends.
void session_leave (session_t *self, const char *reason);

//  Ends it for a reason; everything open is lost.
void session_end (session_t *self, const fault_t *why);

#endif
