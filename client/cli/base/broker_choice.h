/*
 *  broker_choice.h - decides to which broker a command connects
 *
 *  In this order: --broker; the address in the file of --access; CADRE_BROKER; the address in the
 *  file that CADRE_ACCESS names; the configuration file ($XDG_CONFIG_HOME/cadre/config or
 *  ~/.config/cadre/config, lines "broker = ADDRESS" and "access = FILE"); a broker that listens at
 *  the default ipc address. If there is none of these, commands that may embed a broker do so. An
 *  access file also applies to a tcp address from another source. A broker that is named but does
 *  not answer is an error. One thread.
 */
#ifndef CLIENT_CLI_BASE_BROKER_CHOICE_H_INCLUDED
#define CLIENT_CLI_BASE_BROKER_CHOICE_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>

#include "common/fault.h"

#define BROKER_CHOICE_ADDRESS_BYTES 2400
#define BROKER_CHOICE_FILE_BYTES 1024
#define BROKER_CHOICE_DEFAULT "the default place" //  a value of origin

typedef struct broker_choice {
    bool embedded; //  no broker found: start one in this process
    bool local;    //  the broker is certainly on this host: embedded or ipc
    char address [BROKER_CHOICE_ADDRESS_BYTES]; //  as for cadre_open, or ""
    char access [BROKER_CHOICE_FILE_BYTES];     //  access file, for a tcp address, or ""
    char origin [256]; //  source of the address: "--broker", "CADRE_BROKER", a file name, or "the
                       //  default place"
} broker_choice_t;

//  GIVEN is the value of --broker or NULL, ACCESS that of --access. Connects to nothing, except to
//  test the default address. CADRE_ERROR_UNAVAILABLE when there is no broker and may_embed is
//  false; CADRE_ERROR_ADDRESS; CADRE_ERROR_CONFIGURATION for an invalid file.
cadre_error_t broker_choice_find (broker_choice_t *self, const char *given, const char *access,
                                  bool may_embed, fault_t *fault);

//  Connects, or starts the embedded broker. NULL and a fault on failure. OPTIONS may be NULL.
cadre_t *broker_choice_open (const broker_choice_t *self, const cadre_options_t *options,
                             fault_t *fault);

//  A broker at an ipc address is on this host, but its workers may be elsewhere. Asks the broker;
//  if so, LOCAL becomes false, and local paths and variables are not used for tasks.
void broker_choice_ask_workers (broker_choice_t *self, cadre_t *pool);

#endif
