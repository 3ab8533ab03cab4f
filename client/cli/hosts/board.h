/*
 *  board: the live table of a fleet, redrawn in place on a terminal.
 *
 *      HOST     STATE       WHY
 *      node01   running     tcp://hub:5700 (16 slots)
 *      node02   connecting
 *      2 hosts: 1 running, 1 connecting
 *
 *  Written to stderr. Where there are more hosts than the terminal has lines, those that are done
 *  well are left out first. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_BOARD_H_INCLUDED
#define CLIENT_CLI_HOSTS_BOARD_H_INCLUDED

#include <stddef.h>

#include "client/cli/hosts/fleet.h"

typedef struct board board_t;

board_t *board_new (void);
void board_destroy (board_t **self_p);

//  Shows the fleet as it is; SIZE of the terminal in lines and columns. Returns what is to be
//  written, valid until the next call (it begins by going up over what was drawn before).
const char *board_draw (board_t *self, const fleet_t *fleet, unsigned lines, unsigned columns);

//  What wipes the board off.
const char *board_wipe (board_t *self);

#endif
