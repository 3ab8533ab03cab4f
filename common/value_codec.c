//  value_codec.c - converts values from and to msgpack

#include "common/memory_check.h"
#include "common/pack.h"
#include "common/value.h"
#include "common/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

//  ---- writing ------------------------------------------------------------------

void value_codec_pack_failure (buffer_t *self, const char *kind, const char *message,
                               const char *trace)
{
    buffer_t body = {0};
    pack_array (&body, 3);
    pack_text (&body, kind ? kind : "");
    pack_text (&body, message ? message : "");
    pack_text (&body, trace ? trace : "");
    pack_ext (self, WIRE_EXT_ERROR, body.data, body.size);
    buffer_free (&body);
}

static void s_pack_number (buffer_t *self, const cadre_value_t *value)
{
    if (value->negative)
        pack_int (self, (int64_t) value->number);
    else
        pack_uint (self, value->number);
}

static void s_pack_nodes (buffer_t *self, const cadre_value_t *value)
{
    const cadre_value_t *nodes = value->data;
    if (value->type == CADRE_TYPE_MAP)
        pack_map (self, value->size / 2);
    else
        pack_array (self, value->size);
    for (size_t i = 0; i < value->size; i++)
        value_codec_pack (self, nodes + i);
}

void value_codec_pack (buffer_t *self, const cadre_value_t *value)
{
    switch (cadre_value_type (value)) {
    case CADRE_TYPE_NIL: pack_nil (self); break;
    case CADRE_TYPE_BOOL: pack_bool (self, value->flag); break;
    case CADRE_TYPE_INT: s_pack_number (self, value); break;
    case CADRE_TYPE_DOUBLE: pack_double (self, value->real); break;
    case CADRE_TYPE_TEXT: pack_text_of (self, value->data, value->size); break;
    case CADRE_TYPE_BLOB: pack_blob (self, value->data, value->size); break;
    case CADRE_TYPE_LIST:
    case CADRE_TYPE_MAP: s_pack_nodes (self, value); break;
    case CADRE_TYPE_FAILURE: {
        buffer_t body = {0};
        s_pack_nodes (&body, value);
        pack_ext (self, WIRE_EXT_ERROR, body.data, body.size);
        buffer_free (&body);
    }
    }
}

void *cadre_value_encode (const cadre_value_t *self, size_t *size_bytes)
{
    buffer_t bytes = {.checked = true};
    value_codec_pack (&bytes, self);
    if (bytes.failed)
        buffer_free (&bytes);
    if (size_bytes)
        *size_bytes = bytes.size;
    return bytes.data;
}

//  ---- reading ------------------------------------------------------------------

bool value_codec_peek (const cursor_t *cursor, cadre_type_t *type)
{
    static const cadre_type_t types [] = {
        [CURSOR_NIL] = CADRE_TYPE_NIL,     [CURSOR_BOOL] = CADRE_TYPE_BOOL,
        [CURSOR_INT] = CADRE_TYPE_INT,     [CURSOR_FLOAT] = CADRE_TYPE_DOUBLE,
        [CURSOR_TEXT] = CADRE_TYPE_TEXT,   [CURSOR_BLOB] = CADRE_TYPE_BLOB,
        [CURSOR_ARRAY] = CADRE_TYPE_LIST,  [CURSOR_MAP] = CADRE_TYPE_MAP,
        [CURSOR_EXT] = CADRE_TYPE_FAILURE,
    };
    cursor_kind_t kind = cursor_peek (cursor);
    if (kind == CURSOR_END)
        return false;
    *type = types [kind];
    return true;
}

static bool s_value_codec_read (cursor_t *cursor, cadre_value_t *node, size_t depth);

static bool s_read_number (cursor_t *cursor, cadre_value_t *node)
{
    cursor_t retry = *cursor;
    if (cursor_uint (cursor, &node->number))
        return true;
    *cursor = retry;
    int64_t number = 0;
    bool ok = cursor_int (cursor, &number);
    node->number = (uint64_t) number;
    node->negative = true;
    return ok;
}

static bool s_read_bytes (cursor_t *cursor, cadre_value_t *node)
{
    view_t view = {0};
    if (!cursor_bytes (cursor, &view) || !memory_check_for (view.size))
        return false;
    char *bytes = malloc (view.size + 1);
    if (!bytes)
        return false;
    if (view.size)
        memcpy (bytes, view.data, view.size);
    bytes [view.size] = 0;
    node->data = bytes;
    node->size = view.size;
    return true;
}

//  Reads count nodes into an empty list or map. On failure the nodes read so far stay in it, so
//  that they can be freed.
static bool s_read_nodes (cursor_t *cursor, cadre_value_t *self, size_t count, size_t depth)
{
    if (depth >= VALUE_DEPTH_MAX)
        return false;
    self->depth = 1;
    if (count == 0)
        return true;
    if (count > UINT32_MAX)
        return false;
    cadre_value_t *nodes =
        memory_check_for (count * sizeof *nodes) ? calloc (count, sizeof *nodes) : NULL;
    if (!nodes && count * sizeof *nodes >= MEMORY_CHECK_LEAST)
        return false;
    assert (nodes);
    self->data = nodes;
    self->capacity = (uint32_t) count;
    for (size_t i = 0; i < count; i++) {
        bool key = self->type == CADRE_TYPE_MAP && i % 2 == 0;
        if (key && cursor_peek (cursor) != CURSOR_TEXT && cursor_peek (cursor) != CURSOR_INT)
            return false;
        self->size++;
        if (!s_value_codec_read (cursor, nodes + i, depth + 1))
            return false;
        if (nodes [i].depth >= self->depth)
            self->depth = (uint8_t) (nodes [i].depth + 1);
    }
    return true;
}

static bool s_read_list (cursor_t *cursor, cadre_value_t *node, size_t depth)
{
    size_t count = 0;
    return cursor_array (cursor, &count) && s_read_nodes (cursor, node, count, depth);
}

static bool s_read_map (cursor_t *cursor, cadre_value_t *node, size_t depth)
{
    size_t count = 0;
    return cursor_map (cursor, &count) && s_read_nodes (cursor, node, count * 2, depth);
}

//  An ext is a failure, an array of three texts; other types are unknown.
static bool s_read_failure (cursor_t *cursor, cadre_value_t *node, size_t depth)
{
    int8_t type = 0;
    view_t view = {0};
    if (!cursor_ext (cursor, &type, &view) || type != WIRE_EXT_ERROR)
        return false;
    cursor_t body = cursor_of_view (view);
    cursor_t scout = body;
    size_t count = 0;
    if (!cursor_array (&scout, &count) || count != 3)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!cursor_text (&scout, &view))
            return false;
    return cursor_done (&scout) && s_read_list (&body, node, depth);
}

static bool s_value_codec_read (cursor_t *cursor, cadre_value_t *node, size_t depth)
{
    cadre_type_t type;
    if (!value_codec_peek (cursor, &type))
        return false;
    node->type = (uint8_t) type;
    switch (type) {
    case CADRE_TYPE_NIL: return cursor_nil (cursor);
    case CADRE_TYPE_BOOL: return cursor_bool (cursor, &node->flag);
    case CADRE_TYPE_INT: return s_read_number (cursor, node);
    case CADRE_TYPE_DOUBLE: return cursor_double (cursor, &node->real);
    case CADRE_TYPE_TEXT:
    case CADRE_TYPE_BLOB: return s_read_bytes (cursor, node);
    case CADRE_TYPE_LIST: return s_read_list (cursor, node, depth);
    case CADRE_TYPE_MAP: return s_read_map (cursor, node, depth);
    case CADRE_TYPE_FAILURE: return s_read_failure (cursor, node, depth);
    }
    return false;
}

cadre_value_t *value_codec_read (cursor_t *cursor)
{
    //  Checks counts and depth of the whole value before anything is allocated
    cursor_t scout = *cursor;
    cadre_value_t *self = NULL;
    if (cursor_skip (&scout, NULL)) {
        self = cadre_value_nil ();
        if (!s_value_codec_read (cursor, self, 0))
            cadre_value_destroy (&self);
    }
    if (!self)
        cursor->failed = true;
    return self;
}

cadre_value_t *cadre_value_decode (const void *bytes, size_t size_bytes)
{
    if (!bytes)
        return NULL;
    cursor_t cursor = cursor_of (bytes, size_bytes);
    cadre_value_t *self = value_codec_read (&cursor);
    if (!cursor_done (&cursor))
        cadre_value_destroy (&self);
    return self;
}
