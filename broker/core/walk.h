/*  walk.h - a place in a list that changes while somebody goes through it
 *
 *  Whoever goes through a long list in several turns notes here which element comes next. The
 *  element knows who stands at it (a walk_t * that begins as NULL), and before it leaves the list
 *  its owner moves them on; so a walk never rescans, and never names what is gone. A zeroed walk is
 *  at the end.
 *
 *      walk_to (&walk, first, &first->walks);
 *      while ((element = walk.at) != NULL && there is time)
 *          walk_to (&walk, element->next, walk_list (element->next));     then look at the element
 *      before an element goes: walk_pass (&element->walks, element->next, …)
 *      at last: walk_end (&walk)
 */

#ifndef BROKER_CORE_WALK_H_INCLUDED
#define BROKER_CORE_WALK_H_INCLUDED

#include <stddef.h>

typedef struct walk {
    void *at;           //  The element that comes next; NULL: the end
    struct walk **list; //  Of those who stand there
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

//  Stands at this element now; list is the element's. at NULL: the end.
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

//  The element of this list goes: all who stand there stand at the one behind it.
static inline void walk_pass (walk_t **list, void *next, walk_t **next_list)
{
    while (*list)
        walk_to (*list, next, next_list);
}

#endif
