//  call_test.c - what a function sees of its call, and what becomes of what it does

#include "common/value.h"
#include "worker/runner/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct room {
    ticket_page_t page;  //  As shared with a worker
    runner_host_t host;  //  Without a way to send
    cadre_task_t *call;  //  Under test
    runner_end_t end;    //  What came of it
    cadre_value_t *tree; //  Its value, or detail when it failed
} room_t;

static void s_open (room_t *room)
{
    *room = (room_t){0};
    ticket_page_init (&room->page);
    room->host = (runner_host_t){.page = &room->page, .slot = 4, .broker = "ipc:///here"};
    room->call = call_new (&room->host);
}

static void s_close (room_t *room)
{
    call_destroy (&room->call);
    call_destroy (&room->call);
    cadre_value_destroy (&room->tree);
    runner_end_free (&room->end);
}

//  Runs it with arguments, which are consumed, and returns its value, or its detail when it failed.
static const cadre_value_t *s_serve (room_t *room, const cadre_function_t *function,
                                     cadre_value_t *arguments)
{
    buffer_t payload = {0};
    assert_non_null (arguments);
    value_codec_pack (&payload, arguments);
    cadre_value_destroy (&arguments);
    runner_task_t task = {.ticket = 1,
                          .job = 42,
                          .index = 17,
                          .attempt = 2,
                          .payload = {.data = payload.data, .size = payload.size}};
    call_serve (room->call, function, room, &task, &room->end);
    buffer_free (&payload);
    const buffer_t *bytes =
        room->end.outcome == CADRE_OUTCOME_OK ? &room->end.value : &room->end.detail;
    cadre_value_destroy (&room->tree);
    room->tree = cadre_value_decode (bytes->data, bytes->size);
    return room->tree;
}

static const char *s_message (const cadre_value_t *detail)
{
    return cadre_value_text (cadre_value_get (detail, "message"));
}

//  ---- arguments -------------------------------------------------------------------

//  Reads everything twice, and backwards.
static cadre_error_t s_read_all (cadre_task_t *call)
{
    for (int round = 0; round < 2; round++) {
        const cadre_value_t *list = cadre_arg_value (call, 6);
        size_t size = 0;
        assert_memory_equal (cadre_arg_blob (call, 5, &size), "\0x", 2);
        assert_int_equal (size, 2);
        const char *text = cadre_arg_text (call, 4);
        assert_true (cadre_arg_bool (call, 3));
        assert_true (cadre_arg_double (call, 2) == 0.5);
        assert_true (cadre_arg_uint (call, 1) == UINT64_MAX);
        assert_int_equal (cadre_arg_int (call, 0), -7);
        assert_true (cadre_arg_double (call, 0) == -7.0);
        assert_string_equal (text, "text");
        assert_ptr_equal (text, cadre_arg_text (call, 4));
        assert_ptr_equal (list, cadre_arg_value (call, 6));
        assert_int_equal (cadre_value_count (list), 2);
    }
    return cadre_return_uint (call, cadre_arg_count (call));
}

static void test_arguments (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t function = {
        .name = "read_all", .run = s_read_all, .takes = "i u d b s B v *"};
    const cadre_value_t *value =
        s_serve (&room, &function,
                 cadre_value_build ("[i,u,d,b,s,B,[n,n],i]", (int64_t) -7, UINT64_MAX, 0.5, 1,
                                    "text", "\0x", (size_t) 2, (int64_t) 8));
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_int (value), 8);
    s_close (&room);
}

static cadre_error_t s_want_text_second (cadre_task_t *call)
{
    assert_string_equal (cadre_arg_text (call, 1), "");
    assert_int_equal (cadre_arg_int (call, 0), 1); // the first mistake is told, the rest goes on
    cadre_fail (call, "other", "that came later");
    return cadre_return_int (call, 1);
}

static void test_wrong_type_wins (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t function = {.name = "f", .run = s_want_text_second};
    const cadre_value_t *detail =
        s_serve (&room, &function, cadre_value_build ("[i,[]]", (int64_t) 1));
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (cadre_value_text (cadre_value_get (detail, "kind")), "type");
    assert_string_equal (s_message (detail), "f takes a text as argument 2, got list");
    detail = s_serve (&room, &function, cadre_value_build ("[i]", (int64_t) 1));
    assert_string_equal (s_message (detail), "f takes a text as argument 2, got 1 argument");
    s_close (&room);
}

static cadre_error_t s_nothing (cadre_task_t *call)
{
    (void) call;
    return CADRE_OK;
}

static void test_takes (void **state)
{
    (void) state;
    static const struct {
        const char *takes;
        const char *given;
        const char *message;
    } cases [] = {
        {"", "[]", NULL},
        {"", "[n]", "f takes (), got 1 argument"},
        {"nv", "[n,n]", NULL},
        {"n*", "[n,n,n]", NULL},
        {"*", "[]", NULL},
        {"nn*", "[n]", "f takes (nn*), got 1 argument"},
        {"b", "[n]", "f takes a bool as argument 1, got nil"},
        {"d", "[n]", "f takes a number as argument 1, got nil"},
        {"v,B", "[n,{}]", "f takes a blob as argument 2, got map"},
        {"s", "[[]]", "f takes a text as argument 1, got list"},
        {NULL, "[n,n,n]", NULL},
    };
    room_t room;
    s_open (&room);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cadre_function_t function = {.name = "f", .run = s_nothing, .takes = cases [i].takes};
        const cadre_value_t *tree = s_serve (&room, &function, cadre_value_build (cases [i].given));
        assert_int_equal (room.end.outcome,
                          cases [i].message ? CADRE_OUTCOME_ERROR : CADRE_OUTCOME_OK);
        assert_string_equal (s_message (tree), cases [i].message ? cases [i].message : "");
    }
    const cadre_function_t natural = {.name = "f", .run = s_nothing, .takes = "u"};
    assert_string_equal (
        s_message (s_serve (&room, &natural, cadre_value_build ("[i]", (int64_t) -3))),
        "f takes an integer that is not negative as argument 1, got -3");
    s_close (&room);
    assert_null (call_arguments_bad_takes ("iudbsSBvn*"));
    assert_null (call_arguments_bad_takes (NULL));
    assert_string_equal (call_arguments_bad_takes ("i*i"), "*i");
}

//  ---- results ------------------------------------------------------------------------

static cadre_error_t s_last_counts (cadre_task_t *call)
{
    cadre_return_text (call, "first");
    cadre_return_blob (call, "second", 6);
    cadre_value_t *value = cadre_value_build ("[d,b]", 1.5, 1);
    return cadre_return_value (call, &value);
}

static cadre_error_t s_give_up (cadre_task_t *call)
{
    cadre_return_int (call, 5);
    cadre_trace (call, "in %s", "inner");
    cadre_trace (call, "in %s", "outer");
    return cadre_fail (call, "range", "%d is too large", 500);
}

static cadre_error_t s_say_little (cadre_task_t *call)
{
    (void) call;
    return CADRE_ERROR_IO;
}

static cadre_error_t s_say_much (cadre_task_t *call)
{
    char *text = malloc (100001);
    memset (text, 'x', 100000);
    memcpy (text + RUNNER_MESSAGE_BYTES - 14, "\xC3\xA9", 2);
    text [100000] = 0;
    cadre_fail (call, text, "%s", text);
    for (int i = 0; i < 3; i++)
        cadre_trace (call, "%.20000s", text);
    free (text);
    return CADRE_ERROR_TASK;
}

static void test_results (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t last_counts = {.name = "f", .run = s_last_counts};
    const cadre_value_t *value = s_serve (&room, &last_counts, cadre_value_list ());
    assert_int_equal (cadre_value_count (value), 2);
    const cadre_function_t nothing = {.name = "f", .run = s_nothing};
    assert_int_equal (cadre_value_type (s_serve (&room, &nothing, cadre_value_list ())),
                      CADRE_TYPE_NIL);
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_OK);
    s_close (&room);
}

static void test_failures (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t give_up = {.name = "f", .run = s_give_up};
    const cadre_value_t *detail = s_serve (&room, &give_up, cadre_value_list ());
    assert_int_equal (room.end.value.size, 0);
    assert_string_equal (cadre_value_text (cadre_value_get (detail, "kind")), "range");
    assert_string_equal (s_message (detail), "500 is too large");
    assert_string_equal (cadre_value_text (cadre_value_get (detail, "trace")),
                         "in inner\nin outer");
    const cadre_function_t say_little = {.name = "f", .run = s_say_little};
    detail = s_serve (&room, &say_little, cadre_value_list ());
    assert_string_equal (s_message (detail),
                         "f returned error IO (input or output failed) and gave no details");
    const cadre_function_t say_much = {.name = "f", .run = s_say_much};
    detail = s_serve (&room, &say_much, cadre_value_list ());
    assert_int_equal (strlen (s_message (detail)),
                      RUNNER_MESSAGE_BYTES - 2); // not half of a character
    assert_string_equal (s_message (detail) + RUNNER_MESSAGE_BYTES - 15, "x [truncated]");
    const char *trace = cadre_value_text (cadre_value_get (detail, "trace"));
    assert_int_equal (strlen (trace), RUNNER_TRACE_BYTES - 1);
    assert_string_equal (strchr (trace, ' '), " [truncated]");
    assert_int_equal (strlen (cadre_value_text (cadre_value_get (detail, "kind"))),
                      RUNNER_KIND_BYTES - 1);
    s_close (&room);
}

//  ---- what cannot travel ---------------------------------------------------------------

//  By number: what a function may do to its value.
static cadre_error_t s_give_odd (cadre_task_t *call)
{
    int64_t number = cadre_arg_int (call, 0);
    cadre_value_t *value = cadre_value_build ("[i,{s:s}]", number, "name", "a\xff\xfez");
    if (number == 1)
        return cadre_return_value (call, &value);
    cadre_value_destroy (&value);
    for (int i = 0; number == 2 && i < VALUE_DEPTH_MAX; i++) {
        cadre_value_t *list = cadre_value_list ();
        cadre_value_append (list, &value);
        value = list;
    }
    if (number == 2)
        return cadre_return_value (call, &value);
    if (number == 3)
        return cadre_return_text (call, "a\xff\xfe\x80z");
    if (number == 4)
        return cadre_fail (call, "k\xff", "m\xff");
    return cadre_return_int (call, number);
}

static void test_values_that_cannot_travel (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t odd = {.name = "odd", .run = s_give_odd};
    const cadre_value_t *detail = s_serve (&room, &odd, cadre_value_build ("[i]", (int64_t) 1));
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (room.end.value.size, 0);
    assert_string_equal (cadre_value_text (cadre_value_get (detail, "kind")), "value");
    assert_string_equal (s_message (detail),
                         "odd returned an invalid value: value[1][\"name\"]: a text that "
                         "is not UTF-8 (byte 0xff): bytes travel as a blob");
    detail = s_serve (&room, &odd, cadre_value_build ("[i]", (int64_t) 2));
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_message (detail), "[0]: nested deeper than 20"));
    detail = s_serve (&room, &odd, cadre_value_build ("[i]", (int64_t) 3));
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_message (detail), "value: a text that is not UTF-8"));
    detail = s_serve (&room, &odd, cadre_value_build ("[i]", (int64_t) 4));
    assert_string_equal (s_message (detail), "m?");
    assert_string_equal (cadre_value_text (cadre_value_get (detail, "kind")), "k?");
    s_close (&room);
}

//  One item's value is that item's failure; the others keep their places.
static void test_items_that_cannot_travel (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t odd = {.name = "odd", .run = s_give_odd};
    cadre_value_t *items =
        cadre_value_build ("[[i],[i],[i],[i]]", (int64_t) 7, (int64_t) 1, (int64_t) 2, (int64_t) 8);
    buffer_t payload = {0};
    value_codec_pack (&payload, items);
    cadre_value_destroy (&items);
    runner_task_t task = {.ticket = 1, .payload = {.data = payload.data, .size = payload.size}};
    call_serve_map (room.call, &odd, NULL, &task, &room.end);
    buffer_free (&payload);
    assert_int_equal (room.end.outcome, CADRE_OUTCOME_ERROR);
    room.tree = cadre_value_decode (room.end.value.data, room.end.value.size);
    assert_int_equal (cadre_value_count (room.tree), 4);
    assert_int_equal (cadre_value_int (cadre_value_at (room.tree, 0)), 7);
    assert_int_equal (cadre_value_type (cadre_value_at (room.tree, 1)), CADRE_TYPE_FAILURE);
    assert_int_equal (cadre_value_type (cadre_value_at (room.tree, 2)), CADRE_TYPE_FAILURE);
    assert_int_equal (cadre_value_int (cadre_value_at (room.tree, 3)), 8);
    s_close (&room);
}

//  ---- where it runs ---------------------------------------------------------------------

static cadre_error_t s_look_around (cadre_task_t *call)
{
    room_t *room = cadre_task_state (call);
    assert_int_equal (cadre_task_job (call), 42);
    assert_int_equal (cadre_task_index (call), 17);
    assert_int_equal (cadre_task_attempt (call), 2);
    assert_int_equal (cadre_task_slot (call), 4);
    assert_string_equal (cadre_task_broker (call), "ipc:///here");
    assert_false (cadre_task_cancelled (call));
    ticket_cancel (&room->page, 2);
    assert_false (cadre_task_cancelled (call));
    ticket_cancel (&room->page, 1);
    return cadre_return_bool (call, cadre_task_cancelled (call));
}

static void test_surroundings (void **state)
{
    (void) state;
    room_t room;
    s_open (&room);
    const cadre_function_t function = {.name = "f", .run = s_look_around};
    assert_true (cadre_value_bool (s_serve (&room, &function, cadre_value_list ())));
    s_close (&room);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_arguments),
        cmocka_unit_test (test_wrong_type_wins),
        cmocka_unit_test (test_takes),
        cmocka_unit_test (test_results),
        cmocka_unit_test (test_failures),
        cmocka_unit_test (test_surroundings),
        cmocka_unit_test (test_values_that_cannot_travel),
        cmocka_unit_test (test_items_that_cannot_travel),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
