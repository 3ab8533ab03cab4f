/*
 *  ssh.h - one ssh command as a child process, with pipes to its three streams
 *
 *  The user gives the command line of ssh (`ssh -p 2222 -i key`), which a shell parses. It never
 *  prompts: BatchMode, and a session of its own without a terminal, so that Ctrl-C reaches only us.
 *  A host whose target is "" is this machine: sh runs the command, without ssh. A plain value; one
 *  thread.
 */
#ifndef CLIENT_CLI_HOSTS_SSH_H_INCLUDED
#define CLIENT_CLI_HOSTS_SSH_H_INCLUDED

#include <sys/types.h>

#include "client/cli/hosts/hostlist.h"

#define SSH_COMMAND_BYTES 256

typedef struct ssh {
    pid_t pid; //  of the child; 0: none
    int in;    //  writes to its stdin, nonblocking; -1: closed
    int out;   //  reads its stdout, nonblocking; -1: closed
    int err;   //  reads its stderr, likewise
} ssh_t;

typedef struct ssh_options {
    const char *ssh;     //  command line of ssh
    const char *command; //  run by sh on the host, without single quotes, at most 200 bytes; NULL:
                         //  only the tunnel
    const char *open; //  permitted destinations of a tunnel (PermitRemoteOpen), or NULL: no tunnel
    unsigned port;    //  port of the tunnel on the host; 0: any, printed by ssh on stderr
} ssh_options_t;

#define SSH_NONE ((ssh_t){0, -1, -1, -1})

//  Starts it. CADRE_ERROR_UNAVAILABLE. A failure of ssh itself shows later, by its end.
cadre_error_t ssh_start (ssh_t *self, const ssh_options_t *options, const hostlist_host_t *host,
                         fault_t *fault);

void ssh_close (int *descriptor);

//  Closes its streams and waits for its end, after it sent the signal NUMBER, if not 0, to the
//  child and its group. Returns its exit code, 128 + signal; 0 if there is no child.
int ssh_end (ssh_t *self, int number);

#endif
