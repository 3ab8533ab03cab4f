/*
 *  crew: workers on other hosts for as long as one command runs.
 *
 *  Deploys, and vanishes: the sessions stay open, and what they started ends with them, however
 *  this process ends. Where no broker is configured, one is started for the crew, with keys in a
 *  private folder; it goes, too. A thread of its own looks after the sessions; the functions here
 *  are for the one thread that made the crew.
 */
#ifndef CLIENT_CLI_HOSTS_TEMP_WORKERS_H_INCLUDED
#define CLIENT_CLI_HOSTS_TEMP_WORKERS_H_INCLUDED

#include "client/cli/base/reach.h"
#include "client/cli/hosts/hosts_options.h"

typedef struct temp_workers temp_workers_t;

//  Begins. REACH is the broker that is configured, or says embedded; in that case it becomes the
//  crew's own broker. WORKERS is the access file for workers of a configured broker, or NULL. NULL
//  and a fault.
temp_workers_t *temp_workers_new (const hosts_options_t *options, const char *workers,
                                  reach_t *reach, fault_t *fault);

//  Ends workers, sessions, and the broker; waits for it.
void temp_workers_destroy (temp_workers_t **self_p);

//  Waits until a worker runs. CADRE_ERROR_UNAVAILABLE when there is none and none will come (each
//  host was told), CADRE_ERROR_CANCELLED after Ctrl-C.
cadre_error_t temp_workers_wait (temp_workers_t *self, fault_t *fault);

//  Has every host gone?
bool temp_workers_is_lost (temp_workers_t *self);

#endif
