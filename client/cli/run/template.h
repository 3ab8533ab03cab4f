/*
 *  template: a command with replacement strings, in GNU parallel's grammar.
 *
 *      {}  the input          {.}  without its extension     {/}  without its folders
 *      {//} its folder        {/.} neither                   {#}  number of the task, from 1
 *      {%} number of the slot {2} {2.} {2/} {2//} {2/.}      the same of the second input; {-1} is
 *                                                            the last
 *
 *  One word is a line for the shell: each input is quoted for the place where it stands, so that
 *  the shell takes it as it is, within quotes too; in arithmetic it must be a whole number. Where
 *  it cannot be made safe (backticks, here-documents, ${...}, comments) the template is refused:
 *  shell_place.h. Several words are an argv that is executed as it is; a word that is just {}
 *  becomes as many words as there are inputs. Without any replacement string, {} is appended. {%}
 *  stays as it is: the worker replaces it.
 *
 *  A template is read-only once made; any thread may expand it.
 */
#ifndef CLIENT_CLI_RUN_TEMPLATE_H_INCLUDED
#define CLIENT_CLI_RUN_TEMPLATE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct template template_t;

//  What a template becomes for one task: a line for the shell, or an argv. One of the two is NULL.
typedef struct template_command {
    char *line;   // for the shell
    char **argv;  // NULL-terminated
    size_t count; // words in argv
} template_command_t;

//  WORDS are copied. With append, {} is added if there is no replacement string. NULL, and
//  CADRE_ERROR_ARGUMENT that names the column, when one stands where no input is safe.
template_t *template_new (char *const *words, size_t count, bool append, fault_t *fault);
void template_destroy (template_t **self_p);

//  Does {%} occur, so that the worker has to replace it?
bool template_has_slot (const template_t *self);

//  Fill COMMAND for one task; SEQUENCE counts from 1. The result is the caller's:
//  template_command_clear. CADRE_ERROR_ARGUMENT, and an empty COMMAND, when an input that must be a
//  number is none.
cadre_error_t template_expand (const template_t *self, const char *const *inputs, size_t count,
                               uint64_t sequence, template_command_t *command, fault_t *fault);
void template_command_clear (template_command_t *command);

//  The command as one would type it in a shell; the caller's to free.
char *template_command_text (const template_command_t *command);

//  TEXT as one word of a shell, quoted only if it must be; the caller's to free.
char *template_quote (const char *text);

#endif
