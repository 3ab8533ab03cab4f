//  address.c - addresses of brokers

#include "common/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#define LONGEST_NAME "/lane-4294967295"
//  Room in sun_path besides the longest name in the folder
#define FOLDER_MAX (sizeof (((struct sockaddr_un *) 0)->sun_path) - sizeof LONGEST_NAME)
#define INPROC_MAX 200
#define HOST_MAX 253
//  Front, back, sink and events are four consecutive ports
#define PORT_MAX (65535 - 3)

#define SHOWN "%.200s"

static const char *const s_roles [] = {"front", "back", "sink", "events"};

static bool s_all (const char *text, size_t size, const char *extra)
{
    for (size_t i = 0; i < size; i++)
        if (!isalnum ((unsigned char) text [i]) && !strchr (extra, text [i]))
            return false;
    return true;
}

//  Parses digits, LOW to HIGH; 0 if invalid.
static uint16_t s_port (const char *text, size_t size, unsigned low, unsigned high)
{
    unsigned port = 0;
    if (size == 0 || size > 5)
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (text [i] < '0' || text [i] > '9')
            return 0;
        port = port * 10 + (unsigned) (text [i] - '0');
    }
    return port >= low && port <= high ? (uint16_t) port : 0;
}

static void s_name (address_t *self, const char *name, size_t size)
{
    assert (size < sizeof self->name);
    memcpy (self->name, name, size);
    self->name [size] = 0;
}

//  "fe80::1%eth0": a link-local address needs an interface.
static bool s_is_v6 (const char *name, struct in6_addr *number)
{
    char bare [INET6_ADDRSTRLEN];
    size_t size = strcspn (name, "%");
    const char *zone = name + size;
    if (size >= sizeof bare)
        return false;
    memcpy (bare, name, size);
    bare [size] = 0;
    if (inet_pton (AF_INET6, bare, number) != 1)
        return false;
    size_t length = strlen (zone);
    return length == 0
           || (length > 1 && length <= IF_NAMESIZE && s_all (zone + 1, length - 1, ".-_"));
}

//  [::1]:5700
static cadre_error_t s_host_v6 (address_t *self, const char *text, const char *rest, fault_t *fault)
{
    size_t size = strcspn (rest + 1, "]");
    struct in6_addr number;
    if (rest [1 + size] != ']' || size >= INET6_ADDRSTRLEN + IF_NAMESIZE)
        return fault_set (fault, CADRE_ERROR_ADDRESS,
                          "'" SHOWN "' has a bracket too many or too few: write tcp://[::1]:5700",
                          text);
    s_name (self, rest + 1, size);
    if (!s_is_v6 (self->name, &number))
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "': what stands in brackets is not an IPv6 address: write tcp://[::1]:5700",
            text);
    return CADRE_OK;
}

static cadre_error_t s_host (address_t *self, const char *text, const char *host, size_t size,
                             fault_t *fault)
{
    if (memchr (host, ':', size))
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "' has more than one colon: put IPv6 addresses in brackets, tcp://[::1]:5700",
            text);
    bool star = size == 1 && *host == '*';
    if (size == 0 || size > HOST_MAX || (!star && !s_all (host, size, ".-_")))
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "' names no valid host: write tcp://HOST:PORT, for instance tcp://hub:5700",
            text);
    s_name (self, host, size);
    return CADRE_OK;
}

static cadre_error_t s_parse_tcp (address_t *self, const char *text, const char *rest,
                                  fault_t *fault)
{
    const char *colon = strrchr (rest, ':');
    const char *bracket = strrchr (rest, ']');
    if (*rest && (!colon || (bracket && colon < bracket)))
        return fault_set (fault, CADRE_ERROR_ADDRESS,
                          "'" SHOWN "' names no port: write " SHOWN ":5700", text, text);
    cadre_error_t error =
        *rest == '[' ? s_host_v6 (self, text, rest, fault)
                     : s_host (self, text, rest, colon ? (size_t) (colon - rest) : 0, fault);
    if (error)
        return error;
    if (bracket && colon != bracket + 1)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "' has something between bracket and port: write tcp://[::1]:5700", text);
    self->port = s_port (colon + 1, strlen (colon + 1), 1, PORT_MAX);
    if (!self->port)
        return fault_set (fault, CADRE_ERROR_ADDRESS,
                          "'%.40s' in '" SHOWN
                          "' is not a port: choose one from 1 to %d (a broker uses it and the next "
                          "three, and its lanes begin at +%d)",
                          colon + 1, text, PORT_MAX, ADDRESS_LANES_OFFSET);
    return CADRE_OK;
}

static cadre_error_t s_parse_ipc (address_t *self, const char *text, const char *folder,
                                  fault_t *fault)
{
    size_t size = strlen (folder);
    if (*folder != '/')
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "' is not an absolute folder: write three slashes, as in ipc:///run/cadre",
            text);
    while (size > 0 && folder [size - 1] == '/')
        size--;
    if (size == 0)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN "' names no folder of its own: write for instance ipc:///run/cadre", text);
    if (size > FOLDER_MAX)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN
            "' is too long: the folder has %zu bytes, %zu are the most for sockets such as "
            "front and lane-4294967295 in it: choose a shorter one",
            text, size, FOLDER_MAX);
    s_name (self, folder, size);
    return CADRE_OK;
}

static cadre_error_t s_parse_inproc (address_t *self, const char *text, const char *name,
                                     fault_t *fault)
{
    size_t size = strlen (name);
    if (size == 0 || size > INPROC_MAX || !s_all (name, size, ".-_/"))
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'" SHOWN
            "' has no valid name: write inproc://NAME with 1 to %d letters, digits, dots, "
            "dashes or slashes",
            text, INPROC_MAX);
    s_name (self, name, size);
    return CADRE_OK;
}

cadre_error_t address_parse (address_t *self, const char *text, fault_t *fault)
{
    static const struct {
        const char *scheme;  //  prefix of the address
        address_kind_t kind; //  its kind
        cadre_error_t (*parse) (address_t *, const char *, const char *,
                                fault_t *); //  parses the rest
    } kinds [] = {
        {"tcp://", ADDRESS_TCP, s_parse_tcp},
        {"ipc://", ADDRESS_IPC, s_parse_ipc},
        {"inproc://", ADDRESS_INPROC, s_parse_inproc},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen (kinds [i].scheme);
        if (strncmp (text, kinds [i].scheme, size) != 0)
            continue;
        address_t parsed = {.kind = kinds [i].kind};
        cadre_error_t error = kinds [i].parse (&parsed, text, text + size, fault);
        if (!error)
            *self = parsed;
        return error;
    }
    return fault_set (fault, CADRE_ERROR_ADDRESS,
                      "'" SHOWN
                      "' is not an address: write tcp://HOST:PORT, ipc:///FOLDER or inproc://NAME",
                      text);
}

cadre_error_t address_parse_list (const char *text, address_t *addresses, size_t max, size_t *count,
                                  fault_t *fault)
{
    char item [ADDRESS_ENDPOINT_BYTES];
    size_t found = 0;
    for (const char *next = text;; next++) {
        next += strspn (next, " ");
        size_t size = strcspn (next, ",");
        const char *end = next + size;
        while (size > 0 && next [size - 1] == ' ')
            size--;
        if (found == max)
            return fault_set (fault, CADRE_ERROR_ADDRESS,
                              "'" SHOWN "' has too many addresses: %zu are the most", text, max);
        snprintf (item, sizeof item, "%.*s", size < sizeof item ? (int) size : (int) sizeof item,
                  next);
        cadre_error_t error = address_parse (&addresses [found], item, fault);
        if (error)
            return error;
        found++;
        next = end;
        if (!*next)
            break;
    }
    *count = found;
    return CADRE_OK;
}

cadre_error_t address_parse_lanes (const char *text, uint16_t *first, uint16_t *last,
                                   fault_t *fault)
{
    const char *dash = strchr (text, '-');
    uint16_t low = dash ? s_port (text, (size_t) (dash - text), 1, 65535) : 0;
    uint16_t high = dash ? s_port (dash + 1, strlen (dash + 1), 1, 65535) : 0;
    if (!low || !high || low > high)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'%.40s' is not a range of ports: write FIRST-LAST, for instance 5800-6799", text);
    *first = low;
    *last = high;
    return CADRE_OK;
}

cadre_error_t address_default (address_t *self, fault_t *fault)
{
    char text [ADDRESS_ENDPOINT_BYTES];
    const char *runtime = getenv ("XDG_RUNTIME_DIR");
    if (runtime && *runtime == '/' && strlen (runtime) + sizeof "/cadre" < FOLDER_MAX)
        snprintf (text, sizeof text, "ipc://%s/cadre", runtime);
    else
        snprintf (text, sizeof text, "ipc:///tmp/cadre-%u", (unsigned) geteuid ());
    return address_parse (self, text, fault);
}

static bool s_any (const address_t *self)
{
    struct in6_addr number;
    return strcmp (self->name, "*") == 0 || strcmp (self->name, "0.0.0.0") == 0
           || (s_is_v6 (self->name, &number) && IN6_IS_ADDR_UNSPECIFIED (&number));
}

cadre_error_t address_check_connect (const address_t *self, fault_t *fault)
{
    if (self->kind != ADDRESS_TCP || !s_any (self))
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_ADDRESS,
        "'%s' means every interface of this machine and is for listening only: name the broker's host, "
        "for instance tcp://127.0.0.1:%u",
        self->name, self->port);
}

bool address_is_loopback (const address_t *self)
{
    if (self->kind != ADDRESS_TCP)
        return true;
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton (AF_INET, self->name, &v4) == 1)
        return ntohl (v4.s_addr) >> 24 == 127;
    if (s_is_v6 (self->name, &v6))
        return IN6_IS_ADDR_LOOPBACK (&v6);
    return strcasecmp (self->name, "localhost") == 0;
}

bool address_equal (const address_t *self, const address_t *other)
{
    return self->kind == other->kind && self->port == other->port
           && strcmp (self->name, other->name) == 0;
}

//  A buffer that is too small is a bug of the caller.
static const char *__attribute__ ((format (printf, 3, 4)))
s_print (char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    int length = vsnprintf (buffer, size, format, arguments);
    va_end (arguments);
    assert (length >= 0 && (size_t) length < size);
    return buffer;
}

static const char *s_print_tcp (const address_t *self, unsigned port, char *buffer, size_t size)
{
    bool v6 = strchr (self->name, ':') != NULL;
    return s_print (buffer, size, "tcp://%s%s%s:%u", v6 ? "[" : "", self->name, v6 ? "]" : "",
                    port);
}

static const char *s_scheme (const address_t *self)
{
    return self->kind == ADDRESS_IPC ? "ipc" : "inproc";
}

const char *address_print (const address_t *self, char *buffer, size_t size)
{
    if (self->kind == ADDRESS_TCP)
        return s_print_tcp (self, self->port, buffer, size);
    return s_print (buffer, size, "%s://%s", s_scheme (self), self->name);
}

const char *address_endpoint (const address_t *self, address_role_t role, char *buffer, size_t size)
{
    return address_endpoint_at (self, role, (uint16_t) (self->port + role), buffer, size);
}

const char *address_endpoint_at (const address_t *self, address_role_t role, uint16_t port,
                                 char *buffer, size_t size)
{
    assert (role <= ADDRESS_EVENTS);
    if (self->kind == ADDRESS_TCP)
        return s_print_tcp (self, port, buffer, size);
    return s_print (buffer, size, "%s://%s/%s", s_scheme (self), self->name, s_roles [role]);
}

const char *address_lane_endpoint (const address_t *self, uint32_t lane, char *buffer, size_t size)
{
    if (self->kind == ADDRESS_TCP)
        return s_print_tcp (self, lane, buffer, size);
    return s_print (buffer, size, "%s://%s/lane-%u", s_scheme (self), self->name, lane);
}
