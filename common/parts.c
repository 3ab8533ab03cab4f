//  parts.c - large payloads, put together again from their parts

#include "common/parts.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"

typedef struct pile {
    uint64_t number;   //  The sender's number of the payload
    uint64_t total;    //  Bytes it will have
    buffer_t bytes;    //  Bytes so far
    UT_hash_handle hh; //  By number
} pile_t;

struct parts {
    pile_t *piles; //  Payloads that were not taken yet
    size_t bytes;  //  Held in all
};

parts_t *parts_new (void)
{
    parts_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void s_remove (parts_t *self, pile_t *pile)
{
    HASH_DEL (self->piles, pile);
    self->bytes -= pile->bytes.size;
    buffer_free (&pile->bytes);
    free (pile);
}

void parts_destroy (parts_t **self_p)
{
    parts_t *self = *self_p;
    if (!self)
        return;
    while (self->piles)
        s_remove (self, self->piles);
    free (self);
    *self_p = NULL;
}

static pile_t *s_find (parts_t *self, uint64_t number)
{
    pile_t *pile = NULL;
    HASH_FIND (hh, self->piles, &number, sizeof number, pile);
    return pile;
}

cadre_error_t parts_add (parts_t *self, const wire_part_t *part)
{
    if (part->payload == 0 || part->bytes.size == 0 || part->bytes.size > WIRE_PART_MAX)
        return CADRE_ERROR_PROTOCOL;
    if (part->total > WIRE_PAYLOAD_MAX)
        return CADRE_ERROR_TOO_LARGE;
    pile_t *pile = s_find (self, part->payload);
    if (pile ? pile->total != part->total : HASH_COUNT (self->piles) >= PARTS_OPEN_MAX)
        return pile ? CADRE_ERROR_PROTOCOL : CADRE_ERROR_TOO_LARGE;
    if (part->bytes.size > part->total - (pile ? pile->bytes.size : 0))
        return CADRE_ERROR_PROTOCOL;
    if (!pile) {
        pile = calloc (1, sizeof *pile);
        assert (pile);
        pile->number = part->payload;
        pile->total = part->total;
        HASH_ADD (hh, self->piles, number, sizeof pile->number, pile);
    }
    buffer_append (&pile->bytes, part->bytes.data, part->bytes.size);
    self->bytes += part->bytes.size;
    return CADRE_OK;
}

bool parts_take (parts_t *self, uint64_t number, buffer_t *payload)
{
    pile_t *pile = s_find (self, number);
    if (!pile || pile->bytes.size != pile->total)
        return false;
    cursor_t cursor = cursor_of (pile->bytes.data, pile->bytes.size);
    bool whole = cursor_skip (&cursor, NULL) && cursor_done (&cursor);
    if (whole) {
        self->bytes -= pile->bytes.size;
        *payload = buffer_take (&pile->bytes);
    }
    s_remove (self, pile);
    return whole;
}

size_t parts_bytes (const parts_t *self)
{
    return self->bytes;
}
