/*
 *  entropy.h - random numbers from the kernel, and UUIDs
 *
 *  When the kernel provides none, the process ends. Any thread.
 */
#ifndef COMMON_ENTROPY_H_INCLUDED
#define COMMON_ENTROPY_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTROPY_UUID_BYTES 16
#define ENTROPY_UUID_TEXT_BYTES 37

//  Fills SIZE bytes.
void entropy_fill (void *bytes, size_t size);

//  A random number; never 0, so that 0 can mean none.
uint64_t entropy_u64 (void);

//  A random UUID (version 4).
void entropy_uuid (uint8_t uuid [ENTROPY_UUID_BYTES]);

//  Prints "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in lower case; parses that in any case and returns
//  false for everything else.
const char *entropy_uuid_print (const uint8_t uuid [ENTROPY_UUID_BYTES],
                                char text [ENTROPY_UUID_TEXT_BYTES]);
bool entropy_uuid_parse (const char *text, uint8_t uuid [ENTROPY_UUID_BYTES]);

//  Seeds libc's random (): libzmq takes the first routing ID of a ROUTER from it, and a peer that
//  guesses that ID can crash the process. sockets_new calls it before each ROUTER.
void entropy_seed_libc (void);

#endif
