//  remote.c - see remote.h

#include "client/cli/hosts/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/hosts/ssh.h"
#include "client/cli/hosts/tunnel.h"
#include "client/cli/output/text.h"

extern const char remote_script []; //  remote.sh

#define LINE_MOST 4096u
#define BEAT_MS 5000
#define CLOSE_MS 15000
#define GRACE_MS 10000 //  extra time for a host beyond its own timeout

typedef struct chunk {
    const char *bytes; //  what to send
    size_t size;       //  of bytes
} chunk_t;

struct remote {
    const remote_order_t *order;    //  the order
    const hostlist_host_t *host;    //  the host
    remote_state_t state;           //  see remote.h
    ssh_t child;                    //  the session
    text_t head;                    //  script and orders
    chunk_t *chunks;                //  to send, in order
    size_t count;                   //  of chunks
    size_t next;                    //  first one not sent
    size_t sent;                    //  bytes of it that were sent
    text_t line;                    //  incomplete line of stdout
    text_t error;                   //  incomplete line of stderr
    char word [24];                 //  the state reported by the host
    char why [REMOTE_WHY_BYTES];    //  reported by the host, or by us
    char reason [REMOTE_WHY_BYTES]; //  first relevant line of stderr
    unsigned starts;                //  of the worker
    unsigned tunnel;                //  port of the tunnel on the host; 0: unknown
    bool awaits;                    //  waits for its tunnel
    bool closing;                   //  remote_close was called
    int64_t deadline_ms;            //  end of the timeout
    int64_t beat_ms;                //  next keepalive of a session that stays
};

static const char *const s_words [] = {"waiting", "connecting", "sending", "starting",
                                       "running", "done",       "failed"};

remote_t *remote_new (const remote_order_t *order, const hostlist_host_t *host)
{
    remote_t *self = text_resize (NULL, sizeof *self);
    *self = (remote_t){.order = order, .host = host, .child = SSH_NONE};
    return self;
}

void remote_destroy (remote_t **self_p)
{
    remote_t *self = *self_p;
    if (!self)
        return;
    ssh_end (&self->child, SIGTERM);
    text_free (&self->head);
    text_free (&self->line);
    text_free (&self->error);
    free (self->chunks);
    free (self);
    *self_p = NULL;
}

const hostlist_host_t *remote_host (const remote_t *self)
{
    return self->host;
}

remote_state_t remote_state (const remote_t *self)
{
    return self->state;
}

bool remote_is_over (const remote_t *self)
{
    return self->state == REMOTE_DONE || self->state == REMOTE_FAILED;
}

const char *remote_word (const remote_t *self)
{
    return self->state == REMOTE_DONE && self->word [0] ? self->word : s_words [self->state];
}

const char *remote_why (const remote_t *self)
{
    return self->why;
}

unsigned remote_starts (const remote_t *self)
{
    return self->starts;
}

static void s_remote_fail (remote_t *self, const char *why)
{
    snprintf (self->why, sizeof self->why, "%.*s", REMOTE_WHY_BYTES - 1, why);
    self->state = REMOTE_FAILED;
    ssh_close (&self->child.in);
}

//  ==== sending =================================================================

static void s_queue (remote_t *self, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    self->chunks = text_resize (self->chunks, (self->count + 1) * sizeof *self->chunks);
    self->chunks [self->count++] = (chunk_t){bytes, size};
}

static void s_put_arg (text_t *out, const char *name, const char *value)
{
    text_print (out, "arg %s\n", name);
    if (value)
        text_print (out, "arg %s\n", value);
}

static void s_put_labels (text_t *out, const char *labels)
{
    while (labels && *labels) {
        const int size = (int) strcspn (labels, ",");
        if (size > 0)
            text_print (out, "arg --label\narg %.*s\n", size, labels);
        labels += size;
        labels += *labels == ',';
    }
}

//  On this machine there is no ssh to report our address.
static void s_put_address (remote_t *self, text_t *out)
{
    const char *address = self->order->address;
    if (!self->host->target [0] && strncmp (address, "tcp://@:", 8) == 0)
        text_print (out, "arg --broker\narg tcp://127.0.0.1:%s\n", address + 8);
    else
        s_put_arg (out, "--broker", address);
    if (self->tunnel)
        text_print (out, "arg --proxy\narg 127.0.0.1:%u\n", self->tunnel);
}

static void s_put_arguments (remote_t *self, text_t *out)
{
    const remote_order_t *order = self->order;
    const char *const *more = order->arguments;
    if (order->address)
        s_put_address (self, out);
    if (order->access)
        s_put_arg (out, "--access", "../access");
    s_put_arg (out, "--name", self->host->target [0] ? self->host->name : "localhost");
    if (self->host->slots)
        text_print (out, "arg --slots\narg %u\n", self->host->slots);
    s_put_labels (out, self->host->labels);
    while (more && *more)
        s_put_arg (out, *more++, NULL);
}

static void s_put_orders (remote_t *self, text_t *out)
{
    const remote_order_t *order = self->order;
    char hash [BUNDLE_HASH_BYTES];
    text_print (out, "verb %s\nname %s\n", order->verb, order->name);
    const bool starts = strcmp (order->verb, "start") == 0 || strcmp (order->verb, "attach") == 0;
    text_print (out, "wait %lld\n",
                (long long) ((starts ? order->timeout_ms : order->drain_ms) + 999) / 1000);
    if (starts) {
        if (order->worker)
            text_print (out, "worker %s\n", order->worker);
        if (order->own)
            text_print (out, "machine %s\n", bundle_machine ());
        for (size_t i = 0; order->bundle && i < bundle_count (order->bundle); i++) {
            const bundle_file_t *file = bundle_at (order->bundle, i);
            text_print (out, "file %s %zu %04o %s\n", file->hash, file->size, file->mode,
                        file->target);
        }
        if (order->access) {
            bundle_hash (order->access, strlen (order->access), hash);
            text_print (out, "access %zu %s\n", strlen (order->access), hash);
        }
        s_put_arguments (self, out);
    }
    text_put (out, "go\n");
}

//  Queues script and orders; the orders wait for the port of the tunnel.
static void s_queue_orders (remote_t *self)
{
    text_put (&self->head, remote_script);
    s_put_orders (self, &self->head);
    s_queue (self, self->head.bytes, self->head.size);
}

static void s_remote_write (remote_t *self)
{
    while (self->child.in >= 0 && self->next < self->count) {
        const chunk_t *chunk = &self->chunks [self->next];
        ssize_t written =
            write (self->child.in, chunk->bytes + self->sent, chunk->size - self->sent);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0) {
            ssh_close (&self->child.in);
            return;
        }
        self->sent += (size_t) written;
        if (self->sent < chunk->size)
            continue;
        self->sent = 0;
        self->next++;
    }
}

//  ==== receiving ===============================================================

static void s_on_need (remote_t *self, const char *hash)
{
    const bundle_file_t *file =
        self->order->bundle ? bundle_find (self->order->bundle, hash) : NULL;
    self->state = REMOTE_SENDING;
    if (!file)
        s_remote_fail (self, "it requested a file that was not offered");
    else
        s_queue (self, file->bytes, file->size);
}

static void s_on_ready (remote_t *self)
{
    if (self->order->access)
        s_queue (self, self->order->access, strlen (self->order->access));
    if (self->state == REMOTE_CONNECTING)
        self->state = REMOTE_STARTING;
}

//  "running 1 tcp://hub:5700 (4 slots)"
static void s_on_state (remote_t *self, const char *text, int64_t now_ms)
{
    char word [sizeof self->word];
    int used = 0;
    unsigned starts = 0;
    if (sscanf (text, "%23s %u%n", word, &starts, &used) < 2)
        return;
    const char *why = text + used + strspn (text + used, " ");
    self->starts = starts;
    if (strcmp (word, "failed") == 0) {
        s_remote_fail (self, *why ? why : "it gave no reason");
        return;
    }
    memcpy (self->word, word, sizeof word);
    snprintf (self->why, sizeof self->why, "%s", why);
    const bool stays = strcmp (self->order->verb, "attach") == 0 && strcmp (word, "gone") != 0;
    self->state = stays ? REMOTE_RUNNING : REMOTE_DONE;
    self->beat_ms = now_ms;
    if (!stays)
        ssh_close (&self->child.in);
}

static void s_on_line (remote_t *self, const char *line, int64_t now_ms)
{
    if (strncmp (line, "cadre: ", 7) != 0 || remote_is_over (self))
        return;
    line += 7;
    if (strncmp (line, "need ", 5) == 0)
        s_on_need (self, line + 5);
    else if (strcmp (line, "ready") == 0)
        s_on_ready (self);
    else
        s_on_state (self, line, now_ms);
}

//  stderr of ssh contains errors, and the port of the tunnel.
static void s_on_error_line (remote_t *self, const char *line, int64_t now_ms)
{
    unsigned port = 0;
    (void) now_ms;
    if (sscanf (line, "Allocated port %u for remote forward", &port) == 1 && self->order->tunnel) {
        if (self->tunnel == 0) {
            self->tunnel = port;
            s_queue_orders (self);
        }
        return;
    }
    if (self->reason [0] == '\0' && *line && strncmp (line, "Warning: ", 9) != 0)
        snprintf (self->reason, sizeof self->reason, "%s", line);
}

//  Reads what is available and passes on complete lines. False at the end.
static bool s_remote_read (remote_t *self, int descriptor, text_t *line,
                           void (*heard) (remote_t *self, const char *line, int64_t now_ms),
                           int64_t now_ms)
{
    char block [4096];
    ssize_t got = read (descriptor, block, sizeof block);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    for (ssize_t i = 0; i < got; i++)
        if (block [i] == '\n') {
            text_add (line, "", 0);
            heard (self, line->bytes, now_ms);
            text_clear (line);
        } else if (line->size < LINE_MOST && block [i] != '\r' && block [i] != '\0')
            text_add (line, &block [i], 1);
    return got > 0;
}

//  ==== the session =============================================================

//  The command works in any login shell: it has no special characters. dd with blocks of one byte
//  does not read bytes after the script.
static void s_remote_begin (remote_t *self)
{
    char command [SSH_COMMAND_BYTES];
    fault_t fault = {0};
    const bool tunnel = self->order->tunnel && self->host->target [0];
    snprintf (command, sizeof command, "script=$(dd bs=1 count=%zu 2>/dev/null); eval \"$script\"",
              strlen (remote_script));
    const ssh_options_t options = {
        .ssh = self->order->ssh, .command = command, .open = tunnel ? self->order->open : NULL};
    if (ssh_start (&self->child, &options, self->host, &fault) != CADRE_OK)
        s_remote_fail (self, fault.text);
    else if (!tunnel)
        s_queue_orders (self);
}

//  Starts when the tunnel for this host is up.
static void s_await_tunnel (remote_t *self, int64_t now_ms)
{
    char why [TUNNEL_WHY_BYTES];
    const tunnel_state_t state = tunnel_look (self->order->name, self->host, &self->tunnel, why);
    if (state == TUNNEL_COMING && now_ms < self->deadline_ms)
        return;
    self->awaits = false;
    if (state == TUNNEL_STANDS)
        s_remote_begin (self);
    else
        s_remote_fail (self, why [0] ? why : "its tunnel failed, and ssh gave no reason");
}

void remote_start (remote_t *self, int64_t now_ms)
{
    self->state = REMOTE_CONNECTING;
    self->deadline_ms = now_ms + self->order->timeout_ms + self->order->drain_ms + GRACE_MS;
    self->awaits = self->order->tunnelled && self->host->target [0];
    if (self->awaits)
        s_await_tunnel (self, now_ms);
    else
        s_remote_begin (self);
}

//  Both streams have ended.
static void s_reap (remote_t *self, int number)
{
    const int code = ssh_end (&self->child, number);
    char why [REMOTE_WHY_BYTES];
    if (remote_is_over (self))
        return;
    if (self->closing) {
        self->state = REMOTE_DONE;
        return;
    }
    if (self->reason [0])
        snprintf (why, sizeof why, "%s", self->reason);
    else if (self->state == REMOTE_RUNNING)
        snprintf (why, sizeof why, "the connection was cut");
    else
        snprintf (why, sizeof why, "ssh exited with %d and gave no reason", code);
    s_remote_fail (self, why);
}

static void s_remote_give_up (remote_t *self)
{
    char why [REMOTE_WHY_BYTES];
    snprintf (why, sizeof why, "no answer in time (--timeout) while it was %s%s%.100s",
              remote_word (self), self->reason [0] ? ": " : "", self->reason);
    if (!remote_is_over (self) && !self->closing)
        s_remote_fail (self, why);
    s_reap (self, SIGKILL);
}

void remote_close (remote_t *self, int64_t now_ms)
{
    if (self->state == REMOTE_WAITING || self->awaits)
        self->state = REMOTE_DONE;
    if (self->closing || self->child.pid == 0)
        return;
    self->closing = true;
    self->deadline_ms = now_ms + CLOSE_MS;
    ssh_close (&self->child.in);
}

//  ==== turns ===================================================================

void remote_polls (const remote_t *self, struct pollfd *polls)
{
    polls [0] =
        (struct pollfd){.fd = self->next < self->count ? self->child.in : -1, .events = POLLOUT};
    polls [1] = (struct pollfd){.fd = self->child.out, .events = POLLIN};
    polls [2] = (struct pollfd){.fd = self->child.err, .events = POLLIN};
}

static void s_remote_beat (remote_t *self, int64_t now_ms)
{
    if (self->state != REMOTE_RUNNING || self->closing || now_ms < self->beat_ms)
        return;
    self->beat_ms = now_ms + BEAT_MS;
    if (self->next == self->count)
        self->next = self->count = 0;
    s_queue (self, "\n", 1);
}

void remote_turn (remote_t *self, const struct pollfd *polls, int64_t now_ms)
{
    if (self->awaits && !self->closing)
        s_await_tunnel (self, now_ms);
    if (self->child.pid == 0)
        return;
    s_remote_beat (self, now_ms);
    if (polls [0].revents)
        s_remote_write (self);
    if (self->state == REMOTE_SENDING && self->next == self->count)
        self->state = REMOTE_STARTING;
    if (polls [2].revents && self->child.err >= 0
        && !s_remote_read (self, self->child.err, &self->error, s_on_error_line, now_ms))
        ssh_close (&self->child.err);
    if (polls [1].revents && self->child.out >= 0
        && !s_remote_read (self, self->child.out, &self->line, s_on_line, now_ms))
        ssh_close (&self->child.out);
    if (self->child.out < 0 && self->child.err < 0)
        s_reap (self, 0);
    else if (now_ms >= self->deadline_ms && self->state != REMOTE_RUNNING)
        s_remote_give_up (self);
    else if (now_ms >= self->deadline_ms && self->closing)
        s_remote_give_up (self);
}
