/*
 *  reach: which broker a command talks to.
 *
 *  In this order: --broker, the address in the file of --access, CADRE_BROKER, the address in the
 *  file that CADRE_ACCESS names, the configuration file ($XDG_CONFIG_HOME/cadre/config or
 *  ~/.config/cadre/config, lines "broker = ADDRESS" and "access = FILE"), a broker that listens at
 *  the default ipc place. Where there is none of these, commands that may embed a broker do so. An
 *  access file also counts for an address on tcp that came from elsewhere. A broker that was named
 *  and does not answer is an error. One thread.
 */
#ifndef CLIENT_CLI_BASE_REACH_H_INCLUDED
#define CLIENT_CLI_BASE_REACH_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>

#include "common/fault.h"

#define REACH_ADDRESS_BYTES 2400
#define REACH_FILE_BYTES 1024
#define REACH_DEFAULT "the default place" // an origin

typedef struct reach {
    bool embedded;                      // no broker anywhere: start one in this process
    bool local;                         // the broker is on this host for certain: embedded or ipc
    char address [REACH_ADDRESS_BYTES]; // as cadre_open takes it, or ""
    char access [REACH_FILE_BYTES];     // access file, for an address on tcp, or ""
    char origin [256]; // who named it: "--broker", "CADRE_BROKER", the file's name, or "the default
                       // place"
} reach_t;

//  GIVEN is --broker's value or NULL, ACCESS that of --access. Nothing is connected, only the
//  default place is tried. CADRE_ERROR_UNAVAILABLE when there is no broker and may_embed is false;
//  CADRE_ERROR_ADDRESS; CADRE_ERROR_CONFIGURATION for a file that cannot be understood.
cadre_error_t reach_find (reach_t *self, const char *given, const char *access, bool may_embed,
                          fault_t *fault);

//  Connect, or start the embedded broker. NULL and a fault when that fails. OPTIONS may be NULL.
cadre_t *reach_open (const reach_t *self, const cadre_options_t *options, fault_t *fault);

//  A broker at an ipc address is here, but its workers need not be: then LOCAL becomes false, and
//  what is local to us does not hold for tasks. Asks the broker.
void reach_ask_workers (reach_t *self, cadre_t *pool);

#endif
