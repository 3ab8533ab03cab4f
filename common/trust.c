//  trust.c - checks that files and folders can only be changed by us

#include "common/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

//  To remove the right now does not help: others may have changed the file, or read the secret.
static cadre_error_t s_refuse_mode (const struct stat *facts, const char *what, const char *path,
                                    bool secret, fault_t *fault)
{
    unsigned mode = (unsigned) (facts->st_mode & 07777);
    if (secret)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "%s %.300s can be accessed by others (mode %04o): run chmod 600 on it, or better, create a new one",
            what, path, mode);
    return fault_set (
        fault, CADRE_ERROR_REFUSED,
        "%s %.300s can be written by others (mode %04o): check %s, and run chmod go-w on it, or choose another",
        what, path, mode, S_ISDIR (facts->st_mode) ? "its content" : "it");
}

cadre_error_t trust_judge (const struct stat *facts, const char *what, const char *path,
                           trust_kind_t kind, fault_t *fault)
{
    mode_t wrong = kind == TRUST_SECRET ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    if (facts->st_uid != geteuid () && facts->st_uid != 0)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "%s %.300s belongs to user %u, not to you (%u): choose one of your own, or check it and run chown on it",
            what, path, (unsigned) facts->st_uid, (unsigned) geteuid ());
    return facts->st_mode & wrong ? s_refuse_mode (facts, what, path, kind == TRUST_SECRET, fault)
                                  : CADRE_OK;
}

cadre_error_t trust_check (const char *what, const char *path, trust_kind_t kind, fault_t *fault)
{
    struct stat facts;
    if (lstat (path, &facts) && errno == ENOENT)
        return CADRE_OK;
    if (lstat (path, &facts))
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "%s %.300s cannot be examined: %s: choose another", what, path,
                          strerror (errno));
    if (kind == TRUST_FOLDER ? !S_ISDIR (facts.st_mode) : !S_ISREG (facts.st_mode))
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "%s %.300s is not a %s (links are not followed): remove it, or choose "
                          "another",
                          what, path, kind == TRUST_FOLDER ? "folder" : "file");
    return trust_judge (&facts, what, path, kind, fault);
}

cadre_error_t trust_check_around (const char *path, fault_t *fault)
{
    char folder [PATH_MAX] = ".";
    struct stat facts;
    const char *slash = strrchr (path, '/');
    if (slash)
        snprintf (folder, sizeof folder, "%.*s", slash == path ? 1 : (int) (slash - path), path);
    //  If there is none, opening the file reports that
    return stat (folder, &facts) ? CADRE_OK
                                 : trust_judge (&facts, "folder", folder, TRUST_FOLDER, fault);
}

int trust_make (const char *file)
{
    if (unlink (file) && errno != ENOENT)
        return -1;
    return open (file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}
