//  broker_choice.c - see broker_choice.h

#include "client/cli/base/broker_choice.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "common/access.h"
#include "common/address.h"
#include "common/cpus.h"
#include "common/descriptors.h"

#define CONNECT_MS 5000 //  Then it is said that the broker does not answer
#define OPEN_TELL_S 5
#define REQUEST_TIMEOUT_MS 5000

//  Uses ADDRESS, whose source is ORIGIN.
static cadre_error_t s_name (broker_choice_t *self, const char *address, const char *origin,
                             fault_t *fault)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    fault_t why = {0};
    snprintf (self->origin, sizeof self->origin, "%s", origin);
    cadre_error_t error = address_parse_list (address, addresses, ADDRESS_LIST_MAX, &count, &why);
    for (size_t i = 0; i < count && !error; i++)
        error = address_check_connect (&addresses [i], &why);
    if (error)
        return fault_set (fault, error, "%s: %s", origin, why.text);
    self->local = true;
    for (size_t i = 0; i < count; i++) {
        char printed [ADDRESS_ENDPOINT_BYTES];
        self->local = self->local && addresses [i].kind == ADDRESS_IPC;
        size_t used = strlen (self->address);
        snprintf (self->address + used, sizeof self->address - used, "%s%s", i ? "," : "",
                  address_print (&addresses [i], printed, sizeof printed));
    }
    return CADRE_OK;
}

static char *s_trim (char *text)
{
    while (isspace ((unsigned char) *text))
        text++;
    size_t size = strlen (text);
    while (size > 0 && isspace ((unsigned char) text [size - 1]))
        text [--size] = '\0';
    return text;
}

//  The content of a configuration file; of equal lines the first one counts.
typedef struct configuration {
    char broker [BROKER_CHOICE_ADDRESS_BYTES]; //  broker = ADDRESS
    char access [BROKER_CHOICE_FILE_BYTES];    //  access = FILE
} configuration_t;

static bool s_broker_choice_keep (char *field, size_t size, const char *value)
{
    if (*field)
        return true;
    return (size_t) snprintf (field, size, "%s", value) < size;
}

static cadre_error_t s_read_line (configuration_t *self, char *line, unsigned number,
                                  const char *path, fault_t *fault)
{
    char *key = s_trim (line);
    if (*key == '\0' || *key == '#')
        return CADRE_OK;
    char *equals = strchr (key, '=');
    if (equals) {
        *equals = '\0';
        const char *name = s_trim (key), *value = s_trim (equals + 1);
        if (strcmp (name, "broker") == 0
            && s_broker_choice_keep (self->broker, sizeof self->broker, value))
            return CADRE_OK;
        if (strcmp (name, "access") == 0
            && s_broker_choice_keep (self->access, sizeof self->access, value))
            return CADRE_OK;
    }
    return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                      "line %u of %s is invalid; write broker = ADDRESS, or access = FILE", number,
                      path);
}

static cadre_error_t s_read_file (configuration_t *self, const char *path, fault_t *fault)
{
    FILE *file = fopen (path, "re");
    if (!file)
        return errno == ENOENT || errno == ENOTDIR
                   ? CADRE_OK
                   : fault_set (fault, CADRE_ERROR_CONFIGURATION, "cannot read %s: %s", path,
                                strerror (errno));
    char *line = NULL;
    size_t capacity = 0;
    cadre_error_t error = CADRE_OK;
    for (unsigned number = 1; !error && getline (&line, &capacity, file) >= 0; number++)
        error = s_read_line (self, line, number, path, fault);
    free (line);
    fclose (file);
    return error;
}

//  Uses an access file, and the address in it.
static cadre_error_t s_name_access (broker_choice_t *self, const char *path, const char *origin,
                                    fault_t *fault)
{
    access_t access;
    cadre_error_t error = access_read_for (&access, path, false, fault);
    if (!error && !access.address [0])
        error = fault_set (fault, CADRE_ERROR_CONFIGURATION,
                           "access file %s has no address: give the broker's with --broker", path);
    if (!error)
        error = s_name (self, access.address, origin, fault);
    access_wipe (&access);
    return error;
}

static cadre_error_t s_read_configuration (broker_choice_t *self, const char **access,
                                           fault_t *fault)
{
    static configuration_t configuration;
    configuration = (configuration_t){0};
    const char *folder = getenv ("XDG_CONFIG_HOME");
    const char *home = getenv ("HOME");
    text_t path = {0};
    if (folder && *folder)
        text_print (&path, "%s/cadre/config", folder);
    else if (home && *home)
        text_print (&path, "%s/.config/cadre/config", home);
    else
        return CADRE_OK;
    cadre_error_t error = s_read_file (&configuration, path.bytes, fault);
    if (!*access && configuration.access [0])
        *access = configuration.access;
    if (!error && configuration.broker [0])
        error = s_name (self, configuration.broker, path.bytes, fault);
    else if (!error && configuration.access [0])
        error = s_name_access (self, configuration.access, path.bytes, fault);
    text_free (&path);
    return error;
}

//  Does a broker listen at the default address?
static bool s_listens (const address_t *address)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    address_endpoint (address, ADDRESS_FRONT, endpoint, sizeof endpoint);
    const char *path = endpoint + strlen ("ipc://");
    if (strlen (path) >= sizeof name.sun_path)
        return false;
    memcpy (name.sun_path, path, strlen (path) + 1);
    if (access (path, F_OK) != 0)
        return false;
    int descriptor = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return false;
    bool listens =
        connect (descriptor, (struct sockaddr *) &name, sizeof name) == 0 || errno == EAGAIN;
    close (descriptor);
    return listens;
}

//  Uses the default address, if a broker listens there.
static cadre_error_t s_name_default (broker_choice_t *self, fault_t *fault)
{
    address_t address;
    char printed [ADDRESS_ENDPOINT_BYTES];
    if (address_default (&address, NULL) != CADRE_OK || !s_listens (&address))
        return CADRE_OK;
    return s_name (self, address_print (&address, printed, sizeof printed), BROKER_CHOICE_DEFAULT,
                   fault);
}

static cadre_error_t s_broker_choice_search (broker_choice_t *self, const char *given,
                                             const char **access, fault_t *fault)
{
    const char *named = getenv ("CADRE_BROKER");
    if (given)
        return s_name (self, given, "--broker", fault);
    if (*access)
        return s_name_access (self, *access, "--access", fault);
    if (named && *named)
        return s_name (self, named, "CADRE_BROKER", fault);
    *access = access_path (NULL);
    if (*access)
        return s_name_access (self, *access, ACCESS_VARIABLE, fault);
    cadre_error_t error = s_read_configuration (self, access, fault);
    return error || self->address [0] ? error : s_name_default (self, fault);
}

cadre_error_t broker_choice_find (broker_choice_t *self, const char *given, const char *access,
                                  bool may_embed, fault_t *fault)
{
    *self = (broker_choice_t){0};
    cadre_error_t error = s_broker_choice_search (self, given, &access, fault);
    access = access_path (access);
    if (access && !self->local && self->address [0])
        snprintf (self->access, sizeof self->access, "%s", access);
    if (error || self->address [0])
        return error;
    self->embedded = self->local = may_embed;
    if (may_embed)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_UNAVAILABLE,
        "there is no broker; start one with 'cadre broker start', or name one with --broker or CADRE_BROKER");
}

static void s_tell_slow (union sigval value)
{
    (void) value;
    say ("the pool is not ready after %d s: a plugin or program is still being loaded",
         OPEN_TELL_S);
}

//  Opens a pool in this process; loading plugins may take long.
static cadre_t *s_embed (const cadre_options_t *options)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = s_tell_slow};
    const struct itimerspec once = {.it_value.tv_sec = OPEN_TELL_S};
    const bool set = timer_create (CLOCK_MONOTONIC, &event, &timer) == 0;
    if (set)
        timer_settime (timer, 0, &once, NULL);
    const unsigned slots = options->slots ? options->slots : (unsigned) cpus_usable (NULL);
    descriptors_raise_for (DESCRIPTORS_USUAL + (size_t) slots * DESCRIPTORS_PER_SLOT);
    cadre_t *pool = cadre_open (NULL, options);
    if (set)
        timer_delete (timer);
    //  Fewer slots than requested
    if (pool && *cadre_open_message ())
        say ("%s", cadre_open_message ());
    return pool;
}

static bool s_says_how_long (void)
{
    const char *text = getenv ("CADRE_RECONNECT");
    return text && *text;
}

//  A broker that is down is waited for as CADRE_RECONNECT says, with a message, if it is set.
static cadre_t *s_await_broker (const broker_choice_t *self, cadre_options_t options)
{
    if (options.connect_timeout_ms)
        return cadre_open (self->address, &options);
    options.connect_timeout_ms = CONNECT_MS;
    cadre_t *pool = cadre_open (self->address, &options);
    cadre_error_t error = cadre_open_error ();
    if (pool || !s_says_how_long ()
        || (error != CADRE_ERROR_UNAVAILABLE && error != CADRE_ERROR_TIMEOUT))
        return pool;
    say (
        "no broker answers at %s (from %s); waiting for it as CADRE_RECONNECT says; Ctrl-C ends this",
        self->address, self->origin);
    options.connect_timeout_ms = 0;
    return cadre_open (self->address, &options);
}

cadre_t *broker_choice_open (const broker_choice_t *self, const cadre_options_t *options,
                             fault_t *fault)
{
    cadre_options_t own = options ? *options : (cadre_options_t){0};
    if (self->access [0])
        own.access = self->access;
    cadre_t *pool = self->embedded ? s_embed (&own) : s_await_broker (self, own);
    if (pool)
        return pool;
    cadre_error_t error = cadre_open_error ();
    if (error == CADRE_ERROR_UNAVAILABLE || error == CADRE_ERROR_TIMEOUT)
        fault_set (
            fault, CADRE_ERROR_UNAVAILABLE,
            "no broker answers at %s (from %s); start one there with 'cadre broker start --listen %s', or "
            "correct the address",
            self->address, self->origin, self->address);
    else
        fault_set (fault, error ? error : CADRE_ERROR_INTERNAL, "%s", cadre_open_message ());
    if (self->embedded && fault->code == CADRE_ERROR_UNAVAILABLE)
        fault_set (fault, error, "%s", cadre_open_message ());
    return NULL;
}

void broker_choice_ask_workers (broker_choice_t *self, cadre_t *pool)
{
    char here [256];
    cadre_value_t *workers = NULL;
    if (!self->local || self->embedded || gethostname (here, sizeof here) != 0)
        return;
    here [sizeof here - 1] = '\0';
    cadre_request (pool, "worker.list", NULL, &workers, REQUEST_TIMEOUT_MS);
    for (size_t i = 0; i < cadre_value_count (workers); i++) {
        const char *host = cadre_value_text (cadre_value_get (cadre_value_at (workers, i), "host"));
        self->local = self->local && strcmp (host, here) == 0;
    }
    cadre_value_destroy (&workers);
}
