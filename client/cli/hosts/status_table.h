/*
 *  board.h - the live table of a fleet, redrawn in place on a terminal
 *
 *      HOST     STATE       WHY
 *      node01   running     tcp://hub:5700 (16 slots)
 *      node02   connecting
 *      2 hosts: 1 running, 1 connecting
 *
 *  Written to stderr. If there are more hosts than lines on the terminal, hosts that succeeded are
 *  omitted first. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_BOARD_H_INCLUDED
#define CLIENT_CLI_HOSTS_BOARD_H_INCLUDED

#include <stddef.h>

#include "client/cli/hosts/fleet.h"

typedef struct board board_t;

board_t *board_new (void);
void board_destroy (board_t **self_p);

//  Draws the fleet; LINES and COLUMNS of the terminal. Returns the text to write, valid until the
//  next call; it begins with moving the cursor up over the previous table.
const char *board_draw (board_t *self, const fleet_t *fleet, unsigned lines, unsigned columns);

//  The text that erases the table.
const char *board_wipe (board_t *self);

#endif
