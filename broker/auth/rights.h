/*  rights.h - what the holder of a key may do */

#ifndef BROKER_AUTH_RIGHTS_H_INCLUDED
#define BROKER_AUTH_RIGHTS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/keys.h"

#define RIGHTS_LOCAL "local"

//  What the holder of a key may do.
typedef struct rights {
    const char *name;   //  Of the key, for people; "" for who needs none
    role_t role;        //  At which doors, with which verbs
    const char *holder; //  Whose jobs it opens: keydir.h; RIGHTS_LOCAL for who needs no key
    bool all_jobs;      //  It reaches those of others, too
    const char *const *functions; //  Patterns of fnmatch
    size_t functions_count;       //  0: all functions, and commands
} rights_t;

//  The rights of those who need no key: of an admin at the front, of a worker at the back. They are
//  one holder, the broker's own user: nobody can tell them apart.
const rights_t *rights_of_all (void);

//  May the holder call (as a client) or offer (as a worker) that function? NULL asks for commands.
bool rights_cover (const rights_t *self, const char *function);

#endif
