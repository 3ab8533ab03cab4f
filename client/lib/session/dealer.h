/*  dealer.h - a connection's DEALER, and where its broker is
 *
 *  It knows all addresses of its broker. While no broker answers (at the start, after GOODBYE, or
 *  when it was silent for as long as it promised not to be) dealer_seek goes from one to the next
 *  (common/tour.h), with a fresh socket each time: what waited in the old one was for nobody.
 *
 *  One thread at a time (the connection's lock), but for dealer_place and dealer_address.
 */

#ifndef CLIENT_LIB_SESSION_DEALER_H_INCLUDED
#define CLIENT_LIB_SESSION_DEALER_H_INCLUDED

#include "common/address.h"
#include "common/fault.h"
#include "common/keys.h"

typedef struct dealer dealer_t;

//  Begins to connect to the first of the addresses (at most ADDRESS_LIST_MAX); on tcp with these
//  keys, which are copied, or NULL for none. Where something must be found out first, the socket is
//  connected to nobody yet. NULL and a fault.
dealer_t *dealer_new (void *context, const address_t *addresses, size_t count, const keys_t *keys,
                      fault_t *fault);

void dealer_destroy (dealer_t **self_p);

//  Closes the socket; what was sent last lingers as usual. All else stays. Idempotent.
void dealer_close (dealer_t *self);

//  The present socket; another one whenever dealer_seek says so.
void *dealer_socket (const dealer_t *self);

//  Call now and then. ANSWERED: a broker has, and goes on to. True when there is a fresh socket,
//  connected to another place or to the same one anew, at which HELLO is to be said; or none, with
//  a fault.
bool dealer_seek (dealer_t *self, bool answered, int64_t now_us, fault_t *fault);

//  When dealer_seek wants to be called again; INT64_MAX while a broker answers.
int64_t dealer_due (const dealer_t *self, int64_t now_us);

//  The broker there wants nothing of us. True if one at another address may.
bool dealer_refused (dealer_t *self);

//  The address in use: its place in the list, and as it was given; the text stays valid as long as
//  the dealer. Any thread.
size_t dealer_place (const dealer_t *self);
const char *dealer_address (const dealer_t *self);

//  Why a name among the addresses stands for nothing, or CADRE_OK.
const fault_t *dealer_unresolved (const dealer_t *self);

#endif
