/*  map.h - what cadre_map and cadre_imap share
 *
 *  No state, any thread.
 */

#ifndef CLIENT_LIB_MAP_H_INCLUDED
#define CLIENT_LIB_MAP_H_INCLUDED

#include "client/lib/items.h"

//  Packs the arguments of an item; index is for the message.
cadre_error_t map_pack_item (buffer_t *payload, const cadre_value_t *item, size_t index,
                             const cadre_map_options_t *options, fault_t *fault);

//  Reads the value of an item from the cursor; a failure when it cannot be read.
cadre_value_t *map_read (cursor_t *cursor);

//  A failure as text: "item 7: kind: message".
void map_describe (fault_t *fault, size_t item, const cadre_value_t *failure);

#endif
