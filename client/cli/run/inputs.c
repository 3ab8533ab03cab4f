//  inputs.c - see inputs.h

#include "client/cli/run/inputs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/cli/output/text.h"

#define BLOCK_BYTES 65536u

typedef struct source {
    char *path;         //  of a file, or NULL for words
    int descriptor;     //  of a file, else -1
    char *const *words; //  of a list, borrowed; of a file kept in memory, owned
    size_t count;       //  of words
    bool kept;          //  words is owned
    size_t at;          //  next word
    char *block;        //  bytes read from a file
    size_t block_at;    //  next of them
    size_t block_size;  //  their number
    bool ended;         //  the file ends after the block
    uint64_t line;      //  records read so far
    text_t record;      //  the current record of a file
} source_t;

struct inputs {
    source_t *sources;   //  in order
    size_t count;        //  of sources
    const char **values; //  values of the current record
    text_t *group;       //  combined records, when group_max > 1
    size_t group_max;    //  records per task
    char end;            //  end of a record in a file
    bool started;        //  values holds a record
    bool ended;          //  no more records
    int wake;            //  readable: end the wait
};

inputs_t *inputs_new (void)
{
    inputs_t *self = text_resize (NULL, sizeof *self);
    *self =
        (inputs_t){.end = '\n', .group_max = 1, .wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return self;
}

void inputs_destroy (inputs_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    inputs_t *self = *self_p;
    for (size_t i = 0; i < self->count; i++) {
        source_t *source = &self->sources [i];
        for (size_t j = 0; source->kept && j < source->count; j++)
            free (source->words [j]);
        if (source->kept)
            free ((void *) (uintptr_t) source->words);
        if (source->descriptor > STDIN_FILENO)
            close (source->descriptor);
        free (source->path);
        free (source->block);
        text_free (&source->record);
    }
    for (size_t i = 0; self->group && i < self->group_max; i++)
        text_free (&self->group [i]);
    if (self->wake >= 0)
        close (self->wake);
    free (self->group);
    free (self->sources);
    free (self->values);
    free (self);
    *self_p = NULL;
}

static source_t *s_inputs_add (inputs_t *self)
{
    self->sources = text_resize (self->sources, (self->count + 1) * sizeof *self->sources);
    source_t *source = &self->sources [self->count++];
    *source = (source_t){.descriptor = -1};
    return source;
}

void inputs_add_words (inputs_t *self, char *const *words, size_t count)
{
    source_t *source = s_inputs_add (self);
    source->words = words;
    source->count = count;
}

cadre_error_t inputs_add_file (inputs_t *self, const char *path, fault_t *fault)
{
    int descriptor = STDIN_FILENO;
    if (strcmp (path, "-") != 0)
        descriptor = open (path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fault_set (fault, errno == ENOENT ? CADRE_ERROR_NOT_FOUND : CADRE_ERROR_IO,
                          "cannot read inputs from %s: %s", path, strerror (errno));
    source_t *source = s_inputs_add (self);
    source->path = text_copy (path, strlen (path));
    source->descriptor = descriptor;
    source->block = text_resize (NULL, BLOCK_BYTES);
    return CADRE_OK;
}

size_t inputs_sources (const inputs_t *self)
{
    return self->count;
}

void inputs_set_end (inputs_t *self, char end)
{
    self->end = end;
}

void inputs_set_group (inputs_t *self, size_t count)
{
    assert (count > 0 && !self->started);
    self->group_max = count;
}

bool inputs_known (const inputs_t *self, uint64_t *count)
{
    *count = self->count ? 1 : 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->sources [i].descriptor >= 0)
            return false;
        if (__builtin_mul_overflow (*count, self->sources [i].count, count))
            return false;
    }
    *count = (*count + self->group_max - 1) / self->group_max;
    return true;
}

//  Fills the block. Waits for the descriptor and for inputs_wake, so that a silent pipe does not
//  block the end.
static cadre_error_t s_inputs_fill (inputs_t *self, source_t *source, fault_t *fault)
{
    struct pollfd polled [2] = {{.fd = self->wake, .events = POLLIN},
                                {.fd = source->descriptor, .events = POLLIN}};
    while (true) {
        if (poll (polled, 2, -1) < 0 && errno != EINTR)
            break;
        if (polled [0].revents)
            return CADRE_ERROR_CANCELLED;
        if (!polled [1].revents)
            continue;
        ssize_t size = read (source->descriptor, source->block, BLOCK_BYTES);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (size < 0)
            break;
        source->ended = size == 0;
        source->block_at = 0;
        source->block_size = (size_t) size;
        return CADRE_OK;
    }
    return fault_set (fault, CADRE_ERROR_IO, "cannot read inputs from %s: %s", source->path,
                      strerror (errno));
}

bool inputs_would_wait (const inputs_t *self)
{
    const source_t *source = self->count ? &self->sources [0] : NULL;
    if (!source || source->descriptor < 0 || source->ended || source->block_at < source->block_size)
        return false;
    struct pollfd polled = {.fd = source->descriptor, .events = POLLIN};
    return poll (&polled, 1, 0) == 0;
}

//  Reads one record of a file into source->record.
static cadre_error_t s_inputs_read (inputs_t *self, source_t *source, fault_t *fault)
{
    text_clear (&source->record);
    text_add (&source->record, "", 0);
    while (true) {
        if (source->block_at == source->block_size && !source->ended) {
            cadre_error_t error = s_inputs_fill (self, source, fault);
            if (error)
                return error;
        }
        if (source->ended)
            break;
        const char *from = source->block + source->block_at;
        size_t left = source->block_size - source->block_at;
        const char *end = memchr (from, self->end, left);
        size_t size = end ? (size_t) (end - from) : left;
        text_add (&source->record, from, size);
        source->block_at += size + (end ? 1 : 0);
        if (source->record.size > INPUTS_RECORD_MAX)
            return fault_set (
                fault, CADRE_ERROR_TOO_LARGE,
                "input %llu of %s is longer than 64 MiB: pass it in a file, or check -0",
                (unsigned long long) source->line + 1, source->path);
        if (end) {
            source->line++;
            return CADRE_OK;
        }
    }
    if (source->record.size == 0)
        return CADRE_ERROR_END;
    source->line++;
    return CADRE_OK;
}

//  Keeps all records of a file as words, because only the first source is read once.
static cadre_error_t s_inputs_keep (inputs_t *self, source_t *source, fault_t *fault)
{
    char **words = NULL;
    size_t count = 0;
    cadre_error_t error;
    while ((error = s_inputs_read (self, source, fault)) == CADRE_OK) {
        if ((count & (count - 1)) == 0)
            words = text_resize (words, (count ? count * 2 : 1) * sizeof *words);
        words [count++] = text_copy (source->record.bytes, source->record.size);
    }
    source->words = words;
    source->count = count;
    source->kept = true;
    if (source->descriptor > STDIN_FILENO)
        close (source->descriptor);
    source->descriptor = -1;
    return error == CADRE_ERROR_END ? CADRE_OK : error;
}

//  Takes the next value of one source.
static cadre_error_t s_inputs_take (inputs_t *self, size_t index, fault_t *fault)
{
    source_t *source = &self->sources [index];
    if (source->descriptor >= 0) {
        cadre_error_t error = s_inputs_read (self, source, fault);
        self->values [index] = source->record.bytes;
        return error;
    }
    if (source->at == source->count)
        return CADRE_ERROR_END;
    self->values [index] = source->words [source->at++];
    return CADRE_OK;
}

static cadre_error_t s_inputs_start (inputs_t *self, fault_t *fault)
{
    size_t width = self->count > self->group_max ? self->count : self->group_max;
    self->values = text_resize (NULL, (width + 1) * sizeof *self->values);
    self->group = text_resize (NULL, self->group_max * sizeof *self->group);
    memset (self->group, 0, self->group_max * sizeof *self->group);
    self->started = true;
    for (size_t i = 1; i < self->count; i++)
        if (self->sources [i].descriptor >= 0) {
            cadre_error_t error = s_inputs_keep (self, &self->sources [i], fault);
            if (error)
                return error;
        }
    for (size_t i = 0; i < self->count; i++) {
        cadre_error_t error = s_inputs_take (self, i, fault);
        if (error)
            return error;
    }
    return self->count ? CADRE_OK : CADRE_ERROR_END;
}

//  Takes the next combination: advances the last source; one that is at its end restarts and
//  advances the source before it.
static cadre_error_t s_advance (inputs_t *self, fault_t *fault)
{
    if (!self->started)
        return s_inputs_start (self, fault);
    for (size_t i = self->count; i-- > 0;) {
        cadre_error_t error = s_inputs_take (self, i, fault);
        if (error != CADRE_ERROR_END || i == 0)
            return error;
        self->sources [i].at = 0;
        s_inputs_take (self, i, fault);
    }
    return CADRE_ERROR_END;
}

cadre_error_t inputs_next (inputs_t *self, const char *const **values, size_t *count,
                           fault_t *fault)
{
    cadre_error_t error = self->ended ? CADRE_ERROR_END : s_advance (self, fault);
    self->ended = error != CADRE_OK;
    if (error)
        return error;
    *count = self->count;
    *values = self->values;
    if (self->group_max == 1 || self->count != 1)
        return CADRE_OK;
    size_t taken = 0;
    do {
        text_clear (&self->group [taken]);
        text_put (&self->group [taken++], self->values [0]);
    } while (taken < self->group_max && (error = s_advance (self, fault)) == CADRE_OK);
    if (error && error != CADRE_ERROR_END)
        return error;
    for (size_t i = 0; i < taken; i++)
        self->values [i] = self->group [i].bytes;
    *count = taken;
    return CADRE_OK;
}

size_t inputs_first_bytes (const inputs_t *self)
{
    const source_t *source = &self->sources [0];
    if (source->descriptor >= 0 && self->group_max == 1)
        return source->record.size;
    return strlen (self->values [0]);
}

void inputs_wake (inputs_t *self)
{
    uint64_t one = 1;
    ssize_t written = write (self->wake, &one, sizeof one);
    (void) written;
}
