/*
 *  hostlist: which hosts, and how many slots on each.
 *
 *      a,b,8/c          hosts a, b and c; 8 slots at c (as GNU parallel writes it)
 *      node[01-64]      node01 to node64; node[1,3,7-9], rack[1-2]n[01-16] (as Slurm writes it)
 *      me@hub:2222      user and port for ssh; [::1]:2222 for an IPv6 address
 *      :                this machine, without ssh
 *
 *  A file has one such word a line, then slots=N and label=NAME[,NAME...] where they are wanted; #
 *  begins a comment:
 *
 *      node[01-64]  slots=16  label=batch
 *      gpu1         slots=4   label=gpu,big   # the new one
 *
 *  Names come from files that others may have written: what could be an option of ssh, or anything
 *  but a host name, is refused. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_HOSTLIST_H_INCLUDED
#define CLIENT_CLI_HOSTS_HOSTLIST_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define HOSTLIST_MOST 10000u // hosts in one list
#define HOSTLIST_SLOTS_MOST 10000u

typedef struct hostlist hostlist_t;

typedef struct hostlist_host {
    char *name;     // as tables show it, and as its worker is named: a, me@hub:2222
    char *target;   // what ssh is given: [user@]host; "" is this machine
    uint16_t port;  // for ssh; 0: as ssh is configured
    unsigned slots; // 0: the CPUs that its worker may use
    char *labels;   // with commas between, or NULL
} hostlist_host_t;

hostlist_t *hostlist_new (void);
void hostlist_destroy (hostlist_t **self_p);

//  GIVEN is a file's name or a list of words with commas between; NULL: $SLURM_JOB_NODELIST. A word
//  that names a file is that file. CADRE_ERROR_ARGUMENT with a fault that names the word, or file
//  and line; CADRE_ERROR_IO for a file that cannot be read. What was added before a fault stays.
cadre_error_t hostlist_read (hostlist_t *self, const char *given, fault_t *fault);

//  The same for a list of words, and for the lines of a file; ORIGIN names it in faults.
cadre_error_t hostlist_add_words (hostlist_t *self, const char *words, fault_t *fault);
cadre_error_t hostlist_add_lines (hostlist_t *self, const char *bytes, size_t size,
                                  const char *origin, fault_t *fault);

size_t hostlist_count (const hostlist_t *self);
const hostlist_host_t *hostlist_at (const hostlist_t *self, size_t index);
//  NULL if it is not there.
const hostlist_host_t *hostlist_find (const hostlist_t *self, const char *name);

//  One host as a line of a file, without the newline; the caller's to free.
char *hostlist_line (const hostlist_host_t *host);

#endif
