//  template_shell_test.c - lines are made of random templates and hostile inputs, and real shells
//  run them.
//
//  Templates that are well-formed must print each input as it is; those that are but pieces of
//  shell in any order must at least never run an input. A failure prints the template. SHELL_ROUNDS
//  sets how many, SHELL_SEED which.

#include "client/cli/run/template.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/cli/output/text.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define ROUNDS 4000
#define PAYLOAD "$(echo>pwned)"

static const char *const s_shells [] = {"sh", "bash"};

static const char *const s_hostile [] = {
    PAYLOAD,
    "`echo>pwned`",
    "`;echo>pwned;`",
    "\"" PAYLOAD "\"",
    "'" PAYLOAD "'",
    "';" PAYLOAD ";'",
    "\";" PAYLOAD ";\"",
    "\\",
    "\\'" PAYLOAD "\\'",
    "\\\"" PAYLOAD,
    "x\n" PAYLOAD "\nx",
    "E\n" PAYLOAD,
    ")" PAYLOAD "(",
    "))" PAYLOAD "((",
    "}" PAYLOAD "{",
    "#" PAYLOAD,
    "a[" PAYLOAD "]",
    "*",
    "~",
    "2",
    "-n",
    "HOME",
    "if",
    "x y  z",
    "",
    "a=b",
    "{%}",
    "\xc3\xa9\x80\x81\x88\xff\x9b",
    "$HOME$'\\x41'!!&|;<>()",
    "\\\\'\\\\\"",
};

static uint64_t s_seed = 1;

static uint64_t s_random (uint64_t below)
{
    s_seed = s_seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (s_seed >> 33) % below;
}

//  ==== shells ==================================================================

static char *s_folder; // of this run, the working directory

static int s_setup (void **state)
{
    (void) state;
    static char path [40];
    snprintf (path, sizeof path, "/tmp/cadre-template-XXXXXX");
    s_folder = mkdtemp (path);
    return s_folder ? chdir (s_folder) : -1;
}

static int s_teardown (void **state)
{
    (void) state;
    char command [64];
    snprintf (command, sizeof command, "rm -rf %s", s_folder);
    return chdir ("/") || system (command);
}

//  Runs the script; what it prints, the caller's.
static char *s_run (const char *shell, const text_t *script)
{
    FILE *file = fopen ("script", "w");
    assert_non_null (file);
    assert_int_equal (fwrite (script->bytes, 1, script->size, file), script->size);
    fclose (file);
    char command [64];
    snprintf (command, sizeof command, "v=abc HOME=/home %s ./script 2>/dev/null </dev/null",
              shell);
    file = popen (command, "r");
    assert_non_null (file);
    text_t out = {0};
    char bytes [4096];
    for (size_t size; (size = fread (bytes, 1, sizeof bytes, file)) > 0;)
        text_add (&out, bytes, size);
    pclose (file);
    return text_take (&out);
}

//  The line of TEMPLATE for one input; NULL when it is refused.
static char *s_line (const char *text, const char *input)
{
    char *words [] = {(char *) (uintptr_t) text};
    template_command_t command = {0};
    fault_t fault = {0};
    template_t *template = template_new (words, 1, false, &fault);
    const cadre_error_t error =
        template ? template_expand (template, &input, 1, 1, &command, &fault) : fault.code;
    template_destroy (&template);
    if (error)
        assert_int_equal (error, CADRE_ERROR_ARGUMENT);
    return command.line;
}

//  ==== templates that are well-formed ============================================

typedef struct sentence {
    text_t template;   // with {}
    text_t prints;     // what it must print
    const char *input; // put for {}
} sentence_t;

static void s_both (sentence_t *self, const char *text)
{
    text_put (&self->template, text);
    text_put (&self->prints, text);
}

static void s_input (sentence_t *self)
{
    text_put (&self->template, "{}");
    text_put (&self->prints, self->input);
}

static void s_word (sentence_t *self, unsigned depth);

//  Within double quotes.
static void s_part (sentence_t *self, unsigned depth)
{
    switch (s_random (depth ? 7 : 6)) {
    case 0:
    case 1:
    case 2: s_input (self); return;
    case 3: s_both (self, s_random (2) ? "'b" : "(x) #"); return;
    case 4: text_put (&self->template, "$v"), text_put (&self->prints, "abc"); return;
    case 5:
        text_put (&self->template, s_random (2) ? "${v}" : "${v:-$v}"),
            text_put (&self->prints, "abc");
        return;
    default:
        text_put (&self->template, "$(printf %s. ");
        s_word (self, depth - 1);
        text_put (&self->template, ")");
        text_put (&self->prints, ".");
    }
}

static void s_segment (sentence_t *self, unsigned depth)
{
    switch (s_random (8)) {
    case 0:
    case 1: s_input (self); return;
    case 2: s_both (self, s_random (2) ? "." : "-"); return;
    case 3:
        text_put (&self->template, "'");
        s_both (self, s_random (2) ? "\"$(" : "\\");
        s_input (self);
        text_put (&self->template, "'");
        return;
    case 4: text_put (&self->template, "\\\""), text_put (&self->prints, "\""); return;
    case 5: text_put (&self->template, "$v"), text_put (&self->prints, "abc"); return;
    default:
        text_put (&self->template, "\"");
        for (uint64_t parts = s_random (4); parts > 0; parts--)
            s_part (self, depth);
        text_put (&self->template, "\"");
    }
}

static void s_word (sentence_t *self, unsigned depth)
{
    text_put (&self->template, "\"\"");
    for (uint64_t segments = 1 + s_random (4); segments > 0; segments--)
        s_segment (self, depth);
}

static void test_inputs_are_printed_as_they_are (void **state)
{
    (void) state;
    const char *rounds = getenv ("SHELL_ROUNDS");
    for (size_t shell = 0; shell < COUNT (s_shells); shell++) {
        text_t script = {0}, expected = {0};
        for (long i = rounds ? strtol (rounds, NULL, 10) : ROUNDS; i > 0; i--) {
            sentence_t sentence = {.input = s_hostile [s_random (COUNT (s_hostile))]};
            text_put (&sentence.template, "printf '%s|\\n' ");
            s_word (&sentence, 2);
            text_print (&sentence.prints, "|");
            char *template = text_take (&sentence.template);
            char *line = s_line (template, sentence.input);
            free (template);
            assert_non_null (line);
            text_print (&script, "%s\n", line);
            char *prints = text_take (&sentence.prints);
            text_print (&expected, "%s\n", prints);
            free (prints);
            free (line);
        }
        char *printed = s_run (s_shells [shell], &script);
        text_add (&expected, "", 0);
        for (size_t i = 0, from = 0; i <= expected.size; i++) {
            if (printed [i] != expected.bytes [i])
                fail_msg ("%s, seed: printed '%.80s', expected '%.80s'", s_shells [shell],
                          printed + from, expected.bytes + from);
            from = expected.bytes [i] == '\n' ? i + 1 : from;
        }
        free (printed);
        text_free (&script);
        text_free (&expected);
    }
}

//  ==== any text ====================================================================

static const char *const s_pieces [] = {
    "{}",   "{}",    "{}",   "{}",    "echo ", "x",   " ",       "'",      "\"",
    "\\",   "`",     "$",    "$(",    ")",     "(",   "((",      "))",     "$((",
    "${v",  "${v:-", "${v#", "}",     "{",     "\n",  "<<E\n",   "\nE\n",  "<<",
    "<<<",  "#",     ";",    "case ", " in ",  "a) ", ";;",      "esac",   "$v",
    "$'",   "$\"",   "[[ ",  " ]]",   " -eq ", "a[",  "]=",      "1",      "\\\n",
    "|",    "&&",    "~",    "if ",   "then ", "fi ", "for ",    "do ",    "done ",
    "\"$(", ")\"",   "<(",   ">",     "<",     "=",   "echo \"", "echo '", "\\\"",
    "\\'",  "!",     "*",    "?",     "$1",    "$#",  "$[",      "f() ",   "\t",
};

//  % is where the next one goes.
static const char *const s_frames [] = {
    "echo `echo %`",
    "echo \"`echo %`\"",
    "echo \"%\"",
    "echo '%'",
    "echo ${v:-%}",
    "echo ${u:-%}",
    "echo \"${u:-%}\"",
    "echo ${u:-'%'}",
    "echo ${v#\"%\"}",
    "cat <<E\n%\nE\n",
    "cat <<'E'\n%\nE\n",
    "cat <<E | cat %\nE\n",
    "echo \"$(case x in x) echo \"%\";; esac)\"",
    "case x in %) echo %;; esac",
    "echo x # %\necho y",
    "echo $'%'",
    "echo $'\\'' % '",
    "echo $((% + 1))",
    "((%))",
    "a[%]=1",
    "[[ % -eq 1 ]]",
    "[[ % == x ]]",
    "echo $(echo %)",
    "echo \"$(echo %)\"",
    "( % )",
    "f() { echo %; }; f",
    "for i in %; do echo %; done",
    "echo $v%",
    "echo \"$v%\"",
    "echo \\%",
    "echo $%",
    "echo %>f",
    "cat <<<%",
    "cat <(echo %)",
    "echo {%,%}",
    "if echo %; then echo \"%\"; fi",
    "echo \"$(cat <<E\n%\nE\n)\"",
    "echo $(( $(echo %) ))",
    "echo $[%]",
};

static void s_put_wild (text_t *text, unsigned depth)
{
    const uint64_t choice = s_random (depth ? 8 : 4);
    if (choice >= 3) {
        for (const char *at = choice > 3 ? s_frames [s_random (COUNT (s_frames))] : "{}"; *at; at++)
            if (*at == '%')
                s_put_wild (text, depth - 1);
            else
                text_add (text, at, 1);
        return;
    }
    for (uint64_t pieces = 1 + s_random (4); pieces > 0; pieces--)
        text_put (text, s_pieces [s_random (COUNT (s_pieces))]);
}

static void s_add_quoted (text_t *script, const char *line)
{
    char *quoted = template_quote (line);
    text_print (script, "(eval %s) >/dev/null\n", quoted);
    free (quoted);
}

static void test_no_input_is_run (void **state)
{
    (void) state;
    const char *rounds = getenv ("SHELL_ROUNDS");
    for (size_t shell = 0; shell < COUNT (s_shells); shell++) {
        text_t script = {0};
        size_t made = 0;
        for (long i = rounds ? strtol (rounds, NULL, 10) : ROUNDS; i > 0; i--) {
            text_t text = {0};
            s_put_wild (&text, (unsigned) s_random (4));
            char *template = text_take (&text);
            char *line = s_line (template, s_hostile [s_random (COUNT (s_hostile))]);
            if (line && strcmp (line, template) != 0) {
                made++;
                s_add_quoted (&script, line);
                char *quoted = template_quote (line);
                text_print (&script, "[ -e pwned ] && { rm -f pwned; printf '%%s\\n' %s; }\n",
                            quoted);
                free (quoted);
            }
            free (line);
            free (template);
        }
        assert_true (made > 20);
        text_put (&script, "echo END\n");
        char *printed = s_run (s_shells [shell], &script);
        if (strcmp (printed, "END\n") != 0)
            fail_msg ("%s ran an input in: %s", s_shells [shell], printed);
        free (printed);
        text_free (&script);
    }
}

int main (void)
{
    const char *seed = getenv ("SHELL_SEED");
    s_seed = seed ? strtoull (seed, NULL, 10) : s_seed;
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_inputs_are_printed_as_they_are, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_no_input_is_run, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
