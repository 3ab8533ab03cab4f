//  slot_stage.c - the steps by which a slot is ended

#include "worker/slots/slot_stage.h"

#include <assert.h>
#include <sys/socket.h>

#define KILLED_LOOK_MS 20 //  Interval of checks for the end of a killed process
#define UNLIMITED_MS (UINT64_C (1) << 40)

void slot_stage_set (slots_t *self, slot_handle_t *handle, slot_handle_stage_t stage,
                     uint64_t delay_ms)
{
    uint64_t capped_ms = delay_ms < UNLIMITED_MS ? delay_ms : UNLIMITED_MS;
    handle->stage = stage;
    timers_set (self->options.timers, &handle->alarm,
                clock_now (self->options.clock) + (int64_t) capped_ms * 1000);
}

void slot_stage_clear (slots_t *self, slot_handle_t *handle)
{
    handle->stage = SLOT_HANDLE_CALM;
    timers_cancel (self->options.timers, &handle->alarm);
}

void slot_stage_kill (slots_t *self, slot_handle_t *handle)
{
    slot_handle_kill (handle);
    slot_stage_set (self, handle, SLOT_HANDLE_KILLED, KILLED_LOOK_MS);
}

void slot_stage_farewell (slots_t *self, slot_handle_t *handle, int patience_ms)
{
    assert (!handle->tasks);
    slot_handle_move (handle, SLOT_HANDLE_LEAVING);
    handle->killed = true;
    slot_handle_flush (handle);
    shutdown (handle->fd, SHUT_WR);
    handle->stage = SLOT_HANDLE_FAREWELL;
    timers_set (self->options.timers, &handle->alarm,
                clock_now (self->options.clock) + patience_ms * 1000);
}
