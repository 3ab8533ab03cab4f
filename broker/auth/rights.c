//  rights.c - what the holder of a key may do

#include "broker/auth/rights.h"

#include <fnmatch.h>

const rights_t *rights_of_all (void)
{
    static const rights_t all = {
        .name = "", .role = ROLE_ADMIN, .holder = RIGHTS_LOCAL, .all_jobs = true};
    return &all;
}

bool rights_cover (const rights_t *self, const char *function)
{
    for (size_t i = 0; function && i < self->functions_count; i++)
        if (fnmatch (self->functions [i], function, 0) == 0)
            return true;
    return self->functions_count == 0;
}
