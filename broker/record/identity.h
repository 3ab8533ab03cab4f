/*  identity.h - identifies a job across submissions
 *
 *  The UUID that the client gave, and the holder of its key. Two keys that use the same UUID have
 *  two separate jobs, and neither can see the other's. A plain value without padding, compared as
 *  bytes.
 */

#ifndef BROKER_RECORD_IDENTITY_H_INCLUDED
#define BROKER_RECORD_IDENTITY_H_INCLUDED

#include "common/keys.h"
#include "common/wire.h"

typedef struct identity {
    uint8_t uuid [WIRE_UUID_BYTES]; //  From its client
    char
        holder [KEYS_TEXT_BYTES]; //  As in rights_t; "": stored by a release that did not record it
} identity_t;

//  A holder that is too long is replaced by "".
identity_t identity_of (const uint8_t uuid [WIRE_UUID_BYTES], view_t holder);

#endif
