//  deed.c - what the tasks of a job under chaos do, and what must come of them

#include "tests/chaos/deed.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_BYTES (2u << 20)
#define VAST_BYTES (9u << 20) //  More than a worker may have unacknowledged
#define OFTEN "signal=50,worker-lost=1000,out-of-memory=50"
#define CRASHES(index) ((index) % 37 == 36) //  As plugins/chaos.c does for brittle

static const deed_t s_deeds [] = {
    {.word = "quick", .function = "quick", .limits = OFTEN ",error=50", .most = 1000},
    {.word = "slow", .function = "slow", .limits = OFTEN ",error=50", .most = 40},
    {.word = "brittle",
     .function = "brittle",
     .limits = "worker-lost=0",
     .most = 300,
     .once = true},
    {.word = "flaky", .function = "flaky", .limits = OFTEN ",error=50", .most = 60},
    {.word = "fails", .function = "fails", .limits = OFTEN ",error=1", .most = 20},
    {.word = "command", .limits = OFTEN ",error=50", .most = 30},
    {.word = "large", .function = "large", .limits = OFTEN ",error=50", .most = 4},
    {.word = "once", .function = "slow", .limits = "worker-lost=0", .most = 30, .once = true},
    {.word = "quick", .function = "quick", .limits = OFTEN ",error=50", .most = 300},
    {.word = "deadly", .function = "deadly", .limits = OFTEN ",error=50", .most = 2},
    {.word = "brittle",
     .function = "brittle",
     .limits = "worker-lost=0",
     .most = 300,
     .once = true},
    {.word = "command", .limits = OFTEN ",error=50", .most = 10},
};

const deed_t *deed_at (unsigned number)
{
    return &s_deeds [number % (sizeof s_deeds / sizeof *s_deeds)];
}

const deed_t *deed_find (const char *word)
{
    for (size_t i = 0; i < sizeof s_deeds / sizeof *s_deeds; i++)
        if (strcmp (s_deeds [i].word, word) == 0)
            return &s_deeds [i];
    return NULL;
}

void recipe_print (const recipe_t *self, char *line, size_t size)
{
    snprintf (line, size, "%s %s %" PRIu32 " %" PRId64, self->name, self->deed->word, self->count,
              self->salt);
}

bool recipe_scan (recipe_t *self, const char *line)
{
    char word [DEED_NAME_BYTES];
    if (sscanf (line, "%63s %63s %" SCNu32 " %" SCNd64, self->name, word, &self->count, &self->salt)
        != 4)
        return false;
    self->deed = deed_find (word);
    return self->deed && self->count <= DEED_TASKS_MAX;
}

cadre_job_t *recipe_open (const recipe_t *self, cadre_t *pool, bool detached, bool durable)
{
    const cadre_job_options_t options = {.name = self->name,
                                         .detached = detached,
                                         .durable = durable,
                                         .backoff_ms = 20,
                                         .retry_limits = self->deed->limits};
    return cadre_job_open (pool, self->deed->function, &options);
}

//  ---- tasks -----------------------------------------------------------------------

static uint8_t s_byte (const recipe_t *self, uint32_t index, size_t at)
{
    return (uint8_t) ((uint64_t) self->salt * 7 + index * 31 + at * 13 + (at >> 12));
}

static size_t s_large_size (uint32_t index)
{
    return index ? LARGE_BYTES : VAST_BYTES;
}

static cadre_error_t s_add_large (const recipe_t *self, cadre_job_t *job, const char *trace,
                                  uint32_t index)
{
    size_t size = s_large_size (index);
    uint8_t *bytes = malloc (size);
    assert (bytes);
    for (size_t i = 0; i < size; i++)
        bytes [i] = s_byte (self, index, i);
    cadre_error_t error = cadre_job_add (job, NULL, "ssiiB", trace, self->name, (int64_t) index,
                                         self->salt, (const void *) bytes, size);
    free (bytes);
    return error;
}

static cadre_error_t s_add_command (const recipe_t *self, cadre_job_t *job, const char *trace,
                                    uint32_t index)
{
    char line [512];
    snprintf (line, sizeof line,
              "echo %s %" PRIu32 " 0 $$ >> %s; echo begin; sleep 0.0%" PRIu32 "; seq %" PRIu32
              " %" PRIu32 "; exit %" PRIu32,
              self->name, index, trace, index % 10, index, index + 20, index % 3);
    return cadre_job_add_line (job, NULL, line, NULL, 0, NULL);
}

cadre_error_t recipe_add (const recipe_t *self, cadre_job_t *job, const char *trace, uint32_t index)
{
    if (!self->deed->function)
        return s_add_command (self, job, trace, index);
    if (strcmp (self->deed->function, "large") == 0)
        return s_add_large (self, job, trace, index);
    return cadre_job_add (job, NULL, "ssii", trace, self->name, (int64_t) index, self->salt);
}

//  ---- results ---------------------------------------------------------------------

static bool s_is_number (const recipe_t *self, const cadre_event_t *event)
{
    cadre_value_t *value = cadre_value_decode (event->bytes, event->size_bytes);
    int64_t wanted = (int64_t) event->index * event->index + self->salt;
    bool right = event->outcome == CADRE_OUTCOME_OK && cadre_value_fits_int (value)
                 && cadre_value_int (value) == wanted;
    cadre_value_destroy (&value);
    return right;
}

static bool s_is_large (const recipe_t *self, const cadre_event_t *event)
{
    cadre_value_t *value = cadre_value_decode (event->bytes, event->size_bytes);
    size_t size = 0;
    const uint8_t *bytes = cadre_value_blob (value, &size);
    bool right = event->outcome == CADRE_OUTCOME_OK && size == s_large_size (event->index);
    for (size_t i = 0; right && i < size; i++)
        right = bytes [i] == (uint8_t) (s_byte (self, event->index, i) + (uint8_t) self->salt);
    cadre_value_destroy (&value);
    return right;
}

static bool s_is_command (const cadre_event_t *event, const char *output)
{
    char wanted [256] = "begin\n";
    for (uint32_t i = event->index; i <= event->index + 20; i++)
        snprintf (wanted + strlen (wanted), sizeof wanted - strlen (wanted), "%" PRIu32 "\n", i);
    int code = (int) event->index % 3;
    return event->outcome == (code ? CADRE_OUTCOME_EXIT : CADRE_OUTCOME_OK) && event->code == code
           && strcmp (output, wanted) == 0;
}

static bool s_is_right (const recipe_t *self, const cadre_event_t *event, const char *output)
{
    char never [32];
    snprintf (never, sizeof never, "never %" PRIu32, event->index);
    const char *function = self->deed->function;
    if (!function)
        return s_is_command (event, output);
    if (strcmp (function, "large") == 0)
        return s_is_large (self, event);
    if (strcmp (function, "fails") == 0)
        return event->outcome == CADRE_OUTCOME_ERROR && strcmp (event->error_kind, "chaos") == 0
               && strcmp (event->message, never) == 0;
    if (strcmp (function, "deadly") == 0)
        return event->outcome == CADRE_OUTCOME_QUARANTINED;
    if (strcmp (function, "brittle") == 0 && CRASHES (event->index))
        return event->outcome == CADRE_OUTCOME_SIGNAL;
    return s_is_number (self, event);
}

verdict_t recipe_judge (const recipe_t *self, const cadre_event_t *event, const char *output,
                        char *text, size_t size)
{
    bool stopped =
        event->outcome == CADRE_OUTCOME_ERROR && strcmp (event->error_kind, "slot-broken") == 0;
    bool lost =
        event->outcome == CADRE_OUTCOME_WORKER_LOST || event->outcome == CADRE_OUTCOME_SIGNAL;
    if (event->index < self->count && s_is_right (self, event, output))
        return VERDICT_RIGHT;
    if (event->index < self->count
        && (stopped || (self->deed->once ? lost : event->outcome == CADRE_OUTCOME_QUARANTINED)))
        return VERDICT_KILLED;
    snprintf (text, size, "%s, code %d, %zu bytes, attempt %u, %s: %s; wrote %zu bytes: %.80s",
              cadre_outcome_text (event->outcome), event->code, event->size_bytes, event->attempt,
              event->error_kind, event->message, strlen (output), output);
    return VERDICT_WRONG;
}
