//  cursor_fuzz.c - any bytes through each function of the cursor; what it takes whole, msgpack-c
//  takes to the same length

#include "common/cursor.h"

#include <assert.h>
#include <msgpack.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static void s_beside_msgpack (const uint8_t *bytes, size_t size)
{
    cursor_t cursor = cursor_of (bytes, size);
    view_t value;
    if (!cursor_skip (&cursor, &value))
        return;
    assert (value.size <= size);
    msgpack_unpacked oracle;
    msgpack_unpacked_init (&oracle);
    size_t offset = 0;
    msgpack_unpack_return result =
        msgpack_unpack_next (&oracle, (const char *) bytes, size, &offset);
    assert (result == MSGPACK_UNPACK_SUCCESS || result == MSGPACK_UNPACK_EXTRA_BYTES);
    assert (offset == value.size);
    msgpack_unpacked_destroy (&oracle);
}

//  The first byte chooses what is read next, so that every sequence of reads can occur
static void s_read_in_turn (const uint8_t *choices, cursor_t cursor)
{
    uint64_t number;
    int64_t whole;
    double real;
    bool flag;
    view_t view;
    size_t count;
    int8_t type;
    for (size_t i = 0; i < 8 && !cursor.failed; i++) {
        cursor_kind_t kind = cursor_peek (&cursor);
        assert (kind >= CURSOR_NIL && kind <= CURSOR_END);
        switch (choices [i] % 11) {
        case 0: cursor_uint (&cursor, &number); break;
        case 1: cursor_int (&cursor, &whole); break;
        case 2: cursor_double (&cursor, &real); break;
        case 3: cursor_bool (&cursor, &flag); break;
        case 4: cursor_nil (&cursor); break;
        case 5: cursor_bytes (&cursor, &view); break;
        case 6: cursor_text (&cursor, &view); break;
        case 7: cursor_array (&cursor, &count); break;
        case 8: cursor_map (&cursor, &count); break;
        case 9: cursor_ext (&cursor, &type, &view); break;
        default: cursor_skip (&cursor, &view);
        }
        assert (cursor.at <= cursor.end);
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    s_beside_msgpack (bytes, size);
    cursor_find ((view_t){bytes, size}, "key");
    cursor_find ((view_t){bytes, size}, "");
    if (size < 8)
        return 0;
    s_read_in_turn (bytes, cursor_of (bytes + 8, size - 8));
    s_beside_msgpack (bytes + 8, size - 8);
    return 0;
}
