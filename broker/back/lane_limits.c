//  lane_limits.c - admission control for workers' lanes

#include "broker/back/lane_limits.h"

#include <string.h>

#include "common/descriptors.h"

#define JOINING_MOST 64    //  Unopened lanes of one key
#define JOINING_US 1000000 //  Time to open a lane before a worker of another key may take it
#define SHARE 7            //  A key may use so many times what is free
#define COUNT_US 100000    //  Minimum interval of descriptor counts
#define SEARCH_US 100000   //  Minimum interval of searches after one that found no port

typedef struct survey {
    size_t of_kind;                //  Lanes of that kind
    size_t own;                    //  Lanes of that key
    size_t joining;                //  Of these, unopened ones
    worker_record_t *oldest_own;   //  The oldest unopened lane of that key, or NULL
    worker_record_t *oldest_other; //  The oldest unopened lane of another key
} survey_t;

void lane_limits_begin (lane_limits_t *self, context_t *ctx)
{
    *self = (lane_limits_t){.ctx = ctx, .counted_us = INT64_MIN};
}

static void s_note_joining (worker_record_t **oldest, worker_record_t *worker)
{
    if (!*oldest || worker->joined_us < (*oldest)->joined_us)
        *oldest = worker;
}

static survey_t s_survey (const lane_limits_t *self, const char *peer, address_kind_t kind)
{
    survey_t survey = {0};
    const roster_t *roster = self->ctx->roster;
    for (size_t i = 0; i < roster_entries (roster); i++) {
        worker_record_t *worker = roster_at (roster, i);
        if (!worker || !worker->lane)
            continue;
        bool own = strcmp (worker->peer, peer) == 0, joining = worker->state == WORKER_JOINING;
        survey.of_kind += lane_kind (worker->lane) == kind;
        survey.own += own;
        survey.joining += own && joining;
        if (joining)
            s_note_joining (own ? &survey.oldest_own : &survey.oldest_other, worker);
    }
    return survey;
}

//  Counting makes a system call per descriptor, so it is not done for every HELLO.
static size_t s_descriptors (lane_limits_t *self)
{
    if (self->counted_us == INT64_MIN || self->ctx->now_us - self->counted_us >= COUNT_US) {
        self->descriptors = descriptors_free ();
        self->counted_us = self->ctx->now_us;
    }
    size_t kept = descriptors_kept () / 2; //  For the store's files, and existing peers
    return self->descriptors > kept ? self->descriptors - kept : 0;
}

//  Must the key leave room for others? Not if there is only one key; without keys all peers are the
//  same.
static bool s_shares (const lane_limits_t *self, const char *peer)
{
    const authz_t *authz = self->ctx->authz;
    return authz && strcmp (peer, SOCKETS_DOMAIN_LOCAL) != 0
           && keyring_count_of (authz->keys, ROLE_WORKER) > 1;
}

static cadre_error_t s_lane_limits_refuse (const lane_limits_t *self, const survey_t *survey,
                                           const char *peer, size_t descriptors, size_t room,
                                           fault_t *fault)
{
    const rights_t *rights = authz_rights (self->ctx->authz, peer);
    if (descriptors < LANE_DESCRIPTORS)
        return fault_set (
            fault, CADRE_ERROR_DESCRIPTORS,
            "one more worker needs %d file descriptors, and the broker reserves the last ones for connected peers: raise its limit (ulimit -n)",
            LANE_DESCRIPTORS);
    if (room == 0)
        return fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                          "all ports of --lanes are in use by %zu workers: give a wider range",
                          survey->of_kind);
    return fault_set (
        fault, CADRE_ERROR_DESCRIPTORS,
        "%zu workers have the key %s, and the last %zu lanes are kept for other keys: give a "
        "wider range with --lanes, or raise the limit of descriptors (ulimit -n)",
        survey->own, rights ? rights->name : "", room);
}

cadre_error_t lane_limits_ask (lane_limits_t *self, const char *peer, address_kind_t kind,
                               worker_record_t **yields_p, fault_t *fault)
{
    survey_t survey = s_survey (self, peer, kind);
    size_t capacity = lane_capacity (self->ctx, kind), descriptors = s_descriptors (self);
    size_t room = capacity > survey.of_kind ? capacity - survey.of_kind : 0;
    if (descriptors / LANE_DESCRIPTORS < room)
        room = descriptors / LANE_DESCRIPTORS;
    if (capacity && self->ctx->now_us < self->search_us)
        room = 0;
    bool enough = room > 0 && (!s_shares (self, peer) || survey.own < SHARE * room);
    *yields_p = enough && survey.joining < JOINING_MOST ? NULL : survey.oldest_own;
    if (enough || *yields_p || !capacity) //  Without a free place, lane_new sets the fault
        return CADRE_OK;
    worker_record_t *other = survey.oldest_other;
    if (room == 0 && other && self->ctx->now_us - other->joined_us >= JOINING_US) {
        *yields_p = other;
        return CADRE_OK;
    }
    return s_lane_limits_refuse (self, &survey, peer, descriptors, room, fault);
}

void lane_limits_taken (lane_limits_t *self)
{
    size_t taken = LANE_DESCRIPTORS;
    self->descriptors -= self->descriptors < taken ? self->descriptors : taken;
}

void lane_limits_not_found (lane_limits_t *self)
{
    self->search_us = self->ctx->now_us + SEARCH_US;
}

size_t lane_limits_limit (const context_t *ctx)
{
    return lane_capacity (ctx, ADDRESS_TCP);
}
