//  say.c - see say.h

#include "client/cli/output/say.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/printable.h"

#define LINE_BYTES 2048

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static bool s_drawn; //  a progress line is shown

static void s_say_write (const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write (STDERR_FILENO, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        size -= (size_t) written;
    }
}

static void s_wipe (void)
{
    if (s_drawn)
        s_say_write ("\r\033[K", 4);
    s_drawn = false;
}

void say (const char *format, ...)
{
    char line [LINE_BYTES] = "cadre: ";
    const size_t prefix = strlen (line);
    va_list arguments;
    va_start (arguments, format);
    int printed = vsnprintf (line + prefix, sizeof line - prefix - 1, format, arguments);
    va_end (arguments);
    if (printed < 0)
        return;
    printable (line + prefix);
    size_t size = strlen (line);
    line [size++] = '\n';

    pthread_mutex_lock (&s_lock);
    s_wipe ();
    s_say_write (line, size);
    pthread_mutex_unlock (&s_lock);
}

int say_fault (const fault_t *fault)
{
    say ("%s", fault->text [0] ? fault->text : cadre_error_text (fault->code));
    return cadre_error_exit_code (fault->code);
}

void say_output (const void *bytes, size_t size)
{
    pthread_mutex_lock (&s_lock);
    s_wipe ();
    s_say_write (bytes, size);
    pthread_mutex_unlock (&s_lock);
}

void say_progress (const char *text)
{
    pthread_mutex_lock (&s_lock);
    s_wipe ();
    if (text) {
        s_say_write (text, strlen (text));
        s_drawn = true;
    }
    pthread_mutex_unlock (&s_lock);
}

bool say_is_terminal (void)
{
    const char *terminal = getenv ("TERM");
    return isatty (STDERR_FILENO) && terminal && strcmp (terminal, "dumb") != 0;
}

bool say_colours (int descriptor)
{
    const char *none = getenv ("NO_COLOR");
    const char *terminal = getenv ("TERM");
    return !(none && *none) && terminal && strcmp (terminal, "dumb") != 0 && isatty (descriptor);
}

int say_flush (int exit_code)
{
    static bool said; //  nested commands flush, too
    if (exit_code == SAY_EXIT_PIPE) {
        const struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction (SIGPIPE, &action, NULL);
        raise (SIGPIPE);
    }
    errno = 0;
    if (said || (fflush (stdout) == 0 && !ferror (stdout)))
        return said ? SAY_EXIT_OWN : exit_code;
    said = true;
    //  an earlier write failed without a stored error: writes again to get it; the output is
    //  incomplete anyway
    if (errno == 0)
        errno = write (STDOUT_FILENO, "\n", 1) == 1 ? EIO : errno;
    say ("cannot write to standard output: %s; %s", strerror (errno),
         errno == EPIPE ? "the reader has closed it" : "free some space or write elsewhere");
    return SAY_EXIT_OWN;
}
