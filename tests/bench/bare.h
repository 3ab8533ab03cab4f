/*  bare.h - the yardstick of durable jobs: SQLite alone, one row a batch, one commit a row
 *
 *  A table like the store's in a file of its own, with the store's settings (WAL,
 *  synchronous=FULL), and nothing around it: no thread, no queue, no reader. Without SQLite in the
 *  build, bare_new ends the program.
 */

#ifndef TESTS_BENCH_BARE_H_INCLUDED
#define TESTS_BENCH_BARE_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

typedef struct bare bare_t;

//  In a new file of that folder.
bare_t *bare_new (const char *folder);

//  Inserts a row of so many bytes and commits; returns when it is durable.
void bare_commit (bare_t *self, size_t bytes);

//  With its file; *self_p may be NULL.
void bare_destroy (bare_t **self_p);

#endif
