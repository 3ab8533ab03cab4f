//  flood_guard.c - finds connections that send bytes but never complete a message

#include "broker/guard/flood_guard.h"

#define MIB (UINT64_C (1) << 20)
#define SUSPECT_BYTES (64u << 10) //  Less may be a frame in transfer
#define ONE_SHARE 16              //  Fraction of the memory that one connection may hold
#define ONE_LEAST (2 * MIB)
#define ONE_MOST (16 * MIB)
#define ALL_SHARE 8 //  Fraction of the memory that all may hold together
#define ALL_LEAST (4 * MIB)
#define SEAT_US                                                                                    \
    1000000 //  Time for a seat that is full, or for which others wait, without a message
#define STRANGE_SHARE 4 //  Fraction of the memory for unexplained growth

static uint64_t s_between (uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value < most ? value : most;
}

static bool s_is_suspect (const tcp_peer_t *peer)
{
    return !peer->cut && peer->quiet && peer->held > SUSPECT_BYTES;
}

static uint64_t s_sum (const tcp_peers_view_t *view)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < view->count; i++)
        sum += s_is_suspect (view->tcp_peers [i]) ? view->tcp_peers [i]->held : 0;
    return sum;
}

static tcp_peer_t *s_largest (const tcp_peers_view_t *view)
{
    tcp_peer_t *largest = NULL;
    for (size_t i = 0; i < view->count; i++) {
        tcp_peer_t *peer = view->tcp_peers [i];
        if (s_is_suspect (peer) && (!largest || peer->held > largest->held))
            largest = peer;
    }
    return largest;
}

//  Condemns those that hold most, until the others hold no more than `most`.
static void s_cut_down (const tcp_peers_view_t *view, uint64_t sum, uint64_t most, const char *why)
{
    tcp_peer_t *peer;
    while (sum > most && (peer = s_largest (view)) != NULL) {
        peer->cut = why;
        sum -= peer->held;
    }
}

static bool s_is_in_the_way (const tcp_peers_view_t *view, const tcp_peer_t *peer)
{
    int64_t from_us = peer->heard_us > peer->seated_us ? peer->heard_us : peer->seated_us;
    return peer->seated_us && !peer->cut && (peer->full || view->waiting)
           && view->now_us - from_us > SEAT_US;
}

//  Condemns connections that are full and send no message, or that block a seat for others.
static bool s_clear_seats (const tcp_peers_view_t *view)
{
    bool full = false;
    for (size_t i = 0; i < view->count; i++) {
        tcp_peer_t *peer = view->tcp_peers [i];
        full = full || peer->full;
        if (s_is_in_the_way (view, peer))
            peer->cut = "its message does not end, and others wait";
    }
    return full || view->waiting;
}

bool flood_guard_judge (const tcp_peers_view_t *view)
{
    uint64_t one = s_between (ONE_LEAST, view->memory_limit / ONE_SHARE, ONE_MOST);
    uint64_t all = s_between (ALL_LEAST, view->memory_limit / ALL_SHARE, UINT64_MAX);
    for (size_t i = 0; i < view->count; i++)
        if (s_is_suspect (view->tcp_peers [i]) && view->tcp_peers [i]->held >= one)
            view->tcp_peers [i]->cut = "its message does not end";
    bool waits = s_clear_seats (view);
    uint64_t sum = s_sum (view);
    s_cut_down (view, sum, all, "its message does not end, and those of others do not either");
    uint64_t bearable = view->memory_limit / STRANGE_SHARE;
    if (view->strange > bearable) {
        //  The limit, in proportion of what connections seem to hold to the real growth
        double part = (double) (bearable / 2) / (double) view->strange;
        sum = s_sum (view);
        s_cut_down (view, sum, (uint64_t) ((double) sum * part),
                    "its message does not end, and memory is short");
    }
    return waits || s_largest (view) != NULL;
}
