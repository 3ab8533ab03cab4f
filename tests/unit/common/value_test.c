//  value_test.c - trees of values: made, changed, read, packed, and read back from bytes of
//  strangers

#include "common/value.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cadre_value_t *s_round (const cadre_value_t *value)
{
    size_t size = 0;
    void *bytes = cadre_value_encode (value, &size);
    cadre_value_t *copy = cadre_value_decode (bytes, size);
    free (bytes);
    return copy;
}

static void s_assert_round (cadre_value_t *value)
{
    assert_non_null (value);
    cadre_value_t *back = s_round (value);
    assert_non_null (back);
    assert_true (cadre_value_equal (value, back));
    cadre_value_destroy (&back);
    cadre_value_t *copy = cadre_value_copy (value);
    assert_true (cadre_value_equal (value, copy));
    cadre_value_destroy (&copy);
    cadre_value_destroy (&value);
    assert_null (value);
}

static void test_round_trips (void **state)
{
    (void) state;
    s_assert_round (cadre_value_nil ());
    s_assert_round (cadre_value_of_bool (true));
    s_assert_round (cadre_value_of_int (INT64_MIN));
    s_assert_round (cadre_value_of_int (-1));
    s_assert_round (cadre_value_of_int (INT64_MAX));
    s_assert_round (cadre_value_of_uint (UINT64_MAX));
    s_assert_round (cadre_value_of_double (-1.5e300));
    s_assert_round (cadre_value_of_text ("gr\xC3\xBC\xC3\x9F"));
    s_assert_round (cadre_value_of_blob ("a\0b", 3));
    s_assert_round (cadre_value_of_blob (NULL, 0));
    s_assert_round (cadre_value_list ());
    s_assert_round (cadre_value_map ());
    s_assert_round (value_failure ("type", "wrong", "here"));
    s_assert_round (cadre_value_build ("{s:i, s:[d, d, {s:n}], s:B}", "id", (int64_t) 7, "at", 0.5,
                                       1.5, "x", "raw", "\0", (size_t) 1));
}

static void test_build_and_read (void **state)
{
    (void) state;
    cadre_value_t *value = cadre_value_build ("[{s:i s:u}, b, S, [], v, s]", "a", (int64_t) -4, "b",
                                              UINT64_MAX, 1, "cut off", (size_t) 3, NULL, "end");
    assert_non_null (value);
    assert_int_equal (cadre_value_count (value), 6);
    assert_int_equal (cadre_value_int (cadre_value_get (cadre_value_at (value, 0), "a")), -4);
    assert_true (cadre_value_uint (cadre_value_get (cadre_value_at (value, 0), "b")) == UINT64_MAX);
    assert_string_equal (cadre_value_key (cadre_value_at (value, 0), 1), "b");
    assert_true (cadre_value_bool (cadre_value_at (value, 1)));
    assert_string_equal (cadre_value_text (cadre_value_at (value, 2)), "cut");
    assert_int_equal (cadre_value_type (cadre_value_at (value, 3)), CADRE_TYPE_LIST);
    assert_int_equal (cadre_value_type (cadre_value_at (value, 4)), CADRE_TYPE_NIL);
    assert_string_equal (cadre_value_text (cadre_value_at (value, 5)), "end");
    cadre_value_destroy (&value);
}

static void test_build_refuses (void **state)
{
    (void) state;
    assert_null (cadre_value_build (NULL));
    assert_null (cadre_value_build (""));
    assert_null (cadre_value_build ("x"));
    assert_null (cadre_value_build ("["));
    assert_null (cadre_value_build ("[i", (int64_t) 1));
    assert_null (cadre_value_build ("i]", (int64_t) 1));
    assert_null (cadre_value_build ("{d:i}", 1.0, (int64_t) 2));
    assert_null (cadre_value_build ("{s}", "key without value"));
    assert_null (cadre_value_build ("{s:i}", NULL, (int64_t) 2));
    assert_null (cadre_value_build ("[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]"));
    s_assert_round (cadre_value_build ("[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]"));
}

static void test_readers_accept_anything (void **state)
{
    (void) state;
    assert_int_equal (cadre_value_type (NULL), CADRE_TYPE_NIL);
    assert_int_equal (cadre_value_int (cadre_value_get (cadre_value_at (NULL, 3), "id")), 0);
    assert_string_equal (cadre_value_text (NULL), "");
    assert_null (cadre_value_key (NULL, 0));
    size_t size = 9;
    assert_null (cadre_value_blob (NULL, &size));
    assert_int_equal (size, 0);
    cadre_value_t *text = cadre_value_of_text ("7");
    assert_int_equal (cadre_value_int (text), 0);
    assert_int_equal (cadre_value_count (text), 0);
    assert_memory_equal (cadre_value_blob (text, &size), "7", 2);
    assert_int_equal (size, 1);
    cadre_value_destroy (&text);
    cadre_value_destroy (&text);
    cadre_value_destroy (NULL);
}

static void test_integers (void **state)
{
    (void) state;
    cadre_value_t *large = cadre_value_of_uint (UINT64_MAX);
    cadre_value_t *below = cadre_value_of_int (-1);
    cadre_value_t *signed_seven = cadre_value_of_int (7);
    cadre_value_t *unsigned_seven = cadre_value_of_uint (7);
    assert_false (cadre_value_fits_int (large));
    assert_true (cadre_value_fits_uint (large));
    assert_int_equal (cadre_value_int (large), 0);
    assert_false (cadre_value_fits_uint (below));
    assert_int_equal (cadre_value_uint (below), 0);
    assert_false (cadre_value_equal (large, below));
    assert_true (cadre_value_equal (signed_seven, unsigned_seven));
    assert_true (cadre_value_double (below) == -1.0);
    assert_true (cadre_value_double (large) > 1.8e19);
    cadre_value_destroy (&large);
    cadre_value_destroy (&below);
    cadre_value_destroy (&signed_seven);
    cadre_value_destroy (&unsigned_seven);
}

static void test_set_replaces (void **state)
{
    (void) state;
    cadre_value_t *map = cadre_value_map ();
    for (int i = 0; i < 100; i++) {
        char key [8];
        snprintf (key, sizeof key, "k%d", i % 50);
        cadre_value_t *value = cadre_value_of_int (i);
        assert_int_equal (cadre_value_set (map, key, &value), CADRE_OK);
        assert_null (value);
    }
    assert_int_equal (cadre_value_count (map), 50);
    assert_int_equal (cadre_value_int (cadre_value_get (map, "k3")), 53);
    cadre_value_t *value = cadre_value_nil ();
    assert_int_equal (cadre_value_append (map, &value), CADRE_ERROR_TYPE);
    assert_null (value);
    cadre_value_destroy (&map);
}

static void test_maps_are_equal_in_any_order (void **state)
{
    (void) state;
    cadre_value_t *one = cadre_value_build ("{s:i,s:i}", "a", (int64_t) 1, "b", (int64_t) 2);
    cadre_value_t *other = cadre_value_build ("{s:i,s:i}", "b", (int64_t) 2, "a", (int64_t) 1);
    cadre_value_t *third = cadre_value_build ("{s:i,s:i}", "b", (int64_t) 2, "c", (int64_t) 1);
    assert_true (cadre_value_equal (one, other));
    assert_false (cadre_value_equal (one, third));
    cadre_value_destroy (&one);
    cadre_value_destroy (&other);
    cadre_value_destroy (&third);
}

static void test_keys_can_be_integers (void **state)
{
    (void) state;
    cadre_value_t *map = cadre_value_build ("{i:s, s:i, i:i}", (int64_t) 1, "one", "1", (int64_t) 7,
                                            (int64_t) -3, (int64_t) 9);
    assert_int_equal (cadre_value_count (map), 3);
    assert_null (cadre_value_key (map, 0));
    assert_string_equal (cadre_value_key (map, 1), "1");
    assert_int_equal (cadre_value_int (cadre_value_key_at (map, 2)), -3);
    assert_null (cadre_value_key_at (map, 3));
    assert_string_equal (cadre_value_text (cadre_value_get_int (map, 1)), "one");
    assert_int_equal (cadre_value_int (cadre_value_get (map, "1")), 7);
    assert_null (cadre_value_get_int (map, 2));
    assert_null (cadre_value_get_int (NULL, 2));
    assert_null (cadre_value_get (map, "-3"));
    cadre_value_t *other = cadre_value_of_text ("uno");
    assert_int_equal (cadre_value_set_int (map, 1, &other), CADRE_OK);
    assert_int_equal (cadre_value_count (map), 3);
    assert_string_equal (cadre_value_text (cadre_value_get_int (map, 1)), "uno");
    cadre_value_t *list = cadre_value_list ();
    assert_int_equal (cadre_value_set_int (list, 1, NULL), CADRE_ERROR_TYPE);
    cadre_value_destroy (&list);
    cadre_value_t *turned = cadre_value_build ("{i:i, s:i, i:s}", (int64_t) -3, (int64_t) 9, "1",
                                               (int64_t) 7, (int64_t) 1, "uno");
    assert_true (cadre_value_equal (map, turned));
    cadre_value_destroy (&turned);
    s_assert_round (map);
}

static void test_depth_is_bounded (void **state)
{
    (void) state;
    cadre_value_t *value = cadre_value_nil ();
    for (int i = 0; i < VALUE_DEPTH_MAX; i++) {
        cadre_value_t *list = cadre_value_list ();
        assert_int_equal (cadre_value_append (list, &value), CADRE_OK);
        value = list;
    }
    cadre_value_t *list = cadre_value_list ();
    cadre_value_t *copy = s_round (value);
    assert_non_null (copy);
    assert_int_equal (cadre_value_append (list, &copy), CADRE_ERROR_TOO_LARGE);
    assert_null (copy);
    cadre_value_t *map = cadre_value_map ();
    assert_int_equal (cadre_value_set (map, "k", &value), CADRE_ERROR_TOO_LARGE);
    cadre_value_destroy (&map);
    cadre_value_destroy (&list);
}

static void s_refuse (const char *bytes, size_t size)
{
    char *exact = malloc (size ? size : 1);
    memcpy (exact, bytes, size);
    assert_null (cadre_value_decode (exact, size));
    free (exact);
}

static void test_hostile_bytes (void **state)
{
    (void) state;
    s_refuse ("", 0);
    s_refuse ("\xc1", 1);
    s_refuse ("\x01\x01", 2);                         // two values
    s_refuse ("\xdd\xff\xff\xff\xff", 5);             // four billion elements
    s_refuse ("\xdf\xff\xff\xff\xff", 5);             // four billion pairs
    s_refuse ("\xdb\xff\xff\xff\xff", 5);             // a text of four GiB
    s_refuse ("\x92\x01", 2);                         // one of two
    s_refuse ("\x81\xc0\x01", 3);                     // a key that is neither text nor integer
    s_refuse ("\x82\xa1x\x01\xa1y", 6);               // a value missing
    s_refuse ("\xd4\x05\x01", 3);                     // an ext that nobody knows
    s_refuse ("\xc7\x05\x01\xdd\xff\xff\xff\xff", 8); // a failure of four billion texts
    s_refuse ("\xc7\x04\x01\x93\xa0\xa0\x01", 7);     // a failure whose trace is a number
    s_refuse ("\xc7\x05\x01\x93\xa0\xa0\xa0\xa0", 8); // bytes behind a failure
    char deep [VALUE_DEPTH_MAX + 2];
    memset (deep, 0x91, sizeof deep);
    deep [VALUE_DEPTH_MAX + 1] = 0x01;
    s_refuse (deep, sizeof deep);
    deep [VALUE_DEPTH_MAX] = 0x01;
    cadre_value_t *value = cadre_value_decode (deep, VALUE_DEPTH_MAX + 1);
    assert_non_null (value);
    cadre_value_destroy (&value);
}

static void test_every_cut_is_refused (void **state)
{
    (void) state;
    cadre_value_t *value = cadre_value_build ("{s:[i,d,s],s:B}", "list", (int64_t) 100000, 2.5,
                                              "text", "blob", "12345", (size_t) 5);
    cadre_value_t *failure = value_failure ("k", "m", "t");
    assert_int_equal (cadre_value_set (value, "failure", &failure), CADRE_OK);
    size_t size;
    char *bytes = cadre_value_encode (value, &size);
    for (size_t cut = 0; cut < size; cut++)
        s_refuse (bytes, cut);
    free (bytes);
    cadre_value_destroy (&value);
}

static cadre_error_t s_pack (buffer_t *buffer, fault_t *fault, const char *types, ...)
{
    va_list arguments;
    va_start (arguments, types);
    cadre_error_t error = value_build_arguments (buffer, types, &arguments, fault);
    va_end (arguments);
    return error;
}

static void test_pack_arguments (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    fault_t fault = {0};
    cadre_value_t *list = cadre_value_build ("[i]", (int64_t) 3);
    assert_int_equal (s_pack (&buffer, &fault, "iu, dbnsSBv", (int64_t) -1, (uint64_t) 2, 0.5, 1,
                              "s", "Sx", (size_t) 1, "B", (size_t) 1, list),
                      CADRE_OK);
    cadre_value_t *back = cadre_value_decode (buffer.data, buffer.size);
    cadre_value_t *same = cadre_value_build ("[i,u,d,b,n,s,s,B,v]", (int64_t) -1, (uint64_t) 2, 0.5,
                                             1, "s", "S", "B", (size_t) 1, list);
    assert_true (cadre_value_equal (back, same));
    cadre_value_destroy (&back);
    cadre_value_destroy (&same);
    cadre_value_destroy (&list);

    buffer_clear (&buffer);
    assert_int_equal (s_pack (&buffer, &fault, NULL), CADRE_OK);
    assert_memory_equal (buffer.data, "\x90", 1);
    assert_int_equal (s_pack (&buffer, &fault, "iq", (int64_t) 1), CADRE_ERROR_ARGUMENT);
    assert_string_equal (fault.text,
                         "'q' in \"iq\" is not a type of an argument: use i u d b s S B v or n");
    assert_int_equal (s_pack (&buffer, &fault, "is", (int64_t) 1, NULL), CADRE_ERROR_ARGUMENT);
    assert_int_equal (buffer.size, 1);
    buffer_free (&buffer);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_round_trips),
        cmocka_unit_test (test_build_and_read),
        cmocka_unit_test (test_build_refuses),
        cmocka_unit_test (test_readers_accept_anything),
        cmocka_unit_test (test_integers),
        cmocka_unit_test (test_set_replaces),
        cmocka_unit_test (test_maps_are_equal_in_any_order),
        cmocka_unit_test (test_keys_can_be_integers),
        cmocka_unit_test (test_depth_is_bounded),
        cmocka_unit_test (test_hostile_bytes),
        cmocka_unit_test (test_every_cut_is_refused),
        cmocka_unit_test (test_pack_arguments),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
