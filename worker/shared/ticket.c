//  ticket.c - claims, offers and revokes by compare-and-swap (the proof is in ticket.h)

#include "worker/shared/ticket.h"

#include <assert.h>

static uint64_t s_ticket_pack (uint32_t next, uint32_t limit)
{
    return ((uint64_t) next << 32) | limit;
}

static uint32_t s_ticket_next (uint64_t claim)
{
    return (uint32_t) (claim >> 32);
}

static uint32_t s_limit (uint64_t claim)
{
    return (uint32_t) claim;
}

void ticket_page_init (ticket_page_t *self)
{
    assert (self);
    atomic_init (&self->claim, s_ticket_pack (1, 1));
    atomic_init (&self->cancelled, 0);
    atomic_init (&self->started_us, 0);
    atomic_init (&self->process_group, 0);
    atomic_init (&self->fatal_signal, 0);
}

ticket_desk_t ticket_desk_of (ticket_page_t *page)
{
    return (ticket_desk_t){.page = page, .limit = 1, .next = 1};
}

static bool s_ticket_read (ticket_desk_t *self, uint64_t claim)
{
    if (s_limit (claim) != self->limit
        || s_ticket_next (claim) - self->next > self->limit - self->next)
        return false;
    self->next = s_ticket_next (claim);
    return true;
}

bool ticket_look (ticket_desk_t *self)
{
    return s_ticket_read (self, atomic_load (&self->page->claim));
}

//  As long as the page is valid, only claims can interfere, at most as many as there are
//  outstanding tickets. A page that is overwritten all the time fails as soon as it is invalid.
static bool s_swap (ticket_desk_t *self, uint32_t ahead, bool revoke, uint32_t *next)
{
    uint64_t claim = atomic_load (&self->page->claim), wanted;
    do {
        if (!s_ticket_read (self, claim))
            return false;
        *next = self->next;
        wanted = revoke ? s_ticket_pack (self->limit, self->limit)
                        : s_ticket_pack (self->next, self->limit + ahead);
    } while (wanted != claim && !atomic_compare_exchange_weak (&self->page->claim, &claim, wanted));
    self->limit = s_limit (wanted);
    self->next = s_ticket_next (wanted);
    return true;
}

bool ticket_offer (ticket_desk_t *self, uint32_t count, uint32_t *first)
{
    uint32_t next;
    *first = self->limit;
    assert (count <= TICKET_AHEAD_MAX);
    return s_swap (self, count, false, &next);
}

bool ticket_revoke (ticket_desk_t *self, uint32_t *first, uint32_t *count)
{
    bool sane = s_swap (self, 0, true, first);
    *count = sane ? self->limit - *first : 0;
    return sane;
}

bool ticket_is_claimed (const ticket_desk_t *self, uint32_t ticket)
{
    return ticket_before (ticket, self->next);
}

void ticket_cancel (ticket_page_t *self, uint32_t ticket)
{
    atomic_store (&self->cancelled, TICKET_CANCELLED | ticket);
}

ticket_verdict_t ticket_claim (ticket_page_t *self, uint32_t ticket, int64_t now_us)
{
    uint64_t claim = atomic_load (&self->claim);
    atomic_store (&self->started_us, now_us);
    do {
        if (ticket_before (ticket, s_ticket_next (claim)))
            return TICKET_SKIP;
        if (ticket != s_ticket_next (claim) || !ticket_before (ticket, s_limit (claim)))
            return TICKET_UNKNOWN;
    } while (!atomic_compare_exchange_weak (&self->claim, &claim,
                                            s_ticket_pack (ticket + 1, s_limit (claim))));
    return TICKET_RUN;
}

bool ticket_is_cancelled (const ticket_page_t *self, uint32_t ticket)
{
    return atomic_load_explicit (&self->cancelled, memory_order_relaxed)
           == (TICKET_CANCELLED | ticket);
}
