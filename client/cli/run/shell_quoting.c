//  shell_quoting.c - see shell_quoting.h

#include "client/cli/run/shell_quoting.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 64 //  of nested quotes and brackets

typedef enum context {
    IN_LINE,    //  the line itself
    IN_COMMAND, //  $(...)
    IN_PAREN,   //  (...), also of <(...) and f ()
    IN_SUM,     //  $((...))
    IN_TEST,    //  ((...)), arithmetic in bash and two parentheses in other shells
    IN_BRACKET, //  (...) within arithmetic
    IN_BRACES,  //  ${...}
    IN_DOUBLE,  //  "..."
    IN_SINGLE,  //  '...'
    IN_ANSI,    //  $'...'
    IN_TICKS,   //  `...`
    IN_COMMENT, //  # ...
    CONTEXTS
} context_t;

typedef struct scan {
    const char *start;            //  of the line
    const char *at;               //  next character
    const char *word;             //  start of the current word, or NULL between words
    const char *numbers;          //  end of a bash test that is evaluated as arithmetic, or NULL
    const char *doubt;            //  why nothing that follows can be judged, or NULL
    bool behind_name;             //  $name ends here
    const char *bad;              //  why a mark directly after this is refused, or NULL
    uint8_t contexts [DEPTH_MAX]; //  open constructs
    unsigned depth;               //  of contexts
    shell_quoting_t *context;     //  entry of the next mark
} scan_t;

static context_t s_top (const scan_t *self)
{
    return self->contexts [self->depth - 1];
}

static void s_doubt (scan_t *self, const char *why)
{
    if (!self->doubt)
        self->doubt = why;
}

static void s_shell_quoting_open (scan_t *self, context_t context, size_t size)
{
    if (self->depth == DEPTH_MAX)
        s_doubt (self, "in a line with too many brackets and quotes");
    else
        self->contexts [self->depth++] = (uint8_t) context;
    self->at += size;
}

static void s_shell_quoting_close (scan_t *self, size_t size)
{
    self->depth--;
    self->at += size;
}

static bool s_shell_quoting_is_name (char c)
{
    return isalnum ((unsigned char) c) || c == '_';
}

static bool s_within_command (const scan_t *self)
{
    return memchr (self->contexts, IN_COMMAND, self->depth) != NULL;
}

//  ==== words ===================================================================

//  [[ a -eq b ]] evaluates both sides as arithmetic.
static void s_enter_test (scan_t *self)
{
    static const char *const operators [] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"};
    const char *end = strstr (self->at, "]]");
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *found = strstr (self->at, operators [i]);
        if (found && (!end || found < end))
            self->numbers = end ? end : self->at + strlen (self->at);
    }
}

//  In bash, name[ starts an index, up to its own ], which is evaluated as arithmetic.
static bool s_within_index (const scan_t *self)
{
    const char *at = self->word;
    while (at && at < self->at && s_shell_quoting_is_name (*at))
        at++;
    if (!at || at == self->word || at >= self->at || *at != '[')
        return false;
    unsigned open = 0;
    do
        open += *at == '[' ? 1u : 0u, open -= *at == ']' ? 1u : 0u;
    while (++at < self->at && open > 0);
    return open > 0;
}

static void s_end_word (scan_t *self)
{
    const size_t size = self->word ? (size_t) (self->at - self->word) : 0;
    if (s_within_index (self))
        s_doubt (self, "after 'name[', which to some shells goes on to its ]");
    //  The parentheses of its patterns are unbalanced
    if (size == 4 && strncmp (self->word, "case", 4) == 0 && s_within_command (self))
        s_doubt (self, "after 'case' within $(...)");
    if (size == 2 && strncmp (self->word, "[[", 2) == 0)
        s_enter_test (self);
    self->word = NULL;
}

static void s_in_word (scan_t *self)
{
    if (!self->word)
        self->word = self->at;
}

//  ==== the places ================================================================

static const char *s_why (const scan_t *self)
{
    if (self->doubt)
        return self->doubt;
    if (self->bad)
        return self->bad;
    switch (s_top (self)) {
    case IN_BRACES: return "within ${...}";
    case IN_ANSI: return "within $'...'";
    case IN_TICKS: return "within backticks";
    default: return NULL;
    }
}

//  Is this within arithmetic, or within a command whose output is evaluated?
static bool s_within_sum (const scan_t *self)
{
    return memchr (self->contexts, IN_SUM, self->depth)
           || memchr (self->contexts, IN_TEST, self->depth)
           || (self->numbers && self->at < self->numbers) || s_within_index (self);
}

static shell_quoting_kind_t s_kind (const scan_t *self)
{
    if (s_top (self) == IN_COMMENT)
        return SHELL_QUOTING_COMMENT;
    if (s_within_sum (self))
        return SHELL_QUOTING_NUMBER;
    switch (s_top (self)) {
    case IN_DOUBLE: return SHELL_QUOTING_DOUBLE;
    case IN_SINGLE: return SHELL_QUOTING_SINGLE;
    default: return SHELL_QUOTING_BARE;
    }
}

//  ~na and an input "me" would become ~name, a home directory.
static bool s_behind_tilde (const scan_t *self)
{
    const char *from = self->at;
    while (from > self->start
           && (s_shell_quoting_is_name (from [-1]) || from [-1] == '-' || from [-1] == '.'))
        from--;
    return from > self->start && from [-1] == '~';
}

//  2> names a descriptor, {x}> a variable, f( a function, $xy another variable than $x.
static bool s_is_loose (const scan_t *self)
{
    const char *next = self->at + 1;
    if (self->behind_name || s_behind_tilde (self))
        return false;
    if (*next == '}')
        next++;
    return *next == '\0' || !strchr ("<>(\x01", *next);
}

static void s_mark (scan_t *self)
{
    const char *why = s_why (self);
    if (s_top (self) != IN_COMMENT)
        s_in_word (self);
    if (why)
        *self->context = (shell_quoting_t){.kind = SHELL_QUOTING_REFUSED,
                                           .why = why,
                                           .variable = self->bad && self->at > self->start
                                                       && self->at [-1] == '$'};
    else
        *self->context = (shell_quoting_t){.kind = s_kind (self), .loose = s_is_loose (self)};
    self->context++;
    self->at++;
}

//  ==== reading ===================================================================

//  Skips a backslash and the character after it, except a mark.
static void s_escape (scan_t *self)
{
    if (self->at [1] == SHELL_QUOTING_MARK)
        self->bad = "right after a backslash";
    self->at += self->at [1] && self->at [1] != SHELL_QUOTING_MARK ? 2 : 1;
}

//  In a word, or between < and <, a line continuation would hide what is written.
static void s_escape_bare (scan_t *self)
{
    const char before = self->at > self->start ? self->at [-1] : '\n';
    if (self->at [1] != '\n')
        s_in_word (self);
    else if (!strchr (" \t\n", before))
        s_doubt (self, "after a line that goes on (\\) within a word");
    s_escape (self);
}

static void s_read_name (scan_t *self)
{
    self->at++;
    while (s_shell_quoting_is_name (*self->at))
        self->at++;
    self->behind_name = true;
}

static void s_open_braces (scan_t *self)
{
    const char first = self->at [2];
    if (first && strchr (" \t\n|", first))
        s_doubt (self, "after ${ and a blank, a command in some shells");
    s_shell_quoting_open (self, IN_BRACES, first && strchr ("#?$!@*-", first) ? 3 : 2);
}

static void s_dollar (scan_t *self)
{
    const char next = self->at [1];
    if (next == SHELL_QUOTING_MARK) {
        self->bad = "right after a dollar sign";
        self->at++;
    } else if (next == '(' && self->at [2] == '(') {
        s_shell_quoting_open (self, IN_SUM, 3);
    } else if (next == '(') {
        s_shell_quoting_open (self, IN_COMMAND, 2);
        self->word = NULL;
    } else if (next == '{') {
        s_open_braces (self);
    } else if (isalpha ((unsigned char) next) || next == '_') {
        s_read_name (self);
    } else if (next && strchr ("0123456789$*@#?!-", next)) {
        self->at += 2;
    } else {
        if (next == '[')
            s_doubt (self, "after $[, arithmetic in bash");
        if (next == '\\' && self->at [2] == '\n')
            s_doubt (self, "after a line that goes on (\\) behind a dollar sign");
        self->at++;
    }
}

static void s_open_paren (scan_t *self)
{
    s_end_word (self);
    if (self->at [1] == '(')
        s_shell_quoting_open (self, IN_TEST, 2);
    else
        s_shell_quoting_open (self, IN_PAREN, 1);
}

static void s_close_paren (scan_t *self)
{
    const context_t top = s_top (self);
    s_end_word (self);
    if (top == IN_LINE)
        self->at++;
    else
        s_shell_quoting_close (self, 1);
    //  Text after $(...) belongs to the same word
    if (top == IN_COMMAND)
        self->word = self->at;
}

static void s_less (scan_t *self)
{
    s_end_word (self);
    if (self->at [1] != '<')
        self->at++;
    else if (self->at [2] == '<')
        self->at += 3;
    else {
        s_doubt (self, "in or after a here-document (<<)");
        self->at += 2;
    }
}

//  Reads text outside of quotes.
static void s_read_bare (scan_t *self)
{
    if (strchr ("'\"\\`$", *self->at) && s_shell_quoting_is_name (self->at [1]) == false
        && s_within_index (self))
        s_doubt (self, "after quotes or brackets within name[...]");
    switch (*self->at) {
    case ' ':
    case '\t':
    case '\n':
    case ';':
    case '&':
    case '|':
    case '>':
        s_end_word (self);
        self->at++;
        return;
    case '<': s_less (self); return;
    case '(': s_open_paren (self); return;
    case ')': s_close_paren (self); return;
    case '\\': s_escape_bare (self); return;
    case '#':
        if (!self->word) {
            s_shell_quoting_open (self, IN_COMMENT, 1);
            return;
        }
        break;
    case '\'':
        s_in_word (self);
        s_shell_quoting_open (self, IN_SINGLE, 1);
        return;
    case '"':
        s_in_word (self);
        s_shell_quoting_open (self, IN_DOUBLE, 1);
        return;
    case '`':
        s_in_word (self);
        s_shell_quoting_open (self, IN_TICKS, 1);
        return;
    case '$':
        s_in_word (self);
        if (self->at [1] == '\'')
            s_shell_quoting_open (self, IN_ANSI, 2);
        else
            s_dollar (self);
        return;
    default: break;
    }
    s_in_word (self);
    self->at++;
}

static void s_read_double (scan_t *self)
{
    switch (*self->at) {
    case '"': s_shell_quoting_close (self, 1); return;
    case '\\': s_escape (self); return;
    case '$': s_dollar (self); return;
    case '`': s_shell_quoting_open (self, IN_TICKS, 1); return;
    default: self->at++; return;
    }
}

static void s_read_single (scan_t *self)
{
    if (*self->at == '\'')
        s_shell_quoting_close (self, 1);
    else
        self->at++;
}

//  In bash \' is a quote; in dash it is the end.
static void s_read_ansi (scan_t *self)
{
    if (*self->at != '\\') {
        s_read_single (self);
        return;
    }
    if (self->at [1] == '\'')
        s_doubt (self, "after $'...\\'...', which shells end in different places");
    s_escape (self);
}

static void s_read_ticks (scan_t *self)
{
    if (*self->at == '`')
        s_shell_quoting_close (self, 1);
    else if (*self->at == '\\')
        s_escape (self);
    else
        self->at++;
}

static void s_read_comment (scan_t *self)
{
    if (*self->at == '\n')
        s_shell_quoting_close (self, 0);
    else
        self->at++;
}

static void s_read_braces (scan_t *self)
{
    if (*self->at == '}') {
        s_shell_quoting_close (self, 1);
    } else if (*self->at == '$') {
        s_dollar (self);
    } else {
        if (strchr ("'\"\\`{(", *self->at))
            s_doubt (self, "after quotes or brackets within ${...}");
        self->at++;
    }
}

//  Arithmetic ends with two parentheses; otherwise it was a command that begins with one.
static void s_close_sum (scan_t *self)
{
    if (s_top (self) == IN_BRACKET) {
        s_shell_quoting_close (self, 1);
    } else if (self->at [1] == ')') {
        const bool test = s_top (self) == IN_TEST;
        s_shell_quoting_close (self, 2);
        self->word = test ? NULL : self->at;
    } else {
        s_doubt (self, "after (( that may be two brackets: write a blank between them");
        self->at++;
    }
}

static void s_read_sum (scan_t *self)
{
    switch (*self->at) {
    case '(': s_shell_quoting_open (self, IN_BRACKET, 1); return;
    case ')': s_close_sum (self); return;
    case '$': s_dollar (self); return;
    case '#':
    case '\'':
    case '"':
    case '\\':
    case '`': s_doubt (self, "after quotes or # in arithmetic"); break;
    case '<':
        //  The two parentheses may contain commands, and this may be a here-document
        if (self->at [1] == '<' && memchr (self->contexts, IN_TEST, self->depth))
            s_doubt (self, "in or after a here-document (<<)");
        break;
    default: break;
    }
    self->at++;
}

static void s_shell_quoting_read (scan_t *self)
{
    static void (*const readers [CONTEXTS]) (scan_t *) = {
        [IN_LINE] = s_read_bare,     [IN_COMMAND] = s_read_bare,  [IN_PAREN] = s_read_bare,
        [IN_SUM] = s_read_sum,       [IN_TEST] = s_read_sum,      [IN_BRACKET] = s_read_sum,
        [IN_BRACES] = s_read_braces, [IN_DOUBLE] = s_read_double, [IN_SINGLE] = s_read_single,
        [IN_ANSI] = s_read_ansi,     [IN_TICKS] = s_read_ticks,   [IN_COMMENT] = s_read_comment,
    };
    if (*self->at == SHELL_QUOTING_MARK) {
        s_mark (self);
        self->bad = NULL;
        self->behind_name = false;
        return;
    }
    self->bad = NULL;
    self->behind_name = false;
    if (self->doubt)
        self->at++;
    else
        readers [s_top (self)](self);
}

void shell_quoting_find (const char *line, shell_quoting_t *contexts)
{
    scan_t scan = {
        .start = line, .at = line, .contexts = {IN_LINE}, .depth = 1, .context = contexts};
    while (*scan.at)
        s_shell_quoting_read (&scan);
}

bool shell_quoting_plain (const char *value)
{
    static const char plain [] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-";
    static const char *const reserved [] = {"if",    "then",   "else",     "elif", "fi",    "do",
                                            "done",  "case",   "esac",     "for",  "in",    "while",
                                            "until", "select", "function", "time", "coproc"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp (value, reserved [i]) == 0)
            return false;
    return *value && value [strspn (value, plain)] == '\0';
}

bool shell_quoting_number (const char *value)
{
    if (*value == '-' || *value == '+')
        value++;
    return *value && value [strspn (value, "0123456789")] == '\0';
}
