/*  slot_handle.h - the worker's side of one slot
 *
 *  A handle starts a slot (a backend with a socketpair and shared memory), sends it tasks, takes
 *  them back, and splits received bytes into messages. slots_t owns the handles, and decides what
 *  the messages mean and when a task has run too long. One thread.
 *
 *  Data from a slot is not trusted: when the shared memory or a message is invalid, the handle
 *  records it in fault. The owner checks fault and ends the slot. Earlier messages remain valid, as
 *  far as they can be read.
 *
 *      EMPTY ──start──► STARTING ──slot_ready──► READY ──leave──► LEAVING
 *        ▲                 │                       │                 │
 *        └───reaped────────┴───────────────────────┴─────────────────┘
 */

#ifndef WORKER_SLOTS_SLOT_HANDLE_H_INCLUDED
#define WORKER_SLOTS_SLOT_HANDLE_H_INCLUDED

#include "common/bulk.h"
#include "common/state_machine.h"
#include "common/timers.h"
#include "worker/shared/handover.h"
#include "worker/shared/slot_memory.h"
#include "worker/slots/lease.h"
#include "worker/slots/slot_backend.h"

#define SLOT_HANDLE_AHEAD_MAX 1024 //  Tasks that may wait in a slot behind the running one

typedef enum slot_handle_state {
    SLOT_HANDLE_EMPTY,
    SLOT_HANDLE_STARTING,
    SLOT_HANDLE_READY,
    SLOT_HANDLE_LEAVING
} slot_handle_state_t;

//  What the handle's alarm will do.
typedef enum slot_handle_stage {
    SLOT_HANDLE_CALM,    //  No alarm
    SLOT_HANDLE_LIMIT,   //  The timeout of the first task
    SLOT_HANDLE_ASKED,   //  The first task was cancelled: SIGTERM follows
    SLOT_HANDLE_TERMED,  //  SIGTERM was sent: SIGKILL follows
    SLOT_HANDLE_KILLED,  //  SIGKILL was sent
    SLOT_HANDLE_FAREWELL //  The slot should end by itself: SIGKILL follows
} slot_handle_stage_t;

//  Why a slot must be replaced.
typedef enum slot_handle_fault {
    SLOT_HANDLE_SOUND,
    SLOT_HANDLE_TORN,    //  It overwrote the shared memory
    SLOT_HANDLE_GARBLED, //  It sent an invalid message
    SLOT_HANDLE_CUT_OFF, //  It closed its socket but is alive
    SLOT_HANDLE_STOPPED, //  It is stopped (SIGSTOP)
    SLOT_HANDLE_LATE,    //  It did not begin a task in time
    SLOT_HANDLE_LARGE,   //  Its result is too large for the memory
    SLOT_HANDLE_FAULTS   //  Number of faults
} slot_handle_fault_t;

//  A file that goes along with what is to be written.
typedef struct slot_file {
    size_t at;    //  With the byte of out that has this index
    bulk_t *bulk; //  Held until it has gone
} slot_file_t;

typedef struct slot_handle {
    size_t index;              //  Index among the handles; the slot's number is one more
    uint8_t state;             //  slot_handle_state_t
    slot_handle_stage_t stage; //  What the alarm will do
    alarm_t alarm;             //  Owned by slots_t
    slot_backend_t backend;    //  The process or thread
    pid_t session;             //  Session of a process slot; 0: a thread
    int fd;                    //  Our end of the socketpair, nonblocking; -1
    bool closed;               //  The other end has closed
    slot_handle_fault_t fault; //  What is wrong with the slot
    bool condemned;            //  It is being ended because of that
    bool deaf;                 //  Its messages are no longer read
    bool lost;                 //  Nor are those that it sent before
    bool asked;                //  Memory for the incoming large message is available
    bool killed;               //  We sent a signal that ends it
    bool slow;                 //  The running task takes long: no task may wait behind it
    bool writable_wanted;      //  A write was incomplete: epoll waits until the socket is writable
    slot_memory_t *memory;     //  Shared with the slot
    ticket_desk_t desk;        //  Our record of its page
    uint32_t begun;            //  Ticket that it had begun last, at the last look
    ring_reader_t ring;        //  Its messages
    unsigned stopped;          //  Consecutive looks at which it was stopped
    unsigned waits;            //  Consecutive looks at which its first task had not begun
    uint32_t awaited;          //  Ticket of that task
    size_t behind;             //  Unwritten bytes at that time
    buffer_t in;               //  Bytes of incomplete messages
    buffer_t out;              //  Bytes to write
    size_t written;            //  Of out
    slot_file_t *files_out;    //  That go along with out, in order
    size_t files_count;        //  How many; those before files_gone have gone
    size_t files_gone;         //  …
    size_t files_capacity;     //  Allocated
    handover_t files;          //  That came and were not taken
    lease_t *tasks;            //  Sent and not answered, in order
    size_t count;              //  Number of tasks
    int64_t ahead_us;          //  Expected run time of tasks
    uint64_t given;            //  Tasks and items that this slot has answered since it started
    void *owner;               //  The slots_t
} slot_handle_t;

//  How a slot is started.
typedef struct slot_handle_start {
    const char *path;                       //  Executable of process slots
    const slot_environment_t *environment;  //  ... and their environment
    bool threads;                           //  Thread slots
    const struct cadre_function *functions; //  For thread slots
    //  For tests, replaces all of the above: owns fd (the slot's end), borrows share; returns the
    //  backend.
    slot_backend_t (*fake) (void *context, size_t index, int fd, slot_memory_t *memory);
    void *context;              //  Passed to fake
    wire_slot_start_t greeting; //  Sent to every slot; the number is set for each
} slot_handle_start_t;

void slot_handle_init (slot_handle_t *self, size_t index);

//  Frees what the handle holds; its backend must have ended or been abandoned, and its tasks been
//  taken.
void slot_handle_clear (slot_handle_t *self);

//  EMPTY → STARTING.
cadre_error_t slot_handle_start (slot_handle_t *self, const slot_handle_start_t *how,
                                 fault_t *fault);

void slot_handle_move (slot_handle_t *self, slot_handle_state_t to);

//  Sends a task, preceded by its job if the slot does not know it. The list of the handle owns the
//  lease afterwards; on failure, which sets fault, the caller keeps it.
bool slot_handle_give (slot_handle_t *self, lease_t *lease);

//  Takes back the tasks that the slot has not begun: a list in order, or NULL.
lease_t *slot_handle_revoke (slot_handle_t *self);

//  Removes the first task from the list and returns it.
lease_t *slot_handle_take (slot_handle_t *self);

//  Cancels the first task.
void slot_handle_cancel (slot_handle_t *self);

void slot_handle_output_window (slot_handle_t *self, const lease_t *lease, uint64_t bytes);
void slot_handle_end_job (slot_handle_t *self, const job_cache_t *jobs, cached_job_t *job);

//  Writes buffered bytes. False when some remain.
bool slot_handle_flush (slot_handle_t *self);

//  Reads what is available, also from a slot that has ended.
void slot_handle_read (slot_handle_t *self);

//  The next complete message: 1; none yet: 0; invalid: -1. The body is valid until the next
//  slot_handle_read. *offset begins at 0; call slot_handle_consume at the end.
int slot_handle_message (const slot_handle_t *self, size_t *offset, uint8_t *verb, cursor_t *body);
void slot_handle_consume (slot_handle_t *self, size_t offset);

//  Takes the file that a result refers to: true, and *value has its bytes. *value is empty when the
//  file is invalid or there was no descriptor for it. False when no file was received.
bool slot_handle_take_file (slot_handle_t *self, uint64_t size_bytes, buffer_t *value);

//  Reads the slot's shared memory; records a fault.
void slot_handle_look (slot_handle_t *self);

//  Has the slot begun a task of the list? It records that before it runs the task. If the record is
//  invalid, a claimed task counts as begun; if the claims are invalid, too, every task does.
bool slot_handle_has_begun (slot_handle_t *self, const lease_t *lease);

//  Has the slot begun another task since its first one? Then the first one has ended, and the page
//  was valid at that time.
bool slot_handle_has_gone_on (const slot_handle_t *self);

//  How long the first task has run: since the slot began it according to its record, or since it
//  was sent.
int64_t slot_handle_run_us (const slot_handle_t *self, int64_t now_us);

//  Sends SIGKILL to the slot, if it is a process, and to the group of its command.
void slot_handle_kill (slot_handle_t *self);

//  Sends SIGKILL to the group of the command that the slot runs or ran. A group outside of its
//  session is not touched.
void slot_handle_kill_group (const slot_handle_t *self);

#endif
