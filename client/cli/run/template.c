//  template.c - see template.h

#include "client/cli/run/template.h"

#include <assert.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/text.h"
#include "client/cli/run/shell_quoting.h"

typedef enum piece_kind { PIECE_TEXT, PIECE_INPUT, PIECE_SEQUENCE, PIECE_SLOT } piece_kind_t;

#define CUT_EXTENSION 1u //  .
#define CUT_FOLDER 2u    //  /
#define CUT_NAME 4u      //  //

typedef struct piece {
    piece_kind_t kind; //  kind of the piece
    unsigned cut;      //  PIECE_INPUT: what is removed
    long position;     //  PIECE_INPUT: index of the input, from 1, or negative from the end; 0: all
    char *text;        //  PIECE_TEXT: the text
    char name [12];    //  replacement strings: as written
    size_t column;     //  replacement strings: column, from 1
    shell_quoting_t context; //  replacement strings of a line: the quoting context
} piece_t;

typedef struct word {
    piece_t *pieces; //  in order
    size_t count;    //  of pieces
} word_t;

struct template
{
    word_t *words; //  of the command
    size_t count;  //  of words
    bool line;     //  a single word: a line for the shell
    bool slot;     //  contains {%}
};

//  Suffixes of the position in braces.
static const struct {
    const char *text; //  suffix
    unsigned cut;     //  its meaning
} s_cuts [] = {
    {"//", CUT_NAME}, {"/.", CUT_FOLDER | CUT_EXTENSION}, {"/", CUT_FOLDER}, {".", CUT_EXTENSION},
    {"", 0},
};

//  Parses the replacement string at TEXT; returns its length, or 0 if there is none.
static size_t s_read_piece (const char *text, piece_t *piece)
{
    if (text [0] != '{')
        return 0;
    if (strncmp (text, "{#}", 3) == 0) {
        *piece = (piece_t){.kind = PIECE_SEQUENCE};
        return 3;
    }
    if (strncmp (text, "{%}", 3) == 0) {
        *piece = (piece_t){.kind = PIECE_SLOT};
        return 3;
    }
    const char *at = text + 1;
    bool last = at [0] == '-' && at [1] >= '1' && at [1] <= '9';
    long position = 0;
    if (last)
        at++;
    for (int digits = 0; *at >= '0' && *at <= '9' && digits < 6; digits++)
        position = position * 10 + (*at++ - '0');
    if (at > text + 1 && position == 0)
        return 0;
    for (size_t i = 0; i < sizeof s_cuts / sizeof *s_cuts; i++) {
        size_t size = strlen (s_cuts [i].text);
        if (strncmp (at, s_cuts [i].text, size) == 0 && at [size] == '}') {
            *piece = (piece_t){.kind = PIECE_INPUT,
                               .cut = s_cuts [i].cut,
                               .position = last ? -position : position};
            return (size_t) (at - text) + size + 1;
        }
    }
    return 0;
}

static void s_add_piece (word_t *word, const piece_t *piece)
{
    word->pieces = text_resize (word->pieces, (word->count + 1) * sizeof *word->pieces);
    word->pieces [word->count++] = *piece;
}

static void s_add_text (word_t *word, const char *text, size_t size)
{
    if (size > 0)
        s_add_piece (word, &(piece_t){.kind = PIECE_TEXT, .text = text_copy (text, size)});
}

//  Splits TEXT into pieces; true if there is a replacement string in it.
static bool s_read_word (template_t *self, word_t *word, const char *text)
{
    bool found = false;
    const char *from = text;
    const char *at = text;
    while (*at) {
        piece_t piece;
        size_t size = s_read_piece (at, &piece);
        if (size == 0) {
            at++;
            continue;
        }
        s_add_text (word, from, (size_t) (at - from));
        snprintf (piece.name, sizeof piece.name, "%.*s", (int) size, at);
        piece.column = (size_t) (at - text) + 1;
        s_add_piece (word, &piece);
        self->slot = self->slot || piece.kind == PIECE_SLOT;
        found = true;
        from = at += size;
    }
    s_add_text (word, from, (size_t) (at - from));
    return found;
}

static void s_append_input (template_t *self, size_t size)
{
    if (self->line) {
        s_add_text (&self->words [0], " ", 1);
        s_add_piece (&self->words [0],
                     &(piece_t){.kind = PIECE_INPUT, .name = "{}", .column = size + 2});
        return;
    }
    self->words = text_resize (self->words, (self->count + 1) * sizeof *self->words);
    self->words [self->count] = (word_t){0};
    s_add_piece (&self->words [self->count++], &(piece_t){.kind = PIECE_INPUT});
}

//  The line with a mark for each replacement string.
static char *s_marked (const word_t *word)
{
    static const char mark [] = {SHELL_QUOTING_MARK, '\0'};
    text_t out = {0};
    for (size_t i = 0; i < word->count; i++) {
        const piece_t *piece = &word->pieces [i];
        const size_t from = out.size;
        text_put (&out, piece->kind == PIECE_TEXT ? piece->text : mark);
        //  The same byte in the text itself is a normal character
        for (char *c = out.bytes + from;
             piece->kind == PIECE_TEXT && (c = strchr (c, SHELL_QUOTING_MARK)); c++)
            *c = '\x02';
    }
    return text_take (&out);
}

static bool s_is_digits (const piece_t *piece)
{
    return piece->kind == PIECE_SEQUENCE || piece->kind == PIECE_SLOT;
}

static cadre_error_t s_check_piece (const piece_t *piece, fault_t *fault)
{
    if (piece->kind == PIECE_TEXT || piece->context.kind != SHELL_QUOTING_REFUSED)
        return CADRE_OK;
    if (piece->context.variable)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "%s at column %zu is right after a dollar sign: remove it, or write the shell's own "
            "variable without braces",
            piece->name, piece->column);
    if (s_is_digits (piece))
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_ARGUMENT,
        "%s at column %zu is %s, where an input cannot be quoted safely: move it elsewhere in the "
        "line, or pass it as an argument, in several words: sh -c '... \"$1\" ...' sh %s",
        piece->name, piece->column, piece->context.why, piece->name);
}

//  Finds the quoting context of each replacement string of a line; a fault if one is unsafe.
static cadre_error_t s_template_context (word_t *word, fault_t *fault)
{
    shell_quoting_t *contexts = text_resize (NULL, word->count * sizeof *contexts);
    char *line = s_marked (word);
    shell_quoting_find (line, contexts);
    cadre_error_t error = CADRE_OK;
    size_t found = 0;
    for (size_t i = 0; i < word->count && !error; i++) {
        if (word->pieces [i].kind != PIECE_TEXT)
            word->pieces [i].context = contexts [found++];
        error = s_check_piece (&word->pieces [i], fault);
    }
    free (contexts);
    free (line);
    return error;
}

template_t *template_new (char *const *words, size_t count, bool append, fault_t *fault)
{
    assert (count > 0);
    template_t *self = text_resize (NULL, sizeof *self);
    *self = (template_t){.count = count, .line = count == 1};
    self->words = text_resize (NULL, count * sizeof *self->words);
    memset (self->words, 0, count * sizeof *self->words);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        if (s_read_word (self, &self->words [i], words [i]))
            found = true;
    if (append && !found)
        s_append_input (self, strlen (words [0]));
    if (self->line && s_template_context (&self->words [0], fault))
        template_destroy (&self);
    return self;
}

void template_destroy (template_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    template_t *self = *self_p;
    for (size_t i = 0; i < self->count; i++) {
        for (size_t j = 0; j < self->words [i].count; j++)
            free (self->words [i].pieces [j].text);
        free (self->words [i].pieces);
    }
    free (self->words);
    free (self);
    *self_p = NULL;
}

bool template_has_slot (const template_t *self)
{
    return self->slot;
}

//  INPUT with parts removed; the caller frees it.
static char *s_template_cut (const char *input, unsigned cut)
{
    char *copy = text_copy (input, strlen (input));
    if (cut & CUT_NAME) {
        char *folder = dirname (copy);
        char *result = text_copy (folder, strlen (folder));
        free (copy);
        return result;
    }
    const char *name = copy;
    if ((cut & CUT_FOLDER) && strrchr (copy, '/'))
        name = strrchr (copy, '/') + 1;
    size_t size = strlen (name);
    if (cut & CUT_EXTENSION) {
        const char *dot = strrchr (name, '.');
        if (dot && !strchr (dot, '/'))
            size = (size_t) (dot - name);
    }
    char *result = text_copy (name, size);
    free (copy);
    return result;
}

//  Adds a word quoted for the shell, whatever is around it. SLOT: writes a {%} in the input so that
//  the worker does not replace it.
static void s_put_quoted (text_t *out, const char *value, bool slot)
{
    char *quoted = template_quote (value);
    const char *at = quoted;
    for (const char *mark; slot && (mark = strstr (at, "{%}")); at = mark + 2) {
        text_add (out, at, (size_t) (mark - at));
        text_put (out, "{%''");
    }
    text_put (out, at);
    free (quoted);
}

//  The state while one word of the result is built.
typedef struct making {
    const char *const *inputs; //  of this task
    size_t count;              //  of inputs
    uint64_t sequence;         //  of this task
    bool line;                 //  a line for the shell: quote pieces for their context
    bool words;                //  words for the shell: quote pieces as words
    bool slot;                 //  the worker replaces {%}
    fault_t fault;             //  an input that is not allowed in its context
} making_t;

//  Within '...'. SLOT: the value must not create a {%}, not even together with the text around it.
static void s_put_single (text_t *out, const char *value, bool slot)
{
    if (slot && (*value == '%' || *value == '}'))
        text_put (out, "''");
    for (; *value; value++) {
        if (*value == '\'')
            text_put (out, "'\\''");
        else
            text_add (out, value, 1);
        if (slot && *value == '{')
            text_put (out, "''");
    }
}

//  In a comment, which ends with the line.
static void s_put_comment (text_t *out, const char *value)
{
    for (; *value; value++)
        text_add (out, *value == '\n' || *value == '\r' ? " " : value, 1);
}

//  In arithmetic; a minus after another one would change the meaning.
static void s_put_number (making_t *making, text_t *out, const piece_t *piece, const char *value)
{
    if (shell_quoting_number (value))
        text_print (out, *value == '-' ? " %s" : "%s", value);
    else
        fault_set (
            &making->fault, CADRE_ERROR_ARGUMENT,
            "%s at column %zu is in arithmetic, where only integers are safe, but the input of "
            "task %llu is '%.100s': correct it, or pass it as an argument "
            "to a program that calculates",
            piece->name, piece->column, (unsigned long long) making->sequence, value);
}

//  In a line, quoted for the context. PLAIN: needs no quotes in a loose context.
static void s_put_placed (making_t *making, text_t *out, const piece_t *piece, const char *value,
                          bool plain)
{
    const shell_quoting_t *context = &piece->context;
    const bool inside = context->kind == SHELL_QUOTING_DOUBLE;
    if (context->kind == SHELL_QUOTING_NUMBER && !plain) {
        s_put_number (making, out, piece, value);
    } else if (context->kind == SHELL_QUOTING_COMMENT) {
        s_put_comment (out, value);
    } else if (context->kind == SHELL_QUOTING_SINGLE) {
        s_put_single (out, value, making->slot && !plain);
    } else if (plain && (context->loose || context->kind >= SHELL_QUOTING_NUMBER)) {
        text_put (out, value);
    } else {
        text_put (out, inside ? "\"'" : "'");
        s_put_single (out, value, making->slot && !plain);
        text_put (out, inside ? "'\"" : "'");
    }
}

static void s_put_value (making_t *making, text_t *out, const piece_t *piece, const char *value)
{
    if (making->line)
        s_put_placed (making, out, piece, value,
                      piece->context.kind != SHELL_QUOTING_NUMBER && shell_quoting_plain (value));
    else if (making->words)
        s_put_quoted (out, value, making->slot);
    else
        text_put (out, value);
}

static void s_put_input (making_t *making, text_t *out, const piece_t *piece, const char *input)
{
    char *value = s_template_cut (input, piece->cut);
    s_put_value (making, out, piece, value);
    free (value);
}

//  The number of the task, or the mark of the slot: digits, which are safe almost everywhere.
static void s_put_digits (making_t *making, text_t *out, const piece_t *piece)
{
    char value [24] = "{%}";
    if (piece->kind == PIECE_SEQUENCE)
        snprintf (value, sizeof value, "%llu", (unsigned long long) making->sequence);
    if (making->line)
        s_put_placed (making, out, piece, value, true);
    else
        text_put (out, value);
}

static void s_put_piece (making_t *making, text_t *out, const piece_t *piece)
{
    if (piece->kind == PIECE_TEXT) {
        text_put (out, piece->text);
        return;
    }
    if (s_is_digits (piece)) {
        s_put_digits (making, out, piece);
        return;
    }
    if (piece->position == 0) {
        for (size_t i = 0; i < making->count; i++) {
            if (i > 0)
                text_put (out, " ");
            s_put_input (making, out, piece, making->inputs [i]);
        }
        return;
    }
    long index = piece->position > 0 ? piece->position - 1 : (long) making->count + piece->position;
    if (index >= 0 && index < (long) making->count)
        s_put_input (making, out, piece, making->inputs [index]);
}

static char *s_make_word (making_t *making, const word_t *word)
{
    text_t out = {0};
    for (size_t i = 0; i < word->count; i++)
        s_put_piece (making, &out, &word->pieces [i]);
    return text_take (&out);
}

static void s_add_word (template_command_t *command, char *word)
{
    command->argv = text_resize (command->argv, (command->count + 2) * sizeof *command->argv);
    command->argv [command->count++] = word;
    command->argv [command->count] = NULL;
}

static void s_make_words (making_t *making, const word_t *word, template_command_t *command)
{
    bool all =
        word->count == 1 && word->pieces [0].kind == PIECE_INPUT && word->pieces [0].position == 0;
    if (!all) {
        s_add_word (command, s_make_word (making, word));
        return;
    }
    for (size_t i = 0; i < making->count; i++)
        s_add_word (command, s_template_cut (making->inputs [i], word->pieces [0].cut));
}

//  Could an input create a {%} in an argv, which the worker would replace? Then a line for the
//  shell is used, in which it can be distinguished.
static bool s_needs_shell (const template_t *self, const making_t *making)
{
    for (size_t i = 0; self->slot && i < making->count; i++)
        if (strchr (making->inputs [i], '%'))
            return true;
    return false;
}

static char *s_shell_words (const template_t *self, making_t *making)
{
    text_t out = {0};
    text_put (&out, "exec");
    making->words = true;
    for (size_t i = 0; i < self->count; i++) {
        text_put (&out, " ");
        const word_t *word = &self->words [i];
        if (word->count == 0)
            text_put (&out, "''");
        for (size_t j = 0; j < word->count; j++) {
            if (word->pieces [j].kind == PIECE_TEXT)
                s_put_quoted (&out, word->pieces [j].text, false);
            else
                s_put_piece (making, &out, &word->pieces [j]);
        }
    }
    return text_take (&out);
}

cadre_error_t template_expand (const template_t *self, const char *const *inputs, size_t count,
                               uint64_t sequence, template_command_t *command, fault_t *fault)
{
    *command = (template_command_t){0};
    making_t making = {.inputs = inputs,
                       .count = count,
                       .sequence = sequence,
                       .line = self->line,
                       .slot = self->slot};
    if (self->line)
        command->line = s_make_word (&making, &self->words [0]);
    else if (s_needs_shell (self, &making))
        command->line = s_shell_words (self, &making);
    else
        for (size_t i = 0; i < self->count; i++)
            s_make_words (&making, &self->words [i], command);
    if (!making.fault.code)
        return CADRE_OK;
    template_command_clear (command);
    return fault_set (fault, making.fault.code, "%s", making.fault.text);
}

void template_command_clear (template_command_t *command)
{
    free (command->line);
    for (size_t i = 0; i < command->count; i++)
        free (command->argv [i]);
    free (command->argv);
    *command = (template_command_t){0};
}

char *template_command_text (const template_command_t *command)
{
    if (command->line)
        return text_copy (command->line, strlen (command->line));
    text_t out = {0};
    for (size_t i = 0; i < command->count; i++) {
        if (i > 0)
            text_put (&out, " ");
        s_put_quoted (&out, command->argv [i], false);
    }
    return text_take (&out);
}

char *template_quote (const char *text)
{
    static const char plain [] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*text && text [strspn (text, plain)] == '\0')
        return text_copy (text, strlen (text));
    text_t out = {0};
    text_put (&out, "'");
    for (const char *quote; (quote = strchr (text, '\'')); text = quote + 1) {
        text_add (&out, text, (size_t) (quote - text));
        text_put (&out, "'\\''");
    }
    text_put (&out, text);
    text_put (&out, "'");
    return text_take (&out);
}
