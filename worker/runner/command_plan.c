//  command_plan.c - prepares a command's payload and spec for execution

#include "worker/runner/command_plan.h"

#include "common/private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLAN_NUMBER_BYTES 24u
#define PLAN_OWN_BYTES 4096u //  For the variables that cadre sets, except the broker's address
#define PLAN_BYTES_MAX (16u << 20) //  More than any system accepts
#define PLAN_SLOT_MARK "{%}"

typedef struct payload {
    view_t argv;  //  Array of texts, or one text
    view_t input; //  bin, text or nil
    view_t env;   //  Map, or nil
} payload_t;

void command_plan_free (command_plan_t *self)
{
    buffer_free (&self->texts);
    buffer_free (&self->argv);
    buffer_free (&self->env);
}

char *const *command_plan_argv (const command_plan_t *self)
{
    return (char *const *) (void *) self->argv.data;
}

char *const *command_plan_env (const command_plan_t *self)
{
    return (char *const *) (void *) self->env.data;
}

static void s_command_plan_push (buffer_t *list, const char *text)
{
    buffer_append (list, &text, sizeof text);
}

static char *s_here (const command_plan_t *self)
{
    return (char *) self->texts.data + self->texts.size;
}

static void s_command_plan_add (command_plan_t *self, const void *bytes, size_t size_bytes)
{
    assert (self->texts.size + size_bytes <= self->texts.capacity);
    buffer_append (&self->texts, bytes, size_bytes);
}

static bool s_read_payload (view_t bytes, payload_t *payload)
{
    cursor_t cursor = cursor_of_view (bytes);
    size_t count = 0;
    return cursor_array (&cursor, &count) && count >= 3 && cursor_skip (&cursor, &payload->argv)
           && cursor_skip (&cursor, &payload->input) && cursor_skip (&cursor, &payload->env);
}

//  An upper bound for all strings: a text has at least one header byte, which pays for its NUL; the
//  slot's number is at most three times as long as its mark, plus a constant.
static size_t s_bound (const runner_host_t *host, const payload_t *payload,
                       const runner_task_t *task)
{
    return 8 * payload->argv.size + 2 * payload->env.size + 2 * task->spec.size
           + strlen (host->broker) + PLAN_OWN_BYTES;
}

//  ---- argv -------------------------------------------------------------------------------

static bool s_flag (view_t spec, const char *name)
{
    bool flag = false;
    cursor_t cursor = cursor_find (spec, name);
    return cursor_peek (&cursor) == CURSOR_BOOL && cursor_bool (&cursor, &flag) && flag;
}

static cadre_error_t s_clean (view_t text, fault_t *fault)
{
    if (text.size && memchr (text.data, 0, text.size))
        return fault_set (fault, CADRE_ERROR_TYPE,
                          "a command's argument or variable has a NUL byte inside: take it out");
    return CADRE_OK;
}

static cadre_error_t s_add_argument (command_plan_t *self, view_t text, const char *slot,
                                     fault_t *fault)
{
    s_command_plan_push (&self->argv, s_here (self));
    const char *at = (const char *) text.data;
    size_t left = text.size;
    const char *mark;
    while (slot && left && (mark = memmem (at, left, PLAN_SLOT_MARK, strlen (PLAN_SLOT_MARK)))) {
        s_command_plan_add (self, at, (size_t) (mark - at));
        s_command_plan_add (self, slot, strlen (slot));
        left -= (size_t) (mark - at) + strlen (PLAN_SLOT_MARK);
        at = mark + strlen (PLAN_SLOT_MARK);
    }
    s_command_plan_add (self, at, left);
    s_command_plan_add (self, "", 1);
    return s_clean (text, fault);
}

static cadre_error_t s_add_line (command_plan_t *self, view_t spec, view_t line, const char *slot,
                                 fault_t *fault)
{
    view_t shell = {.data = (const uint8_t *) "/bin/sh", .size = 7};
    cursor_t cursor = cursor_find (spec, "shell");
    if (cursor_peek (&cursor) == CURSOR_TEXT)
        cursor_text (&cursor, &shell);
    view_t option = {.data = (const uint8_t *) "-c", .size = 2};
    cadre_error_t error = s_add_argument (self, shell, NULL, fault);
    if (error == CADRE_OK)
        error = s_add_argument (self, option, NULL, fault);
    return error == CADRE_OK ? s_add_argument (self, line, slot, fault) : error;
}

static cadre_error_t s_make_argv (command_plan_t *self, const runner_host_t *host, view_t spec,
                                  view_t argv, fault_t *fault)
{
    char number [PLAN_NUMBER_BYTES];
    snprintf (number, sizeof number, "%u", host->slot);
    const char *slot = s_flag (spec, "slot_mark") ? number : NULL;
    cursor_t cursor = cursor_of_view (argv);
    view_t text = {0};
    size_t count = 0;
    cadre_error_t error = CADRE_OK;
    if (cursor_peek (&cursor) == CURSOR_TEXT) {
        cursor_text (&cursor, &text);
        error = s_add_line (self, spec, text, slot, fault);
    } else if (!cursor_array (&cursor, &count) || count == 0) {
        return fault_set (fault, CADRE_ERROR_TYPE,
                          "a command is a list of texts, or one text for the shell");
    }
    for (size_t i = 0; i < count && error == CADRE_OK; i++)
        error = cursor_text (&cursor, &text)
                    ? s_add_argument (self, text, slot, fault)
                    : fault_set (fault, CADRE_ERROR_TYPE,
                                 "argument %zu of the command is not a text", i);
    s_command_plan_push (&self->argv, NULL);
    return error;
}

//  ---- environment ----------------------------------------------------------------------------

//  The entry NAME= in the environment so far, or NULL.
static const char **s_command_plan_find (const command_plan_t *self, const char *variable)
{
    size_t length = strcspn (variable, "=") + 1;
    const char **env = (const char **) (void *) self->env.data;
    for (size_t i = 0; i < self->env.size / sizeof *env; i++)
        if (strncmp (env [i], variable, length) == 0)
            return &env [i];
    return NULL;
}

static void s_command_plan_set (command_plan_t *self, const char *variable)
{
    const char **found = s_command_plan_find (self, variable);
    if (found)
        *found = variable;
    else
        s_command_plan_push (&self->env, variable);
}

static void s_inherit (command_plan_t *self)
{
    for (char **each = environ; *each; each++)
        if (!private_variable (*each))
            s_command_plan_push (&self->env, *each);
}

//  The spec's environment replaces the worker's own.
static cadre_error_t s_base (command_plan_t *self, view_t spec, fault_t *fault)
{
    cursor_t cursor = cursor_find (spec, "env");
    size_t count = 0;
    if (cursor_peek (&cursor) != CURSOR_ARRAY) {
        s_inherit (self);
        return CADRE_OK;
    }
    cursor_array (&cursor, &count);
    for (size_t i = 0; i < count; i++) {
        view_t text = {0};
        if (!cursor_text (&cursor, &text) || !text.size || !memchr (text.data, '=', text.size))
            return fault_set (fault, CADRE_ERROR_TYPE,
                              "variable %zu of the command's environment is not NAME=VALUE", i + 1);
        char *here = s_here (self);
        s_command_plan_add (self, text.data, text.size);
        s_command_plan_add (self, "", 1);
        if (!private_variable (here))
            s_command_plan_push (&self->env, here);
        if (s_clean (text, fault) != CADRE_OK)
            return CADRE_ERROR_TYPE;
    }
    return CADRE_OK;
}

static void s_set_number (command_plan_t *self, const char *name, uint64_t value)
{
    char text [64];
    int length = snprintf (text, sizeof text, "%s=%" PRIu64, name, value);
    char *here = s_here (self);
    s_command_plan_add (self, text, (size_t) length + 1);
    s_command_plan_set (self, here);
}

static void s_set_own (command_plan_t *self, const runner_host_t *host, const runner_task_t *task)
{
    s_set_number (self, "CADRE_JOB", task->job);
    s_set_number (self, "CADRE_TASK", task->index);
    s_set_number (self, "CADRE_ATTEMPT", task->attempt);
    s_set_number (self, "CADRE_SLOT", host->slot);
    char *here = s_here (self);
    s_command_plan_add (self, "CADRE_TASK_BROKER=", 18);
    s_command_plan_add (self, host->broker, strlen (host->broker) + 1);
    if (*host->broker)
        s_command_plan_set (self, here);
}

static cadre_error_t s_set_extra (command_plan_t *self, view_t map, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (map);
    size_t count = 0;
    if (cursor_peek (&cursor) == CURSOR_NIL)
        return CADRE_OK;
    bool ok = cursor_map (&cursor, &count);
    for (size_t i = 0; i < count && ok; i++) {
        view_t name = {0}, value = {0};
        ok = cursor_text (&cursor, &name) && cursor_text (&cursor, &value) && name.size
             && !memchr (name.data, '=', name.size);
        if (!ok)
            break;
        if (s_clean (name, fault) != CADRE_OK || s_clean (value, fault) != CADRE_OK)
            return CADRE_ERROR_TYPE;
        char *here = s_here (self);
        s_command_plan_add (self, name.data, name.size);
        s_command_plan_add (self, "=", 1);
        s_command_plan_add (self, value.data, value.size);
        s_command_plan_add (self, "", 1);
        s_command_plan_set (self, here);
    }
    return ok ? CADRE_OK
              : fault_set (fault, CADRE_ERROR_TYPE,
                           "a task's environment is a map of names to texts, or nil");
}

//  ---- the rest --------------------------------------------------------------------------------

static void s_make_directory (command_plan_t *self, view_t spec)
{
    self->directory = NULL;
    cursor_t cursor = cursor_find (spec, "dir");
    view_t text = {0};
    if (cursor_peek (&cursor) != CURSOR_TEXT || !cursor_text (&cursor, &text) || text.size == 0)
        return;
    self->directory = s_here (self);
    s_command_plan_add (self, text.data, text.size);
    s_command_plan_add (self, "", 1);
}

static cadre_error_t s_make_input (command_plan_t *self, view_t spec, view_t input, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (input);
    if (cursor_peek (&cursor) == CURSOR_NIL)
        cursor = cursor_find (spec, "stdin");
    cursor_kind_t kind = cursor_peek (&cursor);
    self->input = (view_t){0};
    self->has_input = kind == CURSOR_BLOB || kind == CURSOR_TEXT;
    if (self->has_input)
        cursor_bytes (&cursor, &self->input);
    else if (kind != CURSOR_NIL && kind != CURSOR_END)
        return fault_set (fault, CADRE_ERROR_TYPE, "a command's stdin is bytes, or nil");
    return CADRE_OK;
}

cadre_error_t command_plan_make (command_plan_t *self, const runner_host_t *host,
                                 const runner_task_t *task, fault_t *fault)
{
    payload_t payload = {0};
    if (!s_read_payload (task->payload, &payload))
        return fault_set (fault, CADRE_ERROR_TYPE,
                          "a command's payload is a list of command, stdin and environment");
    if (payload.argv.size + payload.env.size + task->spec.size > PLAN_BYTES_MAX)
        return fault_set (
            fault, CADRE_ERROR_TOO_LARGE,
            "the command with its environment has more than 16 MiB: pass large data by stdin");
    buffer_clear (&self->texts);
    buffer_clear (&self->argv);
    buffer_clear (&self->env);
    buffer_reserve (&self->texts, s_bound (host, &payload, task));
    cadre_error_t error = s_make_argv (self, host, task->spec, payload.argv, fault);
    if (error == CADRE_OK)
        error = s_base (self, task->spec, fault);
    if (error != CADRE_OK)
        return error;
    error = s_set_extra (self, payload.env, fault);
    s_set_own (self, host, task);
    s_command_plan_push (&self->env, NULL);
    s_make_directory (self, task->spec);
    return error == CADRE_OK ? s_make_input (self, task->spec, payload.input, fault) : error;
}
