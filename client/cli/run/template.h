/*
 *  template.h - a command with replacement strings, in GNU parallel's syntax
 *
 *      {}  the input          {.}  without its extension     {/}  without its folders
 *      {//} its folder        {/.} base name, no extension   {#}  number of the task, from 1
 *      {%} number of the slot {2} {2.} {2/} {2//} {2/.}      the same of the second input; {-1} is
 *                                                            the last
 *
 *  A single word is a line for the shell: each input is quoted for its context, also within quotes,
 *  so that the shell sees it unchanged; in arithmetic it must be an integer. If no quoting is safe
 *  (backticks, here-documents, ${...}, comments), the template is refused: shell_quoting.h. Several
 *  words are an argv that is executed directly; a word that is just {} becomes as many words as
 *  there are inputs. Without any replacement string, {} is appended. {%} is kept: the worker
 *  replaces it.
 *
 *  Read-only once created; any thread may expand it.
 */
#ifndef CLIENT_CLI_RUN_TEMPLATE_H_INCLUDED
#define CLIENT_CLI_RUN_TEMPLATE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct template template_t;

//  The template expanded for one task: a line for the shell, or an argv. The other one is NULL.
typedef struct template_command {
    char *line;   //  for the shell
    char **argv;  //  NULL-terminated
    size_t count; //  number of words in argv
} template_command_t;

//  WORDS are copied. append: adds {} if there is no replacement string. NULL, and
//  CADRE_ERROR_ARGUMENT that names the column, when a replacement string is in an unsafe context.
template_t *template_new (char *const *words, size_t count, bool append, fault_t *fault);
void template_destroy (template_t **self_p);

//  Does it contain {%}, which the worker replaces?
bool template_has_slot (const template_t *self);

//  Fills COMMAND for one task; SEQUENCE counts from 1. Free the result with template_command_clear.
//  CADRE_ERROR_ARGUMENT, and an empty COMMAND, when an input must be a number and is not.
cadre_error_t template_expand (const template_t *self, const char *const *inputs, size_t count,
                               uint64_t sequence, template_command_t *command, fault_t *fault);
void template_command_clear (template_command_t *command);

//  The command as it would be typed in a shell; the caller frees it.
char *template_command_text (const template_command_t *command);

//  TEXT as one word of a shell, quoted only if needed; the caller frees it.
char *template_quote (const char *text);

#endif
