//  task_output.c - see task_output.h

#include "client/cli/run/task_output.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "client/cli/run/spool.h"
#include "common/hash.h"

#define MEMORY_BYTES (64u << 20) //  output kept in memory; more goes to a file
#define PAGE_BYTES (64u << 10)   //  size of one write of tagged lines
#define STREAMS 2

typedef struct task {
    uint32_t index;            //  of the task: the key
    char *tag;                 //  before each line, or NULL
    char *text;                //  its command
    char *note;                //  how the task failed, or NULL
    spool_t spools [STREAMS];  //  output that waits
    bool inside [STREAMS];     //  the last write ended within a line
    uint64_t passed [STREAMS]; //  bytes written
    uint64_t skip [STREAMS];   //  of them, bytes that a new run writes again
    unsigned attempt;          //  the try that wrote it; 0: not told
    bool ended;                //  its result has come
    UT_hash_handle hh;         //  by index
} task_t;

struct task_output {
    task_output_mode_t mode; //  when output is written
    bool ordered;            //  tasks are printed in order
    task_t *tasks;           //  begun and not printed
    uint32_t next;           //  ordered: the task whose turn it is
    spool_store_t *store;    //  of all spools
    text_t page;             //  buffer of tagged lines
    fault_t fault;           //  the write error
    bool closed;             //  it is that the reader has closed stdout or stderr
    pthread_mutex_t lock;    //  held during every call
};

//  The destination of drained bytes.
typedef struct outlet {
    task_output_t *output; //  for errors
    task_t *task;          //  for tag and line
    int stream;            //  1 or 2
} outlet_t;

task_output_t *task_output_new (task_output_mode_t mode, bool ordered)
{
    task_output_t *self = text_resize (NULL, sizeof *self);
    *self =
        (task_output_t){.mode = mode, .ordered = ordered, .store = spool_store_new (MEMORY_BYTES)};
    pthread_mutex_init (&self->lock, NULL);
    return self;
}

static void s_task_output_forget (task_output_t *self, task_t *task)
{
    HASH_DEL (self->tasks, task);
    for (int i = 0; i < STREAMS; i++)
        spool_clear (self->store, &task->spools [i]);
    free (task->tag);
    free (task->text);
    free (task->note);
    free (task);
}

void task_output_destroy (task_output_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    task_output_t *self = *self_p;
    task_t *task, *next;
    HASH_ITER (hh, self->tasks, task, next)
        s_task_output_forget (self, task);
    spool_store_destroy (&self->store);
    text_free (&self->page);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

static task_t *s_task_output_find (task_output_t *self, uint32_t index)
{
    task_t *task = NULL;
    HASH_FIND (hh, self->tasks, &index, sizeof index, task);
    return task;
}

static void s_task_output_write (task_output_t *self, int stream, const char *bytes, size_t size)
{
    while (size > 0 && !self->fault.code) {
        ssize_t written = write (stream, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            self->closed = errno == EPIPE;
            fault_set (&self->fault, CADRE_ERROR_IO, "cannot write to standard %s: %s; %s",
                       stream == 1 ? "output" : "error", strerror (errno),
                       errno == EPIPE ? "the reader has closed it"
                                      : "free some space or write elsewhere");
            return;
        }
        bytes += written;
        size -= (size_t) written;
    }
}

static void s_write_page (task_output_t *self, int stream)
{
    s_task_output_write (self, stream, self->page.bytes, self->page.size);
    text_clear (&self->page);
}

//  The tag is written at the beginning of each line.
static void s_write_tagged (task_output_t *self, const task_t *task, int stream, const char *bytes,
                            size_t size)
{
    bool inside = task->inside [stream - 1];
    while (size > 0) {
        const char *end = memchr (bytes, '\n', size);
        size_t piece = end ? (size_t) (end - bytes) + 1 : size;
        if (!inside) {
            text_put (&self->page, task->tag);
            text_put (&self->page, "\t");
        }
        text_add (&self->page, bytes, piece);
        inside = !end;
        bytes += piece;
        size -= piece;
        if (self->page.size > PAGE_BYTES)
            s_write_page (self, stream);
    }
    s_write_page (self, stream);
}

static bool s_task_output_sink (void *argument, const char *bytes, size_t size)
{
    outlet_t *outlet = argument;
    task_output_t *self = outlet->output;
    task_t *task = outlet->task;
    if (size == 0)
        return !self->fault.code;
    task->passed [outlet->stream - 1] += size;
    if (task->tag)
        s_write_tagged (self, task, outlet->stream, bytes, size);
    else
        s_task_output_write (self, outlet->stream, bytes, size);
    task->inside [outlet->stream - 1] = bytes [size - 1] != '\n';
    return !self->fault.code;
}

static bool s_by_lines (const task_output_t *self, const task_t *task)
{
    return task->tag || self->mode == TASK_OUTPUT_LINES;
}

//  Writes whole lines, after earlier output that waited; an incomplete line waits for its end.
static void s_task_output_pass (task_output_t *self, task_t *task, int stream, const char *bytes,
                                size_t size)
{
    spool_t *spool = &task->spools [stream - 1];
    const char *end = s_by_lines (self, task) ? memrchr (bytes, '\n', size) : bytes + size - 1;
    size_t whole = end ? (size_t) (end - bytes) + 1 : 0;
    if (whole > 0) {
        outlet_t outlet = {self, task, stream};
        spool_drain (self->store, spool, s_task_output_sink, &outlet, &self->fault);
        s_task_output_sink (&outlet, bytes, whole);
    }
    if (whole < size)
        spool_append (self->store, spool, bytes + whole, size - whole, &self->fault);
}

static void s_task_output_print (task_output_t *self, task_t *task)
{
    for (int stream = 1; stream <= STREAMS; stream++) {
        outlet_t outlet = {self, task, stream};
        spool_drain (self->store, &task->spools [stream - 1], s_task_output_sink, &outlet,
                     &self->fault);
        if (task->inside [stream - 1] && s_by_lines (self, task))
            s_task_output_write (self, stream, "\n", 1);
    }
    if (task->note)
        say ("%s", task->note);
}

//  Prints the tasks whose turn it is.
static void s_turns (task_output_t *self)
{
    for (task_t *task; (task = s_task_output_find (self, self->next)) && task->ended;
         self->next++) {
        s_task_output_print (self, task);
        s_task_output_forget (self, task);
    }
}

void task_output_begin (task_output_t *self, uint32_t index, char *tag, char *text)
{
    task_t *task = text_resize (NULL, sizeof *task);
    *task = (task_t){.index = index, .tag = tag, .text = text};
    pthread_mutex_lock (&self->lock);
    HASH_ADD (hh, self->tasks, index, sizeof task->index, task);
    pthread_mutex_unlock (&self->lock);
}

bool task_output_has (task_output_t *self, uint32_t index)
{
    pthread_mutex_lock (&self->lock);
    const bool has = s_task_output_find (self, index) != NULL;
    pthread_mutex_unlock (&self->lock);
    return has;
}

const char *task_output_text (task_output_t *self, uint32_t index)
{
    pthread_mutex_lock (&self->lock);
    const task_t *task = s_task_output_find (self, index);
    const char *text = task && task->text ? task->text : "";
    pthread_mutex_unlock (&self->lock);
    return text;
}

void task_output_write (task_output_t *self, uint32_t index, int stream, const void *bytes,
                        size_t size)
{
    assert (stream == 1 || stream == 2);
    pthread_mutex_lock (&self->lock);
    task_t *task = s_task_output_find (self, index);
    bool turn = !self->ordered || index == self->next;
    if (!task)
        goto out;
    uint64_t *skip = &task->skip [stream - 1];
    size_t old = *skip < size ? (size_t) *skip : size;
    *skip -= old;
    bytes = (const char *) bytes + old;
    size -= old;
    if (self->mode == TASK_OUTPUT_GROUPED || !turn)
        spool_append (self->store, &task->spools [stream - 1], bytes, size, &self->fault);
    else if (size > 0)
        s_task_output_pass (self, task, stream, bytes, size);
out:
    pthread_mutex_unlock (&self->lock);
}

//  Drops what waits. The bytes that were printed cannot be dropped.
static void s_task_output_void (task_output_t *self, task_t *task)
{
    for (int i = 0; i < STREAMS; i++)
        spool_clear (self->store, &task->spools [i]);
    task->attempt = 0;
}

bool task_output_try (task_output_t *self, uint32_t index, unsigned attempt)
{
    bool printed = false;
    pthread_mutex_lock (&self->lock);
    task_t *task = s_task_output_find (self, index);
    if (!task || task->attempt == attempt)
        goto out;
    if (task->attempt) {
        s_task_output_void (self, task);
        printed = task->passed [0] > 0 || task->passed [1] > 0;
        task->passed [0] = task->passed [1] = task->skip [0] = task->skip [1] = 0;
    }
    task->attempt = attempt;
out:
    pthread_mutex_unlock (&self->lock);
    return printed;
}

void task_output_anew (task_output_t *self, uint32_t index)
{
    pthread_mutex_lock (&self->lock);
    task_t *task = s_task_output_find (self, index);
    if (task)
        s_task_output_void (self, task);
    for (int i = 0; task && i < STREAMS; i++)
        task->skip [i] = task->passed [i];
    pthread_mutex_unlock (&self->lock);
}

void task_output_end (task_output_t *self, uint32_t index, char *note)
{
    pthread_mutex_lock (&self->lock);
    task_t *task = s_task_output_find (self, index);
    if (!task)
        free (note);
    else if (self->ordered) {
        task->ended = true;
        task->note = note;
        s_turns (self);
    } else {
        task->note = note;
        s_task_output_print (self, task);
        s_task_output_forget (self, task);
    }
    pthread_mutex_unlock (&self->lock);
}

uint64_t task_output_waiting (task_output_t *self)
{
    pthread_mutex_lock (&self->lock);
    uint64_t count = HASH_COUNT (self->tasks);
    pthread_mutex_unlock (&self->lock);
    return count;
}

static int s_by_index (task_t *one, task_t *other)
{
    return one->index < other->index ? -1 : one->index > other->index;
}

void task_output_flush (task_output_t *self)
{
    pthread_mutex_lock (&self->lock);
    HASH_SORT (self->tasks, s_by_index);
    task_t *task, *next;
    HASH_ITER (hh, self->tasks, task, next) {
        s_task_output_print (self, task);
        s_task_output_forget (self, task);
    }
    pthread_mutex_unlock (&self->lock);
}

cadre_error_t task_output_error (task_output_t *self, fault_t *fault)
{
    pthread_mutex_lock (&self->lock);
    cadre_error_t code = self->fault.code;
    if (code && fault)
        *fault = self->fault;
    pthread_mutex_unlock (&self->lock);
    return code;
}

bool task_output_is_closed (task_output_t *self)
{
    pthread_mutex_lock (&self->lock);
    const bool closed = self->closed;
    pthread_mutex_unlock (&self->lock);
    return closed;
}
