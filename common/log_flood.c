//  log_flood.c - rate limit for log lines

#include "common/log_flood.h"

#include <stdio.h>
#include <string.h>

static log_flood_line_t *s_line (log_flood_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strncmp (self->lines [i].name, name, LOG_FLOOD_NAME_BYTES - 1) == 0)
            return &self->lines [i];
    if (self->count == LOG_FLOOD_NAMES_MAX)
        return &self->lines [LOG_FLOOD_NAMES_MAX - 1];
    log_flood_line_t *line = &self->lines [self->count++];
    snprintf (line->name, sizeof line->name, "%s", name);
    return line;
}

//  The burst recovers by one line per second.
static bool s_may (log_flood_line_t *line, int64_t now_us)
{
    int64_t back = now_us > line->since_us ? (now_us - line->since_us) / LOG_FLOOD_US : 0;
    line->since_us += back * LOG_FLOOD_US;
    line->taken = back < (int64_t) line->taken ? line->taken - (uint32_t) back : 0;
    if (line->taken == 0)
        line->since_us = now_us;
    return line->taken < LOG_FLOOD_BURST;
}

static uint64_t s_log_flood_take (log_flood_line_t *line)
{
    uint64_t left_out = line->left_out;
    line->left_out = 0;
    line->taken++;
    return left_out;
}

bool log_flood_admit (log_flood_t *self, const char *name, int64_t now_us, uint64_t *left_out)
{
    log_flood_line_t *line = s_line (self, name);
    *left_out = 0;
    if (!s_may (line, now_us)) {
        line->left_out++;
        self->total++;
        return false;
    }
    *left_out = s_log_flood_take (line);
    return true;
}

bool log_flood_next (log_flood_t *self, int64_t now_us, const char **name, uint64_t *left_out)
{
    for (size_t i = 0; i < self->count; i++) {
        log_flood_line_t *line = &self->lines [i];
        if (line->left_out == 0 || !s_may (line, now_us))
            continue;
        *name = line->name;
        *left_out = s_log_flood_take (line);
        return true;
    }
    return false;
}
