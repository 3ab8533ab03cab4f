//  socket_folder_test.c - who may put a socket where

#include "common/socket_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char s_root [64];   // a fresh folder
static char s_folder [80]; // the place in it, made by the module
static char s_path [96];   // a socket there

static int s_setup (void **state)
{
    (void) state;
    snprintf (s_root, sizeof s_root, "/tmp/cadre-place-XXXXXX");
    if (!mkdtemp (s_root))
        return -1;
    snprintf (s_folder, sizeof s_folder, "%s/place", s_root);
    snprintf (s_path, sizeof s_path, "%s/front", s_folder);
    return 0;
}

static int s_teardown (void **state)
{
    (void) state;
    unlink (s_path);
    unlink (s_folder);
    rmdir (s_folder);
    return rmdir (s_root);
}

static int s_listener (void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf (name.sun_path, sizeof name.sun_path, "%s", s_path);
    int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (listener, (const struct sockaddr *) &name, sizeof name), 0);
    assert_int_equal (listen (listener, 1), 0);
    return listener;
}

static void s_prepared (void)
{
    int lock = -1;
    fault_t fault = {0};
    if (socket_folder_prepare (s_path, &lock, &fault))
        fail_msg ("%s", fault.text);
    assert_true (lock >= 0);
    socket_folder_release (&lock);
    assert_int_equal (lock, -1);
    socket_folder_release (&lock);
}

static void s_refused (const char *path, cadre_error_t code, const char *format, ...)
{
    char expected [FAULT_TEXT_BYTES];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (expected, sizeof expected, format, arguments);
    va_end (arguments);
    int lock = 5;
    fault_t fault = {0};
    assert_int_equal (socket_folder_prepare (path, &lock, &fault), code);
    assert_int_equal (lock, -1);
    assert_string_equal (fault.text, expected);
}

static void test_folder_is_made_for_us_alone (void **state)
{
    (void) state;
    s_prepared ();
    struct stat facts;
    assert_int_equal (stat (s_folder, &facts), 0);
    assert_int_equal (facts.st_mode & 07777, 0700);
    s_prepared ();
}

static void test_folder_that_others_may_write (void **state)
{
    (void) state;
    mkdir (s_folder, 0700);
    chmod (s_folder, 0777);
    s_refused (
        s_path, CADRE_ERROR_REFUSED,
        "folder %s can be written by others (mode 0777): check its content, and run chmod go-w on "
        "it, or choose another",
        s_folder);
    assert_int_equal (socket_folder_check (s_path, NULL), CADRE_ERROR_REFUSED);
    chmod (s_folder, 0755);
    s_prepared ();
}

static void test_folder_of_somebody_else (void **state)
{
    (void) state;
    mkdir (s_folder, 0700);
    if (chown (s_folder, 12345, (gid_t) -1)) {
        print_message ("SKIPPED: only root can give a folder away\n");
        return;
    }
    s_refused (
        s_path, CADRE_ERROR_REFUSED,
        "folder %s belongs to user 12345, not to you (%u): choose one of your own, or check it and run "
        "chown on it",
        s_folder, (unsigned) geteuid ());
    assert_int_equal (socket_folder_check (s_path, NULL), CADRE_ERROR_REFUSED);
}

static void test_link_and_file_are_no_folder (void **state)
{
    (void) state;
    assert_int_equal (symlink ("/tmp", s_folder), 0);
    s_refused (s_path, CADRE_ERROR_ADDRESS,
               "%s is not a folder (links are not followed): remove it, or choose another",
               s_folder);
    unlink (s_folder);
    fclose (fopen (s_folder, "w"));
    s_refused (s_path, CADRE_ERROR_ADDRESS,
               "%s is not a folder (links are not followed): remove it, or choose another",
               s_folder);
}

static void test_parent_is_missing (void **state)
{
    (void) state;
    char path [128];
    snprintf (path, sizeof path, "%s/a/b/front", s_root);
    s_refused (
        path, CADRE_ERROR_IO,
        "folder %s/a/b cannot be made: No such file or directory: make it, or choose another",
        s_root);
}

static void test_path_that_cannot_be (void **state)
{
    (void) state;
    char path [200] = "/";
    s_refused (
        "front", CADRE_ERROR_ADDRESS,
        "'front' cannot be a socket: write an absolute path of at most 107 bytes, in a folder");
    s_refused (
        "/front", CADRE_ERROR_ADDRESS,
        "'/front' cannot be a socket: write an absolute path of at most 107 bytes, in a folder");
    memset (path + 1, 'x', 150);
    path [20] = '/';
    assert_int_equal (socket_folder_check (path, NULL), CADRE_ERROR_ADDRESS);
}

static void test_socket_that_was_left_behind (void **state)
{
    (void) state;
    s_prepared ();
    close (s_listener ());
    assert_int_equal (access (s_path, F_OK), 0);
    s_prepared ();
    assert_int_not_equal (access (s_path, F_OK), 0);
}

static void test_socket_that_is_alive (void **state)
{
    (void) state;
    s_prepared ();
    int listener = s_listener ();
    //  Also while its backlog is full
    for (int i = 0; i < 4; i++)
        s_refused (
            s_path, CADRE_ERROR_ADDRESS_IN_USE,
            "%s is in use by a running program: stop it, or choose another folder with --listen",
            s_path);
    assert_int_equal (access (s_path, F_OK), 0);
    close (listener);
}

static void test_file_in_the_way (void **state)
{
    (void) state;
    s_prepared ();
    fclose (fopen (s_path, "w"));
    s_refused (s_path, CADRE_ERROR_ADDRESS_IN_USE,
               "%s is there and is not a socket: remove it, or choose another folder", s_path);
    assert_int_equal (access (s_path, F_OK), 0);
}

static void test_check (void **state)
{
    (void) state;
    assert_int_equal (socket_folder_check (s_path, NULL), CADRE_OK);
    s_prepared ();
    assert_int_equal (socket_folder_check (s_path, NULL), CADRE_OK);
}

static void test_lanes_that_were_left_behind (void **state)
{
    (void) state;
    char lane [128];
    snprintf (lane, sizeof lane, "%s/lane-7", s_folder);
    s_prepared ();
    close (s_listener ());
    assert_int_equal (rename (s_path, lane), 0);
    socket_folder_sweep (s_folder, "front");
    assert_int_equal (access (lane, F_OK), 0);
    socket_folder_sweep (s_folder, "lane-");
    assert_int_not_equal (access (lane, F_OK), 0);
    //  One on which somebody listens, and a file, stay
    int listener = s_listener ();
    socket_folder_sweep (s_folder, "front");
    assert_int_equal (access (s_path, F_OK), 0);
    close (listener);
    fclose (fopen (lane, "w"));
    socket_folder_sweep (s_folder, "lane-");
    assert_int_equal (unlink (lane), 0);
}

static void test_place_of_a_store (void **state)
{
    (void) state;
    address_t address;
    fault_t fault = {0};
    char path [256], expected [256];
    assert_int_equal (address_parse (&address, "tcp://127.0.0.1:5700", &fault), CADRE_OK);
    setenv ("XDG_STATE_HOME", s_root, true);
    assert_int_equal (socket_folder_state (&address, path, sizeof path, &fault), CADRE_OK);
    snprintf (expected, sizeof expected, "%s/cadre/tcp___127.0.0.1_5700.store", s_root);
    assert_string_equal (path, expected);
    snprintf (expected, sizeof expected, "%s/cadre", s_root);
    assert_int_equal (rmdir (expected), 0);
    //  What is wrong is said of the folder, and not of the variable that named it
    setenv ("XDG_STATE_HOME", "/dev/null", true);
    assert_int_equal (socket_folder_state (&address, path, sizeof path, &fault), CADRE_ERROR_IO);
    assert_string_equal (fault.text, "folder /dev/null/cadre cannot be made: Not a directory");
    unsetenv ("XDG_STATE_HOME");
    unsetenv ("HOME");
    assert_int_equal (socket_folder_state (&address, path, sizeof path, &fault), CADRE_ERROR_IO);
    assert_string_equal (fault.text, "neither HOME nor XDG_STATE_HOME is set");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_folder_is_made_for_us_alone),
        TEST (test_folder_that_others_may_write),
        TEST (test_folder_of_somebody_else),
        TEST (test_link_and_file_are_no_folder),
        TEST (test_parent_is_missing),
        TEST (test_path_that_cannot_be),
        TEST (test_socket_that_was_left_behind),
        TEST (test_socket_that_is_alive),
        TEST (test_file_in_the_way),
        TEST (test_check),
        TEST (test_lanes_that_were_left_behind),
        TEST (test_place_of_a_store),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
