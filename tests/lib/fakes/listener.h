/*  listener.h - fake: a plain listening socket on a loopback address, for tests of who can be
 *  reached
 */

#ifndef TESTS_LIB_FAKES_LISTENER_H_INCLUDED
#define TESTS_LIB_FAKES_LISTENER_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

//  Listens at HOST ("127.0.0.3", "::1"); *PORT 0 means any, and is set. The descriptor, or -1 when
//  the port is taken.
int listener_new (const char *host, uint16_t *port);

//  A port that is free at all of 127.0.0.x now: nobody listens there.
uint16_t listener_free_port (void);

//  The first of COUNT ports in a row, all of them free at HOST now.
uint16_t listener_free_block (const char *host, uint16_t count);

//  PATTERN into TEXT, with the port for each '@': "tcp://hub:@,tcp://spare:@".
void listener_addresses (char *text, size_t size, const char *pattern, unsigned port);

#endif
