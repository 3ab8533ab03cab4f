//  rules_message.c - validity rules for messages: results, output, functions

#include <inttypes.h>

#include "common/rules.h"
#include "common/utf8.h"

static bool s_is_known (const rules_result_t *self)
{
    switch (self->outcome) {
    case CADRE_OUTCOME_OK:
    case CADRE_OUTCOME_ERROR:
    case CADRE_OUTCOME_EXIT:
    case CADRE_OUTCOME_SIGNAL:
    case CADRE_OUTCOME_TIMEOUT: return true;
    case CADRE_OUTCOME_OUT_OF_MEMORY: return !self->by_slot;
    case CADRE_OUTCOME_CANCELLED: return !self->by_slot || self->cancelled;
    default: return false;
    }
}

static bool s_check_outcome (const rules_result_t *self, fault_t *fault)
{
    const char *who = self->by_slot ? "a slot" : "a worker";
    if (!s_is_known (self)) {
        const char *word = self->outcome < CADRE_OUTCOMES_COUNT
                               ? cadre_outcome_text ((cadre_outcome_t) self->outcome)
                               : "none";
        fault_set (fault, CADRE_ERROR_PROTOCOL, "outcome %" PRIu64 " (%s) cannot come from %s",
                   self->outcome, word, who);
        return false;
    }
    if (self->code < INT32_MIN || self->code > INT32_MAX || self->run_us > INT64_MAX) {
        fault_set (fault, CADRE_ERROR_PROTOCOL,
                   "code %" PRId64 " or a run time of %" PRIu64 " us is out of range", self->code,
                   self->run_us);
        return false;
    }
    return true;
}

//  Known keys must have their type; unknown keys may have any value.
static bool s_check_entry (view_t key, cursor_t *cursor, fault_t *fault)
{
    static const char *const texts [] = {"kind", "message", "trace", "worker"};
    static const char *const numbers [] = {"user_us", "system_us", "max_rss_bytes"};
    static const rules_shape_t shape = {.name = "detail", .depth_max = RULES_DEPTH_MAX};
    cursor_kind_t kind = cursor_peek (cursor);
    view_t value = {0};
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (view_is (key, texts [i]))
            return cursor_text (cursor, &value) && utf8_is_valid (value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (view_is (key, numbers [i]))
            return cursor_uint (cursor, &number);
    if (view_is (key, "abandoned"))
        return kind == CURSOR_BOOL && cursor_skip (cursor, NULL);
    return rules_take (cursor, &shape, &value, fault);
}

static bool s_check_detail (view_t detail, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (detail);
    size_t count = 0;
    view_t key = {0};
    if (detail.size == 0 || (detail.size == 1 && detail.data [0] == 0xc0)) //  nil
        return true;
    if (detail.size > RULES_DETAIL_BYTES) {
        fault_set (fault, CADRE_ERROR_PROTOCOL, "detail of %zu bytes: at most %u", detail.size,
                   RULES_DETAIL_BYTES);
        return false;
    }
    bool sound = cursor_map (&cursor, &count);
    for (size_t i = 0; sound && i < count; i++)
        sound = cursor_text (&cursor, &key) && utf8_is_valid (key)
                && s_check_entry (key, &cursor, fault);
    if (sound && cursor_done (&cursor))
        return true;
    fault_set (fault, CADRE_ERROR_PROTOCOL,
               "detail is not a map, or an entry of it is not what SPEC.md says");
    return false;
}

bool rules_message_result (const rules_result_t *self, fault_t *fault)
{
    return s_check_outcome (self, fault)
           && rules_check (self->value, self->items ? &rules_items : &rules_value, fault)
           && s_check_detail (self->detail, fault);
}

static bool s_check_progress (view_t bytes, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (bytes);
    size_t count = 0;
    double fraction = 0;
    view_t text = {0};
    if (cursor_array (&cursor, &count) && count == 2 && cursor_double (&cursor, &fraction)
        && cursor_text (&cursor, &text) && utf8_is_valid (text) && cursor_done (&cursor))
        return true;
    fault_set (fault, CADRE_ERROR_PROTOCOL, "progress is not an array of a number and a text");
    return false;
}

bool rules_message_output (uint64_t stream, view_t bytes, fault_t *fault)
{
    if (bytes.size > WIRE_PART_MAX) {
        fault_set (fault, CADRE_ERROR_PROTOCOL, "%zu bytes of output in one piece: at most %u",
                   bytes.size, WIRE_PART_MAX);
        return false;
    }
    switch (stream) {
    case WIRE_STREAM_STDOUT:
    case WIRE_STREAM_STDERR: return true;
    case WIRE_STREAM_LOG:
        if (utf8_is_valid (bytes))
            return true;
        fault_set (fault, CADRE_ERROR_PROTOCOL, "a log line that is not UTF-8");
        return false;
    case WIRE_STREAM_PROGRESS: return s_check_progress (bytes, fault);
    case WIRE_STREAM_PARTIAL:
        if (bytes.size)
            return rules_check (bytes, &rules_value, fault);
        break;
    default: break;
    }
    fault_set (fault, CADRE_ERROR_PROTOCOL,
               "output on stream %" PRIu64 ", which does not exist, or empty output", stream);
    return false;
}

static bool s_rules_message_is_name (view_t text, size_t most)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data [i] < 0x20 || text.data [i] == 0x7f)
            return false;
    return text.size <= most && utf8_is_valid (text);
}

static bool s_check_function (const wire_function_t *function, size_t number, fault_t *fault)
{
    if (function->name.size && s_rules_message_is_name (function->name, RULES_NAME_BYTES)
        && s_rules_message_is_name (function->takes, RULES_NAME_BYTES)
        && function->says.size <= RULES_SAYS_BYTES && utf8_is_valid (function->says))
        return true;
    fault_set (
        fault, CADRE_ERROR_PLUGIN,
        "function %zu: its name needs 1 to %u bytes of UTF-8 without control characters, what it takes at most as "
        "many, and what it says at most %u",
        number, RULES_NAME_BYTES, RULES_SAYS_BYTES);
    return false;
}

bool rules_message_functions (const wire_list_t *functions, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (functions->values);
    if (functions->count > RULES_FUNCTIONS_MAX || functions->values.size > RULES_FUNCTIONS_BYTES) {
        fault_set (fault, CADRE_ERROR_PLUGIN,
                   "%zu functions (%zu bytes of names and descriptions): at most %u (%u bytes)",
                   functions->count, functions->values.size, RULES_FUNCTIONS_MAX,
                   RULES_FUNCTIONS_BYTES);
        return false;
    }
    for (size_t i = 0; i < functions->count; i++) {
        wire_function_t function;
        if (!wire_read_function (&cursor, &function)) {
            fault_set (fault, CADRE_ERROR_PLUGIN, "function %zu is not a record of texts", i + 1);
            return false;
        }
        if (!s_check_function (&function, i + 1, fault))
            return false;
    }
    return true;
}
