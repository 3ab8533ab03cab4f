//  records.c - writes the log records of durable jobs, one function per kind

#include "broker/journal/records.h"

#include "broker/journal/log_index.h"

void records_job (journal_t *self, job_t *job, view_t open)
{
    wire_log_job_t fields = {.job = job->number,
                             .created_us = job->created_us,
                             .ended_us = job->ended_us,
                             .client = wire_view (job->client_name),
                             .open = open,
                             .holder = wire_view (job->identity.holder),
                             .digest = job->digest.sum,
                             .digested = job->digest.blind ? 0 : job->digest.tasks};
    if (job->open.size == 0) { //  Otherwise the record repeats it
        buffer_append (&job->open, open.data, open.size);
        job_weigh (job);
    }
    wire_pack_log_job (journal_begin (self, WIRE_log_job), &fields);
    journal_end (self, job, true);
    journal_index_job (self, job);
}

void records_large (journal_t *self, job_t *job, uint32_t index)
{
    wire_log_large_t fields = {
        .job = job->number, .index = index, .payload = payloads_large (job->stock, index)};
    wire_pack_log_large (journal_begin (self, WIRE_log_large), &fields);
    journal_end (self, job, true);
}

void records_came (journal_t *self, job_t *job, int64_t at_us)
{
    wire_pack_log_came (journal_begin (self, WIRE_log_came),
                        &(wire_log_came_t){.job = job->number, .at_us = at_us});
    journal_end (self, job, false);
}

result_log_location_t records_payloads (journal_t *self, job_t *job, const wire_list_t *payloads)
{
    wire_log_tasks_t fields = {.job = job->number, .payloads = *payloads};
    wire_pack_log_tasks (journal_begin (self, WIRE_log_tasks), &fields);
    journal_end (self, job, true);
    return journal_location_of_last (self, payloads->values.size);
}

//  The record of the references follows those of the large payloads.
result_log_location_t records_tasks (journal_t *self, job_t *job, const wire_list_t *payloads)
{
    cursor_t cursor = cursor_of_view (payloads->values);
    view_t payload;
    for (size_t i = 0; i < payloads->count && cursor_skip (&cursor, &payload); i++)
        if (wire_parts_of (payload))
            records_large (self, job, job->promised + (uint32_t) i);
    if (job->expire_ms)
        records_came (self, job, clock_wall_us ());
    return records_payloads (self, job, payloads);
}

void records_seal (journal_t *self, job_t *job)
{
    wire_pack_log_seal (journal_begin (self, WIRE_log_seal),
                        &(wire_log_seal_t){.job = job->number});
    journal_end (self, job, false);
}

void records_again (journal_t *self, job_t *job, uint32_t index, uint16_t attempt, int64_t wait_us)
{
    const task_t *task = &job->tasks [index];
    wire_log_again_t fields = {.job = job->number,
                               .index = index,
                               .attempt = attempt,
                               .failed = task->failed,
                               .lost = task->lost};
    if (wait_us > 0)
        fields.due_us = (uint64_t) (clock_wall_us () + wait_us);
    wire_pack_log_again (journal_begin (self, WIRE_log_again), &fields);
    journal_end (self, job, false);
}

result_log_location_t records_value (journal_t *self, job_t *job, uint32_t index, view_t value)
{
    wire_log_value_t fields = {.job = job->number, .index = index, .value = value};
    wire_pack_log_value (journal_begin (self, WIRE_log_value), &fields);
    journal_end (self, job, true);
    return journal_location_of_last (self, value.size);
}

result_log_location_t records_result (journal_t *self, job_t *job, const wire_log_result_t *fields)
{
    wire_pack_log_result (journal_begin (self, WIRE_log_result), fields);
    journal_end (self, job, true);
    return journal_location (self);
}

result_log_location_t records_output (journal_t *self, job_t *job, uint32_t index, view_t body)
{
    result_log_mark_t mark = result_log_mark (job->keep, index);
    wire_log_output_t fields = {.job = job->number,
                                .index = index,
                                .body = body,
                                .serial = mark.serial,
                                .end = mark.end_bytes};
    wire_pack_log_output (journal_begin (self, WIRE_log_output), &fields);
    journal_end (self, job, true);
    return journal_location (self);
}

void records_release_payload (journal_t *self, job_t *job, uint32_t index)
{
    journal_bury (self, log_index_release_payload (job, index));
}

void records_doom (journal_t *self, job_t *job)
{
    wire_log_doom_t fields = {.job = job->number,
                              .outcome = job->doom,
                              .cancelled = job->cancelled,
                              .detail = wire_view_of (&job->doom_detail)};
    wire_pack_log_doom (journal_begin (self, WIRE_log_doom), &fields);
    journal_end (self, job, false);
}

void records_cancel (journal_t *self, job_t *job, uint32_t index)
{
    wire_pack_log_cancel (journal_begin (self, WIRE_log_cancel),
                          &(wire_log_cancel_t){.job = job->number, .index = index});
    journal_end (self, job, false);
}

void records_retry (journal_t *self, job_t *job, uint32_t first, uint32_t end)
{
    wire_log_retry_t fields = {.job = job->number, .index = first};
    if (end > first + 1)
        fields.end = end;
    wire_pack_log_retry (journal_begin (self, WIRE_log_retry), &fields);
    journal_end (self, job, false);
}

void records_ended (journal_t *self, job_t *job)
{
    wire_pack_log_ended (journal_begin (self, WIRE_log_ended),
                         &(wire_log_ended_t){.job = job->number, .at_us = job->ended_us});
    journal_end (self, job, false);
}

void records_ghost (journal_t *self, const identity_t *identity, uint64_t number)
{
    wire_log_forget_t fields = {.job = number,
                                .uuid = {identity->uuid, WIRE_UUID_BYTES},
                                .holder = wire_view (identity->holder)};
    wire_pack_log_forget (journal_begin (self, WIRE_log_forget), &fields);
    journal_index_ghost (self, identity);
}

void records_forget (journal_t *self, job_t *job)
{
    records_ghost (self, &job->identity, job->number);
    journal_end (self, job, false);
    journal_release (self, job);
}

void records_withdraw (journal_t *self, job_t *job)
{
    wire_log_forget_t fields = {
        .job = job->number, .uuid = {job->identity.uuid, WIRE_UUID_BYTES}, .refused = true};
    wire_pack_log_forget (journal_begin (self, WIRE_log_forget), &fields);
    journal_end (self, job, false);
    journal_release (self, job);
}
