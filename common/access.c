//  access.c - access files: the broker's address and key, and a key of one's own

#include "common/access.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/trust.h"

#define LINE_BYTES (ACCESS_ADDRESS_BYTES + 64)

const char *access_path (const char *given)
{
    const char *named = given ? given : getenv (ACCESS_VARIABLE);
    return named && *named ? named : NULL;
}

//  ==== reading =====================================================================

//  systemd gives a credential (LoadCredential=) to the service's user by an access control list,
//  which appears as group permissions: the file is root's, read-only, in a folder of that service.
static bool s_is_credential (const char *path, const struct stat *facts)
{
    const char *folder = getenv ("CREDENTIALS_DIRECTORY");
    size_t size = folder ? strlen (folder) : 0;
    struct stat around;
    if (size == 0 || strncmp (path, folder, size) != 0 || path [size] != '/'
        || strchr (path + size + 1, '/'))
        return false;
    return facts->st_uid == 0 && (facts->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) == 0
           && stat (folder, &around) == 0 && around.st_uid == 0
           && (around.st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

//  The buffer is ours, so that no copy of the secret remains.
static FILE *s_stream (int descriptor, const char *path, char buffer [BUFSIZ], fault_t *fault)
{
    FILE *file = fdopen (descriptor, "r");
    if (file)
        setvbuf (file, buffer, _IOFBF, BUFSIZ);
    else
        fault_set (fault, CADRE_ERROR_MEMORY, "access file %.300s cannot be read: no memory", path);
    return file;
}

static FILE *s_access_open (const char *path, char buffer [BUFSIZ], fault_t *fault)
{
    FILE *file = NULL;
    struct stat facts;
    int descriptor = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0 || fstat (descriptor, &facts)) {
        fault_set (
            fault, errno == EACCES ? CADRE_ERROR_REFUSED : CADRE_ERROR_CONFIGURATION,
            "access file %.300s cannot be read: %s: create one with cadre keygen, or correct --access or CADRE_ACCESS",
            path, strerror (errno));
    } else if (!S_ISREG (facts.st_mode)) {
        fault_set (fault, CADRE_ERROR_CONFIGURATION,
                   "%.300s is not a file: give the file that cadre keygen made", path);
    } else if (s_is_credential (path, &facts)
               || trust_judge (&facts, "access file", path, TRUST_SECRET, fault) == CADRE_OK) {
        file = s_stream (descriptor, path, buffer, fault);
    }
    if (descriptor >= 0 && !file)
        close (descriptor);
    return file;
}

//  Splits `name = "value"`. False when the line has another form.
static bool s_access_cut (char *line, char **name, char **value)
{
    *name = line;
    size_t size = strcspn (line, " \t=");
    char *rest = line + size + strspn (line + size, " \t");
    if (size == 0 || *rest != '=')
        return false;
    rest += 1 + strspn (rest + 1, " \t");
    line [size] = '\0';
    char *end = *rest == '"' ? strchr (rest + 1, '"') : NULL;
    if (!end || end [1 + strspn (end + 1, " \t")])
        return false;
    *end = '\0';
    *value = rest + 1;
    return true;
}

static bool s_access_copy (const char *value, char *field, size_t size)
{
    if (strlen (value) >= size)
        return false;
    memcpy (field, value, strlen (value) + 1);
    return true;
}

static bool s_copy_key (const char *value, char field [KEYS_TEXT_BYTES])
{
    return keys_is_key (value) && s_access_copy (value, field, KEYS_TEXT_BYTES);
}

//  Unknown names belong to a newer version and are ignored.
static bool s_access_take (access_t *self, const char *name, const char *value)
{
    if (strcmp (name, "address") == 0)
        return s_access_copy (value, self->address, sizeof self->address);
    if (strcmp (name, "name") == 0)
        return keys_check_name (value, NULL) == CADRE_OK
               && s_access_copy (value, self->name, sizeof self->name);
    if (strcmp (name, "role") == 0)
        return keys_parse_role (value, &self->role, NULL) == CADRE_OK;
    if (strcmp (name, "server-key") == 0)
        return s_copy_key (value, self->keys.server_key);
    if (strcmp (name, "public-key") == 0)
        return s_copy_key (value, self->keys.public_key);
    if (strcmp (name, "secret-key") == 0)
        return s_copy_key (value, self->keys.secret_key);
    return true;
}

static bool s_is_whole (const access_t *self)
{
    return self->name [0] && self->role != ROLE_NONE && self->keys.server_key [0]
           && self->keys.public_key [0] && self->keys.secret_key [0];
}

//  Reads the next line, without its end. -1 when there is none, -2 when it is too long or contains
//  a NUL.
static int s_access_next (FILE *file, char line [LINE_BYTES])
{
    int size = 0, byte = 0;
    bool fine = true;
    while ((byte = getc_unlocked (file)) != EOF && byte != '\n') {
        fine = fine && byte != '\0' && size < LINE_BYTES - 1;
        if (fine)
            line [size++] = (char) byte;
    }
    if (size > 0 && line [size - 1] == '\r')
        size--;
    line [size] = '\0';
    if (!fine)
        return -2;
    return byte == EOF && size == 0 ? -1 : size;
}

static bool s_read_line (access_t *self, char *line)
{
    char *name, *value, *text = line + strspn (line, " \t");
    if (*text == '\0' || *text == '#')
        return true;
    return s_access_cut (text, &name, &value) && s_access_take (self, name, value);
}

static cadre_error_t s_read_lines (access_t *self, FILE *file, const char *path, fault_t *fault)
{
    char line [LINE_BYTES];
    unsigned number = 1;
    int size;
    while ((size = s_access_next (file, line)) >= 0 && s_read_line (self, line))
        number++;
    explicit_bzero (line, sizeof line);
    if (size != -1)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "line %u of access file %.300s is invalid: create a new one with cadre keygen", number,
            path);
    if (!s_is_whole (self))
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "access file %.300s is incomplete: it needs name, role, server-key, public-key and "
            "secret-key; create a new one with cadre keygen",
            path);
    return CADRE_OK;
}

cadre_error_t access_read (access_t *self, const char *path, fault_t *fault)
{
    fault_t own = {0};
    char buffer [BUFSIZ];
    *self = (access_t){0};
    FILE *file = s_access_open (path, buffer, fault ? fault : &own);
    if (!file)
        return fault ? fault->code : own.code;
    cadre_error_t error = s_read_lines (self, file, path, fault);
    fclose (file);
    explicit_bzero (buffer, sizeof buffer);
    if (error)
        access_wipe (self);
    return error;
}

cadre_error_t access_read_for (access_t *self, const char *path, bool worker, fault_t *fault)
{
    cadre_error_t error = access_read (self, path, fault);
    if (error || (self->role == ROLE_WORKER) == worker)
        return error;
    fault_set (
        fault, CADRE_ERROR_REFUSED,
        "the key %s in %.300s is for a%s %s, not for a %s: make another one with cadre keygen",
        self->name, path, self->role == ROLE_CLIENT || self->role == ROLE_WORKER ? "" : "n",
        keys_role_name (self->role), worker ? "worker" : "client");
    access_wipe (self);
    return CADRE_ERROR_REFUSED;
}

//  ==== writing =====================================================================

bool access_print (const access_t *self, FILE *stream)
{
    fprintf (stream, "# cadre access of %s (%s): everybody who has this file can use the key\n",
             self->name, keys_role_name (self->role));
    if (self->address [0])
        fprintf (stream, "address = \"%s\"\n", self->address);
    fprintf (stream, "name = \"%s\"\nrole = \"%s\"\n", self->name, keys_role_name (self->role));
    fprintf (stream, "server-key = \"%s\"\npublic-key = \"%s\"\nsecret-key = \"%s\"\n",
             self->keys.server_key, self->keys.public_key, self->keys.secret_key);
    return fflush (stream) == 0 && !ferror (stream);
}

static bool s_access_write (const access_t *self, const char *path)
{
    int descriptor = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = descriptor < 0 ? NULL : fdopen (descriptor, "w");
    if (!file)
        return false;
    bool fine = access_print (self, file) && fsync (descriptor) == 0;
    return fclose (file) == 0 && fine;
}

cadre_error_t access_write (const access_t *self, const char *path, fault_t *fault)
{
    char *draft;
    if (asprintf (&draft, "%s.%ld", path, (long) getpid ()) < 0)
        return fault_set (fault, CADRE_ERROR_MEMORY, "no memory for a path");
    cadre_error_t error = CADRE_OK;
    if (!s_access_write (self, draft) || rename (draft, path)) {
        error = fault_set (fault, CADRE_ERROR_IO,
                           "access file %.300s cannot be written: %s: choose another with --out",
                           path, strerror (errno));
        unlink (draft);
    }
    free (draft);
    return error;
}

void access_wipe (access_t *self)
{
    explicit_bzero (self, sizeof *self);
}
