/*  slot_handle.h - the worker's side of one slot
 *
 *  A seat starts a slot (a vessel with a socketpair and shared memory),
 *  sends it tasks, takes them back, and cuts what it sends into messages. What
 *  the messages mean, and when a task has run for too long, is decided by
 *  slots_t, which owns the seats. One thread.
 *
 *  Nothing that comes from a slot is believed: a seat that finds that the shared memory or the
 *  messages make no sense takes note of that in fault. Whoever owns the seats looks at it and ends
 *  the slot. What the slot had said before that still counts, as far as it can be read.
 *
 *      EMPTY ──start──► STARTING ──slot_ready──► READY ──leave──► LEAVING
 *        ▲                 │                       │                 │
 *        └───reaped────────┴───────────────────────┴─────────────────┘
 */

#ifndef WORKER_SLOTS_SLOT_HANDLE_H_INCLUDED
#define WORKER_SLOTS_SLOT_HANDLE_H_INCLUDED

#include "common/machine.h"
#include "common/timers.h"
#include "worker/shared/share.h"
#include "worker/slots/lease.h"
#include "worker/slots/slot_backend.h"

#define SLOT_HANDLE_AHEAD_MAX 1024 //  Tasks that may wait in a slot behind the one that it runs

typedef enum slot_handle_state {
    SLOT_HANDLE_EMPTY,
    SLOT_HANDLE_STARTING,
    SLOT_HANDLE_READY,
    SLOT_HANDLE_LEAVING
} slot_handle_state_t;

//  What the seat's alarm will do.
typedef enum slot_handle_stage {
    SLOT_HANDLE_CALM,    //  Nothing is due
    SLOT_HANDLE_LIMIT,   //  The first task may have run for too long
    SLOT_HANDLE_ASKED,   //  The first task was asked to stop: SIGTERM is next
    SLOT_HANDLE_TERMED,  //  SIGTERM was sent: SIGKILL is next
    SLOT_HANDLE_KILLED,  //  SIGKILL was sent
    SLOT_HANDLE_FAREWELL //  The slot should end by itself: SIGKILL is next
} slot_handle_stage_t;

//  What is wrong with a slot that must be replaced.
typedef enum slot_handle_fault {
    SLOT_HANDLE_SOUND,
    SLOT_HANDLE_TORN,    //  It wrote over the memory that it shares with us
    SLOT_HANDLE_GARBLED, //  What it sent makes no sense
    SLOT_HANDLE_CUT_OFF, //  It closed its socket, and lives
    SLOT_HANDLE_STOPPED, //  It was stopped (SIGSTOP), and not continued
    SLOT_HANDLE_LATE,    //  It did not begin a task that it was given
    SLOT_HANDLE_LARGE,   //  It sends a result that there is no memory for
    SLOT_HANDLE_FAULTS   //  How many
} slot_handle_fault_t;

typedef struct slot_handle {
    size_t place;              //  Index among the seats; the slot's number is one more
    uint8_t state;             //  slot_handle_state_t
    slot_handle_stage_t stage; //  What alarm will do
    alarm_t alarm;             //  Owned by slots_t
    slot_backend_t vessel;     //  What carries the slot
    pid_t session;             //  That a process slot leads; 0: it is a thread
    int fd;                    //  Our end of the socketpair, nonblocking; -1
    bool closed;               //  The other end has closed
    slot_handle_fault_t fault; //  What was found to be wrong with the slot
    bool condemned;            //  It is being ended for that
    bool deaf;                 //  What it says is not read any more
    bool lost;                 //  Nor what it had said before
    bool asked;                //  There is room for the large message that is coming
    bool killed;               //  We sent a signal that ends it
    bool slow;                 //  What runs takes long: nothing may wait behind it
    bool writable_wanted;      //  A write was cut short: epoll watches for more room
    share_t *share;            //  Shared with the slot
    ticket_desk_t desk;        //  What we know of its page
    uint32_t begun;            //  Ticket that it had begun last when we looked
    ring_reader_t ring;        //  What it says
    unsigned stopped;          //  Looks in a row that found it stopped
    unsigned waits;            //  Looks in a row that found that it has not begun its first task
    uint32_t awaited;          //  Ticket of that
    size_t behind;             //  Bytes that were left to be written to it then
    buffer_t in;               //  Bytes of messages that are not complete
    buffer_t out;              //  Bytes to write
    size_t written;            //  Of out
    lease_t *tasks;            //  Sent and not answered, in order
    size_t count;              //  Of tasks
    int64_t ahead_us;          //  Expected run time of tasks
    uint64_t given;            //  Tasks answered by this slot since it started
    void *owner;               //  The slots_t
} slot_handle_t;

//  How a slot is started.
typedef struct slot_handle_start {
    const char *path;                       //  Executable of process slots
    const guise_t *guise;                   //  As whom they run; NULL: as the worker
    bool threads;                           //  Thread slots
    const struct cadre_function *functions; //  For thread slots
    //  Replaces all that in tests: owns fd (the slot's end), borrows share; returns the vessel.
    slot_backend_t (*fake) (void *context, size_t place, int fd, share_t *share);
    void *context;              //  Of fake
    wire_slot_start_t greeting; //  What every slot is told; its number is filled in
} slot_handle_start_t;

void slot_handle_init (slot_handle_t *self, size_t place);

//  Frees what the seat holds; the vessel must have ended or been left, and its tasks taken.
void slot_handle_clear (slot_handle_t *self);

//  EMPTY → STARTING.
cadre_error_t slot_handle_start (slot_handle_t *self, const slot_handle_start_t *how,
                                 fault_t *fault);

void slot_handle_move (slot_handle_t *self, slot_handle_state_t to);

//  Sends a task (its job before it, if the slot does not know it). The lease is the seat's list's
//  afterwards; it stays the caller's when that fails, for which there is a fault.
bool slot_handle_give (slot_handle_t *self, lease_t *lease);

//  Takes back the tasks that the slot has not begun: a list in order, or NULL.
lease_t *slot_handle_revoke (slot_handle_t *self);

//  Removes the first task from the list and returns it.
lease_t *slot_handle_take (slot_handle_t *self);

//  Asks the slot to stop the first task.
void slot_handle_cancel (slot_handle_t *self);

void slot_handle_output_window (slot_handle_t *self, const lease_t *lease, uint64_t bytes);
void slot_handle_end_job (slot_handle_t *self, const jobs_t *jobs, job_t *job);

//  Writes what is to be written. False when some is left for later.
bool slot_handle_flush (slot_handle_t *self);

//  Reads what there is, also of a slot that has ended.
void slot_handle_read (slot_handle_t *self);

//  The next whole message: 1, none yet: 0, broken: -1. The body is valid until the next
//  slot_handle_read. *offset begins at 0; slot_handle_consume ends the walk.
int slot_handle_message (const slot_handle_t *self, size_t *offset, uint8_t *verb, cursor_t *body);
void slot_handle_consume (slot_handle_t *self, size_t offset);

//  Looks at what the slot shares; a fault is noted.
void slot_handle_look (slot_handle_t *self);

//  Has the slot begun a task of the list? It notes that before it runs it. Where the note cannot be
//  trusted, a task that was claimed counts as begun, and where nothing can be, each.
bool slot_handle_has_begun (slot_handle_t *self, const lease_t *lease);

//  Has the slot gone on since its first task, and begun another one? Then it had ended that, and
//  its page was whole by then.
bool slot_handle_has_gone_on (const slot_handle_t *self);

//  For how long the first task has run: since the slot began it, as it says, or since it was given
//  to it.
int64_t slot_handle_run_us (const slot_handle_t *self, int64_t now_us);

//  SIGKILL for the slot, if it is a process, and the group of its command.
void slot_handle_kill (slot_handle_t *self);

//  SIGKILL for the group of the command that the slot runs, or ran. A group that is not of its
//  session is left alone.
void slot_handle_kill_group (const slot_handle_t *self);

#endif
