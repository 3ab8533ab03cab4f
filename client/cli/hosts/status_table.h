/*
 *  status_table.h - the live table of a fleet, redrawn in place on a terminal
 *
 *      HOST     STATE       WHY
 *      node01   running     tcp://hub:5700 (16 slots)
 *      node02   connecting
 *      2 hosts: 1 running, 1 connecting
 *
 *  Written to stderr. If there are more hosts than lines on the terminal, hosts that succeeded are
 *  omitted first. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_STATUS_TABLE_H_INCLUDED
#define CLIENT_CLI_HOSTS_STATUS_TABLE_H_INCLUDED

#include <stddef.h>

#include "client/cli/hosts/fleet.h"

typedef struct status_table status_table_t;

status_table_t *status_table_new (void);
void status_table_destroy (status_table_t **self_p);

//  Draws the fleet; LINES and COLUMNS of the terminal. Returns the text to write, valid until the
//  next call; it begins with moving the cursor up over the previous table.
const char *status_table_draw (status_table_t *self, const fleet_t *fleet, unsigned lines,
                               unsigned columns);

//  The text that erases the table.
const char *status_table_wipe (status_table_t *self);

#endif
