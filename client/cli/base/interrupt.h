/*
 *  interrupt.h - Ctrl-C and similar signals, for commands that wait
 *
 *  After interrupt_watch, the first SIGINT, SIGTERM or SIGHUP is only recorded, so the command can
 *  end in order. The second one ends the process at once with 130 (its slots end, because their
 *  sockets close). SIGPIPE is ignored: a write then fails with EPIPE.
 */
#ifndef CLIENT_CLI_BASE_INTERRUPT_H_INCLUDED
#define CLIENT_CLI_BASE_INTERRUPT_H_INCLUDED

#include <stdbool.h>

//  Installs the handlers. Call it from the main thread before other threads start.
void interrupt_watch (void);

//  Was such a signal received?
bool interrupt_asked (void);

#endif
