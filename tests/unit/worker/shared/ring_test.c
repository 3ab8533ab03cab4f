//  ring_test.c - every byte once and in order, at the wrap too; a slot that waits; a head that
//  cannot be

#include "worker/shared/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define STREAM_BYTES (40u * RING_BYTES + 12345u)
#define PIECE_MAX 70000u

static ring_t ring;
static ring_writer_t writer;
static ring_reader_t reader;

static int s_setup (void **state)
{
    (void) state;
    memset (&ring, 0, sizeof ring);
    writer = (ring_writer_t){.ring = &ring};
    reader = (ring_reader_t){.ring = &ring};
    return 0;
}

static void s_what_is_published_can_be_taken (void **state)
{
    buffer_t got = {0};
    (void) state;
    assert_true (ring_take (&reader, &got));
    assert_int_equal (got.size, 0);
    assert_int_equal (ring_put (&writer, "hello ", 6), 6);
    assert_int_equal (ring_put (&writer, "world", 5), 5);
    assert_true (ring_take (&reader, &got));
    assert_int_equal (got.size, 11);
    assert_memory_equal (got.data, "hello world", 11);
    assert_true (ring_take (&reader, &got));
    assert_int_equal (got.size, 11);
    buffer_free (&got);
}

static void s_a_full_ring_takes_no_more (void **state)
{
    static uint8_t bytes [RING_BYTES + 10];
    buffer_t got = {0};
    (void) state;
    assert_int_equal (ring_put (&writer, bytes, sizeof bytes), RING_BYTES);
    assert_int_equal (ring_put (&writer, bytes, 1), 0);
    ring_wait (&writer, 1);
    assert_true (ring_take (&reader, &got));
    assert_int_equal (got.size, RING_BYTES);
    assert_int_equal (ring_put (&writer, bytes, sizeof bytes), RING_BYTES);
    buffer_free (&got);
}

static void s_a_head_that_cannot_be_is_noticed (void **state)
{
    static const uint32_t heads [] = {UINT32_MAX, 99, 100 + RING_BYTES + 1};
    static uint8_t bytes [100];
    buffer_t got = {0};
    (void) state;
    for (size_t i = 0; i < sizeof heads / sizeof heads [0]; i++) {
        s_setup (state);
        ring_put (&writer, bytes, sizeof bytes);
        assert_true (ring_take (&reader, &got));
        buffer_clear (&got);
        ring.head = heads [i];
        assert_false (ring_take (&reader, &got));
        assert_int_equal (got.size, 0);
    }
    buffer_free (&got);
}

static uint8_t s_byte_at (size_t place)
{
    return (uint8_t) (place * 2654435761u >> 13);
}

static void *s_write (void *argument)
{
    static uint8_t piece [PIECE_MAX];
    (void) argument;
    for (size_t done = 0, size = 1; done < STREAM_BYTES; size = size * 7 % PIECE_MAX + 1) {
        size_t left = STREAM_BYTES - done < size ? STREAM_BYTES - done : size;
        for (size_t i = 0; i < left; i++)
            piece [i] = s_byte_at (done + i);
        for (size_t put = 0; put < left;) {
            size_t count = ring_put (&writer, piece + put, left - put);
            put += count;
            if (count == 0)
                ring_wait (&writer, 60000);
        }
        done += left;
    }
    return NULL;
}

static void s_two_threads_pass_a_stream (void **state)
{
    pthread_t thread;
    buffer_t got = {0};
    (void) state;
    writer.head = UINT32_MAX - 1000; //  The counts wrap on the way
    reader.tail = ring.head = ring.tail = writer.head;
    assert_int_equal (pthread_create (&thread, NULL, s_write, NULL), 0);
    for (size_t done = 0; done < STREAM_BYTES;) {
        assert_true (ring_take (&reader, &got));
        for (size_t i = 0; i < got.size; i++)
            if (got.data [i] != s_byte_at (done + i))
                fail_msg ("byte %zu is another", done + i);
        done += got.size;
        buffer_clear (&got);
    }
    pthread_join (thread, NULL);
    buffer_free (&got);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup (s_what_is_published_can_be_taken, s_setup),
        cmocka_unit_test_setup (s_a_full_ring_takes_no_more, s_setup),
        cmocka_unit_test_setup (s_a_head_that_cannot_be_is_noticed, s_setup),
        cmocka_unit_test_setup (s_two_threads_pass_a_stream, s_setup),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
