//  deploy_record.c - see deploy_record.h

#include "client/cli/hosts/deploy_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cli/output/text.h"
#include "common/trust.h"

//  Creates the folder and its parents.
static int s_deploy_record_make (const char *path)
{
    char part [DEPLOY_RECORD_PATH_BYTES];
    for (const char *slash = strchr (path + 1, '/');; slash = strchr (slash + 1, '/')) {
        snprintf (part, sizeof part, "%.*s", slash ? (int) (slash - path) : (int) strlen (path),
                  path);
        if (mkdir (part, 0700) != 0 && errno != EEXIST)
            return errno;
        if (!slash)
            return 0;
    }
}

cadre_error_t deploy_record_folder (char *path, size_t size, bool make, fault_t *fault)
{
    const char *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    int printed = -1;
    if (state && *state == '/')
        printed = snprintf (path, size, "%s/cadre", state);
    else if (home && *home == '/')
        printed = snprintf (path, size, "%s/.local/state/cadre", home);
    if (printed < 0 || (size_t) printed >= size)
        return fault_set (
            fault, CADRE_ERROR_CONFIGURATION,
            "there is no folder for the list of deployed hosts: set HOME or XDG_STATE_HOME");
    int failed = make ? s_deploy_record_make (path) : 0;
    if (failed)
        return fault_set (fault, CADRE_ERROR_IO, "cannot make the folder %s: %s", path,
                          strerror (failed));
    struct stat facts;
    return stat (path, &facts) ? CADRE_OK
                               : trust_judge (&facts, "folder", path, TRUST_FOLDER, fault);
}

static cadre_error_t s_deploy_record_path (const char *name, char *path, size_t size, bool make,
                                           fault_t *fault)
{
    if (deploy_record_folder (path, size, make, fault) != CADRE_OK)
        return fault->code;
    size_t used = strlen (path);
    int printed = snprintf (path + used, size - used, "/%s.hosts", name);
    return printed > 0 && (size_t) printed < size - used
               ? CADRE_OK
               : fault_set (fault, CADRE_ERROR_CONFIGURATION, "the path of %s.hosts is too long",
                            name);
}

cadre_error_t deploy_record_read (const char *name, hostlist_t *hosts, fault_t *fault)
{
    char path [DEPLOY_RECORD_PATH_BYTES];
    if (s_deploy_record_path (name, path, sizeof path, false, fault) != CADRE_OK)
        return fault->code;
    if (access (path, F_OK) != 0)
        return fault_set (
            fault, CADRE_ERROR_NOT_FOUND,
            "nothing was deployed from here under the name %s; name hosts with --hosts", name);
    return hostlist_read (hosts, path, fault);
}

static cadre_error_t s_deploy_record_write (const char *path, const hostlist_t *before,
                                            const hostlist_t *more, const hostlist_t *less,
                                            size_t *count)
{
    int descriptor = trust_make (path);
    FILE *file = descriptor < 0 ? NULL : fdopen (descriptor, "w");
    if (!file)
        return CADRE_ERROR_IO;
    const hostlist_t *lists [] = {before, more};
    *count = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; lists [i] && j < hostlist_count (lists [i]); j++) {
            const hostlist_host_t *host = hostlist_at (lists [i], j);
            if ((less && hostlist_find (less, host->name))
                || (i == 0 && more && hostlist_find (more, host->name)))
                continue;
            char *line = hostlist_line (host);
            fprintf (file, "%s\n", line);
            free (line);
            ++*count;
        }
    return fclose (file) == 0 ? CADRE_OK : CADRE_ERROR_IO;
}

cadre_error_t deploy_record_change (const char *name, const hostlist_t *more,
                                    const hostlist_t *less, fault_t *fault)
{
    char path [DEPLOY_RECORD_PATH_BYTES], fresh [DEPLOY_RECORD_PATH_BYTES + 8];
    size_t count = 0;
    hostlist_t *before = hostlist_new ();
    deploy_record_read (name, before, NULL);
    if (s_deploy_record_path (name, path, sizeof path, true, fault) == CADRE_OK) {
        snprintf (fresh, sizeof fresh, "%s.new", path);
        if (s_deploy_record_write (fresh, before, more, less, &count) != CADRE_OK
            || rename (fresh, path) != 0)
            fault_set (fault, CADRE_ERROR_IO, "cannot write %s: %s", path, strerror (errno));
        else if (count == 0)
            unlink (path);
    }
    hostlist_destroy (&before);
    return fault->code;
}
