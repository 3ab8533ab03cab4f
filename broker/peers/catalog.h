/*  catalog.h - the functions that workers offer now, each once, with the number of workers
 *
 *  The roster adds and removes the functions of each worker. The description of a function is that
 *  of the first worker that offers it; it stays as long as some worker offers the function.
 */

#ifndef BROKER_PEERS_CATALOG_H_INCLUDED
#define BROKER_PEERS_CATALOG_H_INCLUDED

#include <stdint.h>

#include "broker/core/walk.h"
#include "common/hash.h"

typedef struct catalog catalog_t;

typedef struct function_entry {
    char *name;        //  Name of the function
    char *takes;       //  Its arguments
    char *says;        //  Description
    uint64_t workers;  //  Workers that offer it
    walk_t *walks;     //  Walks that stand at this entry
    UT_hash_handle hh; //  By name, oldest first
} function_entry_t;

catalog_t *catalog_new (void);
void catalog_destroy (catalog_t **self_p);

//  One more worker offers it; one less.
void catalog_enter (catalog_t *self, const char *name, const char *takes, const char *says);
void catalog_strike (catalog_t *self, const char *name);

//  Iterates in several turns. catalog_walk moves walk to the first entry. catalog_step returns the
//  next one, or NULL at the end.
void catalog_walk (const catalog_t *self, walk_t *walk);
const function_entry_t *catalog_step (walk_t *walk);

#endif
