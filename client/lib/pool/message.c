//  message.c - error messages per thread, which need not be freed

#include <stdio.h>
#include <string.h>

#include "client/lib/pool/pool.h"

//  A thread keeps the messages of the pools that it used last.
#define POOLS_MAX 4u

typedef struct message {
    uint64_t serial;              //  Of the pool; 0: free
    char text [FAULT_TEXT_BYTES]; //  Its last message
} message_t;

static _Thread_local message_t s_messages [POOLS_MAX];
static _Thread_local unsigned s_next;
static _Thread_local fault_t s_open;

static message_t *s_message_find (uint64_t serial)
{
    for (unsigned i = 0; i < POOLS_MAX; i++)
        if (s_messages [i].serial == serial)
            return &s_messages [i];
    return NULL;
}

cadre_error_t message_say (cadre_t *self, const fault_t *fault)
{
    message_t *message = s_message_find (self->serial);
    if (!message) {
        message = &s_messages [s_next++ % POOLS_MAX];
        message->serial = self->serial;
    }
    snprintf (message->text, sizeof message->text, "%s", fault->text);
    return fault->code;
}

cadre_error_t message_say_text (cadre_t *self, cadre_error_t code, const char *format, ...)
{
    fault_t fault = {0};
    va_list arguments;
    va_start (arguments, format);
    fault_set_va (&fault, code, format, arguments);
    va_end (arguments);
    return message_say (self, &fault);
}

const char *cadre_message (cadre_t *self)
{
    const message_t *message = self ? s_message_find (self->serial) : NULL;
    return message ? message->text : "";
}

void message_say_open (const fault_t *fault)
{
    s_open = *fault;
}

cadre_error_t cadre_open_error (void)
{
    return s_open.code;
}

const char *cadre_open_message (void)
{
    return s_open.text;
}

//  Below 1.0 each minor release may be incompatible; from 1.0 on, minor releases only add.
bool cadre_version_fits (unsigned header)
{
    const unsigned ours = CADRE_VERSION, major = header / 10000, minor = header / 100 % 100;
    if (major != ours / 10000)
        return false;
    return major == 0 ? minor == ours / 100 % 100 : minor <= ours / 100 % 100;
}

unsigned cadre_version_number (void)
{
    return CADRE_VERSION;
}

const char *cadre_version (void)
{
    return CADRE_VERSION_STRING;
}
