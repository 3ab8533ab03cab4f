/*  map.h - what cadre_map and cadre_imap share
 *
 *  A task of a map is a chunk: an array of the argument arrays of its items. Its value is an array of as many values. No
 *  state, any thread.
 */

#ifndef CLIENT_LIB_MAP_H_INCLUDED
#define CLIENT_LIB_MAP_H_INCLUDED

#include "client/lib/job.h"

//  How many items a chunk has at most.
size_t map_chunk_items (size_t count, const cadre_map_options_t *options);

//  Packs the arguments of an item; index is for the message.
cadre_error_t map_pack_item (buffer_t *payload, const cadre_value_t *item, size_t index,
                             const cadre_map_options_t *options, fault_t *fault);

//  Stands before the first of a chunk's values; false when the chunk failed, or has another number of them.
bool map_open_chunk (const result_t *result, size_t items, cursor_t *cursor);

//  What stands for each item of a chunk that failed as a whole.
cadre_value_t *map_failure (const result_t *result);

//  What the broker said about a wait since this was asked last; false: nothing. By the thread that calls cadre_imap_next.
bool imap_notice (cadre_imap_t *self, char *text, size_t size);

#endif
