//  value_fuzz.c - any bytes as a value: what is decoded encodes, decodes again, copies and compares
//  equal

#include "common/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

//  Each reader on each node; none may fail, whatever the type
static uint64_t s_read_all (const cadre_value_t *value)
{
    size_t size = 0;
    uint64_t sum = (uint64_t) cadre_value_int (value) + cadre_value_uint (value)
                   + cadre_value_bool (value) + strlen (cadre_value_text (value))
                   + (cadre_value_double (value) > 0)
                   + strlen (cadre_type_name (cadre_value_type (value)));
    const uint8_t *blob = cadre_value_blob (value, &size);
    for (size_t i = 0; i < size; i++)
        sum += blob [i];
    for (size_t i = 0; i < cadre_value_count (value); i++) {
        sum += s_read_all (cadre_value_at (value, i));
        const char *key = cadre_value_key (value, i);
        if (key)
            cadre_value_get (value, key);
    }
    return sum;
}

//  A number that is none is not equal to itself, so bytes are compared, not values
static void s_check (const cadre_value_t *value)
{
    size_t size = 0, again_size = 0;
    void *encoded = cadre_value_encode (value, &size);
    cadre_value_t *again = cadre_value_decode (encoded, size);
    assert (again);
    void *twice = cadre_value_encode (again, &again_size);
    assert (size == again_size && memcmp (encoded, twice, size) == 0);
    cadre_value_t *copy = cadre_value_copy (value);
    assert (cadre_value_equal (copy, again) == cadre_value_equal (again, copy));
    free (encoded);
    free (twice);
    cadre_value_destroy (&copy);
    cadre_value_destroy (&again);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    cadre_value_t *value = cadre_value_decode (bytes, size);
    if (value) {
        s_read_all (value);
        s_check (value);
    }
    cadre_value_destroy (&value);
    return 0;
}
