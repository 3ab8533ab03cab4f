/*
 *  remote: one ssh session that deploys to a host, or asks about what was deployed there.
 *
 *  A child process (the ssh command, or a plain sh for this machine) is given remote.sh and orders
 *  on its stdin and answers on its stdout; remote.sh tells the dialogue. Nothing secret is in its
 *  arguments or environment: the access file travels on stdin.
 *
 *      WAITING ──► CONNECTING ──► SENDING ──► STARTING ──► RUNNING ──► DONE
 *         └────────────┴─────────────┴───────────┴────────────┴──────► FAILED
 *
 *  RUNNING is where a session that stays (verb attach) waits for remote_close; others are DONE with
 *  the state that the host told. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_REMOTE_H_INCLUDED
#define CLIENT_CLI_HOSTS_REMOTE_H_INCLUDED

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/hosts/bundle.h"
#include "client/cli/hosts/hostlist.h"

#define REMOTE_POLLS 3 // descriptors of one session
#define REMOTE_WHY_BYTES 256

//  What is the same for all hosts. Borrowed: it must outlive the sessions.
typedef struct remote_order {
    const char *ssh;        // command line of ssh, as a shell reads it
    const char *verb;       // start, attach, status, drain, stop, remove
    const char *name;       // of the deployment
    const char *worker;     // program there, or NULL
    const bundle_t *bundle; // what --send ships, or NULL
    bool own;               // the bundle has the worker itself, so the kind of machine matters
    const char *access;     // text of the worker's access file, or NULL
    const char *address;    // of the broker; tcp://@:PORT is where ssh came from
    const char *const *arguments; // more arguments of cadre-worker, NULL-terminated, or NULL
    bool tunnel;                  // workers reach the broker through ssh
    const char
        *open;      // destinations to which the tunnel may lead, as ssh's PermitRemoteOpen has them
    bool tunnelled; // the tunnels are there already (tunnel.h), for this deployment
    int64_t timeout_ms; // for all of it
    int64_t drain_ms;   // for a drain
} remote_order_t;

typedef enum remote_state {
    REMOTE_WAITING,
    REMOTE_CONNECTING,
    REMOTE_SENDING,
    REMOTE_STARTING,
    REMOTE_RUNNING,
    REMOTE_DONE,
    REMOTE_FAILED
} remote_state_t;

typedef struct remote remote_t;

remote_t *remote_new (const remote_order_t *order, const hostlist_host_t *host);

//  Ends the child at once if it is there still.
void remote_destroy (remote_t **self_p);

//  Starts the child. Failures show in the state.
void remote_start (remote_t *self, int64_t now_ms);

//  The descriptors to wait for, REMOTE_POLLS of them (some may be -1), and what to do with what
//  poll said.
void remote_polls (const remote_t *self, struct pollfd *polls);
void remote_turn (remote_t *self, const struct pollfd *polls, int64_t now_ms);

//  Of a session that is RUNNING or on its way: let the host end what was started, which it does
//  also when we vanish.
void remote_close (remote_t *self, int64_t now_ms);

const hostlist_host_t *remote_host (const remote_t *self);
remote_state_t remote_state (const remote_t *self);
bool remote_is_over (const remote_t *self);

//  What a table shows: "running", "failed", "connecting", and why.
const char *remote_word (const remote_t *self);
const char *remote_why (const remote_t *self);

//  Starts of the worker so far.
unsigned remote_starts (const remote_t *self);

#endif
