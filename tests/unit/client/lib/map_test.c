//  map_test.c - maps and iterators against a broker driven by hand

#include <cadre.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/lib/map.h"
#include "common/pack.h"
#include "common/value.h"
#include "tests/lib/fakes/fake_broker.h"

#define WAIT_MS 10000

typedef struct rig {
    fake_broker_t *broker;
    cadre_t *pool;
    pthread_t thread; //  Of a map's worker
    int64_t fails;    //  Item that fails, or -1
    size_t wanted;    //  Items to be served
    size_t chunks;    //  Tasks that it saw
    size_t largest;   //  Items of the largest of them
    bool whole;       //  Whole chunks fail
    uint64_t mute;    //  No chunk from this item on is answered; 0: all are
} rig_t;

static rig_t s_begin (void)
{
    rig_t self = {.broker = fake_broker_new (FAKE_BROKER_WELCOME, 100000), .fails = -1};
    self.pool = cadre_open (fake_broker_address (self.broker), NULL);
    assert_non_null (self.pool);
    return self;
}

static void s_end (rig_t *self)
{
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->broker);
}

//  ---- maps: a thread squares the first argument of each item
//  -------------------------------------

static void s_square (rig_t *self, cursor_t *items, buffer_t *values)
{
    size_t arguments = 0, elements = 0;
    int64_t sum = 0, number = 0;
    assert_true (cursor_array (items, &arguments));
    for (size_t i = 0; i < arguments; i++) {
        elements = 1;
        if (cursor_peek (items) == CURSOR_ARRAY)
            assert_true (cursor_array (items, &elements));
        for (; elements; elements--) {
            assert_true (cursor_int (items, &number));
            sum += number;
        }
    }
    if (sum == self->fails)
        value_codec_pack_failure (values, "range", "too large", "in square");
    else
        pack_int (values, sum * sum);
}

//  Returns how many items it has.
static size_t s_serve_chunk (rig_t *self, uint64_t ref, uint64_t index, cursor_t *payload)
{
    size_t count = 0;
    uint64_t first, tries;
    buffer_t values = {0}, list = {0};
    assert_true (cursor_array (payload, &count));
    assert_true (cursor_uint (payload, &first) && cursor_uint (payload, &tries));
    assert_int_equal (tries, 0);
    count -= 2;
    self->largest = count > self->largest ? count : self->largest;
    pack_array (&values, count);
    for (size_t i = 0; i < count; i++)
        s_square (self, payload, &values);
    if (self->mute && first >= self->mute)
        ;
    else if (self->whole)
        fake_broker_failed (self->broker, ref, index, CADRE_OUTCOME_WORKER_LOST, "", "gone");
    else {
        wire_result_t result = {.ref = ref,
                                .index = index,
                                .attempt = 1,
                                .outcome = CADRE_OUTCOME_OK,
                                .value = wire_view_of (&values)};
        wire_pack_result (&list, &result);
        wire_results_t results = {.results = wire_list_of (&list, 1)};
        buffer_t frame = {0};
        wire_write_results (&frame, (wire_envelope_t){0}, &results);
        fake_broker_send (self->broker, &frame);
    }
    self->chunks++;
    buffer_free (&values);
    buffer_free (&list);
    return count;
}

static void *s_serve (void *argument)
{
    rig_t *self = argument;
    uint64_t total = 0;
    while (total < self->wanted) {
        cursor_t body = fake_broker_expect (self->broker, WIRE_job_tasks);
        wire_job_tasks_t tasks;
        assert_true (wire_read_job_tasks (&body, &tasks));
        cursor_t payloads = cursor_of_view (tasks.payloads.values);
        for (size_t i = 0; i < tasks.payloads.count; i++)
            total += s_serve_chunk (self, tasks.ref, tasks.first + i, &payloads);
    }
    return NULL;
}

static void s_work (rig_t *self, size_t items)
{
    self->wanted = items;
    self->chunks = self->largest = 0;
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
}

static cadre_value_t *s_numbers (int64_t count)
{
    cadre_value_t *list = cadre_value_list ();
    for (int64_t i = 0; i < count; i++) {
        cadre_value_t *number = cadre_value_of_int (i);
        cadre_value_append (list, &number);
    }
    return list;
}

static void test_map_in_chunks_of_its_choice (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    int64_t items [1280], results [1280];
    for (int i = 0; i < 1280; i++)
        items [i] = i;
    s_work (&rig, 1280);
    assert_int_equal (cadre_map_int (rig.pool, "square", items, 1280, NULL, results), CADRE_OK);
    pthread_join (rig.thread, NULL);
    assert_in_range (rig.chunks, 128, 1279); //  Several for a slot, and yet fewer than items
    assert_in_range (rig.largest, 2, 10);
    for (int i = 0; i < 1280; i++)
        assert_int_equal (results [i], i * i);
    assert_int_equal (cadre_map_int (rig.pool, "square", NULL, 0, NULL, NULL), CADRE_OK);
    s_end (&rig);
}

static void test_map_keeps_order_and_marks_failures (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_value_t *items = s_numbers (10), *results = NULL;
    rig.fails = 4;
    s_work (&rig, 10);
    cadre_map_options_t options = {.chunk = 3};
    assert_int_equal (cadre_map (rig.pool, "square", items, &options, &results), CADRE_ERROR_TASK);
    pthread_join (rig.thread, NULL);
    assert_string_equal (cadre_message (rig.pool), "item 4: range: too large");
    assert_int_equal (cadre_value_count (results), 10);
    assert_int_equal (cadre_value_int (cadre_value_at (results, 9)), 81);
    assert_int_equal (cadre_value_type (cadre_value_at (results, 4)), CADRE_TYPE_FAILURE);
    assert_string_equal (cadre_value_text (cadre_value_at (cadre_value_at (results, 4), 1)),
                         "too large");
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
    s_end (&rig);
}

static void test_map_a_lost_chunk_fails_its_items (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    double items [4] = {1, 2, 3, 4}, results [4] = {9, 9, 9, 9};
    cadre_map_options_t options = {.chunk = 2};
    rig.whole = true;
    //  The worker reads integers, which doubles are not
    int64_t numbers [4] = {1, 2, 3, 4}, squares [4] = {9, 9, 9, 9};
    s_work (&rig, 4);
    assert_int_equal (cadre_map_int (rig.pool, "square", numbers, 4, &options, squares),
                      CADRE_ERROR_TASK);
    pthread_join (rig.thread, NULL);
    assert_string_equal (cadre_message (rig.pool), "item 0: worker-lost: gone");
    assert_int_equal (squares [3], 0);
    options.batch = 2;
    assert_int_equal (cadre_map_double (rig.pool, "square", items, 4, &options, results),
                      CADRE_ERROR_ARGUMENT);
    s_end (&rig);
}

static void test_map_batch_and_spread (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_value_t *items = s_numbers (5), *results = NULL;
    s_work (&rig, 3);
    assert_int_equal (
        cadre_map (rig.pool, "square", items, &(cadre_map_options_t){.batch = 2}, &results),
        CADRE_OK);
    pthread_join (rig.thread, NULL);
    assert_int_equal (cadre_value_count (results), 3);
    assert_int_equal (cadre_value_int (cadre_value_at (results, 1)), 25);
    assert_int_equal (cadre_value_int (cadre_value_at (results, 2)), 16);
    cadre_value_destroy (&results);
    cadre_map_options_t spread = {.spread = true};
    assert_int_equal (cadre_map (rig.pool, "square", items, &spread, &results),
                      CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (cadre_message (rig.pool), "item 0"));
    cadre_value_t *pairs =
        cadre_value_build ("[[i, i], [i, i]]", (int64_t) 1, (int64_t) 2, (int64_t) 3, (int64_t) 4);
    s_work (&rig, 2);
    assert_int_equal (cadre_map (rig.pool, "square", pairs, &spread, &results), CADRE_OK);
    pthread_join (rig.thread, NULL);
    assert_int_equal (cadre_value_int (cadre_value_at (results, 1)), 49);
    cadre_value_destroy (&results);
    spread.batch = 2;
    assert_int_equal (cadre_map (rig.pool, "square", pairs, &spread, &results),
                      CADRE_ERROR_ARGUMENT);
    spread = (cadre_map_options_t){.timeout_ms = 20};
    assert_int_equal (cadre_map (rig.pool, "square", pairs, &spread, &results),
                      CADRE_ERROR_TIMEOUT);
    assert_int_equal (cadre_value_count (results), 2);
    cadre_value_destroy (&results);
    cadre_value_destroy (&items);
    cadre_value_destroy (&pairs);
    s_end (&rig);
}

#define TIMES_OUT_MS 2000

//  What came is there, and what is missing says so.
static void test_map_that_times_out (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_value_t *items = s_numbers (6), *results = NULL;
    cadre_map_options_t options = {.chunk = 1, .timeout_ms = TIMES_OUT_MS};
    rig.fails = 1;
    rig.mute = 4;
    s_work (&rig, 6);
    assert_int_equal (cadre_map (rig.pool, "square", items, &options, &results),
                      CADRE_ERROR_TIMEOUT);
    pthread_join (rig.thread, NULL);
    assert_string_equal (cadre_message (rig.pool), "2 of 6 items have no result after 2000 ms");
    static const char *const kinds [] = {"", "range", "", "", "unfinished", "unfinished"};
    assert_int_equal (cadre_value_count (results), 6);
    for (size_t i = 0; i < 6; i++) {
        const cadre_value_t *result = cadre_value_at (results, i);
        assert_string_equal (cadre_value_text (cadre_value_at (result, 0)), kinds [i]);
        assert_true (*kinds [i] || cadre_value_int (result) == (int64_t) (i * i));
    }
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
    s_end (&rig);
}

static void test_map_of_numbers_that_times_out (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    int64_t items [] = {2, 3, 4, 5, 6}, results [] = {9, 9, 9, 9, 9};
    bool valid [] = {true, true, true, true, true};
    cadre_map_options_t options = {.chunk = 1, .timeout_ms = TIMES_OUT_MS, .valid = valid};
    rig.fails = 3;
    rig.mute = 3;
    s_work (&rig, 5);
    assert_int_equal (cadre_map_int (rig.pool, "square", items, 5, &options, results),
                      CADRE_ERROR_TIMEOUT);
    pthread_join (rig.thread, NULL);
    assert_memory_equal (valid, ((bool []){true, false, true, false, false}), sizeof valid);
    assert_memory_equal (results, ((int64_t []){4, 0, 16, 9, 9}), sizeof results);
    s_end (&rig);
}

static cadre_value_t *s_nested (int depth)
{
    cadre_value_t *value = cadre_value_of_int (7);
    for (int i = 0; i < depth; i++) {
        cadre_value_t *outer = cadre_value_list ();
        assert_int_equal (cadre_value_append (outer, &value), CADRE_OK);
        value = outer;
    }
    return value;
}

//  Whatever else is in its chunk, the item that cannot be sent is named by its index.
static void test_map_of_an_invalid_item (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_value_t *items = s_numbers (5), *results = NULL, *deep = s_nested (20);
    assert_int_equal (cadre_value_append (items, &deep), CADRE_OK);
    cadre_map_options_t options = {.batch = 2, .chunk = 10};
    assert_int_equal (cadre_map (rig.pool, "square", items, &options, &results),
                      CADRE_ERROR_ARGUMENT);
    assert_int_equal (strncmp (cadre_message (rig.pool), "item 2: arguments[0][1][0]", 26), 0);
    assert_non_null (strstr (cadre_message (rig.pool), "nested deeper than 20"));
    assert_null (results);
    cadre_value_destroy (&items);
    s_end (&rig);
}

//  Nothing comes back: items take long. All of them go out, alone, since nobody knows how many
//  slots wait for them.
static void test_map_of_long_items (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    int64_t items [500] = {0}, results [500];
    cadre_map_options_t options = {.timeout_ms = 1000};
    assert_int_equal (cadre_map_int (rig.pool, "square", items, 500, &options, results),
                      CADRE_ERROR_TIMEOUT);
    size_t tasks = 0;
    while (fake_broker_waiting (rig.broker, WIRE_job_tasks)) {
        wire_job_tasks_t fields;
        cursor_t body = fake_broker_expect (rig.broker, WIRE_job_tasks);
        assert_true (wire_read_job_tasks (&body, &fields));
        tasks += fields.payloads.count;
    }
    assert_in_range (tasks, 400, 500);
    s_end (&rig);
}

//  ---- iterators -------------------------------------------------------------------------------

typedef struct source {
    int64_t next, end; //  Numbers still to come
} source_t;

static cadre_value_t *s_give (void *argument)
{
    source_t *self = argument;
    return self->next == self->end ? NULL : cadre_value_of_int (self->next++);
}

static void test_imap_takes_no_more_than_its_window (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {0, 1000};
    cadre_map_options_t options = {.window = 10, .chunk = 2};
    cadre_imap_t *imap = cadre_imap (rig.pool, "square", s_give, &source, &options);
    assert_int_equal (source.next, 0);
    cadre_value_t *value = NULL;
    //  A source that the machine interrupts is taken for a slow one: then the window is filled in
    //  several calls
    for (int call = 0; call < 1000 && source.next < 10; call++)
        assert_int_equal (cadre_imap_next (imap, &value, NULL, 0), CADRE_ERROR_TIMEOUT);
    assert_int_equal (cadre_imap_next (imap, &value, NULL, 0), CADRE_ERROR_TIMEOUT);
    assert_int_equal (source.next, 10);
    s_work (&rig, 1000);
    for (size_t i = 0; i < 1000; i++) {
        size_t index = 0;
        assert_int_equal (cadre_imap_next (imap, &value, &index, WAIT_MS), CADRE_OK);
        assert_int_equal (index, i);
        assert_int_equal (cadre_value_int (value), i * i);
        assert_true (source.next <= (int64_t) i + 11);
        cadre_value_destroy (&value);
    }
    assert_int_equal (cadre_imap_next (imap, &value, NULL, WAIT_MS), CADRE_ERROR_END);
    pthread_join (rig.thread, NULL);
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

//  Takes longer than the iterator wants to wait between two looks at what has come.
static cadre_value_t *s_give_slowly (void *argument)
{
    usleep (2000);
    return s_give (argument);
}

//  Results come while the source goes on, and a timeout is over before it has filled the window.
static void test_imap_of_a_slow_source (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {0, 1000};
    cadre_imap_t *imap = cadre_imap (rig.pool, "square", s_give_slowly, &source, NULL);
    cadre_value_t *value = NULL;
    assert_int_equal (cadre_imap_next (imap, &value, NULL, 20), CADRE_ERROR_TIMEOUT);
    assert_in_range (source.next, 1, 20);
    source.end = source.next + 100;
    s_work (&rig, (size_t) source.end);
    assert_int_equal (cadre_imap_next (imap, &value, NULL, WAIT_MS), CADRE_OK);
    assert_true (source.next < source.end);
    for (; value; cadre_imap_next (imap, &value, NULL, WAIT_MS))
        cadre_value_destroy (&value);
    pthread_join (rig.thread, NULL);
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

static cadre_value_t *s_give_later (void *argument)
{
    source_t *self = argument;
    return self->end == self->next ? cadre_imap_later () : s_give (argument);
}

//  A source that has nothing now does not end, and what it gave before has gone out.
static void test_imap_of_a_source_with_nothing (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {0, 3};
    cadre_map_options_t options = {.chunk = 10};
    cadre_imap_t *imap = cadre_imap (rig.pool, "square", s_give_later, &source, &options);
    cadre_value_t *value = NULL;
    for (int64_t round = 0; round < 2; round++) {
        s_work (&rig, 3);
        for (int64_t i = 0; i < 3; i++) {
            assert_int_equal (cadre_imap_next (imap, &value, NULL, WAIT_MS), CADRE_OK);
            cadre_value_destroy (&value);
        }
        pthread_join (rig.thread, NULL);
        assert_int_equal (cadre_imap_next (imap, &value, NULL, 1), CADRE_ERROR_TIMEOUT);
        source.end += 3;
    }
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

//  The reason of a wait comes once.
static void test_imap_of_a_function_that_waits (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {0, 1};
    cadre_imap_t *imap = cadre_imap (rig.pool, "square", s_give, &source, NULL);
    cadre_value_t *value = NULL;
    assert_int_equal (cadre_imap_next (imap, &value, NULL, 1), CADRE_ERROR_TIMEOUT);
    assert_string_equal (cadre_imap_notice (imap), "");
    wire_job_open_t open;
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_open);
    assert_true (wire_read_job_open (&body, &open));
    wire_notice_t notice = {.ref = open.ref,
                            .code = CADRE_ERROR_NO_WORKER,
                            .message = wire_view ("no worker offers square")};
    buffer_t frame = {0};
    wire_write_notice (&frame, (wire_envelope_t){0}, &notice);
    fake_broker_send (rig.broker, &frame);
    const char *text = "";
    for (int left = WAIT_MS; left > 0 && !*text; left--) {
        assert_int_equal (cadre_imap_next (imap, &value, NULL, 1), CADRE_ERROR_TIMEOUT);
        text = cadre_imap_notice (imap);
    }
    assert_string_equal (text, "no worker offers square");
    assert_string_equal (cadre_imap_notice (imap), "");
    assert_string_equal (cadre_imap_notice (NULL), "");
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

static cadre_value_t *s_give_deeper (void *argument)
{
    source_t *self = argument;
    return self->next == self->end ? NULL : s_nested ((int) self->next++);
}

static void test_imap_of_an_invalid_item (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {18, 22};
    cadre_value_t *value = NULL;
    cadre_map_options_t options = {.chunk = 10};
    cadre_imap_t *imap = cadre_imap (rig.pool, "square", s_give_deeper, &source, &options);
    assert_int_equal (cadre_imap_next (imap, &value, NULL, WAIT_MS), CADRE_ERROR_ARGUMENT);
    assert_int_equal (strncmp (cadre_imap_message (imap), "item 3: arguments[0][0]", 23), 0);
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

static void test_imap_goes_on_after_a_failure (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    source_t source = {0, 5};
    rig.fails = 2;
    s_work (&rig, 5);
    cadre_imap_t *imap =
        cadre_imap (rig.pool, "square", s_give, &source, &(cadre_map_options_t){.unordered = true});
    size_t failures = 0, values = 0, index = 0;
    cadre_value_t *value = NULL;
    cadre_error_t error;
    while ((error = cadre_imap_next (imap, &value, &index, WAIT_MS)) != CADRE_ERROR_END) {
        failures += error == CADRE_ERROR_TASK && index == 2
                    && cadre_value_type (value) == CADRE_TYPE_FAILURE;
        values += error == CADRE_OK && cadre_value_int (value) == (int64_t) (index * index);
        cadre_value_destroy (&value);
    }
    assert_int_equal (failures, 1);
    assert_int_equal (values, 4);
    assert_string_equal (cadre_imap_message (imap), "item 2: range: too large");
    pthread_join (rig.thread, NULL);
    cadre_imap_destroy (&imap);
    imap = cadre_imap (rig.pool, "square", NULL, NULL, NULL);
    assert_int_equal (cadre_imap_next (imap, &value, NULL, 0), CADRE_ERROR_ARGUMENT);
    cadre_imap_destroy (&imap);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_map_in_chunks_of_its_choice),
        cmocka_unit_test (test_map_keeps_order_and_marks_failures),
        cmocka_unit_test (test_map_a_lost_chunk_fails_its_items),
        cmocka_unit_test (test_map_batch_and_spread),
        cmocka_unit_test (test_map_that_times_out),
        cmocka_unit_test (test_map_of_numbers_that_times_out),
        cmocka_unit_test (test_map_of_an_invalid_item),
        cmocka_unit_test (test_map_of_long_items),
        cmocka_unit_test (test_imap_takes_no_more_than_its_window),
        cmocka_unit_test (test_imap_of_a_slow_source),
        cmocka_unit_test (test_imap_of_a_source_with_nothing),
        cmocka_unit_test (test_imap_of_a_function_that_waits),
        cmocka_unit_test (test_imap_of_an_invalid_item),
        cmocka_unit_test (test_imap_goes_on_after_a_failure),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
