//  idle_guard.c - finds connections that are not used

#include "broker/guard/idle_guard.h"

#include <stdlib.h>

#define HASTE_US 500000    //  Time to begin a session, when descriptors are short
#define LEISURE_US 5000000 //  Minimum time otherwise

//  A sink sends nothing before a task has ended, so it is excluded.
static bool s_is_idle (const tcp_peers_view_t *view, const tcp_peer_t *peer)
{
    int64_t most_us = view->lost_us > LEISURE_US ? view->lost_us : LEISURE_US;
    return peer->role != ADDRESS_SINK && !peer->let_in && view->now_us - peer->heard_us > most_us;
}

//  Lanes have a window, so they are excluded.
static bool s_is_deaf (const tcp_peers_view_t *view, const tcp_peer_t *peer)
{
    int64_t most_us = view->lost_us > LEISURE_US ? view->lost_us : LEISURE_US;
    return peer->role != TCP_PEER_LANE && view->now_us - peer->acked_us > most_us;
}

//  The first connection at a lane may be a foreign one whose handshake will fail; then the worker's
//  becomes the first.
static bool s_must_hurry (const tcp_peers_view_t *view, const tcp_peer_t *peer)
{
    int64_t haste_us = peer->role == TCP_PEER_LANE ? LEISURE_US : HASTE_US;
    return !peer->cut && !peer->let_in && view->now_us - peer->since_us > haste_us
           && (peer->role != ADDRESS_SINK || peer->heard_us == peer->since_us);
}

static int s_older (const void *a, const void *b)
{
    const tcp_peer_t *one = *(tcp_peer_t *const *) a, *other = *(tcp_peer_t *const *) b;
    return (one->since_us > other->since_us) - (one->since_us < other->since_us);
}

//  Idle sinks may belong to workers that have had no task, so only as many are closed as there are
//  more than such workers.
static size_t s_spare_sinks (const tcp_peers_view_t *view)
{
    size_t silent = 0, workers = 0;
    for (size_t i = 0; i < view->count; i++) {
        const tcp_peer_t *peer = view->tcp_peers [i];
        silent += peer->role == ADDRESS_SINK && peer->heard_us == peer->since_us;
        workers += peer->role == ADDRESS_BACK && peer->let_in;
    }
    return silent > workers ? silent - workers : 0;
}

static void s_make_room (const tcp_peers_view_t *view)
{
    size_t sinks = s_spare_sinks (view), count = 0;
    qsort (view->tcp_peers, view->count, sizeof *view->tcp_peers, s_older);
    for (size_t i = 0; i < view->count && count < view->surplus; i++) {
        tcp_peer_t *peer = view->tcp_peers [i];
        if (!s_must_hurry (view, peer) || (peer->role == ADDRESS_SINK && sinks == 0))
            continue;
        sinks -= peer->role == ADDRESS_SINK;
        peer->cut = "it has no session, and descriptors are short";
        count++;
    }
}

bool idle_guard_judge (const tcp_peers_view_t *view)
{
    for (size_t i = 0; i < view->count; i++) {
        tcp_peer_t *peer = view->tcp_peers [i];
        if (peer->cut)
            continue;
        if (s_is_idle (view, peer))
            peer->cut = "it sends nothing and has no session";
        else if (s_is_deaf (view, peer))
            peer->cut = "it does not read what is sent to it";
    }
    if (view->surplus)
        s_make_room (view);
    return view->surplus > 0;
}
