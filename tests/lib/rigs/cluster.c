//  cluster.c - rig: a real broker and real workers, as processes of the test

#include "tests/lib/rigs/cluster.h"

#include "common/access.h"
#include "common/clock.h"
#include "common/keydir.h"
#include "tests/lib/rigs/child.h"

#include <assert.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define TCP_FIRST 30000
#define TCP_STEP 150
#define TCP_TRIES 14
#define LANES 40

struct cluster {
    char folder [64];                   //  Of the test's files
    char place [80];                    //  ipc: of the broker's sockets
    char address [128];                 //  Of the broker
    unsigned port;                      //  tcp
    bool locked;                        //  Peers on tcp need keys
    char local [128];                   //  ipc address of a locked broker
    char keys [128];                    //  Folder of keys
    char access [160];                  //  For cluster_access
    child_t *broker;                    //  cadre-broker
    child_t *workers [CLUSTER_WORKERS]; //  cadre-worker, or NULL
    cadre_t *asker;                     //  For questions
};

void cluster_pause (void)
{
    nanosleep (&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static void s_give_up (cluster_t *self, const char *what)
{
    fprintf (stderr, "cluster: %s\n---- broker:\n%s\n", what,
             self->broker ? child_output (self->broker) : "ended");
    for (unsigned i = 0; i < CLUSTER_WORKERS; i++)
        if (self->workers [i])
            fprintf (stderr, "---- worker %u:\n%s\n", i, child_output (self->workers [i]));
    exit (EXIT_FAILURE);
}

//  ---- keys --------------------------------------------------------------------

const char *cluster_access (const cluster_t *self, const char *name)
{
    cluster_t *own = (cluster_t *) (uintptr_t) self;
    snprintf (own->access, sizeof own->access, "%s/%s.access", self->folder, name);
    return own->access;
}

void cluster_add_key (cluster_t *self, const char *name, role_t role, const char *function)
{
    access_t access = {.role = role};
    keydir_entry_t entry = {
        .role = role, .functions = {function}, .functions_count = function != NULL};
    char secret_key [KEYS_TEXT_BYTES];
    fault_t fault = {0};
    keydir_broker (self->keys, true, access.keys.server_key, secret_key, &fault);
    zmq_curve_keypair (access.keys.public_key, access.keys.secret_key);
    snprintf (access.name, sizeof access.name, "%s", name);
    snprintf (access.address, sizeof access.address, "%s", self->address);
    snprintf (entry.name, sizeof entry.name, "%s", name);
    memcpy (entry.public_key, access.keys.public_key, KEYS_TEXT_BYTES);
    if (!fault.code && !keydir_put (self->keys, &entry, false, &fault))
        access_write (&access, cluster_access (self, name), &fault);
    if (!fault.code)
        return;
    fprintf (stderr, "cluster: %s\n", fault.text);
    exit (EXIT_FAILURE);
}

void cluster_revoke (cluster_t *self, const char *name)
{
    cadre_error_t error = keydir_remove (self->keys, name, NULL);
    assert (!error);
}

void cluster_reload (cluster_t *self)
{
    if (cadre_request (self->asker, "broker.reload", NULL, NULL, 20000) != CADRE_OK)
        s_give_up (self, cadre_message (self->asker));
}

keys_t cluster_key (const cluster_t *self, const char *name)
{
    access_t access;
    cadre_error_t error = access_read (&access, cluster_access (self, name), NULL);
    assert (!error);
    return access.keys;
}

const char *cluster_local (const cluster_t *self)
{
    return self->local;
}

const char *cluster_keys (const cluster_t *self)
{
    return self->keys;
}

const char *cluster_said (const cluster_t *self)
{
    return child_output (self->broker);
}

//  The access files name the address, so a broker that starts at another port has them made anew.
static void s_make_keys (cluster_t *self)
{
    static const struct {
        const char *name;     //  Of the key
        role_t role;          //  What it is for
        const char *function; //  That it may call or offer; NULL: all
    } keys [] = {{"alice", ROLE_CLIENT, NULL}, {"web", ROLE_CLIENT, "square"},
                 {"eve", ROLE_OBSERVER, NULL}, {"boss", ROLE_ADMIN, NULL},
                 {"node", ROLE_WORKER, NULL},  {"other", ROLE_WORKER, NULL}};
    self->locked = true;
    snprintf (self->local, sizeof self->local, "ipc://%s", self->place);
    snprintf (self->keys, sizeof self->keys, "%s/keys", self->folder);
    for (size_t i = 0; i < sizeof keys / sizeof keys [0]; i++) {
        keydir_remove (self->keys, keys [i].name, NULL);
        cluster_add_key (self, keys [i].name, keys [i].role, keys [i].function);
    }
}

static cadre_t *s_open (const char *address, const char *access)
{
    cadre_t *pool =
        cadre_open (address, &(cadre_options_t){.connect_timeout_ms = 20000, .access = access});
    if (!pool) {
        fprintf (stderr, "cluster: %s\n", cadre_open_message ());
        exit (EXIT_FAILURE);
    }
    return pool;
}

//  ---- the broker --------------------------------------------------------------

static bool s_listens (cluster_t *self)
{
    for (int64_t end_us = clock_now (NULL) + CLUSTER_PATIENCE_MS * 1000;
         clock_now (NULL) < end_us;) {
        if (strstr (child_output (self->broker), "ready at"))
            return true;
        if (child_wait (self->broker, 0) != -1)
            return false;
        cluster_pause ();
    }
    return false;
}

static bool s_try (cluster_t *self, unsigned port)
{
    char beat [32], lost [32], lanes [32], listen [320];
    snprintf (listen, sizeof listen, "%s%s%s", self->address, self->locked ? "," : "", self->local);
    snprintf (beat, sizeof beat, "%dms", CLUSTER_BEAT_MS);
    snprintf (lost, sizeof lost, "%dms", CLUSTER_LOST_MS);
    snprintf (lanes, sizeof lanes, "%u-%u", port + 100, port + 99 + LANES);
    const char *argv [] = {"bin/cadre-broker",
                           "--listen",
                           listen,
                           "--beat",
                           beat,
                           "--lost",
                           lost,
                           "--log",
                           "warning",
                           port ? "--lanes" : NULL,
                           lanes,
                           self->locked ? "--keys" : NULL,
                           self->keys,
                           NULL};
    self->port = port;
    self->broker = child_start (argv);
    if (s_listens (self))
        return true;
    if (!port)
        s_give_up (self, "the broker does not start");
    child_destroy (&self->broker);
    return false;
}

static void s_start_broker (cluster_t *self, const char *scheme)
{
    if (strcmp (scheme, "ipc") == 0) {
        snprintf (self->address, sizeof self->address, "ipc://%s", self->place);
        s_try (self, 0);
        return;
    }
    unsigned start = (unsigned) getpid () % TCP_TRIES;
    for (unsigned i = 0; i < TCP_TRIES && !self->broker; i++) {
        unsigned port = TCP_FIRST + (start + i) % TCP_TRIES * TCP_STEP;
        snprintf (self->address, sizeof self->address, "tcp://127.0.0.1:%u", port);
        if (strcmp (scheme, "curve") == 0)
            s_make_keys (self);
        s_try (self, port);
    }
    assert (self->broker);
}

int cluster_await_end (cluster_t *self)
{
    int code = child_wait (self->broker, CLUSTER_PATIENCE_MS);
    if (code == -1)
        s_give_up (self, "the broker does not end");
    child_destroy (&self->broker);
    return code;
}

void cluster_start_again (cluster_t *self)
{
    if (!s_try (self, self->port)) {
        fprintf (stderr, "cluster: the broker does not start again\n");
        exit (EXIT_FAILURE);
    }
    cadre_abort (&self->asker);
    self->asker = s_open (self->locked ? self->local : self->address, NULL);
}

void cluster_restart_broker (cluster_t *self)
{
    child_destroy (&self->broker);
    if (!s_try (self, self->port))
        s_give_up (self, "the broker does not start again");
}

//  ---- workers -----------------------------------------------------------------

static void s_start_worker (cluster_t *self, unsigned number, unsigned slots, const char *option,
                            const char *value)
{
    char name [32], count [32], plugins [3][PATH_MAX];
    const char *folder = getenv ("CADRE_BUILD_DIR"),
               *files [] = {"arithmetic", "trouble", "labour"};
    assert (number < CLUSTER_WORKERS && !self->workers [number] && folder);
    snprintf (name, sizeof name, "worker%u", number);
    snprintf (count, sizeof count, "%u", slots);
    for (int i = 0; i < 3; i++)
        snprintf (plugins [i], sizeof plugins [i], "%s/plugins/%s.so", folder, files [i]);
    const char *argv [] = {"bin/cadre-worker", option,     value,       "--name",    name,
                           "--slots",          count,      "--plugin",  plugins [0], "--plugin",
                           plugins [1],        "--plugin", plugins [2], NULL};
    self->workers [number] = child_start (argv);
}

void cluster_start_worker_as (cluster_t *self, unsigned number, unsigned slots, const char *access)
{
    s_start_worker (self, number, slots, "--access", access);
}

void cluster_start_worker (cluster_t *self, unsigned number, unsigned slots, const char *address)
{
    if (self->locked && !address)
        cluster_start_worker_as (self, number, slots, cluster_access (self, "node"));
    else
        s_start_worker (self, number, slots, "--broker", address ? address : self->address);
}

void cluster_kill_worker (cluster_t *self, unsigned number)
{
    child_destroy (&self->workers [number]);
}

//  ---- life ----------------------------------------------------------------------

cluster_t *cluster_new (const char *scheme, unsigned workers, unsigned slots)
{
    cluster_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->folder, sizeof self->folder, "/tmp/cadre-cluster-XXXXXX");
    assert (mkdtemp (self->folder));
    snprintf (self->place, sizeof self->place, "%s/broker", self->folder);
    s_start_broker (self, scheme);
    self->asker = s_open (self->locked ? self->local : self->address, NULL);
    for (unsigned i = 0; i < workers; i++)
        cluster_start_worker (self, i, slots, NULL);
    cluster_until (self, "slots", workers * slots);
    return self;
}

static int s_remove (const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status, (void) kind, (void) place;
    return remove (path);
}

//  A child that ended by itself has crashed, or a sanitizer ended it.
static void s_end (cluster_t *self, child_t **child, const char *who)
{
    if (!*child)
        return;
    if (child_wait (*child, 0) != -1)
        s_give_up (self, who);
    child_destroy (child);
}

void cluster_destroy (cluster_t **self_p)
{
    cluster_t *self = *self_p;
    if (!self)
        return;
    cadre_abort (&self->asker);
    for (unsigned i = 0; i < CLUSTER_WORKERS; i++)
        s_end (self, &self->workers [i], "a worker has ended by itself");
    s_end (self, &self->broker, "the broker has ended by itself");
    nftw (self->folder, s_remove, 8, FTW_DEPTH | FTW_PHYS);
    free (self);
    *self_p = NULL;
}

const char *cluster_address (const cluster_t *self)
{
    return self->address;
}

unsigned cluster_port (const cluster_t *self)
{
    return self->port;
}

const char *cluster_folder (const cluster_t *self)
{
    return self->folder;
}

pid_t cluster_broker (const cluster_t *self)
{
    return child_pid (self->broker);
}

pid_t cluster_worker (const cluster_t *self, unsigned number)
{
    return child_pid (self->workers [number]);
}

cadre_t *cluster_open (const cluster_t *self)
{
    return s_open (self->address, self->locked ? cluster_access (self, "alice") : NULL);
}

//  ---- looking --------------------------------------------------------------------

int64_t cluster_info (cluster_t *self, const char *key)
{
    cadre_value_t *info = NULL;
    cadre_error_t error = cadre_request (self->asker, "broker.info", NULL, &info, 20000);
    if (error == CADRE_ERROR_CLOSED) //  It was restarted
        error = cadre_request (self->asker, "broker.info", NULL, &info, 20000);
    if (error)
        s_give_up (self, cadre_message (self->asker));
    assert (cadre_value_get (info, key));
    int64_t value = cadre_value_int (cadre_value_get (info, key));
    cadre_value_destroy (&info);
    return value;
}

static void s_until (cluster_t *self, const char *key, int64_t least, int64_t most)
{
    char text [160];
    int64_t value = 0;
    for (int64_t end_us = clock_now (NULL) + CLUSTER_PATIENCE_MS * 1000;
         clock_now (NULL) < end_us;) {
        value = cluster_info (self, key);
        if (value >= least && value <= most)
            return;
        cluster_pause ();
    }
    snprintf (text, sizeof text, "%s stays %lld, and should be %lld", key, (long long) value,
              (long long) least);
    s_give_up (self, text);
}

void cluster_until_at_least (cluster_t *self, const char *key, int64_t value)
{
    s_until (self, key, value, INT64_MAX);
}

void cluster_until (cluster_t *self, const char *key, int64_t value)
{
    s_until (self, key, value, value);
}

static void s_path (const cluster_t *self, const char *name, char *path, size_t size)
{
    snprintf (path, size, "%s/%s", self->folder, name);
}

void cluster_touch (const cluster_t *self, const char *name)
{
    char path [256];
    s_path (self, name, path, sizeof path);
    FILE *file = fopen (path, "we");
    assert (file);
    fclose (file);
}

bool cluster_has (const cluster_t *self, const char *name)
{
    char path [256];
    s_path (self, name, path, sizeof path);
    return access (path, F_OK) == 0;
}

long cluster_await (const cluster_t *self, const char *name)
{
    char path [256];
    long number = 0;
    s_path (self, name, path, sizeof path);
    for (int64_t end_us = clock_now (NULL) + CLUSTER_PATIENCE_MS * 1000;
         clock_now (NULL) < end_us;) {
        FILE *file = fopen (path, "re");
        if (file) {
            if (fscanf (file, "%ld", &number) != 1)
                number = 0;
            fclose (file);
            return number;
        }
        cluster_pause ();
    }
    fprintf (stderr, "cluster: %s never came\n", path);
    exit (EXIT_FAILURE);
}

//  ---- what most tests begin and end with ----------------------------------------

int cluster_set_up_tcp (void **state)
{
    *state = cluster_new ("tcp", 1, 2);
    return 0;
}

int cluster_set_up_curve (void **state)
{
    *state = cluster_new ("curve", 1, 2);
    return 0;
}

int cluster_tear_down (void **state)
{
    cluster_t *self = *state;
    cluster_destroy (&self);
    return 0;
}

static cadre_job_t *s_sealed (cadre_job_t *job)
{
    cadre_error_t error = cadre_job_seal (job);
    assert (error == CADRE_OK);
    return job;
}

cadre_job_t *cluster_squares (cadre_t *pool, const cadre_job_options_t *options, int64_t count)
{
    cadre_job_t *job = cadre_job_open (pool, "square", options);
    for (int64_t i = 0; i < count; i++) {
        cadre_error_t error = cadre_job_add (job, NULL, "i", i);
        assert (error == CADRE_OK);
    }
    return s_sealed (job);
}

cadre_job_t *cluster_gates (const cluster_t *self, cadre_t *pool,
                            const cadre_job_options_t *options, int64_t count)
{
    cadre_job_t *job = cadre_job_open (pool, "gate", options);
    for (int64_t i = 0; i < count; i++) {
        cadre_error_t error = cadre_job_add (job, NULL, "si", cluster_folder (self), i);
        assert (error == CADRE_OK);
    }
    return s_sealed (job);
}

void cluster_end (cadre_t **pool, cadre_job_t **job, cluster_t **self_p)
{
    cadre_job_destroy (job);
    cadre_error_t error = cadre_close (pool, 20000);
    assert (error == CADRE_OK);
    cluster_destroy (self_p);
}
