/*  rights.h - what the holder of a key may do */

#ifndef BROKER_AUTH_RIGHTS_H_INCLUDED
#define BROKER_AUTH_RIGHTS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/keys.h"

#define RIGHTS_LOCAL "local"

typedef struct rights {
    const char *name;   //  Of the key, for people; "" for a peer that needs no key
    role_t role;        //  Which endpoints and messages it may use
    const char *holder; //  Owner of the jobs that it opens, see keydir.h; RIGHTS_LOCAL for peers
                        //  without a key
    bool all_jobs;      //  It may access jobs of other holders
    const char *const *functions; //  Patterns of fnmatch
    size_t functions_count;       //  0: all functions, and commands
} rights_t;

//  The rights of peers that need no key: admin at the front, worker at the back. They share one
//  holder, the broker's own user, because they cannot be distinguished.
const rights_t *rights_of_all (void);

//  May the holder call (as a client) or offer (as a worker) that function? NULL asks for commands.
bool rights_cover (const rights_t *self, const char *function);

#endif
