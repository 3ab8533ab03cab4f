//  items_test.c - maps whose items crash, hang or fail: each item alone has what it has coming

#include <cadre.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ITEMS 200
#define WITNESS "CADRE_TEST_WITNESS" //  Names a file: a line for each call

//  ---- functions ---------------------------------------------------------------------------

static void s_witness (int64_t item)
{
    const char *path = getenv (WITNESS);
    char line [32];
    int fd = open (path ? path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT, 0600);
    int size = snprintf (line, sizeof line, "%lld\n", (long long) item);
    if (write (fd, line, (size_t) size) != size)
        abort ();
    close (fd);
}

//  The item's number tells what it does: 100 kills its slot, 150 hangs, 170 fails; others say how
//  often they were tried.
static cadre_error_t s_moody (cadre_task_t *task)
{
    int64_t item = cadre_arg_int (task, 0);
    s_witness (item);
    if (cadre_task_index (task) != (uint32_t) item)
        return cadre_fail (task, "place", "item %lld was told that it is number %u",
                           (long long) item, cadre_task_index (task));
    if (item == 100)
        raise (SIGKILL);
    if (item == 150)
        pause ();
    if (item == 170)
        return cadre_fail (task, "mood", "not today");
    return cadre_return_int (task, cadre_task_attempt (task));
}

//  Items 7 and 8 kill their slots twice.
static cadre_error_t s_stubborn (cadre_task_t *task)
{
    int64_t item = cadre_arg_int (task, 0);
    s_witness (item);
    if ((item == 7 || item == 8) && cadre_task_attempt (task) < 3)
        raise (SIGSEGV);
    return cadre_return_int (task, cadre_task_attempt (task));
}

//  Says that it has begun, and goes on until it is cancelled. Then it fails, or returns a value all
//  the same.
static cadre_error_t s_obedient (cadre_task_t *task)
{
    cadre_value_t *here = cadre_value_nil ();
    cadre_task_emit (task, &here);
    while (!cadre_task_cancelled (task))
        usleep (1000);
    return cadre_arg_bool (task, 0) ? cadre_fail (task, "own", "it was cancelled")
                                    : cadre_return_int (task, 7);
}

static const cadre_function_t s_functions [] = {
    {.name = "moody", .run = s_moody, .takes = "i"},
    {.name = "stubborn", .run = s_stubborn, .takes = "i"},
    {.name = "obedient", .run = s_obedient, .takes = "b"},
    {0}};

//  ---- tests ---------------------------------------------------------------------------------

static char s_path [] = "items_test.XXXXXX";

static cadre_t *s_open (void)
{
    memcpy (s_path + sizeof s_path - 7, "XXXXXX", 6);
    close (mkstemp (s_path));
    setenv (WITNESS, s_path, 1);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 2});
    assert_non_null (pool);
    return pool;
}

static int s_tear_down (void **state)
{
    (void) state;
    unlink (s_path);
    return 0;
}

//  How often each item was begun.
static void s_count (unsigned begun [ITEMS])
{
    FILE *file = fopen (s_path, "r");
    int item;
    memset (begun, 0, ITEMS * sizeof *begun);
    assert_non_null (file);
    while (fscanf (file, "%d", &item) == 1)
        begun [item]++;
    fclose (file);
}

static cadre_value_t *s_items (void)
{
    cadre_value_t *items = cadre_value_list ();
    for (int64_t i = 0; i < ITEMS; i++) {
        cadre_value_t *item = cadre_value_of_int (i);
        cadre_value_append (items, &item);
    }
    return items;
}

static void s_check_failure (const cadre_value_t *results, size_t item, const char *kind,
                             const char *message)
{
    const cadre_value_t *failure = cadre_value_at (results, item);
    assert_int_equal (cadre_value_type (failure), CADRE_TYPE_FAILURE);
    assert_string_equal (cadre_value_text (cadre_value_at (failure, 0)), kind);
    assert_non_null (strstr (cadre_value_text (cadre_value_at (failure, 1)), message));
}

//  Whatever the chunk: three items fail, each for its own reason, and all were begun once.
static void s_check_moody (size_t chunk)
{
    cadre_t *pool = s_open ();
    cadre_value_t *items = s_items (), *results = NULL;
    cadre_map_options_t options = {.job = {.timeout_ms = 300, .grace_ms = 20, .no_rerun = true},
                                   .chunk = chunk};
    unsigned begun [ITEMS];
    assert_int_equal (cadre_map (pool, "moody", items, &options, &results), CADRE_ERROR_TASK);
    assert_int_equal (strncmp (cadre_message (pool), "item 100: signal: ", 18), 0);
    assert_int_equal (cadre_value_count (results), ITEMS);
    s_count (begun);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal (begun [i], 1);
        if (i != 100 && i != 150 && i != 170)
            assert_int_equal (cadre_value_int (cadre_value_at (results, i)), 1);
    }
    s_check_failure (results, 100, "signal", "item 100 of map");
    s_check_failure (results, 150, "timeout", "item 150 of map");
    s_check_failure (results, 170, "mood", "not today");
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
    assert_int_equal (cadre_close (&pool, 10000), CADRE_OK);
}

static void test_chosen_chunks (void **state)
{
    (void) state;
    s_check_moody (0);
}

static void test_large_chunks (void **state)
{
    (void) state;
    s_check_moody (ITEMS);
}

static void test_crashes_are_tried_again_alone (void **state)
{
    (void) state;
    cadre_t *pool = s_open ();
    int64_t items [ITEMS], results [ITEMS];
    for (int64_t i = 0; i < ITEMS; i++)
        items [i] = i;
    cadre_map_options_t options = {.job = {.retries = 2, .backoff_ms = 1}, .chunk = 50};
    unsigned begun [ITEMS];
    assert_int_equal (cadre_map_int (pool, "stubborn", items, ITEMS, &options, results), CADRE_OK);
    s_count (begun);
    for (size_t i = 0; i < ITEMS; i++) {
        unsigned tries = i == 7 || i == 8 ? 3 : 1;
        assert_int_equal (begun [i], tries);
        assert_int_equal (results [i], tries);
    }
    assert_int_equal (cadre_close (&pool, 10000), CADRE_OK);
}

typedef struct stream {
    int64_t next; //  Item
} stream_t;

static cadre_value_t *s_give (void *argument)
{
    stream_t *self = argument;
    return self->next == ITEMS ? NULL : cadre_value_of_int (self->next++);
}

//  In their order, or as they come: with what failed in its place.
static void test_iterator (void **state)
{
    (void) state;
    for (int unordered = 0; unordered < 2; unordered++) {
        cadre_t *pool = s_open ();
        stream_t stream = {0};
        cadre_map_options_t options = {
            .job = {.retries = 2, .backoff_ms = 1}, .chunk = 20, .unordered = unordered};
        cadre_imap_t *imap = cadre_imap (pool, "stubborn", s_give, &stream, &options);
        unsigned begun [ITEMS], seen [ITEMS] = {0};
        cadre_value_t *value;
        size_t index, count = 0;
        while (cadre_imap_next (imap, &value, &index, 20000) == CADRE_OK) {
            assert_true (unordered || index == count);
            assert_int_equal (cadre_value_int (value), index == 7 || index == 8 ? 3 : 1);
            seen [index]++;
            count++;
            cadre_value_destroy (&value);
        }
        assert_int_equal (count, ITEMS);
        s_count (begun);
        for (size_t i = 0; i < ITEMS; i++)
            assert_true (seen [i] == 1 && begun [i] == (i == 7 || i == 8 ? 3 : 1));
        cadre_imap_destroy (&imap);
        assert_int_equal (cadre_close (&pool, 10000), CADRE_OK);
        unlink (s_path);
    }
}

//  As the header says it, for tasks alone: what is returned after all counts, and a failure does
//  not.
static void test_cancelled_calls (void **state)
{
    (void) state;
    cadre_t *pool = s_open ();
    for (int fails = 0; fails < 2; fails++) {
        cadre_future_t *future = cadre_submit (pool, "obedient", "b", fails);
        cadre_value_t *here = NULL;
        assert_int_equal (cadre_future_next (future, &here, 20000), CADRE_OK);
        cadre_value_destroy (&here);
        assert_int_equal (cadre_future_cancel (future), CADRE_OK);
        assert_int_equal (cadre_future_wait (future, 20000), fails ? CADRE_ERROR_TASK : CADRE_OK);
        assert_int_equal (cadre_future_outcome (future),
                          fails ? CADRE_OUTCOME_CANCELLED : CADRE_OUTCOME_OK);
        cadre_future_destroy (&future);
    }
    assert_int_equal (cadre_close (&pool, 10000), CADRE_OK);
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_teardown (test_chosen_chunks, s_tear_down),
        cmocka_unit_test_teardown (test_large_chunks, s_tear_down),
        cmocka_unit_test_teardown (test_crashes_are_tried_again_alone, s_tear_down),
        cmocka_unit_test_teardown (test_iterator, s_tear_down),
        cmocka_unit_test_teardown (test_cancelled_calls, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
