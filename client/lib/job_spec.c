//  job_spec.c - converts job options and commands to protocol fields

#include "client/lib/job_spec.h"
#include "common/pack.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MS 5000u
#define RETRIES_LOST 2u

static size_t s_job_spec_count (const char *const *texts)
{
    size_t count = 0;
    while (texts && texts [count])
        count++;
    return count;
}

static void s_job_spec_pack_texts (buffer_t *self, const char *const *texts)
{
    for (; texts && *texts; texts++)
        pack_text (self, *texts);
}

static cadre_error_t s_check_environment (const char *const *environment, fault_t *fault)
{
    for (; environment && *environment; environment++) {
        const char *equals = strchr (*environment, '=');
        if (!equals || equals == *environment)
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "'%.100s' is not a variable of an environment: write NAME=VALUE",
                              *environment);
    }
    return CADRE_OK;
}

static void s_pack_around (buffer_t *self, const job_spec_around_t *around)
{
    if (around->environment) {
        pack_text (self, "env_around");
        pack_uint (self, around->environment);
    }
    if (around->directory) {
        pack_text (self, "dir_around");
        pack_bool (self, true);
    }
}

static void s_pack_spec (buffer_t *self, const cadre_job_options_t *options,
                         const job_spec_around_t *around)
{
    int pairs = (options->environment != NULL) + (around->environment > 0)
                + (options->directory != NULL) + around->directory + (options->shell != NULL)
                + options->slot_mark;
    pack_map (self, (size_t) pairs);
    if (options->environment) {
        pack_text (self, "env");
        pack_array (self, s_job_spec_count (options->environment));
        s_job_spec_pack_texts (self, options->environment);
    }
    s_pack_around (self, around);
    if (options->directory) {
        pack_text (self, "dir");
        pack_text (self, options->directory);
    }
    if (options->shell) {
        pack_text (self, "shell");
        pack_text (self, options->shell);
    }
    if (options->slot_mark) {
        pack_text (self, "slot_mark");
        pack_bool (self, true);
    }
}

//  ---- limits of tries, by cause ----

//  Outcomes after which a task may be tried again.
static bool s_is_cause (const char *text, size_t size)
{
    static const cadre_outcome_t causes [] = {
        CADRE_OUTCOME_ERROR,   CADRE_OUTCOME_EXIT,          CADRE_OUTCOME_SIGNAL,
        CADRE_OUTCOME_TIMEOUT, CADRE_OUTCOME_OUT_OF_MEMORY, CADRE_OUTCOME_WORKER_LOST};
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        const char *word = cadre_outcome_text (causes [i]);
        if (strlen (word) == size && memcmp (word, text, size) == 0)
            return true;
    }
    return false;
}

//  Packs one cause=tries at *text, and advances *text.
static bool s_pack_cause (buffer_t *pairs, const char **text)
{
    size_t name = strcspn (*text, "=,"), digits;
    const char *number = *text + name + 1;
    if (!s_is_cause (*text, name) || (*text) [name] != '=')
        return false;
    digits = strspn (number, "0123456789");
    if (digits == 0 || digits > 5 || (number [digits] && number [digits] != ','))
        return false;
    pack_text_of (pairs, *text, name);
    pack_uint (pairs, strtoul (number, NULL, 10));
    *text = number + digits;
    if (!**text)
        return true;
    ++*text;
    return **text != 0;
}

static cadre_error_t s_pack_causes (buffer_t *self, const char *limits, fault_t *fault)
{
    buffer_t pairs = {0};
    size_t count = 0;
    const char *at = limits;
    bool fine = true;
    for (; fine && at && *at; count++)
        fine = s_pack_cause (&pairs, &at);
    if (!fine)
        fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "'%.100s' does not limit tries: write causes and numbers, such as error=3,timeout=1; causes are error, "
            "exit, signal, timeout, out-of-memory, worker-lost",
            limits);
    else if (count) {
        pack_map (self, count);
        pack_raw (self, pairs.data, pairs.size);
    }
    buffer_free (&pairs);
    return fault->code;
}

static cadre_error_t s_job_spec_check (const cadre_job_options_t *options, fault_t *fault)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved [0]; i++)
        if (options->reserved [i])
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "reserved fields of the job's options are set: begin with `cadre_job_options_t o = {0}`");
    if (options->uuid && !options->detached && !options->durable)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "a job has a uuid and is attached: set durable or detached, or leave uuid out");
    if (options->timeout_ms < -1 || options->expire_ms < -1)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "timeout_ms or expire_ms of a job is below -1: give milliseconds, or -1 for none");
    if (options->grace_ms < 0 || options->backoff_ms < 0)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "grace_ms or backoff_ms of a job is below zero: give milliseconds, or 0 for the usual");
    return s_check_environment (options->environment, fault);
}

//  How often a task of a lost worker may be tried again, unless the causes define it.
static cadre_error_t s_retries_lost (job_spec_t *self, const cadre_job_options_t *options,
                                     fault_t *fault)
{
    uint64_t by_cause = 0;
    cursor_t cursor =
        cursor_find (wire_view_of (&self->causes), cadre_outcome_text (CADRE_OUTCOME_WORKER_LOST));
    if (options->no_rerun && cursor_uint (&cursor, &by_cause) && by_cause > 0)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "no_rerun is set, and retry_limits has tries after worker-lost: leave one of them out");
    self->fields.retries_lost = options->no_rerun ? 0 : RETRIES_LOST;
    return CADRE_OK;
}

//  Converts a limit; -1 is no limit, which is 0 in the protocol.
static uint64_t s_limit_ms (int64_t given_ms)
{
    return given_ms < 0 ? 0 : (uint64_t) given_ms;
}

cadre_error_t job_spec_of (job_spec_t *self, unsigned kind, const char *function,
                           const cadre_job_options_t *options, const job_spec_around_t *around,
                           fault_t *fault)
{
    static const cadre_job_options_t usual = {0};
    static const job_spec_around_t nothing = {0};
    *self = (job_spec_t){0};
    if (!options)
        options = &usual;
    if (kind != WIRE_KIND_COMMAND && (!function || !*function))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "no function is named: give the name of one that workers offer");
    if (s_job_spec_check (options, fault)
        || s_pack_causes (&self->causes, options->retry_limits, fault))
        return fault->code;
    s_job_spec_pack_texts (&self->needs, options->needs);
    if (kind == WIRE_KIND_COMMAND)
        s_pack_spec (&self->command, options, around ? around : &nothing);
    const char *label = options->name ? options->name : function ? function : "command";
    self->fields = (wire_job_open_t){
        .kind = kind,
        .detached = options->detached || options->durable,
        .name = wire_view (label),
        .function = wire_view (kind == WIRE_KIND_COMMAND ? "" : function),
        .spec = wire_view_of (&self->command),
        .priority = options->priority,
        .limit = options->limit,
        .retries = options->retries,
        .timeout_ms = s_limit_ms (options->timeout_ms),
        .grace_ms = options->grace_ms ? (uint64_t) options->grace_ms : GRACE_MS,
        .needs = wire_list_of (&self->needs, s_job_spec_count (options->needs)),
        .durable = options->durable,
        .expire_ms = s_limit_ms (options->expire_ms),
        .uuid = {options->uuid, options->uuid ? WIRE_UUID_BYTES : 0},
        .causes = wire_view_of (&self->causes),
        .backoff_ms = (uint64_t) options->backoff_ms,
    };
    return s_retries_lost (self, options, fault);
}

void job_spec_free (job_spec_t *self)
{
    buffer_free (&self->needs);
    buffer_free (&self->command);
    buffer_free (&self->causes);
}

static void s_pack_environment (buffer_t *payload, const char *const *environment)
{
    pack_map (payload, s_job_spec_count (environment));
    for (; *environment; environment++) {
        size_t name = strcspn (*environment, "=");
        pack_text_of (payload, *environment, name);
        pack_text (payload, *environment + name + 1);
    }
}

cadre_error_t job_spec_pack_command (buffer_t *payload, const char *const *argv, const char *line,
                                     const void *input, size_t input_bytes,
                                     const char *const *environment, fault_t *fault)
{
    if (!line && (!argv || !argv [0]))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the command is empty: name a program");
    if (s_check_environment (environment, fault))
        return fault->code;
    pack_array (payload, 3);
    if (line)
        pack_text (payload, line);
    else {
        pack_array (payload, s_job_spec_count (argv));
        s_job_spec_pack_texts (payload, argv);
    }
    if (input)
        pack_blob (payload, input, input_bytes);
    else
        pack_nil (payload);
    if (environment)
        s_pack_environment (payload, environment);
    else
        pack_nil (payload);
    return CADRE_OK;
}
