//  identity.c - identifies a job across submissions

#include "broker/record/identity.h"

#include <string.h>

identity_t identity_of (const uint8_t uuid [WIRE_UUID_BYTES], view_t holder)
{
    identity_t self = {.holder = ""};
    memcpy (self.uuid, uuid, WIRE_UUID_BYTES);
    if (holder.size < sizeof self.holder)
        view_copy (holder, self.holder, sizeof self.holder);
    return self;
}
