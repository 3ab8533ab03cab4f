//  template_test.c - commands with replacement strings. What stands under "as parallel" is what GNU
//  parallel 20221122 prints with --dry-run for the same words.

#include "client/cli/run/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define WORDS 6

typedef struct row {
    const char *words [WORDS];  // the command
    const char *inputs [WORDS]; // of the task
    const char *text;           // what comes of it
} row_t;

static size_t s_count (const char *const *texts)
{
    size_t count = 0;
    while (count < WORDS && texts [count])
        count++;
    return count;
}

static void s_check (const row_t *row, bool append)
{
    template_command_t command;
    template_t *template =
        template_new ((char *const *) (uintptr_t) row->words, s_count (row->words), append, NULL);
    assert_int_equal (
        template_expand (template, row->inputs, s_count (row->inputs), 3, &command, NULL),
        CADRE_OK);
    assert_true ((command.line != NULL) != (command.argv != NULL));
    char *text = template_command_text (&command);
    assert_string_equal (text, row->text);
    free (text);
    template_command_clear (&command);
    template_destroy (&template);
    template_destroy (&template);
}

static void test_as_parallel (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {{"echo", "{}"}, {"a"}, "echo a"},
        {{"echo"}, {"a"}, "echo a"},
        {{"echo", "x"}, {"a"}, "echo x a"},
        {{"echo", "{#}"}, {"a"}, "echo 3"},
        {{"echo {} x{1}"}, {"a", "c"}, "echo a c xa"},
        {{"echo {.} {/} {//} {/.} {2/.}"},
         {"a/b.c.d", "q/w.e"},
         "echo a/b.c q/w b.c.d w.e a q b.c w w"},
        {{"echo {.} {/} {//} {/.}"}, {"/x"}, "echo /x x / x"},
        {{"echo {.} {/} {//} {/.}"}, {".bashrc"}, "echo '' .bashrc . ''"},
        {{"echo {.} {/} {//} {/.}"}, {"./a.b/c"}, "echo ./a.b/c c ./a.b c"},
        {{"echo {.} {/} {//} {/.}"}, {""}, "echo '' '' . ''"},
        {{"echo {.} {/} {//} {/.}"}, {"/"}, "echo / '' / ''"},
        {{"echo {.} {/} {//} {/.}"}, {"a/"}, "echo a/ '' . ''"},
        {{"echo {2} {1}"}, {"a", "b"}, "echo b a"},
        {{"echo {2} {1}"}, {"c"}, "echo  c"},
        {{"echo {-1}"}, {"a", "b"}, "echo b"},
        {{"echo {3}"}, {"a"}, "echo "},
        {{"echo {x} {+/}"}, {"a"}, "echo {x} {+/} a"},
    };
    for (size_t i = 0; i < COUNT (rows); i++)
        s_check (&rows [i], true);
}

static void test_inputs_are_quoted_in_lines_only (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {{"echo {}"}, {"a b"}, "echo 'a b'"},
        {{"echo {}"}, {"it's"}, "echo 'it'\\''s'"},
        {{"echo {}"}, {"$(reboot)"}, "echo '$(reboot)'"},
        {{"echo {}"}, {"a\nb"}, "echo 'a\nb'"},
        {{"echo {}"}, {"~"}, "echo '~'"},
        {{"cat < {} | wc -l"}, {"a;b"}, "cat < 'a;b' | wc -l"},
        {{"echo", "a b", "{}"}, {"c d"}, "echo 'a b' 'c d'"},
        {{"echo", "x={}"}, {"c d", "e"}, "echo 'x=c d e'"},
        {{"echo", ""}, {"c"}, "echo '' c"},
        {{"echo", "{}"}, {"c d", "e"}, "echo 'c d' e"},
    };
    for (size_t i = 0; i < COUNT (rows); i++)
        s_check (&rows [i], true);
}

static void test_nothing_is_appended_for_stdin (void **state)
{
    (void) state;
    s_check (&(row_t){{"wc", "-l"}, {NULL}, "wc -l"}, false);
    s_check (&(row_t){{"wc -l"}, {NULL}, "wc -l"}, false);
}

static void test_argv_keeps_words_apart (void **state)
{
    (void) state;
    char *words [] = {"printf", "%s\n", "{}"};
    const char *inputs [] = {"a b", "c"};
    template_command_t command;
    template_t *template = template_new (words, 3, true, NULL);
    template_expand (template, inputs, 2, 1, &command, NULL);
    assert_int_equal (command.count, 4);
    assert_string_equal (command.argv [2], "a b");
    assert_string_equal (command.argv [3], "c");
    assert_null (command.argv [4]);
    template_command_clear (&command);
    template_destroy (&template);
}

static void test_slot_mark_stays_and_inputs_cannot_forge_it (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {{"echo {%} {}"}, {"a"}, "echo {%} a"},
        {{"echo {%} {}"}, {"{%}"}, "echo {%} '{''%}'"},
        {{"echo", "{%}", "x{}"}, {"{%}"}, "exec echo {%} x'{%''}'"},
        {{"echo", "{}"}, {"{%}"}, "echo '{%}'"},
    };
    for (size_t i = 0; i < COUNT (rows); i++)
        s_check (&rows [i], true);
    char *with [] = {"echo", "a{%}"};
    char *without [] = {"echo", "{#}"};
    template_t *template = template_new (with, 2, true, NULL);
    assert_true (template_has_slot (template));
    template_destroy (&template);
    template = template_new (without, 2, true, NULL);
    assert_false (template_has_slot (template));
    template_destroy (&template);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_as_parallel),
        cmocka_unit_test (test_inputs_are_quoted_in_lines_only),
        cmocka_unit_test (test_nothing_is_appended_for_stdin),
        cmocka_unit_test (test_argv_keeps_words_apart),
        cmocka_unit_test (test_slot_mark_stays_and_inputs_cannot_forge_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
