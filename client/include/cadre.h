/*  cadre.h - a process pool that spans machines
 *
 *  A program hands over tasks: calls of named functions with arguments, or commands. They run on
 *  threads or processes of this machine, or on workers on many hosts; the calls are the same. Each
 *  task reaches one outcome.
 *
 *      static cadre_error_t square (cadre_task_t *task)
 *      {
 *          int64_t n = cadre_arg_int (task, 0);
 *          return cadre_return_int (task, n * n);
 *      }
 *
 *      static const cadre_function_t functions [] = {
 *          {.name = "square", .run = square, .takes = "i", .says = "the square of an integer"},
 *          {0}};
 *
 *      int main (int argc, char **argv)
 *      {
 *          cadre_main (argc, argv, functions);
 *          cadre_t *pool = cadre_open (NULL, NULL);
 *          int64_t value;
 *          cadre_future_t *future = cadre_submit (pool, "square", "i", (int64_t) 7);
 *          if (cadre_future_wait_int (future, &value, 1000) != CADRE_OK)
 *              fprintf (stderr, "%s\n", cadre_future_message (future));
 *          cadre_future_destroy (&future);
 *          cadre_close (&pool, 5000);
 *      }
 *
 *  What functions are made of stands in cadre_function.h, what they take and return in
 *  cadre_value.h; both are included here, as are cadre_error.h (errors and outcomes) and
 *  cadre_typed.h (arguments that say their types).
 *
 *  Rules that hold for every call unless its text says otherwise:
 *
 *  - Threads: a cadre_t and a cadre_job_t may be used by several threads at once. A future, an
 *    iterator and a value belong to one thread at a time, a cadre_task_t to the thread that runs
 *    the function.
 *  - Ownership: a `T **` parameter is consumed, set to NULL, and may be NULL or point to NULL. A `T
 *    *` is borrowed. A `const char *` or `const void *` that is returned belongs to the object it
 *    was asked of and is valid until that object is changed or destroyed. Texts are UTF-8.
 *  - Times are in milliseconds. As an argument, a timeout of 0 does not wait; as an option, 0 is
 *    the default that stands there. -1 is no limit in both.
 *  - Errors are numbers; cadre_message, _future_message and _job_message name cause and cure.
 *  - After fork, calls in the child return CADRE_ERROR_FORKED, NULL or 0; destructors just forget.
 *  - The library installs no signal handler, prints nothing, and changes no setting of the process.
 *  - Memory: what a call cannot open, or hand over in 1 MiB or more, is NULL or CADRE_ERROR_MEMORY.
 *    A process that has not even 16 MiB left (with a broker elsewhere: 3 times a result), or whose
 *    descriptors run out under libzmq, may be aborted.
 */

#ifndef CADRE_H_INCLUDED
#define CADRE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cadre_error.h>
#include <cadre_function.h>
#include <cadre_typed.h>
#include <cadre_value.h>

#ifdef __cplusplus
extern "C" {
#endif

//  Of this header. For conditions in programs: #if CADRE_VERSION >= CADRE_VERSION_OF (0, 2, 0)
#define CADRE_VERSION_MAJOR 0
#define CADRE_VERSION_MINOR 1
#define CADRE_VERSION_PATCH 0
#define CADRE_VERSION_OF(major, minor, patch) (10000 * (major) + 100 * (minor) + (patch))
#define CADRE_VERSION                                                                              \
    CADRE_VERSION_OF (CADRE_VERSION_MAJOR, CADRE_VERSION_MINOR, CADRE_VERSION_PATCH)

typedef struct cadre cadre_t;                    //  A pool, or a connection to a broker
typedef struct cadre_future cadre_future_t;      //  A task that was submitted
typedef struct cadre_job cadre_job_t;            //  A job: tasks that share options
typedef struct cadre_imap_iterator cadre_imap_t; //  Results of a function over a stream of items

//  ==== Pools ====================================================================

//  Zero means the default everywhere; so `&(cadre_options_t) {.slots = 4}` is complete.
typedef struct cadre_options {
    unsigned slots; //  Embedded: tasks at a time; 0: CPUs that the process may use
    bool threads;   //  Embedded: slots are threads of this process
    //  Embedded: functions of this program; NULL: those given to cadre_main. Without cadre_main
    //  they need thread slots
    const cadre_function_t *functions;
    const char *const *plugins; //  Embedded: plugin files, NULL-terminated
    const char *const
        *program;           //  Embedded: argv of a program that serves functions, NULL-terminated
    uint64_t max_tasks;     //  Embedded: replace a slot after so many tasks
    const char *name;       //  Label of this client; NULL: user@host:pid
    int connect_timeout_ms; //  Until cadre_open gives up; 0: 5000; -1: no limit. Loading plugins
                            //  has a minute
    size_t
        window_bytes; //  Results of jobs that may wait here unread, then nothing more comes for
                      //  this pool until some are read; 0: 64 MiB. One that is larger comes alone
    bool callbacks_by_dispatch; //  Callbacks run in cadre_dispatch, not on the pool's own thread
    const char *access; //  Access file for a broker that wants a key; NULL: what CADRE_ACCESS names
    int reconnect_ms;   //  How long a broker that is away is waited for; 0: as CADRE_RECONNECT says
                        //  ("10s", "forever"), else 60000; -1: no limit
    void *reserved [6]; //  Must be zero
} cadre_options_t;

//  A broker that goes away is waited for: meanwhile nothing fails, and who submits or waits goes on
//  waiting. When it is back and does not know this connection any more (it was restarted), jobs are
//  handed over again by themselves, but for tasks whose results have come. Each result is given
//  once; a task that ran meanwhile may run twice (with no_rerun it ends as worker-lost instead).
//  After reconnect_ms all that is open fails with CADRE_ERROR_UNAVAILABLE; should the broker come
//  back after all, the pool can be used again. Only what cadre_request has asked already is not
//  asked again: a question without an answer fails with CADRE_ERROR_CLOSED, and may be asked again.

//  Opens a pool. address NULL: the broker that options->access names, else a pool of this machine,
//  broker and worker being threads of this process; else one or more addresses of a broker
//  separated by commas ("tcp://hub:5700", "ipc:///run/cadre"). All of them, and each number of a
//  name, are tried until the broker answers; so they are again when it is lost, and a broker that
//  still knows this pool goes on with what was open. Waits until the broker (and, embedded, its
//  worker) answers. NULL when that fails: see cadre_open_error.
CADRE_EXPORT cadre_t *cadre_open (const char *address, const cadre_options_t *options);

//  Why the last cadre_open of this thread returned NULL. After others CADRE_OK, and "" or why the
//  pool has fewer slots than were asked for.
CADRE_EXPORT cadre_error_t cadre_open_error (void);
CADRE_EXPORT const char *cadre_open_message (void);

//  Three ways to close a pool:
//
//                  tasks that run                 tasks that wait      returns after
//      cadre_close may end within timeout_ms      run as well          at most timeout_ms + 1 s
//      cadre_stop  may end within timeout_ms      are cancelled        at most timeout_ms + 1 s
//      cadre_abort are cancelled                  are cancelled        at most 1 s
//
//  What has not ended after timeout_ms is cancelled: then they return CADRE_ERROR_TIMEOUT, else
//  CADRE_OK. Futures and jobs stay readable until they are destroyed; those that were cancelled
//  have the state CADRE_STATE_CANCELLED, or CADRE_STATE_LOST when the broker did not confirm it.
//  Each callback that was not called yet is called once before the pool is closed, on the pool's
//  thread or on the one that closes. Jobs that are detached or durable are not cancelled: the
//  broker keeps them. No other thread may use the pool meanwhile or afterwards. In a forked child:
//  only forgets, CADRE_ERROR_FORKED.
CADRE_EXPORT cadre_error_t cadre_close (cadre_t **self_p, int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_stop (cadre_t **self_p, int timeout_ms);
CADRE_EXPORT void cadre_abort (cadre_t **self_p);

//  Message of the calling thread's last failed call on this pool, or "".
CADRE_EXPORT const char *cadre_message (cadre_t *self);

//  Address of the broker in use, as it was given (embedded: one that programs in tasks may use),
//  never NULL. It changes when the broker is lost and another address answers.
CADRE_EXPORT const char *cadre_address (const cadre_t *self);

//  For event loops: a descriptor that polls readable when futures or jobs of this pool have news.
//  cadre_dispatch clears it, runs callbacks that are due (if callbacks_by_dispatch), and never
//  blocks.
CADRE_EXPORT int cadre_descriptor (cadre_t *self);
CADRE_EXPORT cadre_error_t cadre_dispatch (cadre_t *self);

//  A question or an order to the broker, as SPEC.md lists them: cadre_request (pool, "worker.list",
//  NULL, &body, 1000). *body (may be NULL) is the caller's.
CADRE_EXPORT cadre_error_t cadre_request (cadre_t *self, const char *what,
                                          const cadre_value_t *arguments, cadre_value_t **body,
                                          int timeout_ms);

//  ==== One task ===================================================================

//  Submits a call and returns at once; waits only while the broker's window is closed. Types of the
//  arguments:
//      i int64_t   u uint64_t   d double   b int (bool)   s const char *   n nothing (nil)
//      S const char *, size_t (text)   B const void *, size_t (blob)   v const cadre_value_t *
//  Never NULL, unless self is NULL or memory is out: what goes wrong is told by the future.
CADRE_EXPORT cadre_future_t *cadre_submit (cadre_t *self, const char *function, const char *types,
                                           ...);

//  Arguments that say their types (cadre_typed.h; NULL: none), or as a list value (NULL: none);
//  with options (may be NULL, see cadre_job_options_t).
struct cadre_job_options;
CADRE_EXPORT cadre_future_t *cadre_submit_typed (cadre_t *self, const char *function,
                                                 const cadre_typed_t *arguments,
                                                 const struct cadre_job_options *options);
CADRE_EXPORT cadre_future_t *cadre_submit_value (cadre_t *self, const char *function,
                                                 const cadre_value_t *arguments,
                                                 const struct cadre_job_options *options);

//  A command: argv, NULL-terminated. Its value is a map: stdout (blob), stderr (blob), exit code as
//  cadre_future_code.
CADRE_EXPORT cadre_future_t *cadre_submit_command (cadre_t *self, const char *const *argv,
                                                   const struct cadre_job_options *options);

//  Submits, waits and gives the value (the caller's; may be NULL). CADRE_ERROR_TASK: the task
//  failed, see cadre_message. After CADRE_ERROR_TIMEOUT the task is cancelled.
CADRE_EXPORT cadre_error_t cadre_call (cadre_t *self, cadre_value_t **value, int timeout_ms,
                                       const char *function, const char *types, ...);
CADRE_EXPORT cadre_error_t cadre_call_typed (cadre_t *self, cadre_value_t **value, int timeout_ms,
                                             const char *function, const cadre_typed_t *arguments);

//  Waits for the outcome. CADRE_OK: outcome ok. CADRE_ERROR_TASK: another outcome.
//  CADRE_ERROR_TIMEOUT: not ended yet; wait again or cancel. CADRE_ERROR_CLOSED, _UNAVAILABLE,
//  _REFUSED: there will be none.
CADRE_EXPORT cadre_error_t cadre_future_wait (cadre_future_t *self, int timeout_ms);

//  Wait, and convert the value. CADRE_ERROR_TYPE when it is of another type.
CADRE_EXPORT cadre_error_t cadre_future_wait_int (cadre_future_t *self, int64_t *value,
                                                  int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_future_wait_double (cadre_future_t *self, double *value,
                                                     int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_future_wait_text (cadre_future_t *self, const char **value,
                                                   int timeout_ms);

//  How far a task is. Never waits.
typedef enum cadre_state {
    CADRE_STATE_PENDING,   //  It has not ended
    CADRE_STATE_OK,        //  Outcome ok
    CADRE_STATE_FAILED,    //  Another outcome, see cadre_future_outcome
    CADRE_STATE_CANCELLED, //  Outcome cancelled
    CADRE_STATE_LOST //  There will be no outcome: refused, or the pool was closed, or the broker
                     //  given up
} cadre_state_t;
CADRE_EXPORT cadre_state_t cadre_future_state (cadre_future_t *self);

CADRE_EXPORT bool cadre_future_done (cadre_future_t *self); //  Never waits
CADRE_EXPORT const cadre_value_t *cadre_future_value (
    cadre_future_t *self); //  NULL unless ok (or a command)
CADRE_EXPORT cadre_outcome_t
cadre_future_outcome (cadre_future_t *self);                          //  CADRE_OUTCOME_NONE before
CADRE_EXPORT int cadre_future_code (cadre_future_t *self);            //  Exit code or signal
CADRE_EXPORT const char *cadre_future_kind (cadre_future_t *self);    //  Kind of the error, or ""
CADRE_EXPORT const char *cadre_future_message (cadre_future_t *self); //  What went wrong, or ""
CADRE_EXPORT const char *cadre_future_trace (cadre_future_t *self);   //  Lines, or ""
CADRE_EXPORT const char *cadre_future_worker (
    cadre_future_t *self);                                          //  Worker that failed it, or ""
CADRE_EXPORT unsigned cadre_future_attempts (cadre_future_t *self); //  Tries that it took
CADRE_EXPORT int64_t cadre_future_run_us (cadre_future_t *self);    //  How long the last try ran
CADRE_EXPORT double cadre_future_progress (
    cadre_future_t *self); //  What the function last reported, 0 to 1

//  Takes the next partial result that the function emitted: CADRE_OK and a value of the caller's,
//  CADRE_ERROR_END once the task has ended and none is left, CADRE_ERROR_TIMEOUT.
CADRE_EXPORT cadre_error_t cadre_future_next (cadre_future_t *self, cadre_value_t **value,
                                              int timeout_ms);

//  Asks for the task's end. Its outcome is cancelled, also when its function fails then, unless it
//  ended before, or its function returns a value all the same. Returns at once.
CADRE_EXPORT cadre_error_t cadre_future_cancel (cadre_future_t *self);

//  Calls back once when the task has ended (at once if it has): on the pool's thread, where it must
//  not block, or in cadre_dispatch. A future may have several callbacks, which run one after the
//  other in the order in which they were given; cadre_close calls those that are left. A callback
//  may read the future, submit, and destroy the future, which drops the callbacks behind it;
//  elsewhere its destruction waits until the callback has returned.
typedef void (cadre_done_fn) (cadre_future_t *future, void *argument);
CADRE_EXPORT cadre_error_t cadre_future_on_done (cadre_future_t *self, cadre_done_fn *callback,
                                                 void *argument);

//  Does not cancel: the task goes on and its result is dropped.
CADRE_EXPORT void cadre_future_destroy (cadre_future_t **self_p);

//  ---- many futures ----------------------------------------------------------

//  What cadre_wait waits for.
typedef enum cadre_wait_for {
    CADRE_WAIT_ALL,  //  All have ended
    CADRE_WAIT_ANY,  //  One has ended
    CADRE_WAIT_ERROR //  One has ended other than well, or all have ended
} cadre_wait_for_t;

//  Waits for futures of one pool; places that are NULL are passed over. CADRE_OK; CADRE_ERROR_TASK:
//  what was waited for has happened, and some failed (not of CADRE_WAIT_ANY); CADRE_ERROR_END: all
//  places are NULL; CADRE_ERROR_TIMEOUT.
CADRE_EXPORT cadre_error_t cadre_wait (cadre_future_t *const *futures, size_t count,
                                       cadre_wait_for_t which, int timeout_ms);

//  The future that was the first to end: CADRE_OK and its place in *index. Destroy it, which sets
//  its place to NULL, and the next call gives the next one, until CADRE_ERROR_END. Each call looks
//  at all places: for many thousands use a job.
//      while (cadre_wait_next (futures, count, &index, -1) == CADRE_OK) {
//          ... futures [index] ...
//          cadre_future_destroy (&futures [index]);
//      }
CADRE_EXPORT cadre_error_t cadre_wait_next (cadre_future_t *const *futures, size_t count,
                                            size_t *index, int timeout_ms);

//  ==== Many tasks ===================================================================

typedef struct cadre_job_options {
    const char *name;         //  Label; NULL: the function or command
    int priority;             //  Higher goes first
    unsigned limit;           //  Tasks of this job that run at a time; 0: no limit
    unsigned retries;         //  Tries after a failure
    bool no_rerun;            //  Must not run twice: a task whose worker was lost has failed
    int64_t timeout_ms;       //  For one try; 0, -1: no limit
    int64_t grace_ms;         //  From SIGTERM to SIGKILL; 0: 5000
    const char *const *needs; //  Labels that a worker must have, NULL-terminated
    bool detached; //  Outlives this connection; see cadre_job_number and cadre_job_follow
    const char *const *environment; //  Commands: NAME=VALUE, NULL-terminated; NULL: a worker's own
    const char *directory;          //  Commands: NULL: the worker's own
    const char *shell;              //  Commands given as a line; NULL: /bin/sh
    bool slot_mark;                 //  Commands: replace {%} by the slot's number
    bool ordered;                   //  cadre_job_next gives results in the order of tasks
    bool durable;                   //  Outlives every process (and is detached); see cadre_job_sync
    int64_t expire_ms; //  A task that has waited so long is not begun, wherever it is: expired; 0,
                       //  -1: never
    const char *retry_limits; //  Tries by cause, see below; NULL: retries holds
    int64_t backoff_ms; //  Before the first repetition, doubled each time; 0: the broker's 100
    const void *uuid;   //  Detached or durable: 16 bytes that name the job; NULL: random ones
    void *reserved [4]; //  Must be zero
} cadre_job_options_t;

//  durable: on stable storage at the broker, or CADRE_ERROR_REFUSED. retry_limits: repetitions by
//  cause, "error=3,timeout=1,out-of-memory=2,worker-lost=5" (and exit, signal); for others retries
//  holds. After a lost worker a task is tried 2 more times, unless no_rerun is set. uuid: the same
//  tasks, opened again under it by whoever has the key, are the same job; NOT_FOUND for a day after
//  it was forgotten, REFUSED for others.

typedef struct cadre_map_options {
    cadre_job_options_t job; //  Of the job that does it
    size_t
        chunk; //  Items that travel as one task; 0: cadre chooses, by slots and by what items take
    size_t batch;   //  Give the function lists of so many items, one list as its one argument; 0:
                    //  single items
    bool spread;    //  Each item is a list of arguments (starmap)
    bool unordered; //  cadre_imap: results as they come
    size_t window;  //  cadre_imap: items taken ahead of what was read; 0: cadre chooses
    int timeout_ms; //  cadre_map: for the whole call; 0, -1: no limit
    void *reserved [8]; //  Must be zero
} cadre_map_options_t;

//  function over a list; *results is a list in the same order (with batch: one value a batch), the
//  caller's. On CADRE_ERROR_TASK at least one item failed: its place holds a CADRE_TYPE_FAILURE
//  value, cadre_message names the first, and *results is set all the same. Time limits, crashes and
//  retries are each item's own, whatever the chunk; only what a worker is lost with runs again as a
//  chunk.
CADRE_EXPORT cadre_error_t cadre_map (cadre_t *self, const char *function,
                                      const cadre_value_t *items,
                                      const cadre_map_options_t *options, cadre_value_t **results);

//  The same over plain arrays; results has room for count. An item that failed leaves 0.
CADRE_EXPORT cadre_error_t cadre_map_int (cadre_t *self, const char *function, const int64_t *items,
                                          size_t count, const cadre_map_options_t *options,
                                          int64_t *results);
CADRE_EXPORT cadre_error_t cadre_map_double (cadre_t *self, const char *function,
                                             const double *items, size_t count,
                                             const cadre_map_options_t *options, double *results);

//  Gives the next item (the callee makes it, cadre destroys it), or NULL at the end. Called in
//  cadre_imap_next when no result is there, which waits as long as it blocks.
typedef cadre_value_t *(cadre_source_fn) (void *argument);

//  function over items that source gives, taken as results are read: never more than a window
//  ahead. Does not wait. NULL as cadre_submit.
CADRE_EXPORT cadre_imap_t *cadre_imap (cadre_t *self, const char *function, cadre_source_fn *source,
                                       void *argument, const cadre_map_options_t *options);
//  CADRE_OK and the caller's *value; CADRE_ERROR_TASK and a CADRE_TYPE_FAILURE value for an item
//  that failed (go on calling); CADRE_ERROR_END after the last; CADRE_ERROR_TIMEOUT. *index (may be
//  NULL) is the item's place.
CADRE_EXPORT cadre_error_t cadre_imap_next (cadre_imap_t *self, cadre_value_t **value,
                                            size_t *index, int timeout_ms);
CADRE_EXPORT const char *cadre_imap_message (cadre_imap_t *self);
CADRE_EXPORT void cadre_imap_destroy (cadre_imap_t **self_p); //  Cancels what has not ended

//  ---- jobs: full control -----------------------------------------------------

//  Opens a job of calls (function), or of commands (function NULL). NULL only when self is NULL or
//  memory is out.
CADRE_EXPORT cadre_job_t *cadre_job_open (cadre_t *self, const char *function,
                                          const cadre_job_options_t *options);

//  Add a task; each gives its index (may be NULL). They wait while the broker's window is closed,
//  for timeout of the pool's broker only: CADRE_ERROR_UNAVAILABLE when it is gone,
//  CADRE_ERROR_CLOSED when the job is sealed, CADRE_ERROR_REFUSED when there is no such job.
CADRE_EXPORT cadre_error_t cadre_job_add (cadre_job_t *self, uint32_t *index, const char *types,
                                          ...);
CADRE_EXPORT cadre_error_t cadre_job_add_typed (cadre_job_t *self, uint32_t *index,
                                                const cadre_typed_t *arguments);
CADRE_EXPORT cadre_error_t cadre_job_add_value (cadre_job_t *self, uint32_t *index,
                                                const cadre_value_t *arguments);
CADRE_EXPORT cadre_error_t cadre_job_add_command (cadre_job_t *self, uint32_t *index,
                                                  const char *const *argv, const void *input,
                                                  size_t input_bytes,
                                                  const char *const *environment);
//  A line for the job's shell.
CADRE_EXPORT cadre_error_t cadre_job_add_line (cadre_job_t *self, uint32_t *index, const char *line,
                                               const void *input, size_t input_bytes,
                                               const char *const *environment);
//  No more tasks follow. Needed for cadre_job_next to end.
CADRE_EXPORT cadre_error_t cadre_job_seal (cadre_job_t *self);

typedef enum cadre_event_kind {
    CADRE_EVENT_RESULT, //  A task has ended
    CADRE_EVENT_OUTPUT, //  A task wrote something
    CADRE_EVENT_NOTICE  //  A sentence about a wait
} cadre_event_kind_t;

//  Streams of CADRE_EVENT_OUTPUT.
typedef enum cadre_stream {
    CADRE_STREAM_STDOUT = 1,
    CADRE_STREAM_STDERR = 2,
    CADRE_STREAM_LOG = 3,      //  Lines of cadre_task_log
    CADRE_STREAM_PROGRESS = 4, //  bytes: msgpack, a list of fraction and text
    CADRE_STREAM_PARTIAL = 5   //  bytes: msgpack, one value
} cadre_stream_t;

typedef struct cadre_event {
    cadre_event_kind_t kind;
    uint32_t index;          //  The task
    unsigned attempt;        //  Tries so far
    cadre_outcome_t outcome; //  RESULT
    int code;                //  RESULT: exit code or signal; NOTICE: cadre_error_t
    int64_t run_us;          //  RESULT: how long the last try ran
    const void
        *bytes; //  RESULT: the value, msgpack; OUTPUT: what was written; valid until the next call
    size_t size_bytes;     //  Of bytes
    cadre_stream_t stream; //  OUTPUT
    bool cut;              //  OUTPUT: bytes before these were dropped
    bool anew; //  OUTPUT: the broker was restarted and the task runs anew; what it wrote before is
               //  void
    const char *error_kind; //  RESULT: or ""
    const char *message;    //  RESULT, NOTICE: or ""
    const char *trace;      //  RESULT: or ""
    const char *worker;     //  RESULT: that failed it, or ""
    int64_t user_us;        //  RESULT of a command: processor time
    int64_t system_us;      //  RESULT of a command
    int64_t max_rss_bytes;  //  RESULT of a command: most memory
} cadre_event_t;

//  Structs that the library writes may grow at their end. So it is told how large they were when
//  the program was compiled (the calls of inline functions below do that), writes no more than
//  that, and leaves zeros in what it does not know.

//  The next event, in the order in which they came (option ordered: results in the order of tasks,
//  a task's output before its result and not mixed with another's). CADRE_OK; CADRE_ERROR_END when
//  the job is sealed, all tasks have ended and nothing is left; CADRE_ERROR_TIMEOUT; or why the job
//  cannot go on. One thread at a time.
CADRE_EXPORT cadre_error_t cadre_job_next_sized (cadre_job_t *self, cadre_event_t *event,
                                                 size_t event_bytes, int timeout_ms);
static inline cadre_error_t cadre_job_next (cadre_job_t *self, cadre_event_t *event, int timeout_ms)
{
    return cadre_job_next_sized (self, event, sizeof *event, timeout_ms);
}

//  Waits until all tasks added so far have ended, without taking events: these are kept here,
//  whatever their size. CADRE_OK, CADRE_ERROR_TASK when some failed, CADRE_ERROR_TIMEOUT.
CADRE_EXPORT cadre_error_t cadre_job_wait (cadre_job_t *self, int timeout_ms);

typedef struct cadre_progress {
    uint64_t total;   //  Tasks added so far
    uint64_t waiting; //  Not at a slot or worker yet
    uint64_t running; //  At a worker
    uint64_t done;    //  Ended well
    uint64_t failed;  //  Ended otherwise
} cadre_progress_t;

//  As last heard; never waits.
CADRE_EXPORT cadre_error_t cadre_job_progress_sized (cadre_job_t *self, cadre_progress_t *progress,
                                                     size_t progress_bytes);
static inline cadre_error_t cadre_job_progress (cadre_job_t *self, cadre_progress_t *progress)
{
    return cadre_job_progress_sized (self, progress, sizeof *progress);
}

//  Waits until the broker has all that was handed over for this job: tasks, seal and cancels. For a
//  durable job that means: on stable storage, so that it survives the loss of broker and client.
//  CADRE_OK, CADRE_ERROR_TIMEOUT, or why the job has failed. After cadre_job_seal, for example:
//      cadre_error_t error = cadre_job_sync (job, -1);
CADRE_EXPORT cadre_error_t cadre_job_sync (cadre_job_t *self, int timeout_ms);

//  The job's number at the broker; waits for it. 0 when there is none: see cadre_job_message. That
//  of an attached job changes when the broker is restarted.
CADRE_EXPORT uint64_t cadre_job_number (cadre_job_t *self, int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_job_cancel (cadre_job_t *self);
CADRE_EXPORT cadre_error_t cadre_job_cancel_task (cadre_job_t *self, uint32_t index);
CADRE_EXPORT const char *cadre_job_message (cadre_job_t *self);
CADRE_EXPORT void cadre_job_destroy (cadre_job_t **self_p); //  An attached job is cancelled

#define CADRE_FOLLOW_RESULTS 1u
#define CADRE_FOLLOW_OUTPUT 2u
#define CADRE_FOLLOW_WAIT 4u //  Go on until it has ended

//  Results and output of a detached job, by number, from any connection: read them with
//  cadre_job_next. CADRE_ERROR_NOT_FOUND comes from there.
CADRE_EXPORT cadre_job_t *cadre_job_follow (cadre_t *self, uint64_t number, unsigned what);

//  Of the library that is loaded: "0.1.0", and as CADRE_VERSION.
CADRE_EXPORT const char *cadre_version (void);
CADRE_EXPORT unsigned cadre_version_number (void);

//  Can the library that is loaded serve a program that was compiled with the header of that
//  version? Ask it first where program and library are installed apart: if (!cadre_version_fits
//  (CADRE_VERSION)) ...
CADRE_EXPORT bool cadre_version_fits (unsigned header);

#ifdef __cplusplus
}
#endif
#endif
