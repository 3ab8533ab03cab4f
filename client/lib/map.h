/*  map.h - what cadre_map and cadre_imap share, and what commands need beside cadre.h
 *
 *  No state, any thread.
 */

#ifndef CLIENT_LIB_MAP_H_INCLUDED
#define CLIENT_LIB_MAP_H_INCLUDED

#include "client/lib/items.h"

//  Packs the arguments of an item; index is for the message.
cadre_error_t map_pack_item (buffer_t *payload, const cadre_value_t *item, size_t index,
                             const cadre_map_options_t *options, fault_t *fault);

//  The value of an item that has one: read from the cursor, or a failure when that cannot be read.
cadre_value_t *map_read (cursor_t *cursor);

//  What a failure is for people: "item 7: kind: message".
void map_describe (fault_t *fault, size_t item, const cadre_value_t *failure);

//  What the broker said about a wait since this was asked last; false: nothing. By the thread that
//  calls cadre_imap_next.
bool imap_notice (cadre_imap_t *self, char *text, size_t size);

//  What a source of cadre_imap returns that has no item now and does not want to wait: it is asked
//  again in a moment.
cadre_value_t *imap_later (void);

#endif
