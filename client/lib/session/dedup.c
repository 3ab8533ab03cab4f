//  dedup.c - drops repeated results and output after a restart of the broker

#include "client/lib/session/dedup.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"

#define STREAMS (WIRE_STREAM_PARTIAL + 1)
#define PAGE_TASKS 256u
#define OUTPUTS_MAX                                                                                \
    (1u << 20) //  More outputs: the oldest is removed, and its output is delivered twice after a
               //  restart
#define PAGES_MAX (1u << 20) //  The same for results

struct dedup_output {
    uint32_t index;          //  The task: the key
    bool stale;              //  It wrote at the earlier broker
    bool cut;                //  Missing bytes were reported
    uint64_t attempt;        //  The try that wrote
    uint64_t seen [STREAMS]; //  Bytes received
    uint64_t skip [STREAMS]; //  Bytes to skip
    UT_hash_handle hh;       //  By index
};

struct dedup_results {
    uint32_t number;                //  Tasks from number * PAGE_TASKS on; the key
    uint16_t attempts [PAGE_TASKS]; //  Of the last result; 0: none
    UT_hash_handle hh;              //  By number
};

typedef struct dedup_output output_t;
typedef struct dedup_results page_t;

static output_t *s_dedup_find (const dedup_t *self, uint32_t index)
{
    output_t *output = NULL;
    HASH_FIND (hh, self->outputs, &index, sizeof index, output);
    return output;
}

static void s_dedup_drop (dedup_t *self, output_t *output)
{
    HASH_DEL (self->outputs, output);
    free (output);
}

static output_t *s_dedup_need (dedup_t *self, uint32_t index)
{
    output_t *output = s_dedup_find (self, index);
    if (output)
        return output;
    output = calloc (1, sizeof *output);
    assert (output);
    output->index = index;
    HASH_ADD (hh, self->outputs, index, sizeof output->index, output);
    return output;
}

void dedup_again (dedup_t *self)
{
    self->again = true;
    for (output_t *output = self->outputs; output; output = output->hh.next) {
        output->stale = true;
        for (size_t stream = 0; stream < STREAMS; stream++)
            output->skip [stream] = output->seen [stream];
    }
}

//  ---- followed -----------------------------------------------------------------------

static void s_drop_page (dedup_t *self, page_t *page)
{
    HASH_DEL (self->results, page);
    free (page);
}

static page_t *s_page (dedup_t *self, uint32_t index)
{
    page_t *page = NULL;
    uint32_t number = index / PAGE_TASKS;
    HASH_FIND (hh, self->results, &number, sizeof number, page);
    if (page)
        return page;
    if (HASH_COUNT (self->results) >= PAGES_MAX)
        s_drop_page (self, self->results);
    page = calloc (1, sizeof *page);
    assert (page);
    page->number = number;
    HASH_ADD (hh, self->results, number, sizeof page->number, page);
    return page;
}

bool dedup_result (dedup_t *self, uint32_t index, uint64_t attempt)
{
    uint16_t *heard = &s_page (self, index)->attempts [index % PAGE_TASKS];
    uint16_t mark = attempt < WIRE_ATTEMPTS_MAX ? (uint16_t) (attempt + 1) : WIRE_ATTEMPTS_MAX;
    output_t *output = s_dedup_find (self, index);
    if (output)
        s_dedup_drop (self, output);
    if (self->again && mark <= *heard)
        return false;
    *heard = mark;
    return true;
}

//  Output of a try whose result is known is a repetition, because new output precedes its result.
static bool s_dedup_has_ended (const dedup_t *self, uint32_t index, uint64_t attempt)
{
    page_t *page = NULL;
    uint32_t number = index / PAGE_TASKS;
    if (self->again)
        HASH_FIND (hh, self->results, &number, sizeof number, page);
    return page && attempt < page->attempts [index % PAGE_TASKS];
}

bool dedup_output (dedup_t *self, wire_output_t *output)
{
    uint32_t index = (uint32_t) output->index;
    if (s_dedup_has_ended (self, index, output->attempt))
        return false;
    if (HASH_COUNT (self->outputs) >= OUTPUTS_MAX)
        s_dedup_drop (self, self->outputs);
    output_t *heard = s_dedup_need (self, index);
    if (output->attempt < heard->attempt)
        return false;
    if (output->attempt > heard->attempt)
        *heard = (output_t){.index = index, .attempt = output->attempt, .hh = heard->hh};
    uint64_t *skip = &heard->skip [output->stream];
    bool marked = output->cut && heard->cut;
    uint64_t old = *skip < output->bytes.size ? *skip : output->bytes.size;
    heard->cut |= output->cut;
    *skip -= old;
    output->bytes.data += old;
    output->bytes.size -= old;
    output->cut = output->cut && !marked;
    heard->seen [output->stream] += output->bytes.size;
    return output->bytes.size || output->cut || !(old || marked);
}

//  ---- attached --------------------------------------------------------------------------

bool dedup_writes (dedup_t *self, uint32_t index)
{
    output_t *output = s_dedup_need (self, index);
    bool anew = output->stale;
    output->stale = false;
    return anew;
}

bool dedup_ends (dedup_t *self, uint32_t index)
{
    output_t *output = self->outputs ? s_dedup_find (self, index) : NULL;
    if (!output)
        return false;
    bool anew = output->stale;
    s_dedup_drop (self, output);
    return anew;
}

void dedup_free (dedup_t *self)
{
    output_t *output, *next;
    HASH_ITER (hh, self->outputs, output, next)
        s_dedup_drop (self, output);
    page_t *page, *behind;
    HASH_ITER (hh, self->results, page, behind)
        s_drop_page (self, page);
}
