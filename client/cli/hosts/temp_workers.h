/*
 *  temp_workers.h - workers on other hosts for the time of one command
 *
 *  The ssh sessions stay open, and what they started ends with them, however this process ends. If
 *  no broker is configured, one is started for these workers, with keys in a private folder; it
 *  ends, too. A separate thread runs the sessions; the functions here are for the one thread that
 *  called temp_workers_new.
 */
#ifndef CLIENT_CLI_HOSTS_TEMP_WORKERS_H_INCLUDED
#define CLIENT_CLI_HOSTS_TEMP_WORKERS_H_INCLUDED

#include "client/cli/base/broker_choice.h"
#include "client/cli/hosts/hosts_options.h"

typedef struct temp_workers temp_workers_t;

//  Starts them. REACH is the configured broker, or says embedded; then it becomes the broker
//  started here. WORKERS is the workers' access file for a configured broker, or NULL. NULL and a
//  fault on failure.
temp_workers_t *temp_workers_new (const hosts_options_t *options, const char *workers,
                                  broker_choice_t *choice, fault_t *fault);

//  Ends workers, sessions, and the broker, and waits for their end.
void temp_workers_destroy (temp_workers_t **self_p);

//  Waits until a worker runs. CADRE_ERROR_UNAVAILABLE when all hosts have failed (each was
//  reported), CADRE_ERROR_CANCELLED after Ctrl-C.
cadre_error_t temp_workers_wait (temp_workers_t *self, fault_t *fault);

//  Have all hosts failed?
bool temp_workers_is_lost (temp_workers_t *self);

#endif
