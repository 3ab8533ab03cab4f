/*
 *  drain.h - waits until a broker or workers that were told to drain have left
 *
 *  Each function prints errors on stderr and returns the exit code. Ctrl-C ends the wait, not the
 *  drain. One thread.
 */
#ifndef CLIENT_CLI_RUN_DRAIN_H_INCLUDED
#define CLIENT_CLI_RUN_DRAIN_H_INCLUDED

#include <cadre.h>

#include "client/cli/base/subcommand.h"

//  Waits until the broker of that epoch has ended: nothing listens at its address, or another
//  broker does.
int drain_await_broker (cadre_t *pool, const subcommand_shared_t *shared, uint64_t epoch);

//  Waits until the draining workers that WORD (number, name or "all") means are not listed any
//  more.
int drain_await_workers (cadre_t *pool, const char *word);

#endif
