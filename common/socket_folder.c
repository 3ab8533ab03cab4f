//  socket_folder.c - the folders of a broker's ipc sockets and of its store

#include "common/socket_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/trust.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static cadre_error_t s_folder (const char *path, struct sockaddr_un *folder, fault_t *fault)
{
    const char *slash = strrchr (path, '/');
    if (*path != '/' || slash == path || strlen (path) >= sizeof folder->sun_path)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "'%.200s' cannot be a socket: write an absolute path of at most %zu bytes, in a folder",
            path, sizeof folder->sun_path - 1);
    snprintf (folder->sun_path, sizeof folder->sun_path, "%.*s", (int) (slash - path), path);
    return CADRE_OK;
}

static cadre_error_t s_trusted (int descriptor, const char *folder, fault_t *fault)
{
    struct stat facts;
    if (fstat (descriptor, &facts))
        return fault_set (fault, CADRE_ERROR_IO, "folder %s cannot be examined: %s", folder,
                          strerror (errno));
    return trust_judge (&facts, "folder", folder, TRUST_FOLDER, fault);
}

static cadre_error_t s_open_failed (const char *folder, fault_t *fault)
{
    if (errno == ENOTDIR || errno == ELOOP)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS,
            "%s is not a folder (links are not followed): remove it, or choose another", folder);
    cadre_error_t error = errno == EACCES ? CADRE_ERROR_REFUSED : CADRE_ERROR_IO;
    return fault_set (fault, error, "folder %s cannot be opened: %s: choose another", folder,
                      strerror (errno));
}

//  A listener accepts a connect even when its backlog is full (EAGAIN); a dead socket file refuses
//  it.
static cadre_error_t s_socket_folder_clear (const char *path, fault_t *fault)
{
    struct stat facts;
    if (lstat (path, &facts))
        return CADRE_OK;
    if (!S_ISSOCK (facts.st_mode))
        return fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                          "%s is there and is not a socket: remove it, or choose another folder",
                          path);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf (name.sun_path, sizeof name.sun_path, "%s", path);
    int probe = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return fault_set (fault, CADRE_ERROR_IO, "no socket can be made: %s", strerror (errno));
    int rc = connect (probe, (const struct sockaddr *) &name, sizeof name);
    bool dead = rc < 0 && (errno == ECONNREFUSED || errno == ENOENT);
    close (probe);
    if (!dead)
        return fault_set (
            fault, CADRE_ERROR_ADDRESS_IN_USE,
            "%s is in use by a running program: stop it, or choose another folder with --listen",
            path);
    if (unlink (path) && errno != ENOENT)
        return fault_set (fault, CADRE_ERROR_IO, "%s was left behind and cannot be removed: %s",
                          path, strerror (errno));
    return CADRE_OK;
}

cadre_error_t socket_folder_prepare (const char *path, int *lock, fault_t *fault)
{
    struct sockaddr_un folder;
    *lock = -1;
    cadre_error_t error = s_folder (path, &folder, fault);
    if (error)
        return error;
    if (mkdir (folder.sun_path, 0700) && errno != EEXIST)
        return fault_set (fault, errno == EACCES ? CADRE_ERROR_REFUSED : CADRE_ERROR_IO,
                          "folder %s cannot be made: %s: make it, or choose another",
                          folder.sun_path, strerror (errno));
    int descriptor = open (folder.sun_path, FOLDER_FLAGS);
    if (descriptor < 0)
        return s_open_failed (folder.sun_path, fault);
    error = s_trusted (descriptor, folder.sun_path, fault);
    while (!error && flock (descriptor, LOCK_EX))
        if (errno != EINTR)
            error = fault_set (fault, CADRE_ERROR_IO, "folder %s cannot be locked: %s",
                               folder.sun_path, strerror (errno));
    if (!error)
        error = s_socket_folder_clear (path, fault);
    if (error)
        close (descriptor);
    else
        *lock = descriptor;
    return error;
}

void socket_folder_release (int *lock)
{
    if (*lock >= 0)
        close (*lock);
    *lock = -1;
}

void socket_folder_sweep (const char *folder, const char *prefix)
{
    DIR *files = opendir (folder);
    for (struct dirent *file; files && (file = readdir (files)) != NULL;) {
        char path [PATH_MAX];
        fault_t ignored = {0};
        bool ours = strncmp (file->d_name, prefix, strlen (prefix)) == 0;
        if (ours
            && (size_t) snprintf (path, sizeof path, "%s/%s", folder, file->d_name) < sizeof path)
            s_socket_folder_clear (path, &ignored);
    }
    if (files)
        closedir (files);
}

cadre_error_t socket_folder_check (const char *path, fault_t *fault)
{
    struct sockaddr_un folder;
    cadre_error_t error = s_folder (path, &folder, fault);
    if (error)
        return error;
    int descriptor = open (folder.sun_path, FOLDER_FLAGS);
    if (descriptor < 0)
        return errno == ENOENT ? CADRE_OK : s_open_failed (folder.sun_path, fault);
    error = s_trusted (descriptor, folder.sun_path, fault);
    close (descriptor);
    return error;
}

//  mkdir -p
static bool s_socket_folder_make (const char *folder)
{
    char part [PATH_MAX];
    size_t size = strlen (folder);
    for (size_t i = 1; i <= size && size < sizeof part; i++) {
        if (folder [i] && folder [i] != '/')
            continue;
        snprintf (part, sizeof part, "%.*s", (int) i, folder);
        if (mkdir (part, 0700) && errno != EEXIST)
            return false;
    }
    return size < sizeof part;
}

cadre_error_t socket_folder_state (const address_t *address, char *path, size_t size,
                                   fault_t *fault)
{
    const char *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    char folder [PATH_MAX / 2], name [ADDRESS_ENDPOINT_BYTES];
    if (state && *state)
        snprintf (folder, sizeof folder, "%s/cadre", state);
    else if (home && *home)
        snprintf (folder, sizeof folder, "%s/.local/state/cadre", home);
    else
        return fault_set (fault, CADRE_ERROR_IO, "neither HOME nor XDG_STATE_HOME is set");
    address_print (address, name, sizeof name);
    for (char *at = name; *at; at++)
        if (strchr ("/:*[]", *at))
            *at = '_';
    bool fits = (size_t) snprintf (path, size, "%s/%s.store", folder, name) < size;
    errno = ENAMETOOLONG;
    if (!fits || !s_socket_folder_make (folder))
        return fault_set (fault, CADRE_ERROR_IO, "folder %s cannot be made: %s", folder,
                          strerror (errno));
    return CADRE_OK;
}
