//  hostlist_fuzz.c - any file of hosts, and the same bytes as a list of words
//
//  What is checked beside memory: every host that is accepted has a name that ssh cannot take for
//  an option or a shell for more than a word, is found by its name, and is read again from its own
//  line.

#include "client/cli/hosts/hostlist.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output/text.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static void s_check_host (const hostlist_t *list, const hostlist_host_t *host)
{
    assert (host->target [0] != '-' && !strpbrk (host->target, " \t\n'\"$(`;&|<>\\*?[]"));
    assert (hostlist_find (list, host->name) == host);
    assert (host->slots <= HOSTLIST_SLOTS_MOST);
    char *line = hostlist_line (host);
    hostlist_t *again = hostlist_new ();
    assert (hostlist_add_lines (again, line, strlen (line), "line", NULL) == CADRE_OK);
    assert (hostlist_count (again) == 1 && hostlist_at (again, 0)->slots == host->slots);
    assert (strcmp (hostlist_at (again, 0)->target, host->target) == 0
            && hostlist_at (again, 0)->port == host->port);
    hostlist_destroy (&again);
    free (line);
}

static void s_check (hostlist_t *list)
{
    assert (hostlist_count (list) <= HOSTLIST_MOST);
    for (size_t i = 0; i < hostlist_count (list) && i < 100; i++)
        s_check_host (list, hostlist_at (list, i));
    hostlist_destroy (&list);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    hostlist_add_lines (list, (const char *) bytes, size, "file", &fault);
    s_check (list);
    char *words = text_copy (bytes, size);
    list = hostlist_new ();
    hostlist_add_words (list, words, &fault);
    s_check (list);
    free (words);
    return 0;
}
