//  store_space.c - accounting of the space in a store

#include "broker/store/store_space.h"

#include "common/units.h"

#define SLACK_BYTES (UINT64_C (64) << 20) //  Dead bytes that do not justify a compaction

static uint64_t s_plus (uint64_t one, uint64_t other)
{
    return one > UINT64_MAX - other ? UINT64_MAX : one + other;
}

static uint64_t s_minus (uint64_t one, uint64_t other)
{
    return one > other ? one - other : 0;
}

static uint64_t s_promised (const store_space_t *self)
{
    return s_plus (self->pending_bytes, self->reserved_bytes);
}

static cadre_error_t s_refuse_quota (const store_space_t *self, uint64_t bytes, const char *store,
                                     fault_t *fault)
{
    char want [UNITS_TEXT_BYTES], used [UNITS_TEXT_BYTES], held [UNITS_TEXT_BYTES],
        limit [UNITS_TEXT_BYTES];
    return fault_set (
        fault, CADRE_ERROR_REFUSED,
        "%s has no room for %s of new work: %s used and %s reserved of its limit of %s: forget "
        "jobs that are done, or raise the limit",
        store, units_print_size (bytes, want, sizeof want),
        units_print_size (self->used_bytes, used, sizeof used),
        units_print_size (s_promised (self), held, sizeof held),
        units_print_size (self->quota_bytes, limit, sizeof limit));
}

static cadre_error_t s_refuse_disk (const store_space_t *self, uint64_t bytes, const char *store,
                                    fault_t *fault)
{
    char want [UNITS_TEXT_BYTES], held [UNITS_TEXT_BYTES], left [UNITS_TEXT_BYTES];
    return fault_set (
        fault, CADRE_ERROR_REFUSED,
        "%s has no room for %s of new work: its disk has %s left, of which %s are reserved: "
        "free some space there, or forget jobs that are done",
        store, units_print_size (bytes, want, sizeof want),
        units_print_size (self->free_bytes, left, sizeof left),
        units_print_size (s_plus (s_promised (self), self->margin_bytes), held, sizeof held));
}

cadre_error_t store_space_reserve (store_space_t *self, uint64_t bytes, const char *store,
                                   fault_t *fault)
{
    uint64_t wanted = s_plus (s_promised (self), bytes);
    if (self->quota_bytes && s_plus (self->used_bytes, wanted) > self->quota_bytes)
        return s_refuse_quota (self, bytes, store, fault);
    if (s_plus (wanted, self->margin_bytes) > s_plus (self->free_bytes, self->spare_bytes))
        return s_refuse_disk (self, bytes, store, fault);
    store_space_claim (self, bytes);
    return CADRE_OK;
}

void store_space_claim (store_space_t *self, uint64_t bytes)
{
    self->reserved_bytes = s_plus (self->reserved_bytes, bytes);
}

void store_space_release (store_space_t *self, uint64_t bytes)
{
    self->reserved_bytes = s_minus (self->reserved_bytes, bytes);
}

void store_space_append (store_space_t *self, uint64_t size_bytes, uint64_t fills_bytes)
{
    self->pending_bytes = s_plus (self->pending_bytes, size_bytes);
    store_space_release (self, fills_bytes);
}

void store_space_settle (store_space_t *self, uint64_t size_bytes)
{
    self->pending_bytes = s_minus (self->pending_bytes, size_bytes);
}

bool store_space_wants_compaction (const store_space_t *self)
{
    uint64_t dead = s_minus (self->used_bytes, self->live_bytes);
    if (dead > s_plus (self->live_bytes, SLACK_BYTES))
        return true;
    uint64_t taken = s_plus (self->used_bytes, s_promised (self)), eighth = self->quota_bytes / 8;
    return eighth && dead > eighth && taken > self->quota_bytes - eighth;
}

void store_space_tell (const store_space_t *self, store_usage_t *usage)
{
    usage->used_bytes = self->used_bytes;
    usage->pending_bytes = self->pending_bytes;
    usage->reserved_bytes = self->reserved_bytes;
    usage->live_bytes = self->live_bytes;
    usage->quota_bytes = self->quota_bytes;
    usage->free_bytes = self->free_bytes;
}
