//  deliver.c - where results and output of tasks go

#include "broker/deliver.h"

#include "broker/journal.h"

//  A segment that is full is put away when memory is scarce.
void deliver_keep (hub_t *hub, job_t *job, const keep_record_t *record, const keep_place_t *place)
{
    uint64_t at = keep_append (job->keep, record->kind, record->index, record->body, place);
    if (record->kind == KEEP_RESULT)
        job->kept_at [record->index] = at + 1;
    uint32_t segment = keep_segment (at);
    if (segment && at == keep_segment_start (segment) && hub_is_tight (hub))
        keep_spill (job->keep, segment - 1);
    follower_touch (job, hub);
}

void deliver_large (hub_t *hub, job_t *job, uint32_t index, buffer_t *large, const keep_place_t *place)
{
    if (large->size == 0)
        return;
    keep_put_large (job->keep, index, large, place);
    if (hub_is_tight (hub))
        keep_spill_large (job->keep, index);
}

//  Of a durable job nobody hears before it is on the disk.
static void s_keep (hub_t *hub, job_t *job, const wire_result_t *result, view_t tail, buffer_t *large)
{
    buffer_t body = {0};
    pack_uint (&body, result->index);
    pack_uint (&body, result->attempt);
    pack_raw (&body, tail.data, tail.size);
    if (job->durable && hub->journal)
        journal_result (hub->journal, job, result, wire_view_of (&body), large);
    else {
        keep_record_t record = {KEEP_RESULT, (uint32_t) result->index, wire_view_of (&body)};
        deliver_large (hub, job, record.index, large, NULL);
        deliver_keep (hub, job, &record, NULL);
    }
    buffer_free (&body);
}

void deliver_result (hub_t *hub, job_t *job, const wire_result_t *result, view_t tail, buffer_t *large)
{
    if (job->detached)
        s_keep (hub, job, result, tail, large);
    else if (!job->owner)
        buffer_free (large);
    else if (large->size) {
        wire_result_t own = *result;
        own.ref = job->ref;
        client_result_large (job->owner, hub, &own, large);
    } else
        client_result (job->owner, hub, job->ref, (uint32_t) result->index, (uint32_t) result->attempt, tail);
}

static void s_pack_output (buffer_t *body, uint32_t index, uint32_t attempt, uint64_t stream, bool cut,
                           view_t bytes)
{
    pack_uint (body, index);
    pack_uint (body, attempt);
    pack_uint (body, stream);
    pack_bool (body, cut);
    pack_blob (body, bytes.data, bytes.size);
}

//  Output must not take the room in which accepted tasks will end.
static bool s_has_room (const hub_t *hub, const job_t *job, size_t bytes)
{
    return !job->durable || !hub->journal || journal_has_room (hub->journal, bytes);
}

bool deliver_output (hub_t *hub, job_t *job, uint32_t index, uint32_t attempt, uint64_t stream, view_t bytes)
{
    bool cut = false, first = false;
    if (!job->detached && !job->owner)
        return false;
    size_t size_bytes = s_has_room (hub, job, bytes.size) ? bytes.size : SIZE_MAX;
    if (job->detached && !keep_admits (job->keep, index, size_bytes, &first)) {
        if (!first)
            return false;
        cut = true;
        bytes.size = 0;
    }
    buffer_t body = {0};
    s_pack_output (&body, index, attempt, stream, cut, bytes);
    if (job->durable && hub->journal)
        journal_output (hub->journal, job, index, wire_view_of (&body));
    else if (job->detached)
        deliver_keep (hub, job, &(keep_record_t){KEEP_OUTPUT, index, wire_view_of (&body)}, NULL);
    else
        client_output (job->owner, hub, job->ref, wire_view_of (&body));
    buffer_free (&body);
    return !cut;
}

bool deliver_is_open (const hub_t *hub, const job_t *job)
{
    if (job->durable && hub->journal)
        return hub->journal_bytes <= HUB_JOURNAL_BYTES;
    if (job->detached)
        return !hub->full;
    return !job->owner || client_backlog (job->owner) < client_backlog_max (hub);
}
