/*
 *  hostlist.h - the hosts, and the number of slots on each
 *
 *      a,b,8/c          hosts a, b and c; 8 slots at c (as in GNU parallel)
 *      node[01-64]      node01 to node64; node[1,3,7-9], rack[1-2]n[01-16] (as in Slurm)
 *      me@hub:2222      user and port for ssh; [::1]:2222 for an IPv6 address
 *      :                this machine, without ssh
 *
 *  A file has one such word per line, optionally followed by slots=N and label=NAME[,NAME...]; #
 *  begins a comment:
 *
 *      node[01-64]  slots=16  label=batch
 *      gpu1         slots=4   label=gpu,big   # the new one
 *
 *  The names may come from files that others have written, so everything that could be an option of
 *  ssh, or is not a host name, is refused. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_HOSTLIST_H_INCLUDED
#define CLIENT_CLI_HOSTS_HOSTLIST_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define HOSTLIST_MOST 10000u //  hosts in one list
#define HOSTLIST_SLOTS_MOST 10000u

typedef struct hostlist hostlist_t;

typedef struct hostlist_host {
    char *name;     //  shown in tables, and the name of its worker: a, me@hub:2222
    char *target;   //  argument of ssh: [user@]host; "" is this machine
    uint16_t port;  //  for ssh; 0: ssh's configuration
    unsigned slots; //  0: the CPUs that its worker may use
    char *labels;   //  separated by commas, or NULL
} hostlist_host_t;

hostlist_t *hostlist_new (void);
void hostlist_destroy (hostlist_t **self_p);

//  Reads GIVEN: a file name, or a list of words separated by commas; NULL: $SLURM_JOB_NODELIST. A
//  word that names a file stands for that file. CADRE_ERROR_ARGUMENT with a fault that names the
//  word, or file and line; CADRE_ERROR_IO for a file that cannot be read. Hosts added before a
//  fault stay.
cadre_error_t hostlist_read (hostlist_t *self, const char *given, fault_t *fault);

//  The same for a list of words, and for the lines of a file; ORIGIN is its name in faults.
cadre_error_t hostlist_add_words (hostlist_t *self, const char *words, fault_t *fault);
cadre_error_t hostlist_add_lines (hostlist_t *self, const char *bytes, size_t size,
                                  const char *origin, fault_t *fault);

size_t hostlist_count (const hostlist_t *self);
const hostlist_host_t *hostlist_at (const hostlist_t *self, size_t index);
//  NULL if it is not in the list.
const hostlist_host_t *hostlist_find (const hostlist_t *self, const char *name);

//  One host as a line of a file, without the newline; the caller frees it.
char *hostlist_line (const hostlist_host_t *host);

#endif
