//  answer_rate.c - rate limit for answers to peers without a session

#include "broker/core/answer_rate.h"

#define PAUSE_US INT64_C (100000) //  Minimum interval of answers to a connection

//  Burst: one WHO is enough, but each refusal may have a different reason.
static const int64_t s_ahead [] = {[ANSWER_WHO] = 0, [ANSWER_REFUSED] = 15};

//  libzmq numbers routes from a random start, so a peer cannot choose its entry.
static answer_rate_peer_t *s_answer_rate_entry (answer_rate_t *self, answer_kind_t kind,
                                                sockets_route_t route)
{
    uint64_t mixed = route * UINT64_C (0x9e3779b97f4a7c15);
    return &self->entries [kind][mixed >> 52 & (ANSWER_RATE_ENTRIES - 1)];
}

bool answer_rate_due (answer_rate_t *self, answer_kind_t kind, sockets_route_t route,
                      int64_t now_us)
{
    answer_rate_peer_t *entry = s_answer_rate_entry (self, kind, route);
    int64_t from_us = entry->route == route && entry->next_us > now_us ? entry->next_us : now_us;
    if (from_us > now_us + s_ahead [kind] * PAUSE_US)
        return false;
    *entry = (answer_rate_peer_t){.route = route, .next_us = from_us + PAUSE_US};
    return true;
}
