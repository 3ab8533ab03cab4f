/*
 *  ssh: one ssh command as a child process, its three streams in our hands.
 *
 *  The command line of ssh is the operator's (`ssh -p 2222 -i key`), read by a shell. It never
 *  asks: BatchMode, and a session of its own without a terminal, which also keeps Ctrl-C for us to
 *  handle. A host whose target is "" is this machine: the command is run by sh, without ssh. A
 *  plain value; one thread.
 */
#ifndef CLIENT_CLI_HOSTS_SSH_H_INCLUDED
#define CLIENT_CLI_HOSTS_SSH_H_INCLUDED

#include <sys/types.h>

#include "client/cli/hosts/hostlist.h"

#define SSH_COMMAND_BYTES 256

typedef struct ssh {
    pid_t pid; // of the child; 0: none
    int in;    // its stdin, ours to write, nonblocking; -1: closed
    int out;   // its stdout, ours to read, nonblocking; -1: closed
    int err;   // its stderr, likewise
} ssh_t;

typedef struct ssh_options {
    const char *ssh;     // command line of ssh
    const char *command; // what sh runs there, without single quotes, at most 200 bytes; NULL:
                         // nothing, only the tunnel
    const char
        *open;     // destinations to which a tunnel may lead (PermitRemoteOpen), or NULL: no tunnel
    unsigned port; // of the tunnel there; 0: any, which ssh tells on stderr
} ssh_options_t;

#define SSH_NONE ((ssh_t){0, -1, -1, -1})

//  Starts it. CADRE_ERROR_UNAVAILABLE. That ssh fails shows later: it ends.
cadre_error_t ssh_start (ssh_t *self, const ssh_options_t *options, const hostlist_host_t *host,
                         fault_t *fault);

void ssh_close (int *descriptor);

//  Closes its streams and waits for its end, after SIGNAL to the child and all of its group if that
//  is not 0. Its exit code, 128 and more for a signal; 0 where there is none.
int ssh_end (ssh_t *self, int number);

#endif
