/*  identity.h - what makes a job the one that it is
 *
 *  The UUID that its client gave it, and whose it is: two keys that say the same UUID speak of two
 *  jobs, and neither hears of the other's. A plain value without gaps, compared as bytes.
 */

#ifndef BROKER_RECORD_IDENTITY_H_INCLUDED
#define BROKER_RECORD_IDENTITY_H_INCLUDED

#include "common/keys.h"
#include "common/wire.h"

typedef struct identity {
    uint8_t uuid [WIRE_UUID_BYTES]; //  From its client
    char holder [KEYS_TEXT_BYTES]; //  As in rights_t; "": a release before this one did not note it
} identity_t;

//  A holder that is too long is nobody: "".
identity_t identity_of (const uint8_t uuid [WIRE_UUID_BYTES], view_t holder);

#endif
