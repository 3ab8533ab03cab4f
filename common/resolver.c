//  resolver.c - resolves the addresses of a list, and tests which can be reached

#include "common/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct resolver {
    atomic_uint references;                 //  of the owner and of the thread
    atomic_bool done;                       //  the thread has written everything below
    address_t addresses [ADDRESS_LIST_MAX]; //  the list
    size_t addresses_count;                 //  how many
    address_role_t role;                    //  the endpoint to probe
    resolver_look_fn *look;                 //  the resolver
    resolver_found_t found [RESOLVER_MAX];  //  the result
    size_t count;                           //  how many
    fault_t fault;                          //  of the last name that was not resolved
};

static bool s_is_localhost (const address_t *address)
{
    return address->kind == ADDRESS_TCP && strcasecmp (address->name, "localhost") == 0;
}

//  Is it a host name that must be resolved? localhost is always 127.0.0.1, as for bind.
static bool s_resolver_is_name (const address_t *address)
{
    struct in_addr v4;
    return address->kind == ADDRESS_TCP && !strchr (address->name, ':')
           && inet_pton (AF_INET, address->name, &v4) != 1 && !s_is_localhost (address);
}

address_t resolver_plain (const address_t *address)
{
    address_t number = *address;
    if (s_is_localhost (address))
        snprintf (number.name, sizeof number.name, "127.0.0.1");
    return number;
}

bool resolver_is_needed (const address_t *addresses, size_t count)
{
    bool inproc = true;
    for (size_t i = 0; i < count; i++)
        inproc = inproc && addresses [i].kind == ADDRESS_INPROC;
    return !inproc && (count > 1 || s_resolver_is_name (&addresses [0]));
}

//  ---- lookups -----------------------------------------------------------------------

//  "fe80::1%eth0" keeps its interface.
static bool s_resolver_print (const struct addrinfo *one, char *number)
{
    return getnameinfo (one->ai_addr, one->ai_addrlen, number, ADDRESS_NAME_BYTES, NULL, 0,
                        NI_NUMERICHOST)
           == 0;
}

size_t resolver_look (const char *name, char (*numbers) [ADDRESS_NAME_BYTES], size_t max,
                      fault_t *fault)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int rc = getaddrinfo (name, NULL, &hints, &found);
    size_t count = 0;
    for (const struct addrinfo *one = found; rc == 0 && one && count < max; one = one->ai_next)
        if ((one->ai_family == AF_INET || one->ai_family == AF_INET6)
            && s_resolver_print (one, numbers [count]))
            count++;
    if (found)
        freeaddrinfo (found);
    if (!count)
        fault_set (fault,
                   rc == EAI_NONAME || rc == EAI_NODATA ? CADRE_ERROR_ADDRESS
                                                        : CADRE_ERROR_UNAVAILABLE,
                   "%.200s has no address (%s): correct the name, or give an IP address", name,
                   rc ? gai_strerror (rc) : "neither IPv4 nor IPv6");
    return count;
}

static void s_resolver_add (resolver_t *self, size_t given, const char *number)
{
    if (self->count == RESOLVER_MAX)
        return;
    resolver_found_t *found = &self->found [self->count++];
    found->given = given;
    found->number = self->addresses [given];
    snprintf (found->number.name, sizeof found->number.name, "%s", number);
}

static void s_resolver_look (resolver_t *self, size_t given)
{
    char numbers [RESOLVER_NUMBERS_MAX][ADDRESS_NAME_BYTES];
    size_t count =
        self->look (self->addresses [given].name, numbers, RESOLVER_NUMBERS_MAX, &self->fault);
    for (size_t i = 0; i < count; i++)
        s_resolver_add (self, given, numbers [i]);
}

static void s_probe (resolver_t *self)
{
    address_t addresses [RESOLVER_MAX];
    probe_verdict_t verdicts [RESOLVER_MAX] = {PROBE_UNKNOWN};
    for (size_t i = 0; i < self->count; i++)
        addresses [i] = self->found [i].number;
    //  A single address is used without a probe
    if (self->count > 1)
        probe_all (addresses, self->count, self->role, verdicts);
    for (size_t i = 0; i < self->count; i++)
        self->found [i].verdict = verdicts [i];
}

//  ---- the thread -----------------------------------------------------------------------

static void s_resolver_release (resolver_t *self)
{
    if (atomic_fetch_sub (&self->references, 1) == 1)
        free (self);
}

static void *s_resolver_run (void *argument)
{
    resolver_t *self = argument;
    for (size_t i = 0; i < self->addresses_count; i++) {
        address_t plain = resolver_plain (&self->addresses [i]);
        if (s_resolver_is_name (&self->addresses [i]))
            s_resolver_look (self, i);
        else
            s_resolver_add (self, i, plain.name);
    }
    s_probe (self);
    atomic_store (&self->done, true);
    s_resolver_release (self);
    return NULL;
}

//  The thread blocks all signals, which the application handles.
static bool s_resolver_start (resolver_t *self)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset (&all);
    pthread_attr_init (&attributes);
    pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int rc = pthread_create (&thread, &attributes, s_resolver_run, self);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    pthread_attr_destroy (&attributes);
    return rc == 0;
}

resolver_t *resolver_new (const address_t *addresses, size_t count, address_role_t role,
                          resolver_look_fn *look)
{
    assert (count >= 1 && count <= ADDRESS_LIST_MAX);
    resolver_t *self = calloc (1, sizeof *self);
    assert (self);
    atomic_init (&self->references, 2);
    atomic_init (&self->done, false);
    memcpy (self->addresses, addresses, count * sizeof *addresses);
    self->addresses_count = count;
    self->role = role;
    self->look = look ? look : resolver_look;
    if (s_resolver_start (self))
        return self;
    free (self);
    return NULL;
}

void resolver_destroy (resolver_t **self_p)
{
    assert (self_p);
    if (*self_p)
        s_resolver_release (*self_p);
    *self_p = NULL;
}

bool resolver_done (const resolver_t *self)
{
    return atomic_load (&self->done);
}

size_t resolver_take (const resolver_t *self, resolver_found_t *found, size_t max, fault_t *fault)
{
    assert (resolver_done (self));
    size_t count = self->count < max ? self->count : max;
    memcpy (found, self->found, count * sizeof *found);
    if (fault && self->fault.code)
        *fault = self->fault;
    return count;
}
