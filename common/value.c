//  value.c - creates, changes and reads the tree of a cadre_value_t

#include "common/value.h"
#include "common/memory_check.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const cadre_value_t s_nil = {.type = CADRE_TYPE_NIL};

static cadre_type_t s_type (const cadre_value_t *self)
{
    return self ? (cadre_type_t) self->type : CADRE_TYPE_NIL;
}

static bool s_has_nodes (const cadre_value_t *self)
{
    cadre_type_t type = s_type (self);
    return type == CADRE_TYPE_LIST || type == CADRE_TYPE_MAP || type == CADRE_TYPE_FAILURE;
}

static bool s_has_bytes (const cadre_value_t *self)
{
    return s_type (self) == CADRE_TYPE_TEXT || s_type (self) == CADRE_TYPE_BLOB;
}

static cadre_value_t *s_value_new (cadre_type_t type)
{
    cadre_value_t *self = calloc (1, sizeof *self);
    assert (self);
    self->type = (uint8_t) type;
    return self;
}

//  NULL when there is no memory for a large value.
static void *s_value_bytes (const void *bytes, size_t size_bytes)
{
    char *copy = memory_check_for (size_bytes) ? malloc (size_bytes + 1) : NULL;
    if (!copy && size_bytes >= MEMORY_CHECK_LEAST)
        return NULL;
    assert (copy);
    if (size_bytes)
        memcpy (copy, bytes, size_bytes);
    copy [size_bytes] = 0;
    return copy;
}

//  ---- creation -------------------------------------------------------------

cadre_value_t *cadre_value_nil (void)
{
    return s_value_new (CADRE_TYPE_NIL);
}

cadre_value_t *cadre_value_of_bool (bool value)
{
    cadre_value_t *self = s_value_new (CADRE_TYPE_BOOL);
    self->flag = value;
    return self;
}

cadre_value_t *cadre_value_of_int (int64_t value)
{
    cadre_value_t *self = s_value_new (CADRE_TYPE_INT);
    self->number = (uint64_t) value;
    self->negative = value < 0;
    return self;
}

cadre_value_t *cadre_value_of_uint (uint64_t value)
{
    cadre_value_t *self = s_value_new (CADRE_TYPE_INT);
    self->number = value;
    return self;
}

cadre_value_t *cadre_value_of_double (double value)
{
    cadre_value_t *self = s_value_new (CADRE_TYPE_DOUBLE);
    self->real = value;
    return self;
}

static cadre_value_t *s_of_bytes (cadre_type_t type, const void *bytes, size_t size_bytes)
{
    cadre_value_t *self = s_value_new (type);
    self->data = s_value_bytes (bytes, size_bytes);
    self->size = size_bytes;
    if (!self->data) {
        free (self);
        return NULL;
    }
    return self;
}

cadre_value_t *value_of_text_of (const char *text, size_t size_bytes)
{
    return s_of_bytes (CADRE_TYPE_TEXT, text, size_bytes);
}

cadre_value_t *cadre_value_of_text (const char *value)
{
    return value ? value_of_text_of (value, strlen (value)) : cadre_value_nil ();
}

cadre_value_t *cadre_value_of_blob (const void *bytes, size_t size_bytes)
{
    return s_of_bytes (CADRE_TYPE_BLOB, bytes, size_bytes);
}

static cadre_value_t *s_of_nodes (cadre_type_t type)
{
    cadre_value_t *self = s_value_new (type);
    self->depth = 1;
    return self;
}

cadre_value_t *cadre_value_list (void)
{
    return s_of_nodes (CADRE_TYPE_LIST);
}

cadre_value_t *cadre_value_map (void)
{
    return s_of_nodes (CADRE_TYPE_MAP);
}

//  ---- changes --------------------------------------------------------------

static cadre_value_t *s_nodes (const cadre_value_t *self)
{
    return self->data;
}

//  Frees what a node owns, but not the node.
static void s_value_release (cadre_value_t *self)
{
    if (s_has_nodes (self))
        for (size_t i = 0; i < self->size; i++)
            s_value_release (s_nodes (self) + i);
    if (s_has_nodes (self) || s_has_bytes (self))
        free (self->data);
    *self = s_nil;
}

void cadre_value_destroy (cadre_value_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    s_value_release (*self_p);
    free (*self_p);
    *self_p = NULL;
}

//  Makes room for count more nodes. False when there is no memory for a large array.
static bool s_value_grow (cadre_value_t *self, size_t count)
{
    if (self->size + count <= self->capacity)
        return true;
    size_t capacity = self->capacity ? (size_t) self->capacity * 2 : 4;
    size_t bytes = capacity * sizeof *self;
    void *data =
        capacity <= UINT32_MAX && memory_check_for (bytes) ? realloc (self->data, bytes) : NULL;
    if (!data && bytes >= MEMORY_CHECK_LEAST)
        return false;
    assert (data);
    self->data = data;
    self->capacity = (uint32_t) capacity;
    return true;
}

//  After s_value_grow: appends the content of *value; NULL becomes nil.
static void s_value_push (cadre_value_t *self, cadre_value_t **value)
{
    cadre_value_t *node = s_nodes (self) + self->size++;
    *node = s_nil;
    if (!value || !*value)
        return;
    *node = **value;
    if (node->depth >= self->depth)
        self->depth = (uint8_t) (node->depth + 1);
    free (*value);
    *value = NULL;
}

static bool s_too_deep (cadre_value_t *const *value)
{
    return value && *value && (*value)->depth >= VALUE_DEPTH_MAX;
}

cadre_error_t cadre_value_append (cadre_value_t *self, cadre_value_t **value)
{
    cadre_error_t error = s_type (self) != CADRE_TYPE_LIST ? CADRE_ERROR_TYPE
                          : s_too_deep (value)             ? CADRE_ERROR_TOO_LARGE
                          : !s_value_grow (self, 1)        ? CADRE_ERROR_MEMORY
                                                           : CADRE_OK;
    if (error == CADRE_OK)
        s_value_push (self, value);
    else
        cadre_value_destroy (value);
    return error;
}

//  Index of the value of this key, or the number of nodes.
static size_t s_value_find (const cadre_value_t *self, const char *key, size_t size_bytes)
{
    const cadre_value_t *nodes = s_nodes (self);
    for (size_t i = 0; i + 1 < self->size; i += 2)
        if (nodes [i].type == CADRE_TYPE_TEXT && nodes [i].size == size_bytes
            && memcmp (nodes [i].data, key, size_bytes) == 0)
            return i + 1;
    return self->size;
}

//  The same for an integer key.
static size_t s_find_int (const cadre_value_t *self, uint64_t number, bool negative)
{
    const cadre_value_t *nodes = s_nodes (self);
    for (size_t i = 0; i + 1 < self->size; i += 2)
        if (nodes [i].type == CADRE_TYPE_INT && nodes [i].number == number
            && nodes [i].negative == negative)
            return i + 1;
    return self->size;
}

static size_t s_find_node (const cadre_value_t *self, const cadre_value_t *key)
{
    return key->type == CADRE_TYPE_INT ? s_find_int (self, key->number, key->negative)
                                       : s_value_find (self, key->data, key->size);
}

//  Sets the value of a key, which is a text or an integer; consumes both.
static cadre_error_t s_value_set (cadre_value_t *self, cadre_value_t *key, cadre_value_t **value)
{
    cadre_error_t error = s_type (self) != CADRE_TYPE_MAP || !key ? CADRE_ERROR_TYPE
                          : s_too_deep (value)                    ? CADRE_ERROR_TOO_LARGE
                          : !s_value_grow (self, 2)               ? CADRE_ERROR_MEMORY
                                                                  : CADRE_OK;
    if (error != CADRE_OK) {
        cadre_value_destroy (&key);
        cadre_value_destroy (value);
        return error;
    }
    size_t index = s_find_node (self, key);
    if (index == self->size) {
        s_value_push (self, &key);
        s_value_push (self, value);
        return CADRE_OK;
    }
    cadre_value_destroy (&key);
    cadre_value_t *node = s_nodes (self) + index;
    s_value_release (node);
    if (value && *value) {
        *node = **value;
        if (node->depth >= self->depth)
            self->depth = (uint8_t) (node->depth + 1);
        free (*value);
        *value = NULL;
    }
    return CADRE_OK;
}

cadre_error_t cadre_value_set (cadre_value_t *self, const char *key, cadre_value_t **value)
{
    return s_value_set (self, key ? cadre_value_of_text (key) : NULL, value);
}

cadre_error_t cadre_value_set_int (cadre_value_t *self, int64_t key, cadre_value_t **value)
{
    return s_value_set (self, cadre_value_of_int (key), value);
}

cadre_value_t *value_failure (const char *kind, const char *message, const char *trace)
{
    cadre_value_t *self = s_of_nodes (CADRE_TYPE_FAILURE);
    const char *const texts [] = {kind, message, trace};
    s_value_grow (self, 3);
    for (size_t i = 0; i < 3; i++) {
        cadre_value_t *text = cadre_value_of_text (texts [i] ? texts [i] : "");
        s_value_push (self, &text);
    }
    return self;
}

static bool s_value_copy (const cadre_value_t *self, cadre_value_t *copy);

static bool s_copy_nodes (const cadre_value_t *self, cadre_value_t *copy)
{
    copy->size = copy->capacity = 0;
    copy->data = self->size ? malloc (self->size * sizeof *self) : NULL;
    if (!copy->data)
        return self->size == 0;
    copy->capacity = (uint32_t) self->size;
    for (; copy->size < self->size; copy->size++)
        if (!s_value_copy (s_nodes (self) + copy->size, s_nodes (copy) + copy->size))
            return false;
    return true;
}

//  False when there is no memory: what was copied can be released.
static bool s_value_copy (const cadre_value_t *self, cadre_value_t *copy)
{
    *copy = *self;
    if (s_has_nodes (self) && s_copy_nodes (self, copy))
        return true;
    if (s_has_bytes (self))
        copy->data = s_value_bytes (self->data, self->size);
    if (s_has_bytes (self) ? copy->data != NULL : !s_has_nodes (self))
        return true;
    s_value_release (copy);
    return false;
}

//  Memory of a copy.
static size_t s_weight (const cadre_value_t *self)
{
    if (!s_has_nodes (self))
        return s_has_bytes (self) ? self->size : 0;
    size_t weight = self->size * sizeof *self;
    for (size_t i = 0; i < self->size; i++)
        weight += s_weight (s_nodes (self) + i);
    return weight;
}

cadre_value_t *cadre_value_copy (const cadre_value_t *self)
{
    if (self && !memory_check_for (s_weight (self)))
        return NULL;
    cadre_value_t *copy = s_value_new (CADRE_TYPE_NIL);
    if (self && !s_value_copy (self, copy))
        cadre_value_destroy (&copy);
    return copy;
}

//  ---- reading ----------------------------------------------------------------

cadre_type_t cadre_value_type (const cadre_value_t *self)
{
    return s_type (self);
}

const char *cadre_type_name (cadre_type_t type)
{
    static const char *const names [] = {"nil",  "bool", "integer", "double", "text",
                                         "blob", "list", "map",     "failure"};
    return (size_t) type < sizeof names / sizeof *names ? names [type] : "unknown";
}

bool cadre_value_bool (const cadre_value_t *self)
{
    return s_type (self) == CADRE_TYPE_BOOL && self->flag;
}

bool cadre_value_fits_int (const cadre_value_t *self)
{
    return s_type (self) == CADRE_TYPE_INT && (self->negative || self->number <= INT64_MAX);
}

bool cadre_value_fits_uint (const cadre_value_t *self)
{
    return s_type (self) == CADRE_TYPE_INT && !self->negative;
}

int64_t cadre_value_int (const cadre_value_t *self)
{
    return cadre_value_fits_int (self) ? (int64_t) self->number : 0;
}

uint64_t cadre_value_uint (const cadre_value_t *self)
{
    return cadre_value_fits_uint (self) ? self->number : 0;
}

double cadre_value_double (const cadre_value_t *self)
{
    if (s_type (self) == CADRE_TYPE_INT)
        return self->negative ? (double) (int64_t) self->number : (double) self->number;
    return s_type (self) == CADRE_TYPE_DOUBLE ? self->real : 0;
}

const char *cadre_value_text (const cadre_value_t *self)
{
    return s_type (self) == CADRE_TYPE_TEXT ? self->data : "";
}

const void *cadre_value_blob (const cadre_value_t *self, size_t *size_bytes)
{
    bool bytes = s_has_bytes (self);
    if (size_bytes)
        *size_bytes = bytes ? self->size : 0;
    return bytes ? self->data : NULL;
}

size_t cadre_value_count (const cadre_value_t *self)
{
    if (!s_has_nodes (self))
        return 0;
    return self->type == CADRE_TYPE_MAP ? self->size / 2 : self->size;
}

const cadre_value_t *cadre_value_at (const cadre_value_t *self, size_t index)
{
    if (index >= cadre_value_count (self))
        return NULL;
    return s_nodes (self) + (self->type == CADRE_TYPE_MAP ? 2 * index + 1 : index);
}

const cadre_value_t *cadre_value_key_at (const cadre_value_t *self, size_t index)
{
    if (s_type (self) != CADRE_TYPE_MAP || index >= cadre_value_count (self))
        return NULL;
    return s_nodes (self) + 2 * index;
}

const char *cadre_value_key (const cadre_value_t *self, size_t index)
{
    const cadre_value_t *key = cadre_value_key_at (self, index);
    return s_type (key) == CADRE_TYPE_TEXT ? key->data : NULL;
}

const cadre_value_t *cadre_value_get (const cadre_value_t *self, const char *key)
{
    if (s_type (self) != CADRE_TYPE_MAP || !key)
        return NULL;
    size_t index = s_value_find (self, key, strlen (key));
    return index < self->size ? s_nodes (self) + index : NULL;
}

const cadre_value_t *cadre_value_get_int (const cadre_value_t *self, int64_t key)
{
    if (s_type (self) != CADRE_TYPE_MAP)
        return NULL;
    size_t index = s_find_int (self, (uint64_t) key, key < 0);
    return index < self->size ? s_nodes (self) + index : NULL;
}

static bool s_maps_equal (const cadre_value_t *one, const cadre_value_t *other)
{
    const cadre_value_t *nodes = s_nodes (one);
    for (size_t i = 0; i < one->size; i += 2) {
        size_t index = i + 1; //  usually both have the same order
        if (!cadre_value_equal (nodes + i, s_nodes (other) + i))
            index = s_find_node (other, nodes + i);
        if (index >= other->size || !cadre_value_equal (nodes + i + 1, s_nodes (other) + index))
            return false;
    }
    return true;
}

static bool s_nodes_equal (const cadre_value_t *one, const cadre_value_t *other)
{
    if (one->size != other->size)
        return false;
    if (one->type == CADRE_TYPE_MAP)
        return s_maps_equal (one, other);
    for (size_t i = 0; i < one->size; i++)
        if (!cadre_value_equal (s_nodes (one) + i, s_nodes (other) + i))
            return false;
    return true;
}

bool cadre_value_equal (const cadre_value_t *one, const cadre_value_t *other)
{
    if (s_type (one) != s_type (other))
        return false;
    switch (s_type (one)) {
    case CADRE_TYPE_BOOL: return one->flag == other->flag;
    case CADRE_TYPE_INT: return one->number == other->number && one->negative == other->negative;
    case CADRE_TYPE_DOUBLE: return one->real == other->real;
    case CADRE_TYPE_TEXT:
    case CADRE_TYPE_BLOB:
        return one->size == other->size && memcmp (one->data, other->data, one->size) == 0;
    case CADRE_TYPE_LIST:
    case CADRE_TYPE_MAP:
    case CADRE_TYPE_FAILURE: return s_nodes_equal (one, other);
    default: return true;
    }
}
