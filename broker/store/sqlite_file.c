//  sqlite_file.c - finds or creates, locks and checks the file of a store

#include "broker/store/sqlite_file.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store/lockfile.h"
#include "broker/store/sqlite_error.h"
#include "broker/store/sqlite_wal.h"
#include "common/trust.h"

#define HEAD_BYTES 100
#define MAGIC "SQLite format 3"
#define LOG_SQL "CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)"
#define STORE_SQL "CREATE TABLE store (boots INTEGER, first INTEGER)"

struct sqlite_file {
    char path [PATH_MAX]; //  With symbolic links resolved
    const char *vfs;      //  Name of a SQLite VFS, or NULL
    lockfile_t *lock;     //  Held until the file is closed
    sqlite3 *writer;      //  The connection that writes
    bool had_wal;         //  FILE-wal existed before
    bool had_shm;         //  FILE-shm existed before
    bool adopted;         //  It may be changed
};

static const char *s_beside (const char *path, const char *suffix, char *text)
{
    int size = snprintf (text, PATH_MAX, "%s%s", path, suffix);
    assert (size > 0 && size < PATH_MAX);
    return text;
}

static bool s_exists (const char *path, const char *suffix)
{
    char text [PATH_MAX];
    struct stat status;
    return stat (s_beside (path, suffix, text), &status) == 0;
}

static void s_sqlite_file_remove (const char *path, const char *suffix)
{
    char text [PATH_MAX];
    unlink (s_beside (path, suffix, text));
}

static cadre_error_t s_sqlite_file_run (sqlite_file_t *self, sqlite3 *db, const char *sql,
                                        const char *doing, fault_t *fault)
{
    int rc = sqlite3_exec (db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? CADRE_OK : sqlite_error (db, rc, self->path, doing, fault);
}

//  A new database uses a rollback journal, so that it is complete, synced and a single file when it
//  is renamed.
static cadre_error_t s_sqlite_file_fill (sqlite_file_t *self, sqlite3 *db, fault_t *fault)
{
    char sql [512];
    snprintf (
        sql, sizeof sql,
        "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL;"
        "BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d; " LOG_SQL "; " STORE_SQL
        "; INSERT INTO store VALUES (0, 1); COMMIT; PRAGMA journal_mode = WAL;",
        STORE_FILE_APPLICATION, STORE_FILE_FORMAT);
    return s_sqlite_file_run (self, db, sql, "made", fault);
}

static void s_sync_folder (const char *path)
{
    char text [PATH_MAX];
    snprintf (text, sizeof text, "%s", path);
    int fd = open (dirname (text), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync (fd);
    close (fd);
}

static cadre_error_t s_make_file (sqlite_file_t *self, const char *fresh, fault_t *fault)
{
    int fd = open (fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fault_set (fault, CADRE_ERROR_CONFIGURATION, "the store %s cannot be made: %s: %s",
                          self->path, fresh, strerror (errno));
    close (fd);
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2 (fresh, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, self->vfs);
    cadre_error_t error = rc ? sqlite_error (db, rc, self->path, "made", fault)
                             : s_sqlite_file_fill (self, db, fault);
    sqlite3_close (db);
    if (error)
        return error;
    if (rename (fresh, self->path) != 0)
        return fault_set (fault, CADRE_ERROR_IO, "the store %s cannot be made: %s", self->path,
                          strerror (errno));
    s_sync_folder (self->path);
    return CADRE_OK;
}

static cadre_error_t s_sqlite_file_make (sqlite_file_t *self, fault_t *fault)
{
    static const char *const leftovers [] = {".new", ".new-journal", ".new-wal", ".new-shm"};
    char fresh [PATH_MAX];
    if (s_exists (self->path, "-wal"))
        return fault_set (
            fault, CADRE_ERROR_IO,
            "the store %s is missing, but %s-wal, a part of it, exists: restore the store, or move that away to begin with an empty one",
            self->path, self->path);
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
        s_sqlite_file_remove (self->path, leftovers [i]);
    cadre_error_t error = s_make_file (self, s_beside (self->path, ".new", fresh), fault);
    for (size_t i = 0; error && i < sizeof leftovers / sizeof *leftovers; i++)
        s_sqlite_file_remove (self->path, leftovers [i]);
    return error;
}

static uint32_t s_sqlite_file_number (const uint8_t *head, size_t offset)
{
    uint32_t value;
    memcpy (&value, head + offset, sizeof value);
    return be32toh (value);
}

static cadre_error_t s_judge_head (sqlite_file_t *self, const uint8_t *head, size_t size,
                                   fault_t *fault)
{
    if (size == 0)
        return sqlite_error_is_damage (self->path, "it is empty", fault);
    if (size < HEAD_BYTES || memcmp (head, MAGIC, sizeof MAGIC) != 0)
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "%s is not a store of cadre's (not a database): name another file",
                          self->path);
    if (s_sqlite_file_number (head, 68) != STORE_FILE_APPLICATION)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "%s is not a store of cadre's (another program's database): name another file",
            self->path);
    if (s_sqlite_file_number (head, 60) > STORE_FILE_FORMAT)
        return fault_set (
            fault, CADRE_ERROR_VERSION,
            "the store %s has format %u, newer than this broker's %d: use the newer cadre, or "
            "name another file",
            self->path, s_sqlite_file_number (head, 60), STORE_FILE_FORMAT);
    if (s_sqlite_file_number (head, 60) < STORE_FILE_FORMAT)
        return sqlite_error_is_damage (self->path, "its format has no number", fault);
    return CADRE_OK;
}

//  Checks the file's header before SQLite opens it.
static cadre_error_t s_check_head (sqlite_file_t *self, fault_t *fault)
{
    uint8_t head [HEAD_BYTES];
    struct stat status;
    int fd = open (self->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)) {
        fault_set (fault, CADRE_ERROR_CONFIGURATION, "the store %s cannot be written: %s",
                   self->path, fd < 0 ? strerror (errno) : "it is not a regular file");
        if (fd >= 0)
            close (fd);
        return fault->code;
    }
    ssize_t size = pread (fd, head, sizeof head, 0);
    int why = errno;
    close (fd);
    if (status.st_nlink > 1)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "the store %s has %lu names (hard links), and a lock works for one name only: remove the others",
            self->path, (unsigned long) status.st_nlink);
    if (size < 0)
        return fault_set (fault, CADRE_ERROR_IO, "the store %s cannot be read: %s", self->path,
                          strerror (why));
    return s_judge_head (self, head, (size_t) size, fault);
}

static int s_see_table (void *context, int columns, char **values, char **names)
{
    static const char *const tables [] = {LOG_SQL, STORE_SQL};
    int *seen = context;
    (void) names;
    if (columns != 1 || *seen >= 2 || !values [0] || strcmp (values [0], tables [*seen]) != 0)
        return 1;
    (*seen)++;
    return 0;
}

static int s_see_answer (void *context, int columns, char **values, char **names)
{
    char *answer = context;
    (void) names;
    snprintf (answer, 128, "%s", columns == 1 && values [0] ? values [0] : "");
    return 0;
}

//  There must be no other tables, views or triggers, which could act on our writes.
static cadre_error_t s_check_tables (sqlite_file_t *self, fault_t *fault)
{
    int seen = 0;
    const char *sql = "SELECT sql FROM sqlite_schema ORDER BY name";
    int rc = sqlite3_exec (self->writer, sql, s_see_table, &seen, NULL);
    if (rc == SQLITE_ABORT || (rc == SQLITE_OK && seen != 2))
        return sqlite_error_is_damage (self->path, "its tables are not those of a store", fault);
    return rc ? sqlite_error (self->writer, rc, self->path, "read", fault) : CADRE_OK;
}

//  Checks the tree of pages. The scan, which follows and finds them in memory, checks the rows.
static cadre_error_t s_check_pages (sqlite_file_t *self, fault_t *fault)
{
    char answer [128] = "";
    int rc = sqlite3_exec (self->writer, "PRAGMA quick_check(1)", s_see_answer, answer, NULL);
    if (rc)
        return sqlite_error (self->writer, rc, self->path, "read", fault);
    return strcmp (answer, "ok") == 0 ? CADRE_OK
                                      : sqlite_error_is_damage (self->path, answer, fault);
}

static cadre_error_t s_sqlite_file_connect (sqlite_file_t *self, fault_t *fault)
{
    char sql [256];
    snprintf (sql, sizeof sql,
              "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
              "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %ld",
              STORE_FILE_WAL_BYTES);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2 (self->path, &self->writer, flags, self->vfs);
    if (rc)
        return sqlite_error (self->writer, rc, self->path, "opened", fault);
    sqlite3_extended_result_codes (self->writer, 1);
    sqlite3_busy_timeout (self->writer, STORE_FILE_BUSY_MS);
    sqlite3_db_config (self->writer, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config (self->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_db_readonly (self->writer, "main"))
        return sqlite_error (NULL, SQLITE_READONLY, self->path, "written", fault);
    return s_sqlite_file_run (self, self->writer, sql, "opened", fault);
}

static cadre_error_t s_check_mode (sqlite_file_t *self, fault_t *fault)
{
    char answer [128] = "";
    int rc = sqlite3_exec (self->writer, "PRAGMA journal_mode", s_see_answer, answer, NULL);
    if (rc)
        return sqlite_error (self->writer, rc, self->path, "read", fault);
    return strcmp (answer, "wal") == 0
               ? CADRE_OK
               : sqlite_error_is_damage (self->path, "it has no write-ahead log", fault);
}

//  A broker that was killed left frames in the log: without it, accepted jobs would be lost.
static cadre_error_t s_check_wal (sqlite_file_t *self, fault_t *fault)
{
    char wal [PATH_MAX];
    struct stat status;
    bool has = stat (s_beside (self->path, "-wal", wal), &status) == 0
               && status.st_size > SQLITE_WAL_HEAD_BYTES;
    if (!has && lockfile_marked (self->lock))
        return fault_set (
            fault, CADRE_ERROR_IO,
            "the store %s is incomplete: its broker was killed, and %s, which has its last jobs, is %s: restore it; or remove %s.lock to continue without it",
            self->path, wal, self->had_wal ? "empty" : "missing", self->path);
    return sqlite_wal_check (self->path, wal, fault);
}

//  Another user who can write to the folder or the files could add jobs; one who can read them sees
//  all payloads. Symbolic links beside the file could redirect writes.
static cadre_error_t s_check_trust (const sqlite_file_t *self, trust_kind_t kind, fault_t *fault)
{
    static const char *const files [] = {"", "-wal", "-shm", "-journal", ".lock"};
    char text [PATH_MAX];
    struct stat facts;
    cadre_error_t error = trust_check_around (self->path, fault);
    if (!error && stat (self->path, &facts) == 0 && !S_ISREG (facts.st_mode))
        return CADRE_OK; //  No store exists: reported when it is opened
    for (size_t i = 0; i < sizeof files / sizeof *files && !error; i++)
        error = trust_check ("the store", s_beside (self->path, files [i], text), kind, fault);
    return error;
}

static cadre_error_t s_sqlite_file_open (sqlite_file_t *self, fault_t *fault)
{
    if (s_check_trust (self, TRUST_FILE, fault))
        return fault->code;
    self->lock = lockfile_take (self->path, fault);
    if (!self->lock)
        return fault->code;
    struct stat status;
    bool fresh = stat (self->path, &status) != 0 && errno == ENOENT;
    if (fresh && s_sqlite_file_make (self, fault))
        return fault->code;
    if (fresh)
        lockfile_mark (self->lock, false);
    self->had_wal = s_exists (self->path, "-wal");
    self->had_shm = s_exists (self->path, "-shm");
    if (s_check_head (self, fault) || s_check_trust (self, TRUST_SECRET, fault)
        || s_check_wal (self, fault) || s_sqlite_file_connect (self, fault)
        || s_check_tables (self, fault) || s_check_mode (self, fault))
        return fault->code;
    return s_check_pages (self, fault);
}

//  Symbolic links are resolved once, so that two names of a file use the same lock. A path that
//  does not exist is kept as given.
static cadre_error_t s_resolve (sqlite_file_t *self, const char *path, fault_t *fault)
{
    char whole [PATH_MAX];
    if (!*path || strlen (path) > PATH_MAX - sizeof ".new-journal")
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "the store's path is %s: name a file, as in --store /var/lib/cadre/store",
                          *path ? "too long" : "empty");
    struct stat status;
    if (strstr (path, "://"))
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "%s is not a file, and this broker keeps its store in one: write --store FILE", path);
    if (lstat (path, &status) == 0 && S_ISLNK (status.st_mode) && stat (path, &status) != 0
        && errno == ENOENT)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "the store %s is a dangling link: mount or create its target, or name another file",
            path);
    //  A user who can replace a link can choose the store
    if (trust_check_around (path, fault))
        return fault->code;
    if (realpath (path, whole) && strlen (whole) <= PATH_MAX - sizeof ".new-journal")
        path = whole;
    snprintf (self->path, sizeof self->path, "%s", path);
    return CADRE_OK;
}

sqlite_file_t *sqlite_file_open (const char *path, const char *vfs, fault_t *fault)
{
    fault_t ignored = {0};
    fault = fault ? fault : &ignored;
    sqlite_file_t *self = calloc (1, sizeof *self);
    assert (self);
    self->vfs = vfs;
    if (s_resolve (self, path, fault) || s_sqlite_file_open (self, fault))
        sqlite_file_close (&self);
    return self;
}

void sqlite_file_close (sqlite_file_t **self_p)
{
    sqlite_file_t *self = *self_p;
    if (!self)
        return;
    bool opened = self->writer != NULL;
    if (self->adopted)
        lockfile_mark (self->lock, false);
    sqlite3_close (self->writer);
    if (opened && !self->adopted && !self->had_wal)
        s_sqlite_file_remove (self->path, "-wal");
    if (opened && !self->adopted && !self->had_shm)
        s_sqlite_file_remove (self->path, "-shm");
    lockfile_drop (&self->lock);
    free (self);
    *self_p = NULL;
}

const char *sqlite_file_path (const sqlite_file_t *self)
{
    return self->path;
}

sqlite3 *sqlite_file_writer (sqlite_file_t *self)
{
    return self->writer;
}

cadre_error_t sqlite_file_adopt (sqlite_file_t *self, fault_t *fault)
{
    self->adopted = true;
    lockfile_mark (self->lock, false);
    sqlite3_db_config (self->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    int rc = sqlite3_wal_checkpoint_v2 (self->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc && rc != SQLITE_BUSY ? sqlite_error (self->writer, rc, self->path, "written", fault)
                                   : CADRE_OK;
}

void sqlite_file_expect_wal (sqlite_file_t *self)
{
    lockfile_mark (self->lock, true);
}

void sqlite_file_freeze (sqlite_file_t *self)
{
    sqlite3_db_config (self->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

sqlite3 *sqlite_file_reader (const sqlite_file_t *self, fault_t *fault)
{
    sqlite3 *db = NULL;
    int rc =
        sqlite3_open_v2 (self->path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, self->vfs);
    if (rc) {
        sqlite_error (db, rc, self->path, "read", fault);
        sqlite3_close (db);
        return NULL;
    }
    sqlite3_extended_result_codes (db, 1);
    sqlite3_busy_timeout (db, STORE_FILE_BUSY_MS);
    return db;
}
