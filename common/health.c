//  health.c - the status file of a daemon, for the health check of a container

#include "common/health.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/trust.h"

static const char *const s_names [] = {"starting", "ready", "away", "stopping"};
#define STATES (sizeof s_names / sizeof *s_names)

const char *health_state_name (health_state_t state)
{
    return (size_t) state < STATES ? s_names [state] : "?";
}

static bool s_replace (const char *file, const char *line, size_t size)
{
    char fresh [PATH_MAX];
    int length = snprintf (fresh, sizeof fresh, "%s.new", file);
    errno = ENAMETOOLONG;
    if (length < 0 || (size_t) length >= sizeof fresh)
        return false;
    int descriptor = trust_make (fresh);
    if (descriptor < 0)
        return false;
    bool written = write (descriptor, line, size) == (ssize_t) size;
    close (descriptor);
    return written && rename (fresh, file) == 0;
}

cadre_error_t health_write (const char *file, health_state_t state, int64_t at_us, const char *text,
                            fault_t *fault)
{
    char line [HEALTH_TEXT_BYTES];
    int size = snprintf (line, sizeof line, "%" PRId64 " %s %.*s\n", at_us,
                         health_state_name (state), HEALTH_TEXT_BYTES / 2, text);
    if (size > 0 && s_replace (file, line, (size_t) size))
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_IO,
        "health cannot be written to %s: %s; choose a file in a folder that can be written (CADRE_HEALTH)",
        file, strerror (errno));
}

static bool s_health_parse (char *line, health_t *self)
{
    char name [16];
    int text = 0;
    *self = (health_t){0};
    line [strcspn (line, "\n")] = 0;
    if (sscanf (line, "%" SCNd64 " %15s %n", &self->at_us, name, &text) != 2 || text == 0)
        return false;
    snprintf (self->text, sizeof self->text, "%s", line + text);
    for (size_t i = 0; i < STATES; i++)
        if (strcmp (name, s_names [i]) == 0) {
            self->state = (health_state_t) i;
            return true;
        }
    return false;
}

cadre_error_t health_read (const char *file, health_t *self, fault_t *fault)
{
    char line [HEALTH_TEXT_BYTES] = "";
    FILE *stream = fopen (file, "re");
    if (!stream && errno == ENOENT)
        return fault_set (fault, CADRE_ERROR_NOT_FOUND, "no process writes %s", file);
    if (!stream)
        return fault_set (fault, CADRE_ERROR_IO, "%s cannot be read: %s", file, strerror (errno));
    bool read = fgets (line, sizeof line, stream) != NULL;
    fclose (stream);
    if (read && s_health_parse (line, self))
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_TYPE, "%s is not a status file of cadre (CADRE_HEALTH)",
                      file);
}
