//  ticket.c - claims, offers and revokes by compare-and-swap (the proof stands in ticket.h)

#include "worker/ticket.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t s_pack (uint32_t next, uint32_t limit)
{
    return ((uint64_t) next << 32) | limit;
}

static uint32_t s_next (uint64_t claim)
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
    atomic_init (&self->claim, s_pack (1, 1));
    atomic_init (&self->cancelled, 0);
    atomic_init (&self->started_us, 0);
    atomic_init (&self->finished, 0);
    atomic_init (&self->process_group, 0);
    atomic_init (&self->fatal_signal, 0);
}

ticket_page_t *ticket_page_new (int *fd)
{
    ticket_page_t *self = NULL;
    *fd = memfd_create ("cadre-tickets", MFD_CLOEXEC);
    if (*fd < 0)
        return NULL;
    if (ftruncate (*fd, TICKET_PAGE_BYTES) == 0)
        self = ticket_page_map (*fd);
    if (!self) {
        close (*fd);
        *fd = -1;
        return NULL;
    }
    ticket_page_init (self);
    return self;
}

ticket_page_t *ticket_page_map (int fd)
{
    void *page = mmap (NULL, TICKET_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

void ticket_page_destroy (ticket_page_t **self_p)
{
    assert (self_p);
    if (*self_p)
        munmap (*self_p, TICKET_PAGE_BYTES);
    *self_p = NULL;
}

uint32_t ticket_offer (ticket_page_t *self, uint32_t count)
{
    uint64_t claim = atomic_load (&self->claim);
    uint32_t first;
    do {
        first = s_limit (claim);
        assert (first + count - s_next (claim) <= TICKET_AHEAD_MAX);
    } while (!atomic_compare_exchange_weak (&self->claim, &claim, s_pack (s_next (claim), first + count)));
    return first;
}

uint32_t ticket_revoke (ticket_page_t *self, uint32_t *first)
{
    uint64_t claim = atomic_load (&self->claim);
    while (s_next (claim) != s_limit (claim)
           && !atomic_compare_exchange_weak (&self->claim, &claim, s_pack (s_limit (claim), s_limit (claim))))
        ;
    *first = s_next (claim);
    return s_limit (claim) - s_next (claim);
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
        if (ticket_before (ticket, s_next (claim)))
            return TICKET_SKIP;
        if (ticket != s_next (claim) || !ticket_before (ticket, s_limit (claim)))
            return TICKET_UNKNOWN;
    } while (!atomic_compare_exchange_weak (&self->claim, &claim, s_pack (ticket + 1, s_limit (claim))));
    return TICKET_RUN;
}

void ticket_finish (ticket_page_t *self, uint32_t ticket)
{
    atomic_store (&self->finished, ticket);
}

bool ticket_is_cancelled (const ticket_page_t *self, uint32_t ticket)
{
    return atomic_load_explicit (&self->cancelled, memory_order_relaxed) == (TICKET_CANCELLED | ticket);
}

ticket_state_t ticket_state (const ticket_page_t *self, uint32_t ticket)
{
    if (!ticket_before (ticket, s_next (atomic_load (&self->claim))))
        return TICKET_WAITING;
    return ticket_before (atomic_load (&self->finished), ticket) ? TICKET_RUNNING : TICKET_FINISHED;
}
