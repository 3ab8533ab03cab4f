//  events.c - the events of a job, in order, until they are read

#include "client/lib/pool/events.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_MIN 64u
#define NOTICE_BYTES 256u

//  ---- nodes and chains ------------------------------------------------------------

static node_t *s_node_new (cadre_event_kind_t kind, size_t data_bytes)
{
    node_t *self = calloc (1, sizeof *self + data_bytes + 1);
    assert (self);
    self->event = (cadre_event_t){.kind = kind,
                                  .bytes = self->data,
                                  .error_kind = "",
                                  .message = "",
                                  .trace = "",
                                  .worker = ""};
    return self;
}

void events_node_free (node_t **self_p)
{
    node_t *self = *self_p;
    if (!self)
        return;
    result_free (&self->result);
    free (self);
    *self_p = NULL;
}

static void s_events_count (chain_t *self, const node_t *node, int sign)
{
    uint64_t tasks = node->event.kind == CADRE_EVENT_RESULT;
    self->tasks += sign > 0 ? tasks : -tasks;
    self->bytes += sign > 0 ? node->event.size_bytes : -node->event.size_bytes;
}

static void s_events_append (chain_t *self, node_t *node)
{
    if (self->first)
        self->last->next = node;
    else
        self->first = node;
    self->last = node;
    s_events_count (self, node, 1);
}

static void s_events_join (chain_t *self, chain_t *other)
{
    if (!other->first)
        return;
    if (self->first)
        self->last->next = other->first;
    else
        self->first = other->first;
    self->last = other->last;
    self->tasks += other->tasks;
    self->bytes += other->bytes;
    *other = (chain_t){0};
}

node_t *events_chain_pop (chain_t *self)
{
    node_t *node = self->first;
    if (node) {
        self->first = node->next;
        s_events_count (self, node, -1);
    }
    return node;
}

void events_chain_free (chain_t *self)
{
    node_t *node;
    while ((node = events_chain_pop (self)))
        events_node_free (&node);
}

//  ---- the order of tasks ---------------------------------------------------------------

static early_t *s_early (events_t *self, uint32_t index)
{
    return &self->early [index & (self->capacity - 1)];
}

static void s_reach (events_t *self, uint32_t index)
{
    uint32_t needed = index - self->turn + 1;
    if (needed <= self->capacity)
        return;
    uint32_t capacity = self->capacity ? self->capacity : RING_MIN;
    while (capacity < needed)
        capacity = capacity > UINT32_MAX / 2 ? UINT32_MAX : capacity * 2;
    early_t *early = calloc (capacity, sizeof *early);
    assert (early && capacity != UINT32_MAX);
    for (uint32_t i = 0; i < self->capacity; i++)
        early [(self->turn + i) & (capacity - 1)] = *s_early (self, self->turn + i);
    free (self->early);
    self->early = early;
    self->capacity = capacity;
}

//  The task whose turn it was has ended: early events of the next ones can be read.
static void s_advance (events_t *self)
{
    bool ended = true;
    while (ended) {
        self->turn++;
        if (self->capacity == 0)
            return;
        early_t *early = s_early (self, self->turn);
        ended = early->ended;
        early->ended = false;
        s_events_join (&self->ready, &early->chain);
    }
}

static void s_events_place (events_t *self, node_t *node)
{
    uint32_t index = node->event.index;
    bool result = node->event.kind == CADRE_EVENT_RESULT;
    if (!self->ordered || index == self->turn) {
        s_events_append (&self->ready, node);
        if (self->ordered && result)
            s_advance (self);
        return;
    }
    if (index < self->turn) {
        events_node_free (&node);
        return;
    }
    s_reach (self, index);
    early_t *early = s_early (self, index);
    if (early->ended) {
        events_node_free (&node);
        return;
    }
    early->ended = result;
    s_events_append (&early->chain, node);
}

//  ---- new events -------------------------------------------------------------------

void events_result (events_t *self, uint32_t index, result_t *result)
{
    node_t *node = s_node_new (CADRE_EVENT_RESULT, 0);
    node->result = *result;
    view_t value = result_value (&node->result);
    const detail_t *detail = result_detail (&node->result);
    cadre_event_t *event = &node->event;
    event->index = index;
    event->attempt = result->attempts;
    event->outcome = (cadre_outcome_t) result->outcome;
    event->code = result->code;
    event->run_us = result->run_us;
    event->bytes = value.data;
    event->size_bytes = value.size;
    event->error_kind = detail->kind;
    event->message = detail->message;
    event->trace = detail->trace;
    event->worker = detail->worker;
    event->user_us = detail->user_us;
    event->system_us = detail->system_us;
    event->max_rss_bytes = detail->max_rss_bytes;
    s_events_place (self, node);
}

void events_output (events_t *self, const wire_output_t *output, bool anew)
{
    node_t *node = s_node_new (CADRE_EVENT_OUTPUT, output->bytes.size);
    if (output->bytes.size)
        memcpy (node->data, output->bytes.data, output->bytes.size);
    node->event.index = (uint32_t) output->index;
    node->event.attempt = (unsigned) output->attempt;
    node->event.size_bytes = output->bytes.size;
    node->event.stream = (cadre_stream_t) output->stream;
    node->event.cut = output->cut;
    node->event.anew = anew;
    s_events_place (self, node);
}

void events_notice (events_t *self, cadre_error_t code, const char *text)
{
    node_t *last = self->ready.first ? self->ready.last : NULL;
    bool again = last && last->event.kind == CADRE_EVENT_NOTICE;
    node_t *node = again ? last : s_node_new (CADRE_EVENT_NOTICE, NOTICE_BYTES);
    snprintf (node->data, NOTICE_BYTES, "%s", text);
    node->event.code = (int) code;
    node->event.message = node->data;
    if (!again)
        s_events_append (&self->ready, node);
}

chain_t events_take (events_t *self)
{
    chain_t taken = self->ready;
    self->ready = (chain_t){0};
    return taken;
}

void events_free (events_t *self)
{
    events_chain_free (&self->ready);
    for (uint32_t i = 0; i < self->capacity; i++)
        events_chain_free (&self->early [i].chain);
    free (self->early);
    *self = (events_t){.ordered = self->ordered};
}
