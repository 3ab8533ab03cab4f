/*  inbox.h - requests of one client that have not been answered
 *
 *  A request may concern millions of tasks, and a client may not read its replies. So requests are
 *  queued here until they are answered. The requests of a client are served in the order of
 *  arrival, the first one in steps (request.h limits a step), and clients take turns. When the
 *  queue is empty, the first step of a new request runs at once. Other frames of the client do not
 *  wait for its requests.
 *
 *  A client that does not acknowledge replies and other small frames gets no more of them: at
 *  INBOX_REPLIES_BYTES its requests wait until its BEAT acknowledges. When INBOX_REQUESTS_MAX
 *  requests or INBOX_BYTES_MAX bytes are queued, the next request ends the session. The bytes count
 *  as the client's (ctx->client_bytes).
 *
 *  A plain value, part of a client; zero is an empty inbox. It does not look into requests.
 */

#ifndef BROKER_CORE_INBOX_H_INCLUDED
#define BROKER_CORE_INBOX_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#define INBOX_REQUESTS_MAX 1024u   //  Queued requests of a client
#define INBOX_BYTES_MAX (2u << 20) //  Their bytes
#define INBOX_REPLIES_BYTES                                                                        \
    (1u << 20) //  Unacknowledged replies above which nothing is answered; less with little memory
               //  (budget.h)
#define INBOX_REQUEST_BYTES 384u //  Memory of a request besides its bytes

struct client;
struct request;

typedef struct inbox {
    struct request *first;    //  Oldest first (utlist)
    size_t count;             //  Number of queued requests
    size_t bytes;             //  Their size
    bool waits_store;         //  The first one waits for data from the store
    bool asking;              //  Its client is in the list of clients that may be answered
    struct client *next_asks; //  Neighbours in that list
    struct client *prev_asks; //  …
} inbox_t;

//  Is there room for one more request of that size?
static inline bool inbox_admits (const inbox_t *self, size_t bytes)
{
    return self->count < INBOX_REQUESTS_MAX && self->bytes + bytes <= INBOX_BYTES_MAX;
}

#endif
