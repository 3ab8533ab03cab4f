//  broken.c - functions that break the slot in which they run, each in another way, for tests
//
//  Each takes a folder, and first adds a line with its name to the file "runs" there. What a slot
//  shares with its worker is written here by place, as a task would that came to it by accident:
//  worker/shared/slot_memory.h says what stands where.

#include <cadre.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SOCKET 3
#define SHARE 4
#define PLACE_CLAIM 0    //  u64: next ticket, limit
#define PLACE_GROUP 24   //  i32
#define PLACE_BEGUN 4096 //  u32: ticket
#define PLACE_HEAD 4160  //  u32
#define PLACE_BYTES 4288 //  Of the ring
#define RING_BYTES 262144u
#define LARGE_BYTES (64u << 20)

static void s_sleep_ms (int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep (&time, &time) != 0 && errno == EINTR)
        ;
}

//  A line in FOLDER/runs: this was run once more.
static void s_witness (cadre_task_t *task, const char *line)
{
    char path [512];
    snprintf (path, sizeof path, "%s/runs", cadre_arg_text (task, 0));
    int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write (fd, line, strlen (line)) < 0)
        abort ();
    close (fd);
}

static uint8_t *s_share (void)
{
    struct stat status;
    if (fstat (SHARE, &status) != 0)
        abort ();
    void *memory =
        mmap (NULL, (size_t) status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, SHARE, 0);
    if (memory == MAP_FAILED)
        abort ();
    return memory;
}

static _Atomic uint64_t *s_claim (void)
{
    return (_Atomic uint64_t *) (void *) (s_share () + PLACE_CLAIM);
}

static _Atomic uint32_t *s_head (void)
{
    return (_Atomic uint32_t *) (void *) (s_share () + PLACE_HEAD);
}

//  Bytes into the ring, and the bell.
static void s_say (const void *bytes, size_t size)
{
    uint8_t *memory = s_share ();
    uint32_t head = *s_head ();
    for (size_t i = 0; i < size; i++)
        memory [PLACE_BYTES + (head + i) % RING_BYTES] = ((const uint8_t *) bytes) [i];
    *s_head () = head + (uint32_t) size;
    if (write (SOCKET, "\7", 1) < 0)
        abort ();
}

//  A slot_result: ok, with nil.
static void s_forge (uint32_t ticket)
{
    const uint8_t frame [] = {0,
                              0,
                              0,
                              12,
                              0x71,
                              0x96,
                              0xce,
                              (uint8_t) (ticket >> 24),
                              (uint8_t) (ticket >> 16),
                              (uint8_t) (ticket >> 8),
                              (uint8_t) ticket,
                              1,
                              0,
                              1,
                              0xc0,
                              0xc0};
    s_say (frame, sizeof frame);
}

static uint32_t s_ticket (void)
{
    return (uint32_t) (*s_claim () >> 32) - 1;
}

//  Stays for long: a worker that waits for it waits in vain.
static cadre_error_t s_linger (cadre_task_t *task)
{
    s_sleep_ms (60000);
    return cadre_return_nil (task);
}

#define BREAK(name)                                                                                \
    static cadre_error_t s_##name (cadre_task_t *task);                                            \
    static cadre_error_t s_run_##name (cadre_task_t *task)                                         \
    {                                                                                              \
        s_witness (task, #name "\n");                                                              \
        return s_##name (task);                                                                    \
    }                                                                                              \
    static cadre_error_t s_##name (cadre_task_t *task)

//  ---- what is shared ----------------------------------------------------------------

BREAK (scribble_ones)
{
    *s_claim () = UINT64_MAX;
    return s_linger (task);
}

BREAK (scribble_zeros)
{
    memset (s_share (), 0, 64);
    return s_linger (task);
}

BREAK (scribble_random)
{
    uint64_t *page = (uint64_t *) (void *) s_share ();
    for (uint64_t x = 88172645463325252u;; s_sleep_ms (1))
        for (int i = 0; i < 3; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            page [i] = x;
        }
    return cadre_return_nil (task);
}

BREAK (scribble_limit)
{
    *s_claim () = (*s_claim () & 0xffffffff00000000u) | 0x70000000u;
    return s_linger (task);
}

//  Its worker is told that it never began.
BREAK (unclaim)
{
    *s_claim () -= UINT64_C (1) << 32;
    raise (SIGSTOP);
    return s_linger (task);
}

BREAK (scribble_head)
{
    *s_head () -= 1000;
    return s_linger (task);
}

BREAK (shrink)
{
    bool refused = ftruncate (SHARE, 0) != 0 && errno == EPERM && ftruncate (SHARE, 1 << 30) != 0
                   && errno == EPERM && fcntl (SHARE, F_ADD_SEALS, F_SEAL_WRITE) != 0
                   && errno == EPERM;
    return cadre_return_text (task, refused ? "refused" : "done");
}

//  Names its worker's group as that of a command, and dies: who kills that group kills the worker.
BREAK (lie_group)
{
    *(_Atomic int32_t *) (void *) (s_share () + PLACE_GROUP) = getpgid (getppid ());
    raise (SIGKILL);
    return cadre_return_nil (task);
}

//  Group 1 means all processes there are.
BREAK (lie_all)
{
    *(_Atomic int32_t *) (void *) (s_share () + PLACE_GROUP) = 1;
    raise (SIGTERM);
    return cadre_return_nil (task);
}

//  ---- what is sent ------------------------------------------------------------------

BREAK (rubbish_socket)
{
    if (write (SOCKET, "\0\0\0\1\x71", 5) < 0)
        abort ();
    return s_linger (task);
}

BREAK (rubbish_ring)
{
    s_say ("\0\0\0\3\x99xy", 7);
    return s_linger (task);
}

BREAK (huge_ring)
{
    s_say ("\xff\xff\xff\xff\x71\x96", 6);
    return s_linger (task);
}

BREAK (forge_other)
{
    s_forge (s_ticket () + 1);
    return s_linger (task);
}

BREAK (forge_twice)
{
    uint32_t ticket = s_ticket ();
    s_forge (ticket);
    s_forge (ticket);
    return s_linger (task);
}

//  ---- descriptors and processes -----------------------------------------------------

BREAK (close_socket)
{
    close (SOCKET);
    return s_linger (task);
}

BREAK (close_all)
{
    for (int fd = 3; fd < 1024; fd++)
        close (fd);
    return s_linger (task);
}

//  Returns: what was published in the shared memory is its result.
BREAK (close_and_return)
{
    for (int fd = 3; fd < 1024; fd++)
        close (fd);
    return cadre_return_text (task, "returned");
}

BREAK (shut_socket)
{
    shutdown (SOCKET, SHUT_RDWR);
    return s_linger (task);
}

//  A child keeps the socket open when the slot is dead.
BREAK (fork_and_exit)
{
    if (fork () != 0)
        _exit (3);
    s_sleep_ms (5000);
    _exit (0);
    return cadre_return_nil (task);
}

//  Both come back from the function.
BREAK (fork_twice)
{
    fork ();
    return cadre_return_text (task, "one");
}

BREAK (stop_busy)
{
    raise (SIGSTOP);
    return s_linger (task);
}

//  Returns, and is stopped soon after: the next task finds it so.
BREAK (stop_later)
{
    pid_t slot = getpid ();
    if (fork () == 0) {
        setsid ();
        s_sleep_ms (20);
        kill (slot, SIGSTOP);
        _exit (0);
    }
    return cadre_return_text (task, "returned");
}

BREAK (block_term)
{
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_BLOCK, &all, NULL);
    return s_linger (task);
}

//  Ends the slot when a part of its result has been published: the worker is stopped, so that the
//  rest finds no room, and goes on when the slot has ended. The slot has no descriptor for a file,
//  so the result goes through the ring.
static void *s_end_within (void *argument)
{
    uint32_t before = *(uint32_t *) argument;
    while (*s_head () - before < RING_BYTES / 2)
        s_sleep_ms (1);
    kill (getppid (), SIGCONT);
    raise (SIGKILL);
    return NULL;
}

BREAK (die_within)
{
    static uint32_t before;
    pthread_t thread;
    char *bytes = calloc (1, LARGE_BYTES);
    setrlimit (RLIMIT_NOFILE, &(struct rlimit){0});
    cadre_error_t error = cadre_return_blob (task, bytes, LARGE_BYTES);
    free (bytes);
    kill (getppid (), SIGSTOP);
    before = *s_head ();
    if (pthread_create (&thread, NULL, s_end_within, &before) != 0)
        abort ();
    return error;
}

//  ---- the others ----------------------------------------------------------------------

//  "pay N", in no time; every Nth one (0: none) breaks its slot.
static cadre_error_t s_pay (cadre_task_t *task)
{
    char line [64];
    const char *how = cadre_arg_text (task, 3);
    int64_t n = cadre_arg_int (task, 1), every = cadre_arg_int (task, 2);
    snprintf (line, sizeof line, "pay %lld\n", (long long) n);
    s_witness (task, line);
    if (every == 0 || n % every != every - 1)
        return cadre_return_int (task, n);
    if (strcmp (how, "page") == 0)
        *s_claim () = 0;
    else if (strcmp (how, "head") == 0)
        memset (s_share () + PLACE_BEGUN, 255, PLACE_BYTES - PLACE_BEGUN);
    else if (strcmp (how, "socket") == 0 && write (SOCKET, "rubbish", 7) > 0)
        return s_linger (task);
    else if (strcmp (how, "ring") == 0)
        s_say ("\0\0\0\3\x99xy", 7);
    else if (strcmp (how, "stop") == 0)
        raise (SIGSTOP);
    else if (strcmp (how, "close") == 0)
        close (SOCKET);
    else
        abort ();
    return s_linger (task);
}

#define ENTRY(f)                                                                                   \
    {                                                                                              \
        .name = #f, .run = s_run_##f, .takes = "s", .says = "breaks its slot"                      \
    }

static const cadre_function_t s_functions [] = {
    ENTRY (scribble_ones),
    ENTRY (scribble_zeros),
    ENTRY (scribble_random),
    ENTRY (scribble_limit),
    ENTRY (unclaim),
    ENTRY (scribble_head),
    ENTRY (shrink),
    ENTRY (lie_group),
    ENTRY (lie_all),
    ENTRY (rubbish_socket),
    ENTRY (rubbish_ring),
    ENTRY (huge_ring),
    ENTRY (forge_other),
    ENTRY (forge_twice),
    ENTRY (close_socket),
    ENTRY (close_all),
    ENTRY (close_and_return),
    ENTRY (shut_socket),
    ENTRY (fork_and_exit),
    ENTRY (fork_twice),
    ENTRY (stop_busy),
    ENTRY (stop_later),
    ENTRY (block_term),
    ENTRY (die_within),
    {.name = "pay",
     .run = s_pay,
     .takes = "siis",
     .says = "adds a line to a file, and may break its slot"},
    {0}};

CADRE_PLUGIN (s_functions)
