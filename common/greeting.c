//  greeting.c - finds out why no broker answers at an address

#include "common/greeting.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

#define GREETING_BYTES 64
#define MECHANISM_AT 12
#define MECHANISM_BYTES 20

static bool s_greeting_await (int descriptor, short events, int64_t until_us)
{
    struct pollfd item = {.fd = descriptor, .events = events};
    for (;;) {
        int64_t left_us = until_us - clock_now (NULL);
        int ready = left_us > 0 ? poll (&item, 1, (int) (left_us / 1000) + 1) : 0;
        if (ready >= 0 || errno != EINTR)
            return ready == 1;
    }
}

static bool s_reaches (int descriptor, const struct addrinfo *address, int64_t until_us)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (connect (descriptor, address->ai_addr, address->ai_addrlen) == 0)
        return true;
    return errno == EINPROGRESS && s_greeting_await (descriptor, POLLOUT, until_us)
           && getsockopt (descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

//  Connects to the first reachable IP address of a host; returns the socket, or -1.
static int s_greeting_connect (const address_t *address, address_role_t role, int64_t until_us)
{
    char port [8];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int descriptor = -1;
    snprintf (port, sizeof port, "%u", (unsigned) address->port + role);
    if (getaddrinfo (address->name, port, &hints, &found))
        return -1;
    for (const struct addrinfo *one = found; one && descriptor < 0; one = one->ai_next) {
        descriptor = socket (one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (descriptor >= 0 && !s_reaches (descriptor, one, until_us)) {
            close (descriptor);
            descriptor = -1;
        }
    }
    freeaddrinfo (found);
    return descriptor;
}

static greeting_t s_greeting_read (int descriptor, int64_t until_us)
{
    //  Only signature and version: a server closes the connection silently when the mechanism is
    //  not its own
    static const uint8_t ours [MECHANISM_AT] = {0xff, [9] = 0x7f, [10] = 3};
    uint8_t theirs [GREETING_BYTES];
    size_t count = 0;
    if (send (descriptor, ours, sizeof ours, MSG_NOSIGNAL) != sizeof ours)
        return GREETING_FOREIGN;
    while (count < MECHANISM_AT + MECHANISM_BYTES
           && s_greeting_await (descriptor, POLLIN, until_us)) {
        ssize_t got = recv (descriptor, theirs + count, sizeof theirs - count, 0);
        if (got <= 0)
            return GREETING_FOREIGN;
        count += (size_t) got;
    }
    if (count < MECHANISM_AT + MECHANISM_BYTES || theirs [0] != 0xff || theirs [9] != 0x7f)
        return GREETING_FOREIGN;
    return memcmp (theirs + MECHANISM_AT, "CURVE", 6) == 0 ? GREETING_CURVE : GREETING_PLAIN;
}

greeting_t greeting_ask (const address_t *address, address_role_t role)
{
    int64_t until_us = clock_now (NULL) + GREETING_WAIT_MS * INT64_C (1000);
    int descriptor =
        address->kind == ADDRESS_TCP ? s_greeting_connect (address, role, until_us) : -1;
    if (descriptor < 0)
        return GREETING_NONE;
    greeting_t greeting = s_greeting_read (descriptor, until_us);
    close (descriptor);
    return greeting;
}

cadre_error_t greeting_explain (const address_t *address, bool with_keys, fault_t *fault)
{
    char text [ADDRESS_ENDPOINT_BYTES];
    greeting_t greeting = greeting_ask (address, ADDRESS_FRONT);
    address_print (address, text, sizeof text);
    if (greeting == GREETING_CURVE)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            with_keys
                ? "the broker at %s rejects this key: it was revoked, or made for another "
                  "broker, or since the broker last read its keys (or the broker is too busy to answer): ask for a new "
                  "access file, let the keys be read again (cadre broker reload), or try again"
                : "the broker at %s needs a key: give your access file with --access or CADRE_ACCESS "
                  "(cadre keygen makes one)",
            text);
    if (greeting == GREETING_PLAIN && with_keys)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "the broker at %s uses no keys, so its identity cannot be checked: start it with --keys, or leave out "
            "--access and CADRE_ACCESS",
            text);
    if (greeting == GREETING_FOREIGN)
        return fault_set (fault, CADRE_ERROR_UNAVAILABLE,
                          "what listens at %s is not a broker of cadre: correct the address", text);
    return fault_set (
        fault, CADRE_ERROR_UNAVAILABLE,
        "no broker answers at %s: start one there (cadre-broker --listen %s), or give another address",
        text, text);
}
