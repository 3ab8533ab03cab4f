//  hostlist.c - see hostlist.h

#include "client/cli/hosts/hostlist.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/cli/output/text.h"
#include "common/hash.h"
#include "common/units.h"

#define NAME_MOST 255u
#define DIGITS_MOST 9u
#define GROUPS_MOST 8
#define FILE_MOST (4u << 20)

typedef struct entry {
    hostlist_host_t host;  //  the public part
    UT_hash_handle handle; //  by name
} entry_t;

struct hostlist {
    entry_t **entries; //  in the order of addition
    entry_t *by_name;  //  uthash
    size_t count;      //  of entries
    size_t capacity;   //  of entries
};

hostlist_t *hostlist_new (void)
{
    hostlist_t *self = text_resize (NULL, sizeof *self);
    *self = (hostlist_t){0};
    return self;
}

static void s_hostlist_free (entry_t *entry)
{
    free (entry->host.name);
    free (entry->host.target);
    free (entry->host.labels);
    free (entry);
}

void hostlist_destroy (hostlist_t **self_p)
{
    hostlist_t *self = *self_p;
    if (!self)
        return;
    HASH_CLEAR (handle, self->by_name);
    for (size_t i = 0; i < self->count; i++)
        s_hostlist_free (self->entries [i]);
    free (self->entries);
    free (self);
    *self_p = NULL;
}

size_t hostlist_count (const hostlist_t *self)
{
    return self->count;
}

const hostlist_host_t *hostlist_at (const hostlist_t *self, size_t index)
{
    return &self->entries [index]->host;
}

const hostlist_host_t *hostlist_find (const hostlist_t *self, const char *name)
{
    entry_t *entry = NULL;
    HASH_FIND (handle, self->by_name, name, strlen (name), entry);
    return entry ? &entry->host : NULL;
}

char *hostlist_line (const hostlist_host_t *host)
{
    text_t line = {0};
    text_put (&line, host->name);
    if (host->slots)
        text_print (&line, " slots=%u", host->slots);
    if (host->labels)
        text_print (&line, " label=%s", host->labels);
    return text_take (&line);
}

//  ==== one host ================================================================

static bool s_all_of (const char *text, size_t size, const char *more)
{
    for (size_t i = 0; i < size; i++)
        if (!isalnum ((unsigned char) text [i]) && (text [i] == '\0' || !strchr (more, text [i])))
            return false;
    return size > 0;
}

//  The colon before the port, or NULL: [::1]:22 and a:22 have one, ::1 has none.
static const char *s_port (const char *host)
{
    const char *colon = strrchr (host, ':');
    if (!colon || (host [0] == '[' && colon [-1] != ']'))
        return NULL;
    return host [0] == '[' || strchr (host, ':') == colon ? colon : NULL;
}

//  Splits NAME ([user@]host[:port]) into target and port.
static cadre_error_t s_hostlist_cut (hostlist_host_t *host, fault_t *fault)
{
    const char *name = host->name, *at = strchr (name, '@');
    const char *address = at ? at + 1 : name, *colon = s_port (address);
    size_t size = colon ? (size_t) (colon - address) : strlen (address);
    uint64_t port = 0;
    if (strcmp (name, ":") == 0) {
        host->target = text_copy ("", 0);
        return CADRE_OK;
    }
    if (colon && units_parse_count (colon + 1, 1, UINT16_MAX, &port, NULL) != CADRE_OK)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%s' is not a host: its port is not between 1 and 65535", name);
    if (size > 2 && address [0] == '[' && address [size - 1] == ']')
        address++, size -= 2;
    if (!s_all_of (address, size, ".-_:%") || address [0] == '-'
        || (at && (!s_all_of (name, (size_t) (at - name), ".-_") || name [0] == '-')))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%.80s' is not a host; write NAME, USER@NAME or NAME:PORT", name);
    text_t target = {0};
    text_print (&target, "%.*s%.*s", at ? (int) (at + 1 - name) : 0, name, (int) size, address);
    host->target = text_take (&target);
    host->port = (uint16_t) port;
    return CADRE_OK;
}

//  MODEL has the settings of a group of hosts.
static cadre_error_t s_hostlist_add (hostlist_t *self, const char *name,
                                     const hostlist_host_t *model, fault_t *fault)
{
    if (self->count == HOSTLIST_MOST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "more than %u hosts; deploy in parts",
                          HOSTLIST_MOST);
    if (strlen (name) > NAME_MOST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "'%.40s...' is longer than a host's name can be", name);
    if (hostlist_find (self, name))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "host %s is listed twice; name it once, with slots=N for more slots",
                          name);
    entry_t *entry = text_resize (NULL, sizeof *entry);
    *entry = (entry_t){.host = {.name = text_copy (name, strlen (name)), .slots = model->slots}};
    if (model->labels)
        entry->host.labels = text_copy (model->labels, strlen (model->labels));
    if (s_hostlist_cut (&entry->host, fault) != CADRE_OK) {
        s_hostlist_free (entry);
        return fault->code;
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 16;
        self->entries = text_resize (self->entries, self->capacity * sizeof (entry_t *));
    }
    self->entries [self->count++] = entry;
    HASH_ADD_KEYPTR (handle, self->by_name, entry->host.name, strlen (entry->host.name), entry);
    return CADRE_OK;
}

//  ==== ranges ==================================================================

typedef struct expansion {
    hostlist_t *list;             //  the list to extend
    const hostlist_host_t *model; //  settings of the hosts
    const char *word;             //  as written, for faults
    fault_t *fault;               //  the error
} expansion_t;

static cadre_error_t s_expand (expansion_t *self, const char *done, const char *rest, int depth);

static cadre_error_t s_bad_range (expansion_t *self)
{
    return fault_set (self->fault, CADRE_ERROR_ARGUMENT,
                      "'%.80s' has an invalid range; write node[01-64] or node[1,3,7-9]",
                      self->word);
}

//  Reads digits at *AT; returns their number, 0 if none or too many.
static size_t s_hostlist_number (const char **at, unsigned long *number)
{
    size_t digits = strspn (*at, "0123456789");
    if (digits == 0 || digits > DIGITS_MOST)
        return 0;
    *number = strtoul (*at, NULL, 10);
    *at += digits;
    return digits;
}

//  Expands one part of the brackets, "7" or "01-64", at *AT.
static cadre_error_t s_expand_part (expansion_t *self, const char *done, const char **at,
                                    const char *after, int depth)
{
    unsigned long first, last;
    size_t width = s_hostlist_number (at, &first);
    last = first;
    if (width > 0 && **at == '-') {
        ++*at;
        if (s_hostlist_number (at, &last) == 0)
            return s_bad_range (self);
    }
    if (width == 0 || last < first || (**at != ',' && **at != ']'))
        return s_bad_range (self);
    if (last - first >= HOSTLIST_MOST)
        return fault_set (self->fault, CADRE_ERROR_ARGUMENT, "'%.80s' names more than %u hosts",
                          self->word, HOSTLIST_MOST);
    cadre_error_t error = CADRE_OK;
    for (unsigned long i = first; i <= last && !error; i++) {
        text_t name = {0};
        text_print (&name, "%s%0*lu", done, (int) width, i);
        error = s_expand (self, name.bytes, after, depth + 1);
        text_free (&name);
    }
    return error;
}

static cadre_error_t s_expand_group (expansion_t *self, const char *done, const char *group,
                                     int depth)
{
    const char *at = group, *end = strchr (group, ']');
    if (!end || depth == GROUPS_MOST)
        return s_bad_range (self);
    cadre_error_t error;
    do {
        at++;
        error = s_expand_part (self, done, &at, end + 1, depth);
    } while (!error && *at == ',');
    return error;
}

//  DONE is the expanded text before REST. An IPv6 address in brackets is not a range.
static cadre_error_t s_expand (expansion_t *self, const char *done, const char *rest, int depth)
{
    const char *group = strchr (rest, '[');
    text_t name = {0};
    while (group && group [1 + strspn (group + 1, "0123456789abcdefABCDEF.")] == ':')
        group = strchr (group + 1, '[');
    text_print (&name, "%s%.*s", done, group ? (int) (group - rest) : (int) strlen (rest), rest);
    cadre_error_t error;
    if (name.size > NAME_MOST * 2)
        error = s_bad_range (self);
    else if (group)
        error = s_expand_group (self, name.bytes, group, depth);
    else
        error = s_hostlist_add (self->list, name.bytes, self->model, self->fault);
    text_free (&name);
    return error;
}

//  Adds "node[01-64]" or "8/c" with the known settings.
static cadre_error_t s_add_word (hostlist_t *self, const char *word, hostlist_host_t model,
                                 fault_t *fault)
{
    const char *slash = strchr (word, '/'), *name = slash ? slash + 1 : word;
    if (slash) {
        uint64_t slots = 0;
        char *number = text_copy (word, (size_t) (slash - word));
        cadre_error_t error = units_parse_count (number, 1, HOSTLIST_SLOTS_MOST, &slots, NULL);
        free (number);
        if (error)
            return fault_set (
                fault, CADRE_ERROR_ARGUMENT,
                "'%.80s' is not a host, and not an existing file; write SLOTS/HOST or a file's name",
                word);
        model.slots = (unsigned) slots;
    }
    if (*name == '\0')
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "a host's name is missing; write a,b,8/c");
    expansion_t expansion = {self, &model, word, fault};
    return s_expand (&expansion, "", name, 0);
}

cadre_error_t hostlist_add_words (hostlist_t *self, const char *words, fault_t *fault)
{
    cadre_error_t error = CADRE_OK;
    while (!error) {
        size_t size = 0;
        for (int depth = 0; words [size] && (words [size] != ',' || depth > 0); size++)
            depth += words [size] == '[' ? 1 : words [size] == ']' ? -1 : 0;
        char *word = text_copy (words, size);
        error = s_add_word (self, word, (hostlist_host_t){0}, fault);
        free (word);
        if (words [size] == '\0')
            break;
        words += size + 1;
    }
    return error;
}

//  ==== files ===================================================================

//  Parses "slots=16" and similar.
static cadre_error_t s_hostlist_set (hostlist_host_t *model, char *word, fault_t *fault)
{
    uint64_t slots = 0;
    char *value = strchr (word, '=');
    if (value && strncmp (word, "slots=", 6) == 0) {
        cadre_error_t error = units_parse_count (value + 1, 1, HOSTLIST_SLOTS_MOST, &slots, fault);
        model->slots = (unsigned) slots;
        return error;
    }
    if (value && strncmp (word, "label=", 6) == 0
        && s_all_of (value + 1, strlen (value + 1), ".-_,:/+")) {
        model->labels = value + 1;
        return CADRE_OK;
    }
    return fault_set (fault, CADRE_ERROR_ARGUMENT,
                      "'%.80s' is invalid; a line is: HOST [slots=N] [label=NAME,...]", word);
}

static cadre_error_t s_add_line (hostlist_t *self, char *line, fault_t *fault)
{
    hostlist_host_t model = {0};
    char *rest = NULL;
    line [strcspn (line, "#")] = '\0';
    const char *name = strtok_r (line, " \t\r\v\f", &rest);
    if (!name)
        return CADRE_OK;
    for (char *word; (word = strtok_r (NULL, " \t\r\v\f", &rest));)
        if (s_hostlist_set (&model, word, fault) != CADRE_OK)
            return fault->code;
    return s_add_word (self, name, model, fault);
}

cadre_error_t hostlist_add_lines (hostlist_t *self, const char *bytes, size_t size,
                                  const char *origin, fault_t *fault)
{
    fault_t why = {0};
    cadre_error_t error = CADRE_OK;
    for (unsigned number = 1; size > 0 && !error; number++) {
        const char *end = memchr (bytes, '\n', size);
        size_t length = end ? (size_t) (end - bytes) : size;
        char *line = text_copy (bytes, length);
        if (memchr (bytes, '\0', length))
            error = fault_set (&why, CADRE_ERROR_ARGUMENT,
                               "there is a NUL; this is not a list of hosts");
        else
            error = s_add_line (self, line, &why);
        if (error)
            fault_set (fault, error, "%s:%u: %s", origin, number, why.text);
        free (line);
        length += end ? 1 : 0;
        bytes += length;
        size -= length;
    }
    return error;
}

static cadre_error_t s_add_file (hostlist_t *self, const char *path, fault_t *fault)
{
    text_t bytes = {0};
    char block [4096];
    size_t got;
    FILE *file = fopen (path, "re");
    if (!file)
        return fault_set (fault, CADRE_ERROR_IO, "cannot read the hosts in %s: %s", path,
                          strerror (errno));
    while ((got = fread (block, 1, sizeof block, file)) > 0 && bytes.size <= FILE_MOST)
        text_add (&bytes, block, got);
    bool bad = ferror (file) != 0;
    fclose (file);
    cadre_error_t error;
    if (bad || bytes.size > FILE_MOST)
        error = fault_set (fault, CADRE_ERROR_IO, "cannot read the hosts in %s: %s", path,
                           bad ? strerror (errno) : "it is larger than 4 MiB");
    else
        error = hostlist_add_lines (self, bytes.bytes, bytes.size, path, fault);
    text_free (&bytes);
    return error;
}

cadre_error_t hostlist_read (hostlist_t *self, const char *given, fault_t *fault)
{
    struct stat facts;
    const char *slurm = getenv ("SLURM_JOB_NODELIST");
    cadre_error_t error;
    if (given && stat (given, &facts) == 0 && !S_ISDIR (facts.st_mode))
        error = s_add_file (self, given, fault);
    else if (given)
        error = hostlist_add_words (self, given, fault);
    else if (slurm && *slurm)
        error = hostlist_add_words (self, slurm, fault);
    else
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "no hosts are named; write --hosts a,b,8/c or --hosts FILE");
    if (!error && self->count == 0)
        error = fault_set (fault, CADRE_ERROR_ARGUMENT, "there is no host in %s; write one a line",
                           given ? given : "SLURM_JOB_NODELIST");
    return error;
}
