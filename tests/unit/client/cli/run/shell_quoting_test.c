//  shell_quoting_test.c - what is open where a replacement string stands; @ is the mark

#include "client/cli/run/shell_quoting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define PLACES 8

typedef struct row {
    const char *line;   // with @
    const char *places; // one letter each: b bare, d double, s single, n number, c comment, r
                        // refused; upper case: not loose
} row_t;

static char s_letter (const shell_quoting_t *place)
{
    switch (place->kind) {
    case SHELL_QUOTING_BARE: return place->loose ? 'b' : 'B';
    case SHELL_QUOTING_DOUBLE: return place->loose ? 'd' : 'D';
    case SHELL_QUOTING_SINGLE: return 's';
    case SHELL_QUOTING_NUMBER: return 'n';
    case SHELL_QUOTING_COMMENT: return 'c';
    default: assert_non_null (place->why); return place->variable ? 'R' : 'r';
    }
}

static void s_check (const row_t *row)
{
    char line [256];
    char letters [PLACES + 1] = "";
    shell_quoting_t places [PLACES] = {0};
    snprintf (line, sizeof line, "%s", row->line);
    size_t count = 0;
    for (char *at = line; (at = strchr (at, '@')); count++)
        *at = SHELL_QUOTING_MARK;
    assert_true (count <= PLACES);
    shell_quoting_find (line, places);
    for (size_t i = 0; i < count; i++)
        letters [i] = s_letter (&places [i]);
    if (strcmp (letters, row->places) != 0)
        fail_msg ("%s: %s, not %s", row->line, letters, row->places);
}

static void s_check_all (const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        s_check (&rows [i]);
}

static void test_quotes_that_are_open (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {"echo @", "b"},
        {"echo \"@\" @", "db"},
        {"echo 'a@' @", "sb"},
        {"echo \\\"@\\' @", "bb"},
        {"echo \"\\\"@\" @", "db"},
        {"echo \"a'@'\"'\"@\"' @", "dsb"},
        {"echo $(cat @) \"$(cat @ \"@\" '@')@\" @", "bbdsdb"},
        {"(cd @ && echo \"(@\") | cat <(sort @)", "bdb"},
        {"echo ${x} ${#x} ${x:-$y} ${x%.*} \"${x}@\" @", "db"},
        {"echo $x $1 $$ $# $? @", "b"},
        {"echo $'\\n' @", "b"},
        {"echo a#@", "b"},
        {"echo $((1 + 2)) $(((1) + 2))@", "b"},
        {"case @ in a) echo \"@\";; esac", "bd"},
        {"case @ in a) echo \"$(cat @)\";; esac", "bb"},
        {"cat <<<@", "b"},
        {"echo a \\\n @", "b"},
        {"for i in $(seq 3); do echo @; done # done", "b"},
    };
    s_check_all (rows, COUNT (rows));
}

static void test_arithmetic_takes_numbers (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {"echo $((@ * (@ + 1))) @", "nnb"},
        {"((x = @)); echo @", "nb"},
        {"a[@]=1; echo a[1]@ 'a[@'", "nbs"},
        {"a[$i+b[@]+@]=1 a[b[1]]@", "nnb"},
        {"[[ @ -eq 3 ]] && echo @", "nb"},
        {"[[ \"@\" -eq 3 ]] && echo @", "nb"},
        {"[[ -v @ ]]", "n"},
        {"[[ @ == x ]] && echo @", "bb"},
        {"echo $(( $(cat @) + 1 )) @", "nb"},
    };
    s_check_all (rows, COUNT (rows));
}

static void test_refused (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {"echo `cat @` @", "rb"},
        {"echo \"`cat \\`@\\` @`@\"", "rrd"},
        {"cat <<E\n@\nE\n@", "rr"},
        {"cat <<E >@", "r"},
        {"echo ${x:-@} @", "rb"},
        {"echo \"${x:-@}\" @", "rb"},
        {"echo ${x:-'}'} @", "r"},
        {"echo ${x:-\\}} @", "r"},
        {"echo ${x:-{}} @", "r"},
        {"echo ${ cat; } @", "r"},
        {"echo $'@' @", "rb"},
        {"echo $'\\'@' @", "rr"},
        {"echo # it's @\necho @", "cb"},
        {"echo $(echo # )\n\"@\")", "d"},
        {"echo \\@", "r"},
        {"echo \"\\@\"", "r"},
        {"echo $@", "R"},
        {"echo \"$@\"", "R"},
        {"echo $[1+@]", "r"},
        {"a[\"@\"]=1", "r"},
        {"a[\"]\"@]=1", "r"},
        {"a[$(cat x)@]=1", "r"},
        {"a[1 &&@", "r"},
        {"echo $(case x in x) echo \"@\";; esac)", "r"},
        {"echo \"$(ca\\\nse x in x) echo \"@\";; esac)\"", "r"},
        {"echo $((cat x); cat @)", "r"},
        {"echo $(('1')) @", "r"},
        {"cat <\\\n<E\n@\nE", "r"},
        {"echo $\\\n(cat @)", "r"},
    };
    s_check_all (rows, COUNT (rows));
}

static void test_what_a_plain_input_would_join (void **state)
{
    (void) state;
    static const row_t rows [] = {
        {"echo @>f @<f @@ x@y", "BBBbb"},
        {"echo $x@ \"$x@\" $x-@ ${x}@", "BDbb"},
        {"cd ~@ ~a-@ ~/@", "BBb"},
        {"@() { echo {@}>f; }", "BB"},
        {"echo {a..@}", "b"},
    };
    s_check_all (rows, COUNT (rows));
    assert_true (shell_quoting_plain ("a/b-c.d_9:"));
    static const char *const odd [] = {"",   "a b",  "a=b", "a,b", "~",
                                       "if", "done", "*",   "a'",  "\xc3\xa9"};
    for (size_t i = 0; i < COUNT (odd); i++)
        assert_false (shell_quoting_plain (odd [i]));
}

static void test_numbers (void **state)
{
    (void) state;
    static const char *const good [] = {"0", "-3", "+4", "00123456789012345678901"};
    static const char *const bad [] = {"", "-", "x", "1x", "a[$(x)]", "1 2", "--1", "1.5"};
    for (size_t i = 0; i < COUNT (good); i++)
        assert_true (shell_quoting_number (good [i]));
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (shell_quoting_number (bad [i]));
}

static void test_too_deep_is_refused (void **state)
{
    (void) state;
    char line [512] = "";
    for (size_t i = 0; i < 100; i++)
        strncat (line, "$(", sizeof line - strlen (line) - 1);
    const size_t size = strlen (line);
    line [size] = SHELL_QUOTING_MARK;
    shell_quoting_t place = {0};
    shell_quoting_find (line, &place);
    assert_int_equal (place.kind, SHELL_QUOTING_REFUSED);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_quotes_that_are_open),
        cmocka_unit_test (test_arithmetic_takes_numbers),
        cmocka_unit_test (test_refused),
        cmocka_unit_test (test_what_a_plain_input_would_join),
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_too_deep_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
