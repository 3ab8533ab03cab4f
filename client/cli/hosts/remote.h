/*
 *  remote.h - one ssh session that deploys to a host, or queries a deployment there
 *
 *  A child process (the ssh command, or sh on this machine) gets remote.sh and orders on its stdin
 *  and answers on its stdout; remote.sh documents the dialogue. Its arguments and environment
 *  contain no secrets: the access file is sent on stdin.
 *
 *      WAITING ──► CONNECTING ──► SENDING ──► STARTING ──► RUNNING ──► DONE
 *         └────────────┴─────────────┴───────────┴────────────┴──────► FAILED
 *
 *  A session that stays (verb attach) is RUNNING until remote_close; others become DONE with the
 *  state that the host reported. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_REMOTE_H_INCLUDED
#define CLIENT_CLI_HOSTS_REMOTE_H_INCLUDED

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/cli/hosts/bundle.h"
#include "client/cli/hosts/hostlist.h"

#define REMOTE_POLLS 3 //  descriptors of one session
#define REMOTE_WHY_BYTES 256

//  Common to all hosts. Borrowed: it must outlive the sessions.
typedef struct remote_order {
    const char *ssh;        //  command line of ssh, parsed by a shell
    const char *verb;       //  start, attach, status, drain, stop, remove
    const char *name;       //  of the deployment
    const char *worker;     //  path of the worker on the host, or NULL
    const bundle_t *bundle; //  files to send, or NULL
    bool own;               //  the bundle contains the worker, so the architecture must match
    const char *access;     //  text of the worker's access file, or NULL
    const char *address;    //  of the broker; tcp://@:PORT is the host from which ssh connected
    const char *const *arguments; //  further arguments of cadre-worker, NULL-terminated, or NULL
    bool tunnel;                  //  workers connect to the broker through ssh
    const char *open;   //  permitted destinations of the tunnel, as in ssh's PermitRemoteOpen
    bool tunnelled;     //  the tunnels of this deployment exist already (tunnel.h)
    int64_t timeout_ms; //  for the whole order
    int64_t drain_ms;   //  for a drain
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

//  Ends the child at once if it is still running.
void remote_destroy (remote_t **self_p);

//  Starts the child. Failures show in the state.
void remote_start (remote_t *self, int64_t now_ms);

//  The descriptors to poll, REMOTE_POLLS of them (some may be -1), and the handling of poll's
//  result.
void remote_polls (const remote_t *self, struct pollfd *polls);
void remote_turn (remote_t *self, const struct pollfd *polls, int64_t now_ms);

//  For a session that is RUNNING or in progress: asks the host to end what was started. The host
//  also does that when the connection breaks.
void remote_close (remote_t *self, int64_t now_ms);

const hostlist_host_t *remote_host (const remote_t *self);
remote_state_t remote_state (const remote_t *self);
bool remote_is_over (const remote_t *self);

//  The state as shown in tables ("running", "failed", "connecting"), and the reason.
const char *remote_word (const remote_t *self);
const char *remote_why (const remote_t *self);

//  Number of starts of the worker so far.
unsigned remote_starts (const remote_t *self);

#endif
