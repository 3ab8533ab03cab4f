//  map_items_test.c - a slot serves the items of a map one by one

#include "common/value.h"
#include "tests/lib/fakes/fake_worker.h"
#include "worker/shared/item_values.h"
#include "worker/shared/map_items.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define WINDOW (1u << 20)

//  What a call knows of itself.
static cadre_error_t s_self (cadre_task_t *call)
{
    return cadre_return_int (call,
                             cadre_task_index (call) * INT64_C (100) + cadre_task_attempt (call));
}

static cadre_error_t s_blob (cadre_task_t *call)
{
    size_t size = (size_t) cadre_arg_int (call, 0);
    void *bytes = calloc (1, size);
    cadre_error_t error = cadre_return_blob (call, bytes, size);
    free (bytes);
    return error;
}

static cadre_error_t s_wait (cadre_task_t *call)
{
    cadre_task_log (call, "here");
    while (!cadre_task_cancelled (call))
        ;
    return cadre_return_int (call, 1);
}

static const cadre_function_t s_functions [] = {{.name = "self", .run = s_self},
                                                {.name = "blob", .run = s_blob, .takes = "i"},
                                                {.name = "wait", .run = s_wait},
                                                {0}};

static fake_result_t *s_run (fake_worker_t **worker, const char *function, cadre_value_t *payload)
{
    *worker = fake_worker_new (s_functions, true, NULL);
    assert_int_equal (fake_worker_start (*worker, NULL, NULL), 0);
    fake_worker_job (*worker, 5, WIRE_KIND_MAP, function, NULL);
    fake_worker_task (*worker, 5, WINDOW, &payload);
    return fake_worker_result (*worker);
}

static void test_place_and_tries (void **state)
{
    (void) state;
    fake_worker_t *worker;
    fake_result_t *result =
        s_run (&worker, "self", cadre_value_build ("[u,u,[],[]]", UINT64_C (30), UINT64_C (2)));
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_count (result->value), 2);
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 0)), 3003);
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 1)), 3103);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

//  What no longer fits where it survives is not begun, unless nobody could begin it elsewhere.
static void test_as_many_as_survive (void **state)
{
    (void) state;
    fake_worker_t *worker;
    int64_t size = ITEM_VALUES_BYTES / 2;
    cadre_value_t *payload = cadre_value_build ("[u,u,[i],[i],[i],[i]]", UINT64_C (0), UINT64_C (0),
                                                size, size, size, size);
    fake_result_t *result = s_run (&worker, "blob", payload);
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_count (result->value), 2);
    assert_int_equal (fake_worker_destroy (&worker), 0);
    result =
        s_run (&worker, "blob", cadre_value_build ("[[i],[i],[i],[i]]", size, size, size, size));
    assert_int_equal (cadre_value_count (result->value), 4);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

//  Items that are done keep their values.
static void test_cancelled (void **state)
{
    (void) state;
    fake_worker_t *worker = fake_worker_new (s_functions, true, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, NULL), 0);
    fake_worker_job (worker, 5, WIRE_KIND_MAP, "wait", NULL);
    cadre_value_t *payload = cadre_value_build ("[u,u,[],[]]", UINT64_C (0), UINT64_C (0));
    uint32_t ticket = fake_worker_task (worker, 5, WINDOW, &payload);
    assert_int_equal (fake_worker_output (worker), CADRE_STREAM_LOG);
    fake_worker_cancel (worker, ticket);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_CANCELLED);
    assert_int_equal (cadre_value_count (result->value), 1);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_payloads (void **state)
{
    (void) state;
    static const uint8_t told [] = {0x93, 5, 1, 0x90}, plain [] = {0x92, 0x90, 0x90},
                              none [] = {0x90}, half [] = {0x92, 5, 0x90};
    map_items_t items;
    assert_true (map_items_of (&items, (view_t){told, sizeof told}) && items.told);
    assert_true (items.first == 5 && items.tries == 1 && items.count == 1);
    assert_true (map_items_of (&items, (view_t){plain, sizeof plain}) && !items.told
                 && items.count == 2);
    assert_true (map_items_of (&items, (view_t){none, sizeof none}) && !items.told
                 && items.count == 0);
    assert_true (map_items_of (&items, (view_t){half, sizeof half}) && !items.told
                 && items.count == 2);
    assert_false (map_items_of (&items, (view_t){half + 1, 1}));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_place_and_tries),
        cmocka_unit_test (test_as_many_as_survive),
        cmocka_unit_test (test_cancelled),
        cmocka_unit_test (test_payloads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
