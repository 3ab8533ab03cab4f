/*  walk.h - a position in a list that changes during the iteration
 *
 *  A long list is visited in several turns; the walk stores the next element. Each element has a
 *  list of the walks that point to it (a walk_t * that begins as NULL). Before an element leaves
 *  its list, the owner moves these walks to the next element. So a walk never starts again and
 *  never points to a freed element. A zeroed walk is at the end.
 *
 *      walk_to (&walk, first, &first->walks);
 *      while ((element = walk.at) != NULL && there is time)
 *          walk_to (&walk, element->next, walk_list (element->next));     then use the element
 *      before an element is removed: walk_pass (&element->walks, element->next, …)
 *      at the end: walk_end (&walk)
 */

#ifndef BROKER_CORE_WALK_H_INCLUDED
#define BROKER_CORE_WALK_H_INCLUDED

#include <stddef.h>

typedef struct walk {
    void *at;           //  The next element; NULL: the end
    struct walk **list; //  The list of walks at that element
    struct walk *prev;  //  Neighbours in it
    struct walk *next;  //  …
} walk_t;

static inline void walk_end (walk_t *self)
{
    if (!self->at)
        return;
    if (self->prev)
        self->prev->next = self->next;
    else
        *self->list = self->next;
    if (self->next)
        self->next->prev = self->prev;
    *self = (walk_t){0};
}

//  Moves the walk to an element; list is the element's list of walks. at NULL: the end.
static inline void walk_to (walk_t *self, void *at, walk_t **list)
{
    walk_end (self);
    if (!at)
        return;
    *self = (walk_t){.at = at, .list = list, .next = *list};
    if (*list)
        (*list)->prev = self;
    *list = self;
}

//  The element with this list is removed: its walks move to the next element.
static inline void walk_pass (walk_t **list, void *next, walk_t **next_list)
{
    while (*list)
        walk_to (*list, next, next_list);
}

#endif
