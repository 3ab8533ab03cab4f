//  parts.c - reassembles large payloads from their parts

#include "common/parts.h"

#include <assert.h>
#include <stdlib.h>

#include "common/bulk.h"
#include "common/hash.h"
#include "common/sharing.h"

typedef struct pile {
    uint64_t number;   //  The sender's number of the payload
    uint64_t total;    //  Total size
    uint64_t came;     //  Bytes received
    bool file;         //  It is a file, of which parts tell only how much counts
    bool given_up;     //  Its bytes are not kept
    bool broken;       //  It cannot be a valid value
    buffer_t bytes;    //  Received bytes, if kept
    rules_scan_t scan; //  Checks them as they arrive
    fault_t fault;     //  Why it is invalid
    UT_hash_handle hh; //  By number
} pile_t;

struct parts {
    pile_t *piles; //  Payloads that were not taken
    size_t bytes;  //  Received and kept
    size_t held;   //  Including allocated space and overhead
    size_t most;   //  Limit of held
    bool shares;   //  Files of the peer are opened
    bool keeps;    //  And their descriptors kept
    bool bounded;  //  The limit and available memory apply
};

parts_t *parts_new (void)
{
    parts_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void parts_bound (parts_t *self, size_t held_bytes)
{
    self->most = held_bytes;
    self->bounded = true;
}

void parts_share (parts_t *self, bool keep)
{
    self->shares = true;
    self->keeps = keep;
}

//  Bytes that were received, and what they occupy: of a file as much as was announced so far.
static size_t s_kept (const pile_t *pile)
{
    return pile->bytes.bulk ? (size_t) pile->came : pile->bytes.size;
}

static size_t s_occupied (const pile_t *pile)
{
    return pile->bytes.bulk ? (size_t) pile->came : pile->bytes.capacity;
}

#define PILE_BYTES (sizeof (pile_t) + 32) //  Including heap and table overhead

//  All allocated memory counts as held.
static void s_parts_remove (parts_t *self, pile_t *pile)
{
    HASH_DEL (self->piles, pile);
    self->bytes -= s_kept (pile);
    self->held -= PILE_BYTES + s_occupied (pile);
    buffer_free (&pile->bytes);
    free (pile);
}

void parts_destroy (parts_t **self_p)
{
    parts_t *self = *self_p;
    if (!self)
        return;
    while (self->piles)
        s_parts_remove (self, self->piles);
    free (self);
    *self_p = NULL;
}

static pile_t *s_parts_find (parts_t *self, uint64_t number)
{
    pile_t *pile = NULL;
    HASH_FIND (hh, self->piles, &number, sizeof number, pile);
    return pile;
}

static void s_parts_give_up (parts_t *self, pile_t *pile)
{
    self->bytes -= s_kept (pile);
    self->held -= s_occupied (pile);
    buffer_free (&pile->bytes);
    pile->given_up = true;
}

//  A part has bytes, or counts for some of a file.
static size_t s_size (const parts_t *self, const wire_part_t *part)
{
    if (part->held == 0)
        return part->bytes.size <= WIRE_PART_MAX ? part->bytes.size : 0;
    return self->shares && part->bytes.size == 0 && part->held <= WIRE_PART_MAX
               ? (size_t) part->held
               : 0;
}

//  The first part names the file. One that cannot be opened is given up.
static bool s_open_file (const parts_t *self, pile_t *pile, const wire_part_t *part)
{
    bulk_name_t name;
    if (!sharing_read_name (part->file, &name))
        return false;
    bulk_t *file = bulk_open (&name, part->total, self->keeps);
    pile->given_up = !file;
    if (file)
        pile->bytes = buffer_of_bulk (file);
    return true;
}

static pile_t *s_new (parts_t *self, const wire_part_t *part)
{
    pile_t *pile = calloc (1, sizeof *pile);
    assert (pile);
    pile->number = part->payload;
    pile->total = part->total;
    pile->file = part->held > 0;
    if (pile->file && !s_open_file (self, pile, part)) {
        free (pile);
        return NULL;
    }
    pile->bytes.checked = self->bounded;
    rules_scan_begin (&pile->scan, &rules_any, pile->total);
    HASH_ADD (hh, self->piles, number, sizeof pile->number, pile);
    self->held += PILE_BYTES;
    return pile;
}

cadre_error_t parts_add (parts_t *self, const wire_part_t *part)
{
    size_t size = s_size (self, part);
    if (part->payload == 0 || size == 0)
        return CADRE_ERROR_PROTOCOL;
    if (part->total > WIRE_PAYLOAD_MAX)
        return CADRE_ERROR_TOO_LARGE;
    pile_t *pile = s_parts_find (self, part->payload);
    if (pile ? pile->total != part->total : HASH_COUNT (self->piles) >= PARTS_OPEN_MAX)
        return pile ? CADRE_ERROR_PROTOCOL : CADRE_ERROR_TOO_LARGE;
    if (size > part->total - (pile ? pile->came : 0) || (pile && pile->file != (part->held > 0)))
        return CADRE_ERROR_PROTOCOL;
    if (!pile && (pile = s_new (self, part)) == NULL)
        return CADRE_ERROR_PROTOCOL;
    if (pile->given_up) {
        pile->came += size;
        return CADRE_OK;
    }
    self->held -= s_occupied (pile);
    self->bytes -= s_kept (pile);
    pile->came += size;
    if (!pile->file)
        buffer_append (&pile->bytes, part->bytes.data, part->bytes.size);
    self->held += s_occupied (pile);
    self->bytes += s_kept (pile);
    if (pile->bytes.failed || (self->bounded && self->held > self->most)) {
        s_parts_give_up (self, pile);
        return CADRE_OK;
    }
    pile->broken =
        pile->broken || !rules_scan_go (&pile->scan, pile->bytes.data, s_kept (pile), &pile->fault);
    return CADRE_OK;
}

static bool s_is_whole (const pile_t *pile, const rules_shape_t *shape, fault_t *fault)
{
    if (pile->broken)
        fault_set (fault, pile->fault.code, "%s", pile->fault.text);
    else if (!rules_scan_is_whole (&pile->scan))
        fault_set (fault, CADRE_ERROR_ARGUMENT, "%s: its bytes are not a valid value", shape->name);
    else
        return rules_scan_fits (&pile->scan, shape, fault);
    return false;
}

bool parts_take_as (parts_t *self, uint64_t number, const rules_shape_t *shape, buffer_t *payload,
                    fault_t *fault)
{
    pile_t *pile = s_parts_find (self, number);
    if (!pile || pile->given_up || pile->came != pile->total) {
        fault_set (fault, CADRE_ERROR_PROTOCOL, "%s: its parts have not arrived", shape->name);
        return false;
    }
    bool whole = s_is_whole (pile, shape, fault);
    if (whole) {
        self->bytes -= s_kept (pile);
        self->held -= s_occupied (pile);
        buffer_trim (&pile->bytes);
        *payload = buffer_take (&pile->bytes);
    }
    s_parts_remove (self, pile);
    return whole;
}

bool parts_take (parts_t *self, uint64_t number, buffer_t *payload)
{
    return parts_take_as (self, number, &rules_any, payload, NULL);
}

bool parts_give_up (parts_t *self)
{
    pile_t *most = NULL;
    for (pile_t *pile = self->piles; pile; pile = pile->hh.next)
        if (s_occupied (pile) > (most ? s_occupied (most) : 0))
            most = pile;
    if (!most)
        return false;
    s_parts_give_up (self, most);
    return true;
}

uint64_t parts_take_given_up (parts_t *self, uint64_t number)
{
    pile_t *pile = s_parts_find (self, number);
    if (!pile || !pile->given_up || pile->came != pile->total)
        return 0;
    uint64_t total = pile->total;
    s_parts_remove (self, pile);
    return total;
}

size_t parts_bytes (const parts_t *self)
{
    return self->bytes;
}

size_t parts_held (const parts_t *self)
{
    return self->held;
}
