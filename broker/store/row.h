/*  row.h - how a batch is stored in rows of a table
 *
 *  A row holds at most 256 KiB, because bytes near the end of a long row are slow to reach. All
 *  rows of a batch but the last are full, so the row follows from an offset. The body of a row is:
 *
 *      bytes 0-7    XXH3 of all that follows, seeded with the row's sequence number; big-endian, as
 *                   are the others
 *      bytes 8-15   the batch's ordinal: 1, 2, 3 ... since the store was created
 *      bytes 16-19  index of this row in its batch, from 0
 *      bytes 20-23  number of rows of the batch
 *      from 24 on   the batch's bytes
 *
 *  A change of this format must raise STORE_FILE_FORMAT (sqlite_file.h).
 */

#ifndef BROKER_STORE_ROW_H_INCLUDED
#define BROKER_STORE_ROW_H_INCLUDED

#include "common/cursor.h"

#define ROW_BYTES_MAX (256u * 1024)
#define ROW_HEAD_BYTES 24u
#define ROW_CONTENT_BYTES (ROW_BYTES_MAX - ROW_HEAD_BYTES)

typedef struct row {
    uint64_t seq;     //  Of the row; that of a batch is its first row's
    uint64_t ordinal; //  Of the batch
    uint32_t index;   //  In the batch
    uint32_t count;   //  Rows of the batch
    view_t content;   //  Its part of the batch's bytes
} row_t;

//  Number of rows for a batch of that size.
uint32_t row_count (uint64_t size_bytes);

//  The part of a batch that is in its row number index.
view_t row_part (view_t batch, uint32_t index);

//  Writes the row's body to bytes, of ROW_BYTES_MAX, and returns its size.
size_t row_write (const row_t *self, uint8_t *bytes);

//  Reads the body of the row that is stored under seq; false when it is damaged. The content points
//  into body.
bool row_read (row_t *self, uint64_t seq, view_t body);

#endif
