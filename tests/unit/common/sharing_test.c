//  sharing_test.c - payloads in files: sent by name to a peer that can open them, else as bytes

#include "common/buffer.h"
#include "common/bulk.h"
#include "common/descriptors.h"
#include "common/pack.h"
#include "common/parts.h"
#include "common/sharing.h"
#include "common/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOB_BYTES 600000u
#define FRAME_SMALL 200u

static size_t s_descriptors;
static uint8_t s_blob [BLOB_BYTES];
static buffer_t s_payload; //  An array of one blob, in a file

static int s_begin (void **state)
{
    (void) state;
    buffer_t bytes = {0};
    s_descriptors = descriptors_open ();
    memset (s_blob, 'x', sizeof s_blob);
    pack_array (&bytes, 1);
    pack_blob (&bytes, s_blob, sizeof s_blob);
    view_t whole = wire_view_of (&bytes);
    bulk_t *file = bulk_of_pieces (&whole, 1);
    assert_non_null (file);
    s_payload = buffer_of_bulk (file);
    buffer_free (&bytes);
    return 0;
}

static int s_end (void **state)
{
    (void) state;
    buffer_free (&s_payload);
    return descriptors_open () == s_descriptors ? 0 : -1;
}

//  ---- the offer -------------------------------------------------------------------

static bool s_opens_text (const char *text)
{
    buffer_t texts = {0};
    pack_text (&texts, "something else");
    pack_text (&texts, text);
    wire_list_t list = wire_list_of (&texts, 2);
    bool opens = sharing_opens (&list);
    buffer_free (&texts);
    return opens;
}

static void s_an_offer_is_opened (void **state)
{
    (void) state;
    buffer_t texts = {0};
    bulk_t *probe = sharing_probe ();
    assert_int_equal (sharing_pack (probe, &texts), 1);
    wire_list_t list = wire_list_of (&texts, 1);
    assert_true (sharing_opens (&list));
    bulk_release (&probe);
    assert_false (sharing_opens (&list)); //  It is there no more
    assert_int_equal (sharing_pack (NULL, &texts), 0);
    buffer_free (&texts);
}

static void s_other_offers_are_not (void **state)
{
    (void) state;
    assert_false (sharing_opens (&(wire_list_t){0}));
    assert_false (s_opens_text ("files:"));
    assert_false (s_opens_text ("files:1:2"));
    assert_false (s_opens_text ("files:1:0:1"));
    assert_false (s_opens_text ("files:99999999999999999999:1:1"));
    assert_false (s_opens_text ("files:1:2:3:4"));
}

static void s_only_sockets_of_the_machine_are_local (void **state)
{
    (void) state;
    int unix_fd = socket (AF_UNIX, SOCK_STREAM, 0), tcp_fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_true (sharing_is_local (unix_fd));
    assert_false (sharing_is_local (tcp_fd));
    assert_true (sharing_is_local (-1));
    close (unix_fd);
    close (tcp_fd);
}

//  ---- sending and receiving ---------------------------------------------------------

//  Sends the payload under number 1; and what the peer makes of it. Returns how many frames.
static size_t s_deliver (stream_t *stream, parts_t *parts, size_t *largest)
{
    const buffer_t *frame;
    size_t count = 0;
    *largest = 0;
    while ((frame = stream_next (stream))) {
        wire_envelope_t envelope;
        wire_part_t part;
        cursor_t body;
        assert_int_equal (wire_open (frame->data, frame->size, &envelope, &body), CADRE_OK);
        *largest = frame->size > *largest ? frame->size : *largest;
        if (envelope.verb != WIRE_part)
            break;
        assert_true (wire_read_part (&body, &part));
        assert_int_equal (parts_add (parts, &part), CADRE_OK);
        count++;
    }
    return count;
}

static stream_t *s_stream (void)
{
    stream_t *stream = stream_new (7);
    buffer_t payload = buffer_share (&s_payload), frame = {0};
    wire_write_job_seal (&frame, (wire_envelope_t){0}, &(wire_job_seal_t){.ref = 1});
    stream_put_payload (stream, stream_payload_number (stream), &payload, &frame, 1);
    stream_grant (stream, 10, 10 * BLOB_BYTES);
    return stream;
}

static void s_expect_payload (parts_t *parts)
{
    buffer_t payload = {0};
    assert_true (parts_take (parts, 1, &payload));
    assert_int_equal (payload.size, s_payload.size);
    assert_memory_equal (payload.data, s_payload.data, s_payload.size);
    buffer_free (&payload);
}

static void s_a_file_is_sent_by_name (void **state)
{
    (void) state;
    size_t largest;
    stream_t *stream = s_stream ();
    parts_t *parts = parts_new ();
    stream_share (stream);
    parts_share (parts, true);
    assert_int_equal (s_deliver (stream, parts, &largest), 3);
    assert_true (largest < FRAME_SMALL);
    assert_true (stream_sent_bytes (stream) > BLOB_BYTES); //  It counts as if the bytes were there
    assert_int_equal (parts_bytes (parts), s_payload.size);
    assert_true (parts_held (parts) > s_payload.size);
    s_expect_payload (parts);
    assert_int_equal (parts_held (parts), 0);
    stream_destroy (&stream);
    parts_destroy (&parts);
}

static void s_without_a_peer_that_opens_it_bytes_are_sent (void **state)
{
    (void) state;
    size_t largest;
    stream_t *stream = s_stream ();
    parts_t *parts = parts_new ();
    assert_int_equal (s_deliver (stream, parts, &largest), 3);
    assert_true (largest > WIRE_PART_MAX);
    s_expect_payload (parts);
    stream_destroy (&stream);
    parts_destroy (&parts);
}

//  The next broker may be on another machine.
static void s_a_new_session_asks_again (void **state)
{
    (void) state;
    size_t largest;
    stream_t *stream = s_stream ();
    parts_t *parts = parts_new (), *other = parts_new ();
    stream_share (stream);
    parts_share (parts, true);
    s_deliver (stream, parts, &largest);
    stream_restart (stream, 8);
    stream_grant (stream, 10, 10 * BLOB_BYTES);
    assert_int_equal (s_deliver (stream, other, &largest), 3);
    assert_true (largest > WIRE_PART_MAX);
    s_expect_payload (other);
    stream_destroy (&stream);
    parts_destroy (&parts);
    parts_destroy (&other);
}

static void s_the_window_holds_for_files_too (void **state)
{
    (void) state;
    size_t largest;
    stream_t *stream = stream_new (7);
    parts_t *parts = parts_new ();
    stream_share (stream);
    parts_share (parts, false);
    assert_int_equal (stream_put_parts (stream, 1, &s_payload), 3);
    stream_grant (stream, 10, WIRE_PART_MAX + FRAME_SMALL);
    assert_int_equal (s_deliver (stream, parts, &largest), 1);
    assert_int_equal (parts_bytes (parts), WIRE_PART_MAX);
    stream_grant (stream, 10, 10 * BLOB_BYTES);
    assert_int_equal (s_deliver (stream, parts, &largest), 2);
    s_expect_payload (parts);
    stream_destroy (&stream);
    parts_destroy (&parts);
}

//  ---- peers that break the rules -------------------------------------------------------

//  The first part of a file of so many bytes.
static cadre_error_t s_add (parts_t *parts, const bulk_name_t *name, uint64_t total, uint64_t held)
{
    buffer_t file = {0};
    if (name)
        sharing_pack_name (&file, name);
    wire_part_t part = {.payload = 1, .total = total, .held = held, .file = wire_view_of (&file)};
    cadre_error_t error = parts_add (parts, &part);
    buffer_free (&file);
    return error;
}

static void s_files_need_an_agreement (void **state)
{
    (void) state;
    bulk_name_t name;
    parts_t *parts = parts_new ();
    assert_true (bulk_name (s_payload.bulk, &name));
    assert_int_equal (s_add (parts, &name, s_payload.size, 1000), CADRE_ERROR_PROTOCOL);
    parts_share (parts, true);
    assert_int_equal (s_add (parts, NULL, s_payload.size, 1000), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (parts, &name, s_payload.size, WIRE_PART_MAX + 1),
                      CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (parts, &name, s_payload.size, UINT64_MAX), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (parts, &name, 10, 11), CADRE_ERROR_PROTOCOL);
    parts_destroy (&parts);
}

static void s_a_payload_is_a_file_or_bytes (void **state)
{
    (void) state;
    bulk_name_t name;
    parts_t *parts = parts_new ();
    parts_share (parts, true);
    assert_true (bulk_name (s_payload.bulk, &name));
    assert_int_equal (s_add (parts, &name, s_payload.size, 1000), CADRE_OK);
    wire_part_t bytes = {.payload = 1, .total = s_payload.size, .bytes = {s_blob, 1000}};
    assert_int_equal (parts_add (parts, &bytes), CADRE_ERROR_PROTOCOL);
    bytes.held = 1000;
    assert_int_equal (parts_add (parts, &bytes), CADRE_ERROR_PROTOCOL);
    assert_int_equal (s_add (parts, NULL, s_payload.size, 1000), CADRE_OK);
    assert_int_equal (parts_bytes (parts), 2000);
    parts_destroy (&parts);
}

//  It is passed over to its end, as one that there was no memory for.
static void s_a_file_that_cannot_be_opened_is_given_up (void **state)
{
    (void) state;
    struct stat status;
    int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING); //  It can be cut off
    assert_int_equal (write (fd, s_blob, 1000), 1000);
    assert_int_equal (fstat (fd, &status), 0);
    bulk_name_t name = {(uint64_t) getpid (), (uint64_t) fd, status.st_ino};
    parts_t *parts = parts_new ();
    parts_share (parts, true);
    assert_int_equal (s_add (parts, &name, 1000, 600), CADRE_OK);
    assert_int_equal (parts_take_given_up (parts, 1), 0);
    assert_int_equal (s_add (parts, NULL, 1000, 400), CADRE_OK);
    assert_int_equal (parts_bytes (parts), 0);
    assert_int_equal (parts_take_given_up (parts, 1), 1000);
    parts_destroy (&parts);
    close (fd);
}

static void s_more_than_may_be_held_is_given_up (void **state)
{
    (void) state;
    size_t largest;
    stream_t *stream = s_stream ();
    parts_t *parts = parts_new ();
    stream_share (stream);
    parts_share (parts, true);
    parts_bound (parts, BLOB_BYTES / 2);
    s_deliver (stream, parts, &largest);
    assert_true (parts_held (parts) < BLOB_BYTES / 2);
    assert_int_equal (parts_take_given_up (parts, 1), s_payload.size);
    stream_destroy (&stream);
    parts_destroy (&parts);
}

//  What is no value is found while it comes, as with bytes.
static void s_a_file_must_be_a_value (void **state)
{
    (void) state;
    bulk_name_t name;
    buffer_t payload = {0};
    bulk_t *file = bulk_of_pieces (&(view_t){(const uint8_t *) "\xc1\xc1", 2}, 1);
    parts_t *parts = parts_new ();
    parts_share (parts, true);
    assert_true (bulk_name (file, &name));
    assert_int_equal (s_add (parts, &name, 2, 2), CADRE_OK);
    assert_false (parts_take (parts, 1, &payload));
    parts_destroy (&parts);
    bulk_release (&file);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_an_offer_is_opened),
        cmocka_unit_test (s_other_offers_are_not),
        cmocka_unit_test (s_only_sockets_of_the_machine_are_local),
        cmocka_unit_test (s_a_file_is_sent_by_name),
        cmocka_unit_test (s_without_a_peer_that_opens_it_bytes_are_sent),
        cmocka_unit_test (s_a_new_session_asks_again),
        cmocka_unit_test (s_the_window_holds_for_files_too),
        cmocka_unit_test (s_files_need_an_agreement),
        cmocka_unit_test (s_a_payload_is_a_file_or_bytes),
        cmocka_unit_test (s_a_file_that_cannot_be_opened_is_given_up),
        cmocka_unit_test (s_more_than_may_be_held_is_given_up),
        cmocka_unit_test (s_a_file_must_be_a_value),
    };
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
