//  admin_request.c - see admin_request.h

#include "client/cli/run/admin_request.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "client/cli/output/listing.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"

#define CLOSE_TIMEOUT_MS 1000
#define OPTIONS_MAX 8
#define PAGE_ROWS 10000u //  of a list, for each request

enum {
    KEY_STATE = 0x5001,
    KEY_OUTCOME,
    KEY_WAIT,
    KEY_TAG,
    KEY_TIMEOUT,
    KEY_ALL_TRIES,
    KEY_NO_WAIT,
    KEY_OLDER
};

static const struct {
    unsigned flag;             //  pages with this option
    struct argp_option option; //  for argp
} s_options [] = {
    {ADMIN_REQUEST_STATE, {"state", KEY_STATE, "STATE", 0, "only those in this state", 1}},
    {ADMIN_REQUEST_OLDER,
     {"older-than", KEY_OLDER, "TIME", 0,
      "with --state: only those that ended so long ago: 12h, 1d", 1}},
    {ADMIN_REQUEST_OUTCOME,
     {"outcome", KEY_OUTCOME, "OUTCOME", 0,
      "show only tasks with this outcome: error, exit, quarantined, ...", 1}},
    {ADMIN_REQUEST_WAIT, {"wait", KEY_WAIT, NULL, 0, "continue until the job has ended", 1}},
    {ADMIN_REQUEST_TAG,
     {"tag", KEY_TAG, NULL, 0, "print the task number and a tab before each line", 1}},
    {ADMIN_REQUEST_TRIES,
     {"all-tries", KEY_ALL_TRIES, NULL, 0,
      "print also what failed and lost tries wrote, before the output of the last try", 1}},
    {ADMIN_REQUEST_TIMEOUT,
     {"timeout", KEY_TIMEOUT, "TIME", 0,
      "stop waiting after TIME, with exit code 75: 90s, 5m (default: no limit)", 1}},
    {ADMIN_REQUEST_DRAIN_WORKER,
     {"timeout", KEY_TIMEOUT, "TIME", 0,
      "after TIME, end tasks that still run; they run again on other workers: 90s, 5m (default: "
      "the worker's --drain-timeout)",
      1}},
    {ADMIN_REQUEST_DRAIN_BROKER,
     {"timeout", KEY_TIMEOUT, "TIME", 0,
      "end after TIME, even if jobs have not ended: 90s, 5m (default: no limit)", 1}},
    {ADMIN_REQUEST_DRAIN_WORKER | ADMIN_REQUEST_DRAIN_BROKER,
     {"no-wait", KEY_NO_WAIT, NULL, 0, "do not wait until the drain is complete", 1}},
};

static void s_read_outcome (admin_request_options_t *self, const char *text,
                            struct argp_state *state)
{
    text_t words = {0};
    bool known = false;
    self->outcome = text;
    for (unsigned i = CADRE_OUTCOME_OK; i < CADRE_OUTCOMES_COUNT; i++) {
        const char *word = cadre_outcome_text ((cadre_outcome_t) i);
        known |= strcmp (word, text) == 0;
        text_print (&words, "%s%s", i > CADRE_OUTCOME_OK ? ", " : "", word);
    }
    if (!known)
        argp_error (state, "'%s' is not an outcome; the outcomes are: %s", text, words.bytes);
    text_free (&words);
}

static error_t s_admin_request_parse (int key, char *argument, struct argp_state *state)
{
    admin_request_options_t *self = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs [0] = &self->shared; return 0;
    case KEY_STATE: self->state = argument; return 0;
    case KEY_OUTCOME: s_read_outcome (self, argument, state); return 0;
    case KEY_WAIT: self->wait = true; return 0;
    case KEY_TAG: self->tag = true; return 0;
    case KEY_ALL_TRIES: self->all_tries = true; return 0;
    case KEY_OLDER: self->older_ms = subcommand_duration (argument, state); return 0;
    case KEY_NO_WAIT: self->no_wait = true; return 0;
    case KEY_TIMEOUT: self->timeout_ms = subcommand_duration (argument, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int s_check_whole (const char *command, const char *word)
{
    uint64_t job;
    int64_t task;
    if (!subcommand_read_task (word, &job, &task) || task < 0)
        return 0;
    return subcommand_usage (
        command, "'%s' is one task, and this is for a whole job: write %" PRIu64, word, job);
}

int admin_request_read (admin_request_options_t *self, const admin_request_page_t *page, int argc,
                        char **argv)
{
    *self = (admin_request_options_t){.timeout_ms = -1, .first = argc};
    struct argp_option options [OPTIONS_MAX] = {{0}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof s_options / sizeof *s_options; i++)
        if (page->options & s_options [i].flag)
            options [count++] = s_options [i].option;
    assert (count < OPTIONS_MAX);
    const struct argp_child children [] = {
        {page->options & ADMIN_REQUEST_LIST ? &subcommand_list_argp : &subcommand_broker_argp, 0,
         NULL, 0},
        {0}};
    const struct argp argp = {.options = options,
                              .parser = s_admin_request_parse,
                              .args_doc = page->words,
                              .doc = page->says,
                              .children = children};
    subcommand_parse (&argp, false, argc, argv, &self->first, self);
    const int words = argc - self->first;
    if (words < page->least)
        return subcommand_usage (argv [0], "%s is missing", page->words);
    if (words > page->most)
        return subcommand_usage (argv [0], "'%s' is one word too many",
                                 argv [self->first + page->most]);
    const bool whole = words > 0 && page->options & ADMIN_REQUEST_WHOLE;
    return whole ? s_check_whole (argv [0], argv [self->first]) : 0;
}

int admin_request_check_state (const admin_request_options_t *self, const char *command,
                               const char *const *states)
{
    text_t known = {0};
    bool found = !self->state;
    for (size_t i = 0; states [i]; i++) {
        found = found || strcmp (self->state, states [i]) == 0;
        text_print (&known, "%s%s", i == 0 ? "" : states [i + 1] ? ", " : " or ", states [i]);
    }
    const int exit_code = found ? 0
                                : subcommand_usage (command, "'%s' is not a state: write %s",
                                                    self->state, known.bytes);
    text_free (&known);
    return exit_code;
}

cadre_value_t *admin_request_ask (const admin_request_options_t *self, const char *what,
                                  cadre_value_t **arguments, int *exit_code)
{
    cadre_value_t *body = NULL;
    cadre_t *pool = subcommand_connect (&self->shared, exit_code);
    if (pool)
        body = subcommand_request (pool, what, arguments, exit_code);
    if (arguments)
        cadre_value_destroy (arguments);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return body;
}

static void s_set_uint (cadre_value_t *map, const char *key, uint64_t number)
{
    cadre_value_t *value = cadre_value_of_uint (number);
    cadre_value_set (map, key, &value);
}

//  Asks for one page. Returns the number of its rows, and moves *FIRST behind the last one. A
//  broker of an older release that ignores `first` sends what was printed already: this is the end.
static size_t s_next_page (cadre_t *pool, const char *what, const char *key,
                           cadre_value_t *arguments, uint64_t *first, listing_t *listing,
                           int *exit_code)
{
    s_set_uint (arguments, "first", *first);
    s_set_uint (arguments, "count", PAGE_ROWS);
    cadre_value_t *page = subcommand_query (pool, what, arguments, exit_code);
    size_t count = cadre_value_count (page);
    if (count > 0 && cadre_value_uint (cadre_value_get (cadre_value_at (page, 0), key)) < *first)
        count = 0;
    if (count > 0)
        *first = cadre_value_uint (cadre_value_get (cadre_value_at (page, count - 1), key)) + 1;
    if (count > 0 && !listing_add_page (listing, page))
        count = 0;
    cadre_value_destroy (&page);
    return count;
}

int admin_request_list (const admin_request_options_t *self, const char *what, const char *key,
                        cadre_value_t **arguments, const table_column_t *columns)
{
    int exit_code = 0;
    uint64_t first = 0;
    cadre_t *pool = subcommand_connect (&self->shared, &exit_code);
    listing_t *listing = listing_new (self->shared.format, columns);
    while (pool && exit_code == 0
           && s_next_page (pool, what, key, *arguments, &first, listing, &exit_code) >= PAGE_ROWS)
        ;
    exit_code = listing_end (&listing, exit_code);
    cadre_value_destroy (arguments);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

void admin_request_set_timeout (const admin_request_options_t *self, cadre_value_t *arguments)
{
    if (self->timeout_ms >= 0)
        s_set_uint (arguments, "timeout_ms", (uint64_t) self->timeout_ms);
}

cadre_value_t *admin_request_task (const char *command, const char *text, bool needed,
                                   int *exit_code)
{
    uint64_t job;
    int64_t task;
    if (!subcommand_read_task (text, &job, &task) || (needed && task < 0)) {
        *exit_code = subcommand_usage (command, "'%s' is not a %s", text,
                                       needed ? "task: write JOB.TASK, such as 42.17"
                                              : "job: write its number, such as 42");
        return NULL;
    }
    if (task >= 0)
        return cadre_value_build ("{s:u, s:u}", "job", job, "task", (uint64_t) task);
    return cadre_value_build ("{s:u}", "job", job);
}
