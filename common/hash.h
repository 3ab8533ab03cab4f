/*
 *  hash.h - uthash with a keyed hash function
 *
 *  Peers choose many of the keys in our tables: UUIDs, names, numbers. With a known hash function,
 *  a peer could choose thousands of keys with the same hash, and make each lookup slow. So every
 *  table uses SipHash-1-3 (Aumasson and Bernstein, 2012) with a random key that is created when the
 *  program, or the library, is loaded.
 *
 *  Include this instead of <uthash.h> (the lint enforces that); tables are used as in uthash. Any
 *  thread.
 */
#ifndef COMMON_HASH_H_INCLUDED
#define COMMON_HASH_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_key ((keyptr), (keylen)))

#include <uthash.h>

//  uthash's hash of a key of SIZE bytes.
uint32_t hash_key (const void *key, size_t size);

//  SipHash-1-3 of SIZE bytes with a key of 16 bytes, as two words.
uint64_t hash_siphash (const uint64_t secret [2], const void *bytes, size_t size);

#endif
