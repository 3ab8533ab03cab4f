//  template_fuzz.c - any command and any inputs; the words come first, ended by NUL, then two
//  inputs
//
//  What is checked beside memory: an argv has the words that it should have, and a quoted input,
//  read as a shell reads it, is the input again.

#include "client/cli/run/template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/text.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define WORDS 4

//  Undo quotes and backslashes as a shell does; TEXT has no other special characters outside of
//  quotes.
static char *s_unquote (const char *text)
{
    text_t out = {0};
    for (bool inside = false; *text; text++) {
        if (*text == '\'')
            inside = !inside;
        else if (*text == '\\' && !inside)
            text_add (&out, ++text, 1);
        else
            text_add (&out, text, 1);
    }
    return text_take (&out);
}

static void s_check_quotes (const char *input)
{
    char *quoted = template_quote (input);
    char *back = s_unquote (quoted);
    assert (strcmp (back, input) == 0);
    free (back);
    free (quoted);
}

static void s_expand (char **words, size_t count, char **inputs, bool append)
{
    template_command_t command;
    fault_t fault = {0};
    template_t *template = template_new (words, count, append, &fault);
    if (!template
        || template_expand (template, (const char *const *) inputs, 2, 7, &command, &fault)) {
        assert (fault.code == CADRE_ERROR_ARGUMENT && fault.text [0]);
        template_destroy (&template);
        return;
    }
    assert (!command.line != !command.argv);
    assert (!command.argv || !command.argv [command.count]);
    free (template_command_text (&command));
    template_command_clear (&command);
    template_destroy (&template);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    char *copy = text_copy (bytes, size);
    char *texts [WORDS + 2];
    size_t count = 0;
    for (size_t at = 0; at < size && count < WORDS + 2; at += strlen (copy + at) + 1)
        texts [count++] = copy + at;
    if (count >= 3) {
        s_check_quotes (texts [count - 1]);
        s_expand (texts, count - 2, texts + count - 2, true);
        s_expand (texts, count - 2, texts + count - 2, false);
    }
    free (copy);
    return 0;
}
