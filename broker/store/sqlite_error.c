//  sqlite_error.c - converts SQLite errors into faults with cause and cure

#include "broker/store/sqlite_error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CAUSE_BYTES 160

static const struct {
    int rc;             //  Primary code
    cadre_error_t code; //  Our error code
    const char *cure;   //  The remedy
} s_cures [] = {
    {SQLITE_FULL, CADRE_ERROR_IO, "make room on its disk, then start the broker again"},
    {SQLITE_IOERR, CADRE_ERROR_IO, "check the disk, then start the broker again"},
    {SQLITE_CORRUPT, CADRE_ERROR_IO,
     "the file is damaged: restore a copy, or move it away to start with an empty one"},
    {SQLITE_NOTADB, CADRE_ERROR_IO,
     "the file is damaged: restore a copy, or move it away to start with an empty one"},
    {SQLITE_BUSY, CADRE_ERROR_ADDRESS_IN_USE, "another program has locked it: stop that one"},
    {SQLITE_LOCKED, CADRE_ERROR_ADDRESS_IN_USE, "another program has locked it: stop that one"},
    {SQLITE_READONLY, CADRE_ERROR_CONFIGURATION, "let this user write the file and its folder"},
    {SQLITE_PERM, CADRE_ERROR_CONFIGURATION, "let this user write the file and its folder"},
    {SQLITE_CANTOPEN, CADRE_ERROR_CONFIGURATION, "let this user write the file and its folder"},
};

//  The primary code. Some calls that find the disk full, such as a checkpoint, only return an I/O
//  error.
static int s_primary (sqlite3 *db, int rc)
{
    int primary = rc & 0xff, number = db ? sqlite3_system_errno (db) : 0;
    return primary == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT) ? SQLITE_FULL
                                                                             : primary;
}

//  The system's message, where it is more specific than SQLite's.
static void s_cause (sqlite3 *db, int rc, char text [CAUSE_BYTES])
{
    int primary = s_primary (db, rc), number = db ? sqlite3_system_errno (db) : 0;
    bool system =
        number && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL);
    const char *more = system                     ? strerror (number)
                       : rc == SQLITE_IOERR_FSYNC ? "fsync failed"
                                                  : NULL;
    snprintf (text, CAUSE_BYTES, "%s%s%s", sqlite3_errstr (primary), more ? ", " : "",
              more ? more : "");
}

cadre_error_t sqlite_error (sqlite3 *db, int rc, const char *path, const char *doing,
                            fault_t *fault)
{
    char cause [CAUSE_BYTES];
    s_cause (db, rc, cause);
    for (size_t i = 0; i < sizeof s_cures / sizeof *s_cures; i++)
        if (s_cures [i].rc == s_primary (db, rc))
            return fault_set (fault, s_cures [i].code, "the store %s cannot be %s (%s): %s", path,
                              doing, cause, s_cures [i].cure);
    return fault_set (fault, CADRE_ERROR_IO, "the store %s cannot be %s (%s; SQLite's code is %d)",
                      path, doing, db ? sqlite3_errmsg (db) : cause, rc);
}

cadre_error_t sqlite_error_is_damage (const char *path, const char *where, fault_t *fault)
{
    return fault_set (
        fault, CADRE_ERROR_IO,
        "the store %s is damaged (%s), and was not changed: restore it from a copy, or move it away to begin with an empty one",
        path, where);
}
