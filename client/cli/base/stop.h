/*
 *  stop: Ctrl-C and its relatives, for commands that wait.
 *
 *  After stop_watch, the first SIGINT, SIGTERM or SIGHUP is only counted, so that the command can
 *  wind up; the second one ends the process at once with 130 (slots end with us: their sockets
 *  close). SIGPIPE is ignored: a write then fails with EPIPE.
 */
#ifndef CLIENT_CLI_BASE_STOP_H_INCLUDED
#define CLIENT_CLI_BASE_STOP_H_INCLUDED

#include <stdbool.h>

//  Install the handlers. Call it from main's thread before others start.
void stop_watch (void);

//  Has somebody asked us to stop?
bool stop_asked (void);

#endif
