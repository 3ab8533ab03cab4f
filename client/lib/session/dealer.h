/*  dealer.h - a connection's DEALER socket, and the search for its broker
 *
 *  It has all addresses of its broker. While no broker answers (at the start, after GOODBYE, or
 *  after a silence longer than lost_ms), dealer_seek tries one address after another
 *  (common/broker_search.h), with a new socket each time, because frames queued in the old one are
 *  void.
 *
 *  One thread at a time (the connection's lock), except dealer_address_index and dealer_address.
 */

#ifndef CLIENT_LIB_SESSION_DEALER_H_INCLUDED
#define CLIENT_LIB_SESSION_DEALER_H_INCLUDED

#include "common/address.h"
#include "common/fault.h"
#include "common/keys.h"

typedef struct dealer dealer_t;

//  Starts to connect to the first of the addresses (at most ADDRESS_LIST_MAX); on tcp with these
//  keys, which are copied, or NULL for none. While a host name is being resolved, the socket is not
//  connected. NULL and a fault on failure.
dealer_t *dealer_new (void *context, const address_t *addresses, size_t count, const keys_t *keys,
                      fault_t *fault);

void dealer_destroy (dealer_t **self_p);

//  Closes the socket; frames sent last linger as usual. Everything else stays. Idempotent.
void dealer_close (dealer_t *self);

//  The current socket; dealer_seek may replace it.
void *dealer_socket (const dealer_t *self);

//  Call regularly. ANSWERED: a broker answers. True when there is a new socket, connected to
//  another address or again to the same one, on which HELLO must be sent; or no socket, with a
//  fault.
bool dealer_seek (dealer_t *self, bool answered, int64_t now_us, fault_t *fault);

//  When dealer_seek must be called again; INT64_MAX while a broker answers.
int64_t dealer_due (const dealer_t *self, int64_t now_us);

//  The broker at this address has refused us. True if there is another address to try.
bool dealer_refused (dealer_t *self);

//  The address in use: its index in the list, and its text as given, valid as long as the dealer.
//  Any thread.
size_t dealer_address_index (const dealer_t *self);
const char *dealer_address (const dealer_t *self);

//  Why a host name among the addresses could not be resolved, or CADRE_OK.
const fault_t *dealer_unresolved (const dealer_t *self);

#endif
