/*  cadre.h - a process pool that spans machines
 *
 *  A program submits tasks: calls of named functions with arguments, or commands. They run on
 *  threads or processes of this machine, or on workers on many hosts; the calls are the same. Each
 *  task has exactly one outcome.
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
 *  This header includes the others:
 *
 *      cadre_error.h       errors and outcomes
 *      cadre_value.h       values: arguments and results
 *      cadre_function.h    functions: what a worker, a plugin or an embedded pool runs
 *      cadre_typed.h       arguments whose types the compiler knows: CADRE_ARGS
 *      cadre_letters.h     a warning where letters and arguments do not match
 *
 *  These rules hold for every call unless its text says otherwise:
 *
 *  - Threads: several threads may use a cadre_t or a cadre_job_t at the same time. A future, an
 *    iterator and a value belong to one thread at a time, a cadre_task_t to the thread that runs
 *    the function.
 *  - Ownership: a `T **` parameter is consumed and set to NULL; it may be NULL or point to NULL.
 * But *value, *body and *results are written, and are the caller's then. A `T *` parameter is
 *    borrowed, for the duration of the call. A returned `const char *` or `const void *` belongs to
 *    the object that was asked, and is valid until that object is changed or destroyed. Arguments
 *    and options are copied. Texts are UTF-8.
 *  - Times are in milliseconds, except in names that end in _us: microseconds. A timeout of 0 does
 *    not wait; in options, 0 is the default that stands there. -1 is no limit in both.
 *  - Errors: CADRE_OK is 0. CADRE_ERROR_ARGUMENT: a pointer is NULL that must not be, or an option
 *    is not valid. cadre_message, cadre_future_message, cadre_imap_message and cadre_job_message
 *    name the cause and the cure.
 *  - After fork, each call in the child returns CADRE_ERROR_FORKED, NULL, false, 0 or "". The
 *    destructors free nothing there.
 *  - The library installs no signal handler, prints nothing, and changes no setting of the process.
 *  - Memory: without memory to start its threads or sockets, cadre_open returns NULL. In every call
 *    an allocation of 1 MiB or more that fails (a payload, a result, a long list) is
 *    CADRE_ERROR_MEMORY or NULL; a task whose result finds none fails (kind "memory"). Smaller
 *    allocations are not checked: when one fails, the process ends by abort (SIGABRT). Keep 16
 *    MiB free for these (with a broker elsewhere: 3 times the largest result). libzmq aborts as
 *    well, also when descriptors run out after cadre_open.
 *  - Output: a function's printf writes to the worker's streams, not to the caller's. In a thread
 *    slot these are stdout and stderr of its process; in a process slot both are the worker's
 *    stderr, so that nothing mixes with data; with an embedded pool, the worker is this program.
 *    stdout is buffered as in a pipe there: use fflush. Plugins follow the same rules. What a
 *    command writes comes to the caller (cadre_submit_command, CADRE_EVENT_OUTPUT), as do
 *    cadre_task_log, cadre_task_progress and cadre_task_emit of a function.
 */

#ifndef CADRE_H_INCLUDED
#define CADRE_H_INCLUDED

#include <cadre_error.h>
#include <cadre_function.h>
#include <cadre_letters.h>
#include <cadre_typed.h>
#include <cadre_value.h>

#ifdef __cplusplus
extern "C" {
#endif

//  The version of this header. In programs: #if CADRE_VERSION >= CADRE_VERSION_OF (0, 2, 0)
#define CADRE_VERSION_MAJOR 0
#define CADRE_VERSION_MINOR 1
#define CADRE_VERSION_PATCH 0
#define CADRE_VERSION_OF(major, minor, patch) (10000 * (major) + 100 * (minor) + (patch))
#define CADRE_VERSION                                                                              \
    CADRE_VERSION_OF (CADRE_VERSION_MAJOR, CADRE_VERSION_MINOR, CADRE_VERSION_PATCH)

typedef struct cadre cadre_t;                    //  A pool: a connection to a broker
typedef struct cadre_future cadre_future_t;      //  A task that was submitted
typedef struct cadre_job cadre_job_t;            //  A job: tasks that share options
typedef struct cadre_imap_iterator cadre_imap_t; //  Results of a function over a stream of items

//  ==== Pools ====================================================================

//  Zero is the default of each field, so `&(cadre_options_t) {.slots = 4}` is complete. Fields
//  marked "embedded" are for pools of this machine.
typedef struct cadre_options {
    unsigned slots; //  Embedded: tasks that run at a time; 0: CPUs that the process may use
    bool threads;   //  Embedded: slots are threads of this process, not processes
    //  Embedded: functions of this program, which are not copied; NULL: those given to cadre_main.
    //  Without cadre_main they need thread slots
    const cadre_function_t *functions;
    const char *const *plugins; //  Embedded: plugin files, NULL-terminated
    const char *const *program; //  Embedded: argv of a program that serves functions (PROGRAM.md),
                                //  NULL-terminated
    uint64_t max_tasks;         //  Embedded: a slot is replaced after so many tasks or items
    const char *name;           //  Label of this client; NULL: user@host:pid
    int connect_timeout_ms;     //  Limit of cadre_open; 0: reconnect_ms if given, else 5000; -1: no
                                //  limit. Loading plugins may take a minute
    size_t window_bytes;        //  Limit of unread results of jobs in this process; 0: 64 MiB. When
                                //  it is reached, the broker sends no more until some are read. A
                                //  larger result comes alone
    bool callbacks_by_dispatch; //  Callbacks run in cadre_dispatch, not on the pool's own thread
    const char *access;         //  Access file for a broker that needs a key; NULL: CADRE_ACCESS
    int reconnect_ms; //  How long the pool tries to reach a broker that is away; 0: CADRE_RECONNECT
                      //  ("10s", "forever"), else 60000; -1: no limit
    void *reserved [6]; //  Must be zero
} cadre_options_t;

//  Opens a pool, and waits until the broker answers (and the worker, if embedded).
//
//  address NULL: the broker that options->access names; without it, a pool of this machine, whose
//  broker and worker are threads of this process. Else the broker's address, or several of one
//  broker with commas between ("tcp://hub:5700", "ipc:///run/cadre"). Each address is tried, and
//  each number of a host's name, until the broker answers.
//
//  NULL on failure: cadre_open_error and cadre_open_message tell why. Close the pool with
//  cadre_close, cadre_stop or cadre_abort.
//
//  When the broker goes away, the library reconnects; blocking calls keep waiting, and nothing
//  fails. If the broker was restarted, the library submits the jobs again, without the tasks whose
//  results have come. Each result is given once; a task that ran meanwhile may run twice (with
//  no_rerun it ends as worker-lost instead). After reconnect_ms everything that is open fails with
//  CADRE_ERROR_UNAVAILABLE; if the broker comes back after that, the pool can be used again. A
//  request (cadre_request) is not repeated: it fails with CADRE_ERROR_CLOSED.
CADRE_EXPORT cadre_t *cadre_open (const char *address, const cadre_options_t *options);

//  The error of this thread's last cadre_open, and its text. After success CADRE_OK, and "" or the
//  reason why the pool has fewer slots than were asked for. Valid until this thread's next
//  cadre_open.
CADRE_EXPORT cadre_error_t cadre_open_error (void);
CADRE_EXPORT const char *cadre_open_message (void);

//  Three ways to close a pool:
//
//                   running tasks                 waiting tasks      returns after
//      cadre_close  may end within timeout_ms     run as well        at most timeout_ms + 1 s
//      cadre_stop   may end within timeout_ms     are cancelled      at most timeout_ms + 1 s
//      cadre_abort  are cancelled                 are cancelled      at most about 1 s
//
//  Tasks that have not ended after timeout_ms are cancelled; then the result is
//  CADRE_ERROR_TIMEOUT, else CADRE_OK. Detached and durable jobs are not cancelled: the broker
//  keeps them.
//
//  Futures, iterators and jobs stay readable until they are destroyed. A cancelled task has the
//  state CADRE_STATE_CANCELLED, or CADRE_STATE_LOST if the broker did not confirm it in time. Each
//  callback that was not called yet is called once before the call returns, on the pool's thread or
//  on the one that closes. Functions in thread slots cannot be killed: they should look at
//  cadre_task_cancelled. No thread may use the pool afterwards, but threads may still wait for its
//  futures and jobs.
CADRE_EXPORT cadre_error_t cadre_close (cadre_t **self_p, int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_stop (cadre_t **self_p, int timeout_ms);
CADRE_EXPORT void cadre_abort (cadre_t **self_p);

//  The text of the calling thread's last failed call on this pool, or on its futures, iterators and
//  jobs; "" if none has failed. Each thread has one text for each pool, however many there are.
//  Valid until this thread's next failed call.
CADRE_EXPORT const char *cadre_message (cadre_t *self);

//  The broker's address in use, as it was given, never NULL. It changes when another address
//  answers after a loss. Embedded: an address that programs in tasks can use.
CADRE_EXPORT const char *cadre_address (const cadre_t *self);

//  True while the broker is heard (it beats at least every few seconds). Never waits.
CADRE_EXPORT bool cadre_connected (cadre_t *self);

//  For event loops: a descriptor that polls readable when futures or jobs of this pool have news.
//  It belongs to the pool: do not close it. -1: no descriptor is free. cadre_dispatch makes it
//  unreadable, and with callbacks_by_dispatch runs the callbacks that are due; it never blocks.
CADRE_EXPORT int cadre_descriptor (cadre_t *self);
CADRE_EXPORT cadre_error_t cadre_dispatch (cadre_t *self);

//  Sends a request to the broker and waits for the reply; SPEC.md lists the requests, for example
//  cadre_request (pool, "worker.list", NULL, &body, 1000). arguments: a map, or NULL. *body is the
//  caller's; body may be NULL. CADRE_ERROR_TIMEOUT, _REFUSED, _NOT_FOUND, _CLOSED, _UNAVAILABLE.
CADRE_EXPORT cadre_error_t cadre_request (cadre_t *self, const char *what,
                                          const cadre_value_t *arguments, cadre_value_t **body,
                                          int timeout_ms);

//  ==== One task ===================================================================

//  Submits a call and returns at once; it waits only while the broker's window is closed. types has
//  a letter for each argument, and the argument must have exactly this C type:
//
//      i int64_t   u uint64_t   d double   b int (bool)   s const char *   n no argument (nil)
//      S const char *, size_t (text)   B const void *, size_t (blob)   v const cadre_value_t *
//
//  The compiler warns of a mismatch where it can (cadre_letters.h). CADRE_ARGS needs no letters.
//  NULL for types is no arguments.
//
//  The future is the caller's. Errors come by the future, also wrong arguments. NULL only when self
//  is NULL, in a forked child, or without memory for the future.
CADRE_EXPORT cadre_future_t *cadre_submit (cadre_t *self, const char *function, const char *types,
                                           ...);

//  The same with arguments that know their types, CADRE_ARGS (...) of cadre_typed.h, or as a list
//  value. NULL is no arguments in both. options may be NULL; see cadre_job_options_t.
struct cadre_job_options;
CADRE_EXPORT cadre_future_t *cadre_submit_typed (cadre_t *self, const char *function,
                                                 const cadre_typed_t *arguments,
                                                 const struct cadre_job_options *options);
CADRE_EXPORT cadre_future_t *cadre_submit_value (cadre_t *self, const char *function,
                                                 const cadre_value_t *arguments,
                                                 const struct cadre_job_options *options);

//  Submits a command: argv, NULL-terminated; it is executed without a shell. The future's value is
//  a map of what it wrote, also when it failed: stdout (blob), stderr (blob). cadre_future_code has
//  its exit code. Else as cadre_submit.
CADRE_EXPORT cadre_future_t *cadre_submit_command (cadre_t *self, const char *const *argv,
                                                   const struct cadre_job_options *options);

//  Submits a call and waits for its value. *value is the caller's; value may be NULL. On failure
//  *value is NULL: CADRE_ERROR_TASK when the task failed; after CADRE_ERROR_TIMEOUT the task is
//  cancelled; CADRE_ERROR_MEMORY; and the errors of cadre_future_wait. cadre_message tells why.
CADRE_EXPORT cadre_error_t cadre_call (cadre_t *self, cadre_value_t **value, int timeout_ms,
                                       const char *function, const char *types, ...);
CADRE_EXPORT cadre_error_t cadre_call_typed (cadre_t *self, cadre_value_t **value, int timeout_ms,
                                             const char *function, const cadre_typed_t *arguments);

//  Waits for the outcome. CADRE_OK: outcome ok. CADRE_ERROR_TASK: another outcome.
//  CADRE_ERROR_TIMEOUT: it has not ended; wait again, or cancel. Any other error: there will be no
//  outcome, and this is why (CADRE_ERROR_CLOSED, _UNAVAILABLE, _REFUSED, _ARGUMENT, _MEMORY,
//  _TOO_LARGE).
CADRE_EXPORT cadre_error_t cadre_future_wait (cadre_future_t *self, int timeout_ms);

//  Waits, and converts the value. Errors as cadre_future_wait; CADRE_ERROR_TYPE when the value has
//  another type. value may be NULL. The text is valid until the future is destroyed.
CADRE_EXPORT cadre_error_t cadre_future_wait_int (cadre_future_t *self, int64_t *value,
                                                  int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_future_wait_double (cadre_future_t *self, double *value,
                                                     int timeout_ms);
CADRE_EXPORT cadre_error_t cadre_future_wait_text (cadre_future_t *self, const char **value,
                                                   int timeout_ms);

typedef enum cadre_state {
    CADRE_STATE_PENDING,   //  It has not ended
    CADRE_STATE_OK,        //  Outcome ok
    CADRE_STATE_FAILED,    //  Another outcome; see cadre_future_outcome
    CADRE_STATE_CANCELLED, //  Outcome cancelled
    CADRE_STATE_LOST       //  There will be no outcome: it was refused, the pool was closed, or
                           //  reconnecting was given up
} cadre_state_t;

//  The state of the task, and whether it has ended. They take in what has come, and never wait.
CADRE_EXPORT cadre_state_t cadre_future_state (cadre_future_t *self);
CADRE_EXPORT bool cadre_future_done (cadre_future_t *self);

//  The value, which belongs to the future. NULL before the end, unless the outcome is ok (a command
//  has a value with any outcome), and when there is no memory to read it.
CADRE_EXPORT const cadre_value_t *cadre_future_value (cadre_future_t *self);

//  How the task ended: CADRE_OUTCOME_NONE before the end, and when there is no outcome. Then the
//  exit code (outcome exit) or signal (outcome signal), else 0.
CADRE_EXPORT cadre_outcome_t cadre_future_outcome (cadre_future_t *self);
CADRE_EXPORT int cadre_future_code (cadre_future_t *self);

//  Of a task that failed: the kind of the error, a word for programs; what went wrong, for people;
//  the trace, in lines; and the worker that ran it. Each is "" if there is none.
CADRE_EXPORT const char *cadre_future_kind (cadre_future_t *self);
CADRE_EXPORT const char *cadre_future_message (cadre_future_t *self);
CADRE_EXPORT const char *cadre_future_trace (cadre_future_t *self);
CADRE_EXPORT const char *cadre_future_worker (cadre_future_t *self);

//  The number of tries, and how long the last one ran, in microseconds: 0 before the end. What the
//  function reported last with cadre_task_progress, from 0 to 1. They never wait.
CADRE_EXPORT unsigned cadre_future_attempts (cadre_future_t *self);
CADRE_EXPORT int64_t cadre_future_run_us (cadre_future_t *self);
CADRE_EXPORT double cadre_future_progress (cadre_future_t *self);

//  Takes the next value that the function emitted with cadre_task_emit. CADRE_OK: *value is the
//  caller's. CADRE_ERROR_END: the task has ended, and none is left. CADRE_ERROR_TIMEOUT.
CADRE_EXPORT cadre_error_t cadre_future_next (cadre_future_t *self, cadre_value_t **value,
                                              int timeout_ms);

//  Cancels the task, and returns at once. The outcome is cancelled, also when the function fails
//  because of that; not if the task had ended before, or the function returns a value all the same.
CADRE_EXPORT cadre_error_t cadre_future_cancel (cadre_future_t *self);

//  Calls callback once when the task has ended, at once if it has: on the pool's thread, where it
//  must not block, or in cadre_dispatch (callbacks_by_dispatch). A future may have several
//  callbacks; they run one after the other in the order in which they were given. The ways to close
//  a pool call those that are left. A callback may read the future, submit, and destroy the future;
//  that drops the callbacks behind it. Elsewhere cadre_future_destroy waits until a callback that
//  runs has returned. CADRE_ERROR_CLOSED: the pool was closed; CADRE_ERROR_MEMORY.
typedef void (cadre_done_fn) (cadre_future_t *future, void *argument);
CADRE_EXPORT cadre_error_t cadre_future_on_done (cadre_future_t *self, cadre_done_fn *callback,
                                                 void *argument);

//  Frees the future. It does not cancel: the task goes on, and its result is dropped.
CADRE_EXPORT void cadre_future_destroy (cadre_future_t **self_p);

//  ---- many futures ----------------------------------------------------------

typedef enum cadre_wait_for {
    CADRE_WAIT_ALL,  //  All have ended
    CADRE_WAIT_ANY,  //  One has ended
    CADRE_WAIT_ERROR //  One has ended with another outcome than ok, or all have ended
} cadre_wait_for_t;

//  Waits for futures of one pool; elements that are NULL are skipped. CADRE_OK. CADRE_ERROR_TASK:
//  what was waited for has happened, and some failed (not with CADRE_WAIT_ANY). CADRE_ERROR_END:
//  all elements are NULL. CADRE_ERROR_TIMEOUT. CADRE_ERROR_ARGUMENT: they are of several pools.
CADRE_EXPORT cadre_error_t cadre_wait (cadre_future_t *const *futures, size_t count,
                                       cadre_wait_for_t which, int timeout_ms);

//  Waits for the future that ends first: CADRE_OK, and its index in *index. Destroy it, which sets
//  its element to NULL; then the next call gives the next one, until CADRE_ERROR_END. Other errors
//  as cadre_wait. Each call looks at all elements: for many thousands use a job.
//
//      while (cadre_wait_next (futures, count, &index, -1) == CADRE_OK) {
//          ... futures [index] ...
//          cadre_future_destroy (&futures [index]);
//      }
CADRE_EXPORT cadre_error_t cadre_wait_next (cadre_future_t *const *futures, size_t count,
                                            size_t *index, int timeout_ms);

//  ==== Many tasks ===================================================================

//  Zero is the default of each field.
typedef struct cadre_job_options {
    const char *name;         //  Label; NULL: the function or command
    int priority;             //  Higher goes first
    unsigned limit;           //  Tasks of this job that run at a time; 0: no limit
    unsigned retries;         //  Repetitions after a failure
    bool no_rerun;            //  A task must not run twice: if its worker is lost, it has failed
    int64_t timeout_ms;       //  Limit of one try; 0, -1: no limit
    int64_t grace_ms;         //  Time from SIGTERM to SIGKILL; 0: 5000
    const char *const *needs; //  Labels that a worker must have, NULL-terminated
    bool detached; //  The job outlives this connection; see cadre_job_number, cadre_job_follow
    const char *const *environment; //  Commands: NAME=VALUE, NULL-terminated; NULL: the worker's
    const char *directory;          //  Commands: working directory; NULL: the worker's
    const char *shell;              //  Commands given as a line; NULL: /bin/sh
    bool slot_mark;                 //  Commands: {%} is replaced by the slot's number
    bool ordered;                   //  cadre_job_next gives results in the order of tasks
    bool durable;      //  The job is on the broker's disk, and outlives every process (detached as
                       //  well); CADRE_ERROR_REFUSED if the broker has no store. See cadre_job_sync
    int64_t expire_ms; //  A task that has waited so long does not begin: outcome expired; 0, -1:
                       //  never
    const char *retry_limits; //  Repetitions by cause, such as "error=3,timeout=1,worker-lost=5";
                              //  causes: error, exit, signal, timeout, out-of-memory, worker-lost.
                              //  For others retries holds; after a lost worker there are 2 more
                              //  tries, unless no_rerun is set
    int64_t backoff_ms; //  Wait before the first repetition, doubled each time; 0: the broker's 100
    const void *uuid;   //  Detached or durable: 16 bytes that identify the job; NULL: random. When
                        //  the holder of the same key opens the same tasks under it again, it is
                        //  the same job; with other tasks CADRE_ERROR_REFUSED. For a day after the
                        //  job was forgotten: CADRE_ERROR_NOT_FOUND
    void *reserved [4]; //  Must be zero
} cadre_job_options_t;

typedef struct cadre_map_options {
    cadre_job_options_t job; //  Options of the job that runs the items
    size_t chunk;   //  Items per task; 0: chosen by slots and measured times (cadre_imap: 1)
    size_t batch;   //  The function gets lists of so many items, as its one argument; 0: items
    bool spread;    //  Each item is a list of arguments (starmap)
    bool unordered; //  cadre_imap: results as they come
    size_t window;  //  cadre_imap: items taken ahead of the results that were read; 0: chosen
    int timeout_ms; //  cadre_map: limit of the whole call; 0, -1: no limit
    bool *valid;    //  cadre_map_int, _double: NULL, or room for count: set to true where there is
                    //  a result, else to false
    void *reserved [7]; //  Must be zero
} cadre_map_options_t;

//  Calls function for each item of a list, and waits for all. *results is a list in the same order
//  (with batch: one value for each batch), and the caller's; results may be NULL. An item without a
//  result has a CADRE_TYPE_FAILURE value in its place: a list of kind, message and trace.
//
//  CADRE_ERROR_TASK: items failed; cadre_message names the first. CADRE_ERROR_TIMEOUT (timeout_ms),
//  _CLOSED, _UNAVAILABLE: the map ended early; *results has all that came, and a failure of kind
//  "unfinished" for each item that had not ended, which is cancelled:
//
//      cadre_map (pool, "score", items, &(cadre_map_options_t) {.timeout_ms = 60000}, &results);
//      for (size_t i = 0; i < cadre_value_count (results); i++) {
//          const cadre_value_t *result = cadre_value_at (results, i);
//          if (cadre_value_type (result) != CADRE_TYPE_FAILURE)
//              use (i, result);
//          else if (strcmp (cadre_value_text (cadre_value_at (result, 0)), "unfinished") == 0)
//              try_later (i);
//      }
//
//  *results is NULL after CADRE_ERROR_ARGUMENT, and when there is no memory for it. Time limits,
//  crashes and retries are each item's own, whatever the chunk; but a lost worker takes its whole
//  chunk along.
CADRE_EXPORT cadre_error_t cadre_map (cadre_t *self, const char *function,
                                      const cadre_value_t *items,
                                      const cadre_map_options_t *options, cadre_value_t **results);

//  The same over arrays of numbers; results has room for count, and may be the same array as items.
//  An item that failed, or whose result is no such number, leaves 0; one that had not ended leaves
//  its element as it was. options->valid tells which results are there. Also CADRE_ERROR_TYPE: a
//  result is no such number.
CADRE_EXPORT cadre_error_t cadre_map_int (cadre_t *self, const char *function, const int64_t *items,
                                          size_t count, const cadre_map_options_t *options,
                                          int64_t *results);
CADRE_EXPORT cadre_error_t cadre_map_double (cadre_t *self, const char *function,
                                             const double *items, size_t count,
                                             const cadre_map_options_t *options, double *results);

//  Gives the next item, which cadre destroys; NULL at the end; cadre_imap_later () when there is
//  none yet. It is called within cadre_imap_next when no result is there; that waits while it
//  blocks.
typedef cadre_value_t *(cadre_source_fn) (void *argument);

//  What a source returns that has no item now and does not want to block: it is asked again soon.
//  Static: do not destroy it.
CADRE_EXPORT cadre_value_t *cadre_imap_later (void);

//  Calls function for the items that source gives. Items are taken as results are read, at most a
//  window ahead. Never waits. The iterator is the caller's; NULL and errors as cadre_submit: they
//  come by cadre_imap_next.
CADRE_EXPORT cadre_imap_t *cadre_imap (cadre_t *self, const char *function, cadre_source_fn *source,
                                       void *argument, const cadre_map_options_t *options);

//  Waits for the next result. CADRE_OK: *value is the caller's. CADRE_ERROR_TASK: the item failed,
//  and *value is a CADRE_TYPE_FAILURE value; go on. CADRE_ERROR_END: that was the last one.
//  CADRE_ERROR_TIMEOUT: try again. Any other error ends the iterator. *index is the item's number
//  from 0; index may be NULL.
CADRE_EXPORT cadre_error_t cadre_imap_next (cadre_imap_t *self, cadre_value_t **value,
                                            size_t *index, int timeout_ms);

//  The text of the last error, or "". What the broker says about a wait of some seconds ("no worker
//  offers score"), once, or "". Both are valid until the next call on the iterator.
CADRE_EXPORT const char *cadre_imap_message (cadre_imap_t *self);
CADRE_EXPORT const char *cadre_imap_notice (cadre_imap_t *self);

//  Cancels the items that have not ended, and frees the iterator.
CADRE_EXPORT void cadre_imap_destroy (cadre_imap_t **self_p);

//  ---- jobs: full control -----------------------------------------------------

//  Opens a job of calls (function), or of commands (function NULL). The job is the caller's. Errors
//  come by the calls below and cadre_job_message. NULL only when self is NULL, in a forked child,
//  or without memory for the job.
CADRE_EXPORT cadre_job_t *cadre_job_open (cadre_t *self, const char *function,
                                          const cadre_job_options_t *options);

//  Add a task: a call with arguments as in cadre_submit, a command, or a line for the job's shell.
//  input is what a command reads from its stdin (NULL: nothing), environment is added to the job's
//  (NULL: nothing). *index is the task's number from 0; index may be NULL.
//
//  They wait while the broker's window is closed. CADRE_ERROR_UNAVAILABLE: the broker is gone.
//  CADRE_ERROR_CLOSED: the job is sealed, or the pool closed. CADRE_ERROR_REFUSED: there is no such
//  job. CADRE_ERROR_ARGUMENT, _TOO_LARGE (over 1 GiB), _MEMORY: this task was not added.
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
CADRE_EXPORT cadre_error_t cadre_job_add_line (cadre_job_t *self, uint32_t *index, const char *line,
                                               const void *input, size_t input_bytes,
                                               const char *const *environment);

//  Seals the job: no more tasks follow. Only then can cadre_job_next come to its end.
CADRE_EXPORT cadre_error_t cadre_job_seal (cadre_job_t *self);

typedef enum cadre_event_kind {
    CADRE_EVENT_RESULT, //  A task has ended
    CADRE_EVENT_OUTPUT, //  A task wrote something
    CADRE_EVENT_NOTICE  //  Why the job waits
} cadre_event_kind_t;

//  Streams of CADRE_EVENT_OUTPUT.
typedef enum cadre_stream {
    CADRE_STREAM_STDOUT = 1,   //  Commands only
    CADRE_STREAM_STDERR = 2,   //  Commands only
    CADRE_STREAM_LOG = 3,      //  Lines of cadre_task_log
    CADRE_STREAM_PROGRESS = 4, //  bytes: msgpack, a list of fraction and text
    CADRE_STREAM_PARTIAL = 5   //  bytes: msgpack, one value of cadre_task_emit
} cadre_stream_t;

//  Texts and bytes are valid until the next cadre_job_next; texts are never NULL.
typedef struct cadre_event {
    cadre_event_kind_t kind;
    uint32_t index;          //  The task
    unsigned attempt;        //  Tries so far
    cadre_outcome_t outcome; //  RESULT
    int code;                //  RESULT: exit code or signal; NOTICE: cadre_error_t
    int64_t run_us;          //  RESULT: how long the last try ran
    const void *bytes;       //  RESULT: the value, msgpack (cadre_value_decode); OUTPUT: what the
                             //  task wrote
    size_t size_bytes;       //  Of bytes
    cadre_stream_t stream;   //  OUTPUT
    bool cut;                //  OUTPUT: bytes before these were dropped
    bool anew;               //  OUTPUT: the broker was restarted and the task runs again: discard
                             //  what it wrote before
    const char *error_kind;  //  RESULT: or ""
    const char *message;     //  RESULT, NOTICE: or ""
    const char *trace;       //  RESULT: or ""
    const char *worker;      //  RESULT: the worker on which the task failed, or ""
    int64_t user_us;         //  RESULT of a command: processor time
    int64_t system_us;       //  RESULT of a command: processor time in the kernel
    int64_t max_rss_bytes;   //  RESULT of a command: most memory
} cadre_event_t;

//  Waits for the next event, in the order in which they came (option ordered: results in the order
//  of tasks, a task's output before its result and not mixed with another's). One thread at a time.
//  CADRE_OK. CADRE_ERROR_END: the job is sealed, all tasks have ended, and nothing is left.
//  CADRE_ERROR_TIMEOUT. Any other error: why the job cannot go on.
//
//  Structs that the library writes may get more fields at their end. So the library is told the
//  size with which the program was compiled (the inline functions do that). It writes no more than
//  that, and sets fields that it does not know to zero.
CADRE_EXPORT cadre_error_t cadre_job_next_sized (cadre_job_t *self, cadre_event_t *event,
                                                 size_t event_bytes, int timeout_ms);
static inline cadre_error_t cadre_job_next (cadre_job_t *self, cadre_event_t *event, int timeout_ms)
{
    return cadre_job_next_sized (self, event, sizeof *event, timeout_ms);
}

//  Waits until all tasks added so far have ended. It takes no events: they are kept in this
//  process, whatever their size. CADRE_OK; CADRE_ERROR_TASK when some failed; CADRE_ERROR_TIMEOUT;
//  or why the job has failed.
CADRE_EXPORT cadre_error_t cadre_job_wait (cadre_job_t *self, int timeout_ms);

typedef struct cadre_progress {
    uint64_t total;   //  Tasks added so far
    uint64_t waiting; //  Not at a worker yet
    uint64_t running; //  At a worker
    uint64_t done;    //  Outcome ok
    uint64_t failed;  //  Another outcome
} cadre_progress_t;

//  The counts that the broker sent last (at most ten times a second). Never waits. CADRE_OK.
CADRE_EXPORT cadre_error_t cadre_job_progress_sized (cadre_job_t *self, cadre_progress_t *progress,
                                                     size_t progress_bytes);
static inline cadre_error_t cadre_job_progress (cadre_job_t *self, cadre_progress_t *progress)
{
    return cadre_job_progress_sized (self, progress, sizeof *progress);
}

//  Waits until the broker has acknowledged all tasks, the seal and the cancels of this job. For a
//  durable job they are on stable storage then, and survive the loss of broker and client. Call it
//  after cadre_job_seal. CADRE_OK, CADRE_ERROR_TIMEOUT, or why the job has failed.
CADRE_EXPORT cadre_error_t cadre_job_sync (cadre_job_t *self, int timeout_ms);

//  Waits for the job's number at the broker. 0 on failure: see cadre_job_message. After a restart
//  of the broker, an attached job has another number.
CADRE_EXPORT uint64_t cadre_job_number (cadre_job_t *self, int timeout_ms);

//  Cancel all tasks that have not ended, also those added later; or one task. They return at once:
//  CADRE_OK, or CADRE_ERROR_ARGUMENT.
CADRE_EXPORT cadre_error_t cadre_job_cancel (cadre_job_t *self);
CADRE_EXPORT cadre_error_t cadre_job_cancel_task (cadre_job_t *self, uint32_t index);

//  The text of the job's last error, or "".
CADRE_EXPORT const char *cadre_job_message (cadre_job_t *self);

//  Frees the job. Tasks of an attached job are cancelled; a detached job goes on at the broker.
CADRE_EXPORT void cadre_job_destroy (cadre_job_t **self_p);

#define CADRE_FOLLOW_RESULTS 1u //  Results
#define CADRE_FOLLOW_OUTPUT 2u  //  Output
#define CADRE_FOLLOW_WAIT 4u    //  Go on until the job has ended; else read what there is

//  Opens a detached job by its number, from any connection, to read it with cadre_job_next. The
//  cadre_job_t is the caller's; destroying it does not touch the job. NULL as cadre_job_open.
//  CADRE_ERROR_NOT_FOUND comes by cadre_job_next.
CADRE_EXPORT cadre_job_t *cadre_job_follow (cadre_t *self, uint64_t number, unsigned what);

//  ==== Versions =====================================================================

//  The version of the loaded library: "0.1.0", and as CADRE_VERSION. Static.
CADRE_EXPORT const char *cadre_version (void);
CADRE_EXPORT unsigned cadre_version_number (void);

//  True if the loaded library can serve a program that was compiled with the header of that
//  version. Ask for CADRE_VERSION first where program and library are installed apart.
CADRE_EXPORT bool cadre_version_fits (unsigned header);

#ifdef __cplusplus
}
#endif

//  The compiler compares letters with arguments; see cadre_letters.h.
#ifdef CADRE_LETTERS_ARE_CHECKED
#define cadre_submit(self, function, ...)                                                          \
    (CADRE_LETTERS_CHECK (__VA_ARGS__), cadre_submit (self, function, __VA_ARGS__))
#define cadre_call(self, value, timeout_ms, function, ...)                                         \
    (CADRE_LETTERS_CHECK (__VA_ARGS__), cadre_call (self, value, timeout_ms, function, __VA_ARGS__))
#define cadre_job_add(self, index, ...)                                                            \
    (CADRE_LETTERS_CHECK (__VA_ARGS__), cadre_job_add (self, index, __VA_ARGS__))
#endif
#endif
