/*  fake_slot.h - fake: slots as the worker meets them, and slots_rig, a worker's slots_t over them
 *
 *  A slots_rig has a slots_t on a fake clock whose slots are played by the test: it reads what each
 *  slot was sent, claims tickets, and answers. What the worker hears of it stands in `heard`. One
 *  thread.
 */

#ifndef TESTS_LIB_FAKES_FAKE_SLOT_H_INCLUDED
#define TESTS_LIB_FAKES_FAKE_SLOT_H_INCLUDED

#include "tests/lib/fakes/fake_clock.h"
#include "worker/slots/slots.h"

#define FAKE_SLOTS_MAX 8
#define FAKE_HEARD_MAX 256

typedef struct fake_slot {
    int fd;                      // the slot's end of the socketpair; -1: none
    slot_memory_t *memory;       // shared with the handle
    ticket_page_t *page;         // of it
    ring_writer_t ring;          // what it says
    slot_backend_fake_t backend; // signals that it got, and how it ended
    unsigned starts;             // how often it was started
    buffer_t in;                 // bytes read and not looked at
} fake_slot_t;

typedef struct fake_heard {
    uint64_t serial;         // of the lease
    cadre_outcome_t outcome; // NONE: it was returned
    int64_t code;            // exit code or signal
    uint8_t value [256];     // of the result, if it is no longer
    size_t value_bytes;      // of it
    uint64_t run_us;         // how long it ran, as it was told
    char detail [512];       // kind and message, such as "signal: slot 1 of …"
} fake_heard_t;

typedef struct slots_rig {
    fake_clock_t time;                   // set it as you like
    clock_source_t clock;                // of time
    timers_t *timers;                    // of slots
    slots_t *slots;                      // under test
    fake_slot_t slot [FAKE_SLOTS_MAX];   // by place
    fake_heard_t heard [FAKE_HEARD_MAX]; // in order
    size_t heard_count;                  // how many
    size_t output_bytes;                 // that came through
} slots_rig_t;

//  A bench with COUNT slots; OPTIONS (may be NULL) gives embedded, commands and max_tasks.
void slots_rig_open (slots_rig_t *self, size_t count, const slots_options_t *options);
void slots_rig_close (slots_rig_t *self);

//  A job, and leases of it with consecutive serials.
void slots_rig_job (slots_rig_t *self, uint64_t job, unsigned kind, uint64_t timeout_ms,
                    uint64_t grace_ms);
void slots_rig_push (slots_rig_t *self, uint64_t job, uint64_t serial, size_t count);

//  The same; they must be begun by then, or return.
void slots_rig_push_by (slots_rig_t *self, uint64_t job, uint64_t serial, size_t count,
                        int64_t begin_by_us);

//  A turn of the worker's loop.
void slots_rig_turn (slots_rig_t *self);
void slots_rig_pass_ms (slots_rig_t *self, int64_t ms);

//  So many seconds, with a turn in each.
void slots_rig_pass_s (slots_rig_t *self, unsigned s);

//  A list of one span.
wire_list_t slots_rig_span (buffer_t *buffer, uint64_t first, uint64_t count);

//  Slot: reads what came; tickets of slot_task messages go to TICKETS (up to MAX). Returns how many
//  tasks. Verbs seen are added to *VERBS as bits (verb - 0x60).
size_t fake_slot_read (fake_slot_t *self, uint32_t *tickets, size_t max, uint32_t *verbs);

void fake_slot_ready (fake_slot_t *self);
void fake_slot_refuse (fake_slot_t *self, unsigned code, const char *message);
void fake_slot_result (fake_slot_t *self, uint32_t ticket, cadre_outcome_t outcome,
                       uint64_t run_us);

//  Its value is in a file that was sent before.
void fake_slot_result_file (fake_slot_t *self, uint32_t ticket, uint64_t size_bytes);
void fake_slot_output (fake_slot_t *self, uint32_t ticket, const char *text);

//  Bytes into the ring, and the bell; bytes through the socket, where only bells belong.
void fake_slot_say (fake_slot_t *self, const void *bytes, size_t size_bytes);
void fake_slot_ring (fake_slot_t *self, const void *bytes, size_t size_bytes);

//  Claims a task and, if it may, begins it.
ticket_verdict_t fake_slot_claim (fake_slot_t *self, uint32_t ticket, int64_t now_us);

//  Claims and answers at once.
void fake_slot_run (fake_slot_t *self, uint32_t ticket, uint64_t run_us);

//  Its process has ended with this status of waitpid.
void fake_slot_die (fake_slot_t *self, int status);

#endif
