//  bundle.c - see bundle.h

#include "client/cli/hosts/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/base/program.h"
#include "client/cli/output/text.h"
#include "common/descriptors.h"

extern char **environ;

struct bundle {
    bundle_file_t *files; //  in the order of addition
    size_t count;         //  of files
};

//  Parts of the C library: every host has its own, together with the loader.
static const char *const s_native [] = {
    "libc.so",      "libm.so",       "libpthread.so",      "libdl.so",  "librt.so",
    "libresolv.so", "libutil.so",    "libnsl.so",          "libanl.so", "libthread_db.so",
    "ld-linux",     "linux-vdso.so", "libBrokenLocale.so", "ld64.so",   NULL};

bundle_t *bundle_new (void)
{
    bundle_t *self = text_resize (NULL, sizeof *self);
    *self = (bundle_t){0};
    return self;
}

void bundle_destroy (bundle_t **self_p)
{
    bundle_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        free (self->files [i].target);
        if (self->files [i].size)
            munmap ((void *) (uintptr_t) self->files [i].bytes, self->files [i].size);
    }
    free (self->files);
    free (self);
    *self_p = NULL;
}

size_t bundle_count (const bundle_t *self)
{
    return self->count;
}

const bundle_file_t *bundle_at (const bundle_t *self, size_t index)
{
    return &self->files [index];
}

const bundle_file_t *bundle_find (const bundle_t *self, const char *hash)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->files [i].hash, hash) == 0)
            return &self->files [i];
    return NULL;
}

static const bundle_file_t *s_at_target (const bundle_t *self, const char *target)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->files [i].target, target) == 0)
            return &self->files [i];
    return NULL;
}

void bundle_hash (const void *bytes, size_t size, char hash [BUNDLE_HASH_BYTES])
{
    unsigned char sum [crypto_hash_sha256_BYTES];
    crypto_hash_sha256 (sum, bytes, size);
    sodium_bin2hex (hash, BUNDLE_HASH_BYTES, sum, sizeof sum);
}

const char *bundle_machine (void)
{
    static struct utsname facts;
    uname (&facts);
    return facts.machine;
}

//  ==== one file ================================================================

static cadre_error_t s_map (bundle_file_t *file, const char *path, fault_t *fault)
{
    struct stat facts;
    int descriptor = open (path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat (descriptor, &facts) != 0) {
        fault_set (fault, CADRE_ERROR_IO, "cannot send %s: %s", path, strerror (errno));
        goto out;
    }
    if (!S_ISREG (facts.st_mode)) {
        fault_set (fault, CADRE_ERROR_ARGUMENT,
                   "cannot send %s: it is not a file; name its files one by one", path);
        goto out;
    }
    file->size = (size_t) facts.st_size;
    file->mode = facts.st_mode & S_IXUSR ? 0755 : 0644;
    file->bytes = file->size ? mmap (NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0) : "";
    if (file->bytes == MAP_FAILED)
        fault_set (fault, CADRE_ERROR_IO, "cannot read %s: %s", path, strerror (errno));
out:
    if (descriptor >= 0)
        close (descriptor);
    return fault->code;
}

static cadre_error_t s_bundle_add (bundle_t *self, const char *folder, const char *path,
                                   fault_t *fault)
{
    const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;
    bundle_file_t file = {0};
    if (strchr (name, '\n') || *name == '\0')
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%s' has no name under which it could be sent", path);
    if (s_map (&file, path, fault) != CADRE_OK)
        return fault->code;
    text_t target = {0};
    text_print (&target, "%s/%s", folder, name);
    bundle_hash (file.bytes, file.size, file.hash);
    const bundle_file_t *other = s_at_target (self, target.bytes);
    if (other) {
        bool same = strcmp (other->hash, file.hash) == 0;
        text_free (&target);
        if (file.size)
            munmap ((void *) (uintptr_t) file.bytes, file.size);
        return same ? CADRE_OK
                    : fault_set (fault, CADRE_ERROR_ARGUMENT,
                                 "two different files are named %s; rename one of them", name);
    }
    file.target = text_take (&target);
    self->files = text_resize (self->files, (self->count + 1) * sizeof *self->files);
    self->files [self->count++] = file;
    return CADRE_OK;
}

//  ==== libraries ===============================================================

//  The output of `ldd PATH`.
static cadre_error_t s_bundle_list (const char *path, text_t *out, fault_t *fault)
{
    int ends [2], status = 0;
    pid_t pid;
    char *argv [] = {(char *) (uintptr_t) "ldd", (char *) (uintptr_t) path, NULL};
    if (pipe2 (ends, O_CLOEXEC) != 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS, "no pipe can be made: %s",
                          strerror (errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, ends [1], STDOUT_FILENO);
    int null = descriptors_null ();
    if (null >= 0)
        posix_spawn_file_actions_adddup2 (&actions, null, STDERR_FILENO);
    int failed = posix_spawnp (&pid, "ldd", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy (&actions);
    close (ends [1]);
    if (null >= 0)
        close (null);
    char block [4096];
    ssize_t got;
    while (!failed
           && ((got = read (ends [0], block, sizeof block)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0)
            text_add (out, block, (size_t) got);
    close (ends [0]);
    if (failed)
        return fault_set (
            fault, CADRE_ERROR_UNAVAILABLE,
            "cannot run ldd, which lists the libraries to send: %s; install it, or omit --send",
            strerror (failed));
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return CADRE_OK;
}

static bool s_is_native (const char *name)
{
    for (size_t i = 0; s_native [i]; i++)
        if (strncmp (name, s_native [i], strlen (s_native [i])) == 0)
            return true;
    return false;
}

//  One line of ldd: "	libzmq.so.5 => /usr/lib/libzmq.so.5 (0x…)".
static cadre_error_t s_add_library (bundle_t *self, const char *owner, char *line, fault_t *fault)
{
    char *name = line + strspn (line, " \t"), *arrow = strstr (name, " => ");
    if (!arrow || s_is_native (name))
        return CADRE_OK;
    *arrow = '\0';
    char *path = arrow + 4;
    path [strcspn (path, "(")] = '\0';
    size_t size = strlen (path);
    while (size > 0 && path [size - 1] == ' ')
        path [--size] = '\0';
    if (path [0] != '/')
        return fault_set (fault, CADRE_ERROR_UNAVAILABLE,
                          "%s, which %s needs, was not found on this machine; install it", name,
                          owner);
    //  The plugin uses the functions of cadre.h in the program that loads it.
    return strncmp (name, "libcadre.so", 11) == 0
               ? CADRE_OK
               : s_bundle_add (self, "bundle/cadre-lib", path, fault);
}

static cadre_error_t s_add_libraries (bundle_t *self, const char *path, fault_t *fault)
{
    text_t out = {0};
    cadre_error_t error = s_bundle_list (path, &out, fault);
    char *rest = out.bytes;
    for (char *line; !error && rest && (line = strsep (&rest, "\n"));)
        error = s_add_library (self, path, line, fault);
    text_free (&out);
    return error;
}

cadre_error_t bundle_add_worker (bundle_t *self, fault_t *fault)
{
    static const char *const names [] = {"cadre-worker", "cadre-slot"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path [PATH_MAX + 64];
        if (!program_find (names [i], path, sizeof path))
            return fault_set (
                fault, CADRE_ERROR_UNAVAILABLE,
                "%s is neither in the folder of cadre nor in PATH, so it cannot be sent; install it",
                names [i]);
        if (s_bundle_add (self, "bundle", path, fault) != CADRE_OK
            || s_add_libraries (self, path, fault) != CADRE_OK)
            return fault->code;
    }
    return CADRE_OK;
}

cadre_error_t bundle_add_plugin (bundle_t *self, const char *path, fault_t *fault)
{
    cadre_error_t error = s_bundle_add (self, "plugins", path, fault);
    return error ? error : s_add_libraries (self, path, fault);
}

cadre_error_t bundle_add_file (bundle_t *self, const char *path, fault_t *fault)
{
    return s_bundle_add (self, "files", path, fault);
}
