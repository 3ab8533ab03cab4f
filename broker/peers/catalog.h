/*  catalog.h - the functions that workers offer now, each once, with how many offer it
 *
 *  The roster enters and strikes out what each worker offers. What is told of a function is what
 *  the worker said that offered it first, of those since which it was always offered.
 */

#ifndef BROKER_PEERS_CATALOG_H_INCLUDED
#define BROKER_PEERS_CATALOG_H_INCLUDED

#include <stdint.h>

#include "broker/core/walk.h"
#include "common/hash.h"

typedef struct catalog catalog_t;

typedef struct function_entry {
    char *name;        //  What it is called by
    char *takes;       //  Its arguments
    char *says;        //  What it does
    uint64_t workers;  //  That offer it
    walk_t *walks;     //  Those who go through the catalog and stand here
    UT_hash_handle hh; //  By name, oldest first
} function_entry_t;

catalog_t *catalog_new (void);
void catalog_destroy (catalog_t **self_p);

//  One more worker offers it; one less.
void catalog_enter (catalog_t *self, const char *name, const char *takes, const char *says);
void catalog_strike (catalog_t *self, const char *name);

//  Goes through it in several turns: walk stands at the first one then; the next one, or NULL at
//  the end.
void catalog_walk (const catalog_t *self, walk_t *walk);
const function_entry_t *catalog_step (walk_t *walk);

#endif
