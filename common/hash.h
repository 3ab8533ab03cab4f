/*
 *  hash: uthash, with a hash that nobody can foresee.
 *
 *  Peers choose many of the keys that tables are searched by: UUIDs, names, numbers. With a hash
 *  that is known, whoever chooses thousands of keys of one value makes each look-up walk through
 *  all of them. So every table hashes by SipHash-1-3 (Aumasson and Bernstein, 2012) under a key
 *  that is drawn when the program, or the library, is loaded.
 *
 *  Include this instead of <uthash.h>, everywhere (the lint refuses the other); tables are used as
 *  uthash says. Any thread.
 */
#ifndef COMMON_HASH_H_INCLUDED
#define COMMON_HASH_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_key ((keyptr), (keylen)))

#include <uthash.h>

//  What uthash sorts a key of SIZE bytes by.
uint32_t hash_key (const void *key, size_t size);

//  SipHash-1-3 of SIZE bytes under a key of 16 bytes, as two words.
uint64_t hash_siphash (const uint64_t secret [2], const void *bytes, size_t size);

#endif
