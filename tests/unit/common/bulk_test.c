//  bulk_test.c - bytes in sealed files: written once, shared, and believed only when they are
//  sealed

#include "common/buffer.h"
#include "common/bulk.h"
#include "common/descriptors.h"
#include "common/gather.h"
#include "common/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 300000u
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static size_t s_descriptors;
static uint8_t s_bytes [SIZE];

static int s_begin (void **state)
{
    (void) state;
    memset (s_bytes, 'x', sizeof s_bytes);
    s_descriptors = descriptors_open ();
    return 0;
}

//  Whatever a test did, no descriptor is left.
static int s_end (void **state)
{
    (void) state;
    return descriptors_open () == s_descriptors ? 0 : -1;
}

static bulk_t *s_bulk (void)
{
    bulk_t *bulk = bulk_of_pieces (&(view_t){s_bytes, SIZE}, 1);
    assert_non_null (bulk);
    return bulk;
}

static void s_pieces_stand_one_behind_the_other (void **state)
{
    (void) state;
    const view_t pieces [] = {
        {(const uint8_t *) "ab", 2}, {s_bytes, SIZE}, {(const uint8_t *) "cd", 2}};
    bulk_t *bulk = bulk_of_pieces (pieces, 3);
    assert_non_null (bulk);
    view_t all = bulk_view (bulk);
    assert_int_equal (all.size, SIZE + 4);
    assert_memory_equal (all.data, "abxx", 4);
    assert_memory_equal (all.data + SIZE, "xxcd", 4);
    bulk_release (&bulk);
    assert_null (bulk);
}

static void s_nobody_can_change_it (void **state)
{
    (void) state;
    bulk_t *bulk = s_bulk ();
    int fd = bulk_descriptor (bulk);
    assert_int_equal (fcntl (fd, F_GET_SEALS) & SEALS, SEALS);
    assert_int_equal (pwrite (fd, "y", 1, 0), -1);
    assert_int_equal (ftruncate (fd, 0), -1);
    assert_ptr_equal (mmap (NULL, SIZE, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    bulk_release (&bulk);
}

static void s_others_find_it_by_its_name (void **state)
{
    (void) state;
    bulk_name_t name;
    bulk_t *bulk = s_bulk ();
    assert_true (bulk_name (bulk, &name));
    bulk_t *other = bulk_open (&name, SIZE, true);
    assert_non_null (other);
    bulk_release (&bulk);
    assert_memory_equal (bulk_view (other).data, s_bytes, SIZE);
    assert_true (bulk_descriptor (other) >= 0);
    bulk_t *third = NULL;
    assert_true (bulk_name (other, &name));
    third = bulk_open (&name, SIZE, false); //  To be read here: no descriptor is kept
    bulk_release (&other);
    assert_int_equal (bulk_descriptor (third), -1);
    assert_false (bulk_name (third, &name));
    assert_memory_equal (bulk_view (third).data, s_bytes, SIZE);
    bulk_release (&third);
}

static void s_a_name_must_fit (void **state)
{
    (void) state;
    bulk_name_t name, wrong;
    bulk_t *bulk = s_bulk ();
    assert_true (bulk_name (bulk, &name));
    assert_null (bulk_open (&name, SIZE - 1, true));
    assert_null (bulk_open (&name, SIZE + 1, true));
    assert_null (bulk_open (&name, 0, true));
    wrong = name;
    wrong.inode++;
    assert_null (bulk_open (&wrong, SIZE, true));
    wrong = name;
    wrong.fd = 999999;
    assert_null (bulk_open (&wrong, SIZE, true));
    wrong.fd = UINT64_MAX;
    assert_null (bulk_open (&wrong, SIZE, true));
    wrong = name;
    wrong.pid = 0;
    assert_null (bulk_open (&wrong, SIZE, true));
    bulk_release (&bulk);
}

//  A file in memory, as a peer might make it.
static int s_file (bool written, int seals)
{
    int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true (fd >= 0);
    if (written)
        assert_int_equal (write (fd, s_bytes, SIZE), SIZE);
    else
        assert_int_equal (ftruncate (fd, SIZE), 0);
    assert_int_equal (fcntl (fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void s_what_can_change_is_not_believed (void **state)
{
    (void) state;
    const int lacking [] = {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};
    for (size_t i = 0; i < 4; i++)
        assert_null (bulk_of_descriptor (s_file (true, SEALS & ~lacking [i]), SIZE, true));
    bulk_t *bulk = bulk_of_descriptor (s_file (true, SEALS), SIZE, true);
    assert_non_null (bulk);
    bulk_release (&bulk);
}

static void s_what_was_not_written_is_not_believed (void **state)
{
    (void) state;
    assert_null (bulk_of_descriptor (s_file (false, SEALS), SIZE, true));
}

//  Opening a pipe would wait for its writer, and a device may act when it is opened.
static void s_other_files_are_not_opened (void **state)
{
    (void) state;
    char folder [] = "/tmp/cadre-test-XXXXXX", path [64];
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof path, "%s/pipe", folder);
    assert_int_equal (mkfifo (path, 0600), 0);
    int fds [] = {open (path, O_PATH), open (folder, O_RDONLY), open ("/dev/zero", O_RDONLY),
                  open ("/proc/self/exe", O_RDONLY)};
    for (size_t i = 0; i < 4; i++) {
        struct stat status;
        assert_int_equal (fstat (fds [i], &status), 0);
        bulk_name_t name = {(uint64_t) getpid (), (uint64_t) fds [i], status.st_ino};
        assert_null (bulk_open (&name, (uint64_t) status.st_size, true));
        close (fds [i]);
    }
    assert_null (bulk_of_descriptor (open ("/dev/zero", O_RDONLY), SIZE, true));
    assert_null (bulk_of_descriptor (-1, SIZE, true));
    unlink (path);
    rmdir (folder);
}

//  No more files are made then, but what others send can still be read.
static void s_descriptors_are_limited (void **state)
{
    (void) state;
    enum { MOST = 5000 };
    static bulk_t *bulks [MOST];
    bulk_name_t name;
    size_t count = 0;
    while (count < MOST
           && (bulks [count] = bulk_of_pieces (&(view_t){(const uint8_t *) "abc", 3}, 1)))
        count++;
    assert_true (count > 10 && count < MOST);
    assert_true (bulk_name (bulks [0], &name));
    bulk_t *other = bulk_open (&name, 3, true);
    assert_non_null (other);
    assert_int_equal (bulk_descriptor (other), -1);
    assert_memory_equal (bulk_view (other).data, "abc", 3);
    bulk_release (&other);
    while (count)
        bulk_release (&bulks [--count]);
    other = s_bulk ();
    bulk_release (&other);
}

static void s_buffers_share_it (void **state)
{
    (void) state;
    buffer_t one = buffer_of_bulk (s_bulk ());
    buffer_t other = buffer_share (&one), third = {0};
    assert_ptr_equal (one.data, other.data);
    buffer_free (&one);
    assert_null (one.data);
    third = buffer_take (&other);
    assert_memory_equal (third.data, s_bytes, SIZE);
    buffer_clear (&third);
    buffer_append (&third, "own", 3);
    assert_memory_equal (third.data, "own", 3);
    buffer_free (&third);
}

static void s_plain_memory_is_shared_too (void **state)
{
    (void) state;
    buffer_t one = {0};
    buffer_append (&one, s_bytes, SIZE);
    buffer_t copy = buffer_share (&one);
    assert_ptr_not_equal (one.data, copy.data);
    buffer_freeze (&one);
    buffer_freeze (&one);
    buffer_t other = buffer_share (&one);
    assert_ptr_equal (one.data, other.data);
    assert_int_equal (bulk_descriptor (other.bulk), -1);
    buffer_free (&one);
    assert_memory_equal (other.data, s_bytes, SIZE);
    buffer_free (&other);
    buffer_free (&copy);
}

static void s_pack (buffer_t *buffer)
{
    pack_array (buffer, 4);
    pack_blob (buffer, s_bytes, SIZE);
    pack_int (buffer, -7);
    pack_text_of (buffer, (const char *) s_bytes, SIZE - 1);
    pack_nil (buffer);
}

static void s_what_is_noted_comes_out_in_its_place (void **state)
{
    (void) state;
    gather_t gather = {0};
    buffer_t plain = {0}, apart = {.gather = &gather};
    s_pack (&plain);
    s_pack (&apart);
    assert_int_equal (gather.count, 2);
    assert_int_equal (gather_size (&gather, &apart), plain.size);
    gather_take (&gather, &apart, 1);
    assert_non_null (apart.bulk);
    assert_null (apart.gather);
    assert_int_equal (apart.size, plain.size);
    assert_memory_equal (apart.data, plain.data, plain.size);
    buffer_free (&apart);

    apart.gather = &gather;
    s_pack (&apart);
    gather_take (&gather, &apart, SIZE * 10); //  Too little for a file
    assert_null (apart.bulk);
    assert_int_equal (apart.size, plain.size);
    assert_memory_equal (apart.data, plain.data, plain.size);
    buffer_free (&apart);
    buffer_free (&plain);
}

//  Elements are packed before their number is known.
static void s_what_is_noted_moves_behind_a_head (void **state)
{
    (void) state;
    gather_t gather = {0};
    buffer_t body = {.gather = &gather}, all = {0}, plain = {0};
    pack_blob (&body, s_bytes, SIZE);
    pack_nil (&body);
    body.gather = NULL;
    pack_array (&all, 2);
    gather_shift (&gather, all.size);
    pack_raw (&all, body.data, body.size);
    gather_take (&gather, &all, 1);
    pack_array (&plain, 2);
    pack_blob (&plain, s_bytes, SIZE);
    pack_nil (&plain);
    assert_int_equal (all.size, plain.size);
    assert_memory_equal (all.data, plain.data, plain.size);
    buffer_free (&body);
    buffer_free (&all);
    buffer_free (&plain);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_pieces_stand_one_behind_the_other),
        cmocka_unit_test (s_nobody_can_change_it),
        cmocka_unit_test (s_others_find_it_by_its_name),
        cmocka_unit_test (s_a_name_must_fit),
        cmocka_unit_test (s_what_can_change_is_not_believed),
        cmocka_unit_test (s_what_was_not_written_is_not_believed),
        cmocka_unit_test (s_other_files_are_not_opened),
        cmocka_unit_test (s_descriptors_are_limited),
        cmocka_unit_test (s_buffers_share_it),
        cmocka_unit_test (s_plain_memory_is_shared_too),
        cmocka_unit_test (s_what_is_noted_comes_out_in_its_place),
        cmocka_unit_test (s_what_is_noted_moves_behind_a_head),
    };
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
