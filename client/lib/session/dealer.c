//  dealer.c - a connection's DEALER socket, and the search for its broker

#include "client/lib/session/dealer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/broker_search.h"
#include "common/clock.h"
#include "common/sockets.h"

struct dealer {
    void *context;               //  ZeroMQ's, borrowed
    void *socket;                //  The DEALER
    broker_search_t *search;     //  The search for a broker
    bool seeking;                //  No broker has answered at the current address
    size_t refusals;             //  Refusals by brokers since then
    bool has_keys;               //  It uses CURVE on tcp
    keys_t keys;                 //  The keys
    atomic_size_t address_index; //  Index of the current address
    char texts [ADDRESS_LIST_MAX][ADDRESS_ENDPOINT_BYTES]; //  Texts of all addresses
};

static cadre_error_t s_dealer_open (dealer_t *self, fault_t *fault)
{
    if (self->socket)
        sockets_set_linger (self->socket, 0);
    sockets_destroy (&self->socket);
    self->socket = sockets_new (self->context, ZMQ_DEALER, fault);
    return self->socket ? CADRE_OK : fault->code;
}

//  Connects a new socket to the current address.
static cadre_error_t s_dealer_connect (dealer_t *self, fault_t *fault)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    const address_t *number = broker_search_number (self->search);
    atomic_store_explicit (&self->address_index, broker_search_index (self->search),
                           memory_order_relaxed);
    if (s_dealer_open (self, fault))
        return fault->code;
    if (self->has_keys && number->kind == ADDRESS_TCP)
        sockets_use_keys (self->socket, &self->keys);
    return sockets_connect (
        self->socket, address_endpoint (number, ADDRESS_FRONT, endpoint, sizeof endpoint), fault);
}

static cadre_error_t s_dealer_begin (dealer_t *self, fault_t *fault)
{
    self->seeking = true;
    broker_search_begin (self->search);
    return broker_search_step (self->search, clock_now (NULL)) ? s_dealer_connect (self, fault)
                                                               : s_dealer_open (self, fault);
}

dealer_t *dealer_new (void *context, const address_t *addresses, size_t count, const keys_t *keys,
                      fault_t *fault)
{
    dealer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = context;
    self->has_keys = keys != NULL;
    if (keys)
        self->keys = *keys;
    for (size_t i = 0; i < count; i++)
        address_print (&addresses [i], self->texts [i], sizeof self->texts [i]);
    self->search = broker_search_new (addresses, count, ADDRESS_FRONT, NULL);
    if (s_dealer_begin (self, fault))
        dealer_destroy (&self);
    return self;
}

void dealer_close (dealer_t *self)
{
    sockets_destroy (&self->socket);
}

void dealer_destroy (dealer_t **self_p)
{
    assert (self_p);
    dealer_t *self = *self_p;
    if (!self)
        return;
    dealer_close (self);
    broker_search_destroy (&self->search);
    explicit_bzero (&self->keys, sizeof self->keys);
    free (self);
    *self_p = NULL;
}

void *dealer_socket (const dealer_t *self)
{
    return self->socket;
}

bool dealer_seek (dealer_t *self, bool answered, int64_t now_us, fault_t *fault)
{
    if (answered && self->seeking) {
        self->refusals = 0;
        broker_search_arrived (self->search);
    } else if (!answered && !self->seeking)
        broker_search_begin (self->search);
    self->seeking = !answered;
    if (answered || !broker_search_step (self->search, now_us))
        return false;
    s_dealer_connect (self, fault);
    return true;
}

int64_t dealer_due (const dealer_t *self, int64_t now_us)
{
    return broker_search_due (self->search, now_us);
}

bool dealer_refused (dealer_t *self)
{
    if (++self->refusals >= broker_search_size (self->search))
        return false;
    self->seeking = true;
    broker_search_skip (self->search);
    return true;
}

size_t dealer_address_index (const dealer_t *self)
{
    return atomic_load_explicit (&self->address_index, memory_order_relaxed);
}

const char *dealer_address (const dealer_t *self)
{
    return self->texts [dealer_address_index (self)];
}

const fault_t *dealer_unresolved (const dealer_t *self)
{
    return broker_search_fault (self->search);
}
