/*  attack.h - peers with a key that ask too much of a broker, each kind until it is ended
 *
 *  A peer has one session, and comes again when the broker ends it. It sends as fast as the broker
 *  reads. Numbers and sessions are put into frames when they are sent. One thread.
 */

#ifndef TESTS_BENCH_ATTACK_H_INCLUDED
#define TESTS_BENCH_ATTACK_H_INCLUDED

#include "common/access.h"
#include "common/wire.h"

typedef struct attack {
    access_t access;                //  Whom it attacks, and by which key
    const char *address;            //  Of the broker
    uint64_t number;                //  As the command line has it, or as its kind does
    void *context;                  //  Of all sockets
    void *socket;                   //  To front or back; NULL before the first session
    void *lane;                     //  A worker's, or NULL
    void *sink;                     //  A worker's, or NULL
    int waiting_max;                //  Frames that wait on this side
    bool deaf;                      //  Nothing is read after WELCOME
    bool over;                      //  The broker knows the session no more
    uint64_t session;               //  Of the frames
    uint64_t sessions;              //  That it has had: the number of this one
    uint64_t sent;                  //  Numbered frames
    uint64_t received;              //  The last number that came
    uint64_t told;                  //  The last number that was acknowledged
    int64_t beat_us;                //  When the next BEAT is due
    int64_t hello_us;               //  When the next HELLO is due
    uint64_t tasks;                 //  A client's: sent in this session
    uint64_t bytes;                 //  A client's: of JOB_TASKS and PART
    uint64_t tasks_window;          //  A client's: how many may be sent
    uint64_t bytes_window;          //  A client's: how many may be sent
    uint64_t ref;                   //  A client's: of its last job
    uint64_t job;                   //  A client's: number of the job opened last
    uint64_t job_session;           //  A client\'s: number of the session that it was opened in
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the session
    buffer_t frame;                 //  Received last
} attack_t;

typedef struct attack_kind {
    const char *name;         //  On the command line
    void (*run) (attack_t *); //  Does not return
    uint64_t number;          //  When the command line has none
    const char *says;         //  For people
} attack_kind_t;

//  Each ends with an empty one.
//  Rows of a table of kinds, for all that have a client's session.
// clang-format off
#define ATTACK_KINDS_OF_ALL \
    {"lists", attack_lists, 0, "asks for everything, on and on"}, \
    {"unread", attack_unread, 500, "asks for lists, and reads nothing"}, \
    {"follows", attack_follows, 0, "follows a job, over and over"}, \
    {"hellos", attack_hellos, 0, "HELLOs of new UUIDs on one connection"}, \
    {"comes", attack_comes, 500, "a new connection and HELLO, so many a second"}, \
    {"junk", attack_junk, 0, "frames whose bodies are none"}, \
    {"rubbish", attack_rubbish, 20000, "so many frames a second that have no envelope"}, \
    {"beats", attack_beats, 0, "BEATs as fast as they are read"}, \
    {"endless", attack_endless, 65536, "messages without end, in parts of so many bytes"}
// clang-format on

extern const attack_kind_t attack_client_kinds [];
extern const attack_kind_t attack_observer_kinds [];
extern const attack_kind_t attack_worker_kinds [];
extern const attack_kind_t attack_stranger_kinds [];

//  A new connection to "front" or "back", on which nothing is said yet.
void attack_connect (attack_t *self, const char *door);

//  A socket to a door; the caller closes it.
void *attack_socket (attack_t *self, int type, const char *door);

//  HELLO of a client, or of a worker with so many bytes of labels; a new UUID if `fresh`.
void attack_hello_client (attack_t *self, bool fresh);
void attack_hello_worker (attack_t *self, bool fresh, const wire_list_t *labels);

//  A session on a new connection, however long that takes; a worker's with lane and sink.
void attack_enter_client (attack_t *self);
void attack_enter_worker (attack_t *self);

//  Reads what there is, acknowledges it, and says BEAT when that is due. Enters again when the
//  session is over.
void attack_read (attack_t *self);

//  Sends and frees a frame, numbered or not; reads meanwhile. What was meant for a
//  session that has ended is not sent.
void attack_put (attack_t *self, buffer_t *frame, bool numbered);
void attack_put_sink (attack_t *self, buffer_t *frame);

//  Reads until so much may be sent.
void attack_await_window (attack_t *self, uint64_t tasks, uint64_t bytes);

void attack_pause (long ms);

//  Kinds of several roles.
void attack_lists (attack_t *self);
void attack_unread (attack_t *self);
void attack_follows (attack_t *self);
void attack_hellos (attack_t *self);
void attack_comes (attack_t *self);
void attack_junk (attack_t *self);
void attack_rubbish (attack_t *self);
void attack_beats (attack_t *self);
void attack_endless (attack_t *self);

#endif
