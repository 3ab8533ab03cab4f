/*  inbox.h - what one client has asked and was not answered yet
 *
 *  A request may concern millions of tasks, and its client may not read replies. So each is kept
 *  here until it is answered: in the order in which they came, the first one step by step
 *  (request.h says how much a step may do), clients in turn. The first step of a request that finds
 *  nothing before it is made when it comes. Other frames of the client do not wait for its
 *  requests.
 *
 *  A client whose replies and other small frames are not acknowledged gets no more of them: its
 *  requests rest at INBOX_REPLIES_BYTES, and go on when its BEAT takes them. When
 *  INBOX_REQUESTS_MAX requests or INBOX_BYTES_MAX bytes of them wait, the next one ends the
 *  session. Bytes count as the client's (hub->client_bytes).
 *
 *  A plain value, part of a client; zero is an empty one. Nothing here is known of what a request
 *  is.
 */

#ifndef BROKER_CORE_INBOX_H_INCLUDED
#define BROKER_CORE_INBOX_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#define INBOX_REQUESTS_MAX 1024u   //  Requests of a client that may wait
#define INBOX_BYTES_MAX (2u << 20) //  Their bytes
#define INBOX_REPLIES_BYTES                                                                        \
    (1u << 20) //  Not acknowledged; beyond that nothing is answered, in small memory earlier
               //  (budget.h)
#define INBOX_REQUEST_BYTES 384u //  What a request takes up besides its bytes

struct client;
struct request;

typedef struct inbox {
    struct request *first;    //  Oldest first (utlist)
    size_t count;             //  How many wait
    size_t bytes;             //  What they hold
    bool waits_store;         //  The first one waits until something was read back from the store
    bool asking;              //  Its client is in the list of those who may be answered
    struct client *next_asks; //  Neighbours there
    struct client *prev_asks; //  …
} inbox_t;

//  Is there room for one more request of that size?
static inline bool inbox_admits (const inbox_t *self, size_t bytes)
{
    return self->count < INBOX_REQUESTS_MAX && self->bytes + bytes <= INBOX_BYTES_MAX;
}

#endif
