//  cadre_error.c - texts and exit codes of errors and outcomes

#include "common/cadre_error.h"

#include <stddef.h>

typedef struct error_row {
    const char *name; //  Name in code, without the prefix
    const char *text; //  For people
    int exit_code;    //  Of a command that fails with it
} error_row_t;

static const error_row_t s_errors [] = {
#define ERROR_ROW(name, number, text, exit_code) [number] = {#name, text, exit_code},
    CADRE_ERRORS (ERROR_ROW)
#undef ERROR_ROW
};

static const char *const s_outcomes [] = {
#define OUTCOME_ROW(name, number, word) [number] = word,
    CADRE_OUTCOMES (OUTCOME_ROW)
#undef OUTCOME_ROW
};

static const error_row_t *s_row (cadre_error_t error)
{
    static const error_row_t unknown = {"UNKNOWN", "unknown error", 125};
    size_t count = sizeof s_errors / sizeof *s_errors;
    return (size_t) error < count ? &s_errors [error] : &unknown;
}

const char *cadre_error_text (cadre_error_t error)
{
    return s_row (error)->text;
}

const char *cadre_error_name (cadre_error_t error)
{
    return s_row (error)->name;
}

int cadre_error_exit_code (cadre_error_t error)
{
    return s_row (error)->exit_code;
}

const char *cadre_outcome_text (cadre_outcome_t outcome)
{
    return (size_t) outcome < CADRE_OUTCOMES_COUNT ? s_outcomes [outcome] : "unknown";
}
