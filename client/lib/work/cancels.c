//  cancels.c - cancels of a work, kept until they need not be sent again

#include "client/lib/work/cancels.h"

cancel_t *cancels_list (cancels_t *self, size_t *count)
{
    *count = self->list.size / sizeof (cancel_t);
    return (cancel_t *) (void *) self->list.data;
}

static void s_cancels_drop (cancels_t *self, cancels_needed_fn *needed, void *owner)
{
    size_t count, left = 0;
    cancel_t *cancels = cancels_list (self, &count);
    for (size_t i = 0; i < count; i++)
        if (needed (owner, &cancels [i]))
            cancels [left++] = cancels [i];
    self->list.size = left * sizeof *cancels;
}

void cancels_add (cancels_t *self, const cancel_t *cancel, cancels_needed_fn *needed, void *owner)
{
    if (cancel->all)
        buffer_clear (&self->list);
    else if (self->list.size + sizeof *cancel > self->list.capacity)
        s_cancels_drop (self, needed, owner);
    buffer_append (&self->list, cancel, sizeof *cancel);
}

void cancels_renumber (cancels_t *self, uint64_t put)
{
    size_t count;
    cancel_t *cancels = cancels_list (self, &count);
    for (size_t i = 0; i < count; i++)
        cancels [i].put = put;
}

void cancels_free (cancels_t *self)
{
    buffer_free (&self->list);
}
