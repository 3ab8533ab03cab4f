//  keydir.c - the folder with a broker's keys

#include "common/keydir.h"

#include <ctype.h>
#include <czmq.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/trust.h"

#define FILE_BYTES (KEYDIR_PATH_BYTES + KEYS_NAME_BYTES + 32)
#define BROKER_FILE "broker.key"
#define ENDING ".pub"
#define FUNCTION "function-"
#define KEYS_FOLDER "the folder of keys"
#define OWN "own"
#define ALL "all"

cadre_error_t keydir_default (char path [KEYDIR_PATH_BYTES], fault_t *fault)
{
    const char *folder = getenv ("XDG_CONFIG_HOME"), *home = getenv ("HOME");
    int size = 0;
    if (folder && *folder)
        size = snprintf (path, KEYDIR_PATH_BYTES, "%s/cadre/keys", folder);
    else if (home && *home)
        size = snprintf (path, KEYDIR_PATH_BYTES, "%s/.config/cadre/keys", home);
    if (size > 0 && size < KEYDIR_PATH_BYTES)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_CONFIGURATION,
        "there is no folder for keys: set HOME or XDG_CONFIG_HOME, or give one with --keys");
}

static const char *s_file (const char *path, const char *name, const char *ending,
                           char file [FILE_BYTES])
{
    snprintf (file, FILE_BYTES, "%.*s/%s%s", KEYDIR_PATH_BYTES, path, name, ending);
    return file;
}

bool keydir_exists (const char *path)
{
    char file [FILE_BYTES];
    return access (s_file (path, BROKER_FILE, "", file), F_OK) == 0;
}

//  Writes a temporary file and renames it, so that a broker that reads meanwhile sees the old or
//  the new file.
static cadre_error_t s_save (zcert_t *cert, const char *file, bool secret, fault_t *fault)
{
    char draft [FILE_BYTES + 16];
    snprintf (draft, sizeof draft, "%s.%ld", file, (long) getpid ());
    mode_t before = umask (077);
    int rc = secret ? zcert_save_secret (cert, draft) : zcert_save_public (cert, draft);
    umask (before);
    if (rc == 0 && chmod (draft, 0600) == 0 && rename (draft, file) == 0)
        return CADRE_OK;
    fault_set (fault, CADRE_ERROR_IO,
               "%.400s cannot be written: %s: choose another folder with --keys", file,
               strerror (errno));
    unlink (draft);
    return CADRE_ERROR_IO;
}

//  ==== the broker's own ============================================================

//  mkdir -p; the last one gets mode 0700.
static cadre_error_t s_make_folder (const char *path, fault_t *fault)
{
    char part [KEYDIR_PATH_BYTES];
    size_t size = strlen (path);
    for (size_t i = 1; i <= size && size < sizeof part; i++) {
        if (path [i] && path [i] != '/')
            continue;
        snprintf (part, sizeof part, "%.*s", (int) i, path);
        if (mkdir (part, 0700) && errno != EEXIST)
            return fault_set (fault, CADRE_ERROR_IO,
                              "folder %.300s cannot be made: %s: choose another with --keys", part,
                              strerror (errno));
    }
    return CADRE_OK;
}

static cadre_error_t s_make_broker (const char *path, const char *file, fault_t *fault)
{
    if (s_make_folder (path, fault))
        return fault->code;
    zcert_t *cert = zcert_new ();
    if (!cert)
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "this libzmq was built without CURVE: install one with it");
    zcert_set_meta (cert, "name", "%s", "broker");
    cadre_error_t error = s_save (cert, file, true, fault);
    zcert_destroy (&cert);
    return error;
}

//  Users who can write here can add keys.
static cadre_error_t s_check_writers (const char *what, const char *path, fault_t *fault)
{
    struct stat facts;
    return stat (path, &facts) ? CADRE_OK : trust_judge (&facts, what, path, TRUST_FILE, fault);
}

static cadre_error_t s_check_secret (const char *file, fault_t *fault)
{
    struct stat facts;
    if (stat (file, &facts))
        return fault_set (
            fault, errno == EACCES ? CADRE_ERROR_REFUSED : CADRE_ERROR_CONFIGURATION,
            "the broker's key %.300s cannot be read: %s: cadre keygen NAME --role ROLE makes one",
            file, strerror (errno));
    return trust_judge (&facts, "the broker's key", file, TRUST_SECRET, fault);
}

//  Both halves must belong together, otherwise every handshake would fail.
static bool s_read_pair (zconfig_t *cert, char public_key [KEYS_TEXT_BYTES],
                         char secret_key [KEYS_TEXT_BYTES])
{
    const char *public_text = zconfig_get (cert, "curve/public-key", "");
    const char *secret_text = zconfig_get (cert, "curve/secret-key", "");
    if (!keys_is_key (public_text) || !keys_is_key (secret_text))
        return false;
    memcpy (secret_key, secret_text, KEYS_TEXT_BYTES);
    return zmq_curve_public (public_key, secret_key) == 0 && strcmp (public_key, public_text) == 0;
}

cadre_error_t keydir_broker (const char *path, bool make, char public_key [KEYS_TEXT_BYTES],
                             char secret_key [KEYS_TEXT_BYTES], fault_t *fault)
{
    char file [FILE_BYTES];
    fault_t own = {0};
    fault = fault ? fault : &own;
    s_file (path, BROKER_FILE, "", file);
    if (make && !keydir_exists (path) && s_make_broker (path, file, fault))
        return fault->code;
    if (s_check_secret (file, fault) || s_check_writers (KEYS_FOLDER, path, fault))
        return fault->code;
    //  Not zcert_load: it prefers a file with another name beside this one
    zconfig_t *cert = zconfig_load (file);
    bool fine = cert && s_read_pair (cert, public_key, secret_key);
    zconfig_destroy (&cert);
    if (fine)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_CONFIGURATION,
        "%.300s is not the key of a broker: restore it, or remove it and create all keys again",
        file);
}

//  ==== peers =======================================================================

//  Every entry of this kind counts, and one that cannot be kept makes the file invalid: a pattern
//  that was ignored would extend the rights of its key.
static bool s_read_functions (zconfig_t *meta, keydir_entry_t *entry)
{
    for (zconfig_t *each = zconfig_child (meta); each; each = zconfig_next (each)) {
        const char *pattern = zconfig_value (each);
        if (strncmp (zconfig_name (each), FUNCTION, strlen (FUNCTION)) != 0)
            continue;
        if (!pattern || !*pattern || entry->functions_count == KEYDIR_FUNCTIONS_MAX)
            return false;
        entry->functions [entry->functions_count++] = pattern;
    }
    return true;
}

//  Reads the holder and the jobs that the key may access. An unknown word is an error, because it
//  could be a restriction.
static bool s_read_jobs (zconfig_t *cert, keydir_entry_t *entry)
{
    const char *jobs = zconfig_get (cert, "metadata/jobs", "");
    const char *holder = zconfig_get (cert, "metadata/holder", entry->public_key);
    entry->all_jobs = entry->role != ROLE_CLIENT || strcmp (jobs, ALL) == 0;
    if (!keys_is_key (holder) || (*jobs && entry->role != ROLE_CLIENT))
        return false;
    memcpy (entry->holder, holder, KEYS_TEXT_BYTES);
    return !*jobs || strcmp (jobs, ALL) == 0 || strcmp (jobs, OWN) == 0;
}

//  Reads the entry of a certificate; its texts live as long as the certificate. It must have the
//  name of its file, because revoking removes that file.
static bool s_keydir_read (zconfig_t *cert, const char *file, keydir_entry_t *entry)
{
    zconfig_t *meta = zconfig_locate (cert, "metadata");
    const char *key = zconfig_get (cert, "curve/public-key", "");
    const char *name = zconfig_get (cert, "metadata/name", "");
    const char *role = zconfig_get (cert, "metadata/role", "");
    const char *base = strrchr (file, '/') + 1;
    *entry = (keydir_entry_t){0};
    if (!meta || keys_check_name (name, NULL) || keys_parse_role (role, &entry->role, NULL)
        || !keys_is_key (key) || strncmp (base, name, strlen (name)) != 0
        || strcmp (base + strlen (name), ENDING) != 0)
        return false;
    memcpy (entry->name, name, strlen (name) + 1);
    memcpy (entry->public_key, key, KEYS_TEXT_BYTES);
    return s_read_jobs (cert, entry) && s_read_functions (meta, entry);
}

static cadre_error_t s_load (const char *file, zconfig_t **cert, keydir_entry_t *entry,
                             fault_t *fault)
{
    if (s_check_writers ("key", file, fault))
        return CADRE_ERROR_REFUSED;
    *cert = zconfig_load (file);
    if (*cert && s_keydir_read (*cert, file, entry))
        return CADRE_OK;
    zconfig_destroy (cert);
    return fault_set (
        fault, CADRE_ERROR_CONFIGURATION,
        "%.300s is not a public key with a role and the name of the file: restore it, or remove it",
        file);
}

static cadre_error_t s_keydir_take (const char *file, keydir_take_fn *take, void *owner,
                                    fault_t *fault)
{
    zconfig_t *cert = NULL;
    keydir_entry_t entry;
    cadre_error_t error = s_load (file, &cert, &entry, fault);
    if (!error)
        error = take (owner, &entry, fault);
    zconfig_destroy (&cert);
    return error;
}

cadre_error_t keydir_each (const char *path, keydir_take_fn *take, void *owner, fault_t *fault)
{
    char file [FILE_BYTES + 256];
    cadre_error_t error = s_check_writers (KEYS_FOLDER, path, fault);
    if (error)
        return error;
    DIR *folder = opendir (path);
    if (!folder)
        return fault_set (fault, CADRE_ERROR_CONFIGURATION,
                          "folder %.300s cannot be read: %s: correct --keys", path,
                          strerror (errno));
    struct dirent *found;
    while (!error && (found = readdir (folder))) {
        size_t size = strlen (found->d_name);
        if (size <= strlen (ENDING) || strcmp (found->d_name + size - strlen (ENDING), ENDING) != 0)
            continue;
        snprintf (file, sizeof file, "%.*s/%s", KEYDIR_PATH_BYTES, path, found->d_name);
        error = s_keydir_take (file, take, owner, fault);
    }
    closedir (folder);
    return error;
}

//  Patterns are written in quotes into a file of lines.
static cadre_error_t s_check_functions (const keydir_entry_t *entry, fault_t *fault)
{
    for (size_t i = 0; i < entry->functions_count; i++) {
        const char *pattern = entry->functions [i];
        bool fine = *pattern != '\0';
        for (; *pattern && fine; pattern++)
            fine = *pattern != '"' && !iscntrl ((unsigned char) *pattern);
        if (!fine)
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "'%.100s' is not a pattern of functions: give the name of one, with * for many",
                entry->functions [i]);
    }
    return CADRE_OK;
}

cadre_error_t keydir_put (const char *path, const keydir_entry_t *entry, bool replace,
                          fault_t *fault)
{
    char file [FILE_BYTES], key [32];
    uint8_t public_key [KEYS_RAW_BYTES], none [KEYS_RAW_BYTES] = {0};
    if (keys_check_name (entry->name, fault) || s_check_functions (entry, fault))
        return CADRE_ERROR_ARGUMENT;
    bool there = access (s_file (path, entry->name, ENDING, file), F_OK) == 0;
    if (there && !replace)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "there is a key %s already: use --rotate to replace it, --revoke to revoke it, or another name",
            entry->name);
    if (!there && replace)
        return fault_set (fault, CADRE_ERROR_NOT_FOUND, "there is no key %s in %.300s", entry->name,
                          path);
    zmq_z85_decode (public_key, entry->public_key);
    zcert_t *cert = zcert_new_from (public_key, none);
    zcert_set_meta (cert, "name", "%s", entry->name);
    zcert_set_meta (cert, "role", "%s", keys_role_name (entry->role));
    if (entry->role == ROLE_CLIENT)
        zcert_set_meta (cert, "jobs", "%s", entry->all_jobs ? ALL : OWN);
    if (*entry->holder && strcmp (entry->holder, entry->public_key) != 0)
        zcert_set_meta (cert, "holder", "%s", entry->holder);
    for (size_t i = 0; i < entry->functions_count; i++) {
        snprintf (key, sizeof key, FUNCTION "%zu", i + 1);
        zcert_set_meta (cert, key, "%s", entry->functions [i]);
    }
    cadre_error_t error = s_save (cert, file, false, fault);
    zcert_destroy (&cert);
    return error;
}

static cadre_error_t s_keydir_need (const char *path, const char *name, char file [FILE_BYTES],
                                    fault_t *fault)
{
    if (keys_check_name (name, fault))
        return CADRE_ERROR_ARGUMENT;
    if (access (s_file (path, name, ENDING, file), F_OK) == 0)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_NOT_FOUND, "there is no key %s in %.300s", name, path);
}

cadre_error_t keydir_get (const char *path, const char *name, keydir_entry_t *entry, fault_t *fault)
{
    char file [FILE_BYTES];
    zconfig_t *cert = NULL;
    cadre_error_t error = s_keydir_need (path, name, file, fault);
    if (!error)
        error = s_load (file, &cert, entry, fault);
    if (error)
        return error;
    for (size_t i = 0; i < entry->functions_count; i++)
        entry->functions [i] = strdup (entry->functions [i]);
    zconfig_destroy (&cert);
    return CADRE_OK;
}

void keydir_free (keydir_entry_t *entry)
{
    for (size_t i = 0; i < entry->functions_count; i++)
        free ((char *) (uintptr_t) entry->functions [i]);
    entry->functions_count = 0;
}

cadre_error_t keydir_remove (const char *path, const char *name, fault_t *fault)
{
    char file [FILE_BYTES];
    if (s_keydir_need (path, name, file, fault))
        return fault ? fault->code : CADRE_ERROR_NOT_FOUND;
    if (unlink (file))
        return fault_set (fault, CADRE_ERROR_IO, "%.300s cannot be removed: %s", file,
                          strerror (errno));
    return CADRE_OK;
}
