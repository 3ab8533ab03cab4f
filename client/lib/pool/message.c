/*  message.c - the last error message of each pool, per thread
 *
 *  Each thread has its own list, which needs no lock: one message per pool that failed a call of
 *  this thread. The list is freed when the thread ends. A closed pool marks its owner record as
 *  gone, and the thread frees that message when the next one is added.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "client/lib/pool/pool.h"

typedef struct message {
    message_owner_t *owner;       //  Held
    char text [FAULT_TEXT_BYTES]; //  The last message of the pool
    struct message *next;         //  The next one of this thread
} message_t;

static _Thread_local message_t *s_messages;
static _Thread_local fault_t s_open;
static pthread_key_t s_key;
static bool s_has_key;
static pthread_once_t s_once = PTHREAD_ONCE_INIT;

static void s_drop (message_t *message)
{
    LL_DELETE (s_messages, message);
    message_owner_release (message->owner);
    free (message);
}

//  Called when the thread ends.
static void s_drop_all (void *unused)
{
    (void) unused;
    while (s_messages)
        s_drop (s_messages);
}

static void s_drop_old (void)
{
    message_t *message, *next;
    LL_FOREACH_SAFE (s_messages, message, next)
        if (message_owner_is_gone (message->owner))
            s_drop (message);
}

static void s_make_key (void)
{
    s_has_key = pthread_key_create (&s_key, s_drop_all) == 0;
}

//  After dlclose the key must not call into the library.
__attribute__ ((destructor)) static void s_unload (void)
{
    if (s_has_key)
        pthread_key_delete (s_key);
}

static message_t *s_message_find (const cadre_t *pool)
{
    message_t *message;
    LL_SEARCH_SCALAR (s_messages, message, owner, pool->messages);
    return message;
}

//  NULL: no memory. The code of the call still says what went wrong.
static message_t *s_message_add (cadre_t *pool)
{
    s_drop_old ();
    message_t *message = calloc (1, sizeof *message);
    if (!message)
        return NULL;
    message->owner = message_owner_hold (pool->messages);
    LL_PREPEND (s_messages, message);
    pthread_once (&s_once, s_make_key);
    if (s_has_key)
        pthread_setspecific (s_key, &s_messages);
    return message;
}

cadre_error_t message_say (cadre_t *self, const fault_t *fault)
{
    message_t *message = s_message_find (self);
    if (!message)
        message = s_message_add (self);
    if (message)
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
    const message_t *message = self && !pool_forked (self) ? s_message_find (self) : NULL;
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

//  Below 1.0 each minor release may change what is there; from then on they only add.
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
