/*  lease.pml - the lease protocol: one durable job, two workers, a broker with a store, a client
 *
 *  README.md beside this file says what is modelled, where that is in the code, what is not, and
 *  how to read a trail. Each option of a loop is one step: what a process does between two polls.
 *  Faults are paid from one budget, so that all mixtures of so many faults are tried, at all
 *  moments. The name of a property stands behind its assertion, in brackets; the runner reads it
 *  there.
 */

#ifndef TASKS
#define TASKS 1 /* Of the job: 1 or 2 */
#endif
#ifndef FAULTS
#define FAULTS 2 /* In one run: deaths, cuts, recalls, departures, errors */
#endif
#ifndef RESTARTS
#define RESTARTS 1 /* Of the broker, among them */
#endif
#ifndef SERIALS
#define SERIALS 4 /* Leases of one epoch; asserted to suffice */
#endif

#define WORKERS 2
#define CAPACITY 1     /* Leases that a worker holds */
#define BOX 2          /* Answers that a worker keeps */
#define RETRIES_LOST 1 /* After the loss of a worker */
#define RETRIES 1      /* After an error */
#define NONE 15        /* No lease; as an outcome: worker-lost, in the broker's own words */
#define NOBODY 7       /* No worker */

/* ---- Mutations -------------------------------------------------------------------------------------- */

/* A lease is (epoch, serial), written epoch * SERIALS + serial. FENCE is the part of it that peers compare. */
#if defined(MUTATION_NO_EPOCH)
#define FENCE(lease) ((lease) % SERIALS)
#elif defined(MUTATION_ATTEMPT_AS_FENCE)
byte attempt_of [16]; /* The attempt for which a lease was given */
#define FENCE(lease) (TASK (lease) * 5 + attempt_of [lease])
#else
#define FENCE(lease) (lease)
#endif

/* The socket on which a worker says GOODBYE. */
#ifdef MUTATION_GOODBYE_ON_CONTROL
#define FAREWELL up
#else
#define FAREWELL sink
#endif

/* Whether what was received from a worker may be acknowledged. */
#ifdef MUTATION_ACKNOWLEDGED_BEFORE_DURABLE
#define MAY_ACKNOWLEDGE(w) true
#else
#define MAY_ACKNOWLEDGE(w) (!unwritten [w])
#endif

/* What an answer that is dropped waits for before it is acknowledged: what ended its lease may not be durable yet. */
#ifdef MUTATION_STALE_ACKNOWLEDGED_AT_ONCE
#define IS_APPENDED counts
#else
#define IS_APPENDED appended
#endif

/* When a client hears that its job is accepted, and how a task has ended. */
#ifdef MUTATION_ACCEPTED_BEFORE_DURABLE
#define MAY_ACCEPT (job == READY)
#else
#define MAY_ACCEPT (disk_job == READY)
#endif
#ifdef MUTATION_DELIVERED_BEFORE_DURABLE
#define MAY_DELIVER(t) (state [t] == DONE)
#else
#define MAY_DELIVER(t) (disk_state [t] == DONE)
#endif

/* What becomes of a window at the end of its session. */
#ifdef MUTATION_WINDOW_OUTLIVES_SESSION
#define NEXT_WINDOW(w) window [w]
#else
#define NEXT_WINDOW(w) 0
#endif

/* A WELCOME may answer an older HELLO, of before an earlier WELCOME told the worker to drop leases. */
#ifdef MUTATION_ADOPTION_UNCHECKED
#define IS_FOREIGN(adopted, held) false
#else
#define IS_FOREIGN(adopted, held) (((adopted) & ~(held)) != 0)
#endif

/* How long a lease that outlived the broker waits for its holder. */
#ifdef MUTATION_HOLDER_AWAITED_FOREVER
#define HAS_LAPSED(t) false
#else
#define HAS_LAPSED(t) (state [t] == LEASED && agent [t] == NOBODY)
#endif

/* When compaction may drop the record that says "forgotten", and the records that it cancels. */
#ifdef MUTATION_TOMBSTONES_FIRST
#define MAY_DROP_TASKS (!log_results)
#define MAY_DROP_RESULTS (!log_tombstone)
#define MAY_DROP_TOMBSTONE true
#else
#define MAY_DROP_TASKS true
#define MAY_DROP_RESULTS (!log_tasks)
#define MAY_DROP_TOMBSTONE (!log_results)
#endif

/* ---- The network ------------------------------------------------------------------------------------ */

/* Each channel keeps its order and none knows of the others. A lane dies with its session, the rest is stamped with it. */
mtype = { HELLO, OPEN, WINDOW, WELCOME, ACK, RECALL, OK, ERROR, RETURNED, GOODBYE };

chan up [WORKERS] = [2] of { mtype, byte, short };         /* Back, to the broker: verb, session, held or window */
chan down [WORKERS] = [2] of { mtype, byte, short, byte }; /* Back, to the worker: verb, session, lease or adopted, after */
chan lane [WORKERS] = [CAPACITY] of { byte };              /* Tasks: the lease */
chan sink [WORKERS] = [2] of { mtype, byte, byte };        /* Answers: kind, session, lease */

byte faults = FAULTS; /* What is left to go wrong */

/* ---- Workers ---------------------------------------------------------------------------------------- */

mtype = { GREETING, OPENED, GONE };

mtype link [WORKERS] = OPENED; /* As in worker/link/link.h, where OPENED is OPENING, then OPEN; GONE: the process has ended */
byte session [WORKERS] = 1;    /* 0: none */
byte held [WORKERS] = NONE;    /* The lease at hand */
byte box_count [WORKERS];      /* Answers that are not acknowledged */
byte box_sent [WORKERS];       /* How many of them were sent in this session */
mtype box_kind [WORKERS * BOX];
byte box_lease [WORKERS * BOX];
byte received [WORKERS];           /* Tasks in this session */
byte told [WORKERS] = CAPACITY;    /* The window that was told last */
byte recalled [WORKERS] = NONE;    /* An order that waits for the lane */
byte recalled_after [WORKERS];     /* The task on the lane that it follows */

/* ---- Broker: what a death erases -------------------------------------------------------------------- */

mtype = { ABSENT, READY, LEASED, DONE, FORGOTTEN };

bool broker_up = true;
byte serial;                        /* Of the next lease */
bool known [WORKERS] = true;        /* In the roster */
byte open_session [WORKERS] = 1;    /* 0: away */
bool ready [WORKERS] = true;        /* LANE_OPEN has come */
byte sent [WORKERS];                /* Tasks in this session */
byte window [WORKERS] = CAPACITY;   /* Tasks that the worker takes in this session */
byte unacknowledged [WORKERS] = NONE; /* The last answer received, until it is acknowledged */
bool unwritten [WORKERS];           /* Something that was appended before that answer was judged is not durable yet */

mtype job = ABSENT; /* ABSENT, READY (it exists), FORGOTTEN */
mtype state [TASKS];
byte lease [TASKS] = NONE;   /* The current one */
byte agent [TASKS] = NOBODY; /* Its holder; nobody after a restart until it comes */
byte lost [TASKS];
byte failed [TASKS];
byte outcome [TASKS]; /* The lease whose answer counted */

/* ---- Store ------------------------------------------------------------------------------------------ */

/* What is durable is the picture of what the broker knew at the last commit; appended is what has changed since. */
bool appended;
byte boots; /* The epoch: how often the store was opened (store_boots) */
mtype disk_job = ABSENT;
mtype disk_state [TASKS];
byte disk_lease [TASKS];
byte disk_lost [TASKS];
byte disk_failed [TASKS];
byte disk_outcome [TASKS];
bool recorded [TASKS]; /* For the properties: an outcome was durable once, and disk_outcome is what it was */

#ifdef MUTATION_ATTEMPT_AS_FENCE
byte attempt [TASKS];
byte disk_attempt [TASKS];
#endif
#if TASKS == 1
#define TASK(lease) 0
#else
byte task_of [16]; /* Frames that name a lease name its task, too */
#define TASK(lease) task_of [lease]
#endif

/* The log of a forgotten job, oldest first. */
bool log_tasks, log_results, log_tombstone;

/* ---- Client ----------------------------------------------------------------------------------------- */

mtype = { SUBMITTING, WAITING, CLOSING, FINISHED };

mtype client = SUBMITTING;
bool got; /* All results */
byte got_outcome [TASKS];

/* ---- Scratch of single steps, no part of the state --------------------------------------------------- */

hidden byte t, w, s, l, a;
hidden short x, y;
hidden mtype kind;
hidden byte counts;

/* ---- What several steps need ------------------------------------------------------------------------ */

#define SET(lease) (1 << FENCE (lease))
#define HAS(set, lease) (((set) & SET (lease)) != 0)
#define EPOCH(lease) ((lease) / SERIALS)
#define SERIAL(lease) ((lease) % SERIALS)
#define ROOM(channel) (len (channel) < 2)

/* Faults of workers are of interest from the first lease until all is over. */
#ifdef BROKER_FAULTS_ONLY
#define MAY_FAIL false
#else
#define MAY_FAIL (faults > 0 && (serial > 0 || boots > 0) && client != FINISHED)
#endif

inline flush_back (w)
{
    do :: up [w] ? _, _, _ :: len (up [w]) == 0 -> break od;
    do :: down [w] ? _, _, _, _ :: len (down [w]) == 0 -> break od
}

inline flush_sink (w) { do :: sink [w] ? _, _, _ :: len (sink [w]) == 0 -> break od }

/* Worker: lane and sink are closed; what lies in the lane is never read. */
inline close_session (w)
{
    do :: lane [w] ? _ :: len (lane [w]) == 0 -> break od;
    session [w] = 0;
    received [w] = 0;
    told [w] = 0;
    recalled [w] = NONE;
    recalled_after [w] = 0;
    box_sent [w] = 0
}

/* Worker: the lease at hand is answered. */
inline answer (w, how)
{
    box_kind [w * BOX + box_count [w]] = how;
    box_lease [w * BOX + box_count [w]] = held [w];
    box_count [w]++;
    held [w] = NONE
}

/* Worker: the oldest answer is released. */
inline release (w)
{
    box_kind [w * BOX] = box_kind [w * BOX + 1];
    box_lease [w * BOX] = box_lease [w * BOX + 1];
    box_kind [w * BOX + 1] = 0;
    box_lease [w * BOX + 1] = 0;
    box_count [w]--;
    if :: box_sent [w] > 0 -> box_sent [w]-- :: else fi
}

inline empty_box (w) { do :: box_count [w] > 0 -> release (w) :: else -> break od }

#define TAKES(w) (received [w] + CAPACITY - (held [w] != NONE))
#define HAS_ANSWERED(w, l)                                                                                   \
    ((box_count [w] > 0 && box_lease [(w) * BOX] == l && box_kind [(w) * BOX] != RETURNED)                   \
     || (box_count [w] > 1 && box_lease [(w) * BOX + 1] == l && box_kind [(w) * BOX + 1] != RETURNED))

/* Does the broker, or what it would be after a restart, count on this answer? */
#define IS_AWAITED(t, l)                                                                                     \
    ((state [t] == LEASED && lease [t] == l) || (disk_state [t] == LEASED && disk_lease [t] == l)            \
     || (state [t] == DONE && outcome [t] == l && !recorded [t]))

/* Worker: y is the set of all leases that it holds, answers included. */
inline list_held (w)
{
    y = 0;
    if :: held [w] != NONE -> y = y | SET (held [w]) :: else fi;
    if :: box_count [w] > 0 -> y = y | SET (box_lease [w * BOX]) :: else fi;
    if :: box_count [w] > 1 -> y = y | SET (box_lease [w * BOX + 1]) :: else fi
}

inline say_hello (w)
{
    list_held (w);
    up [w] ! HELLO, 0, y
}

/* Broker: the task has its outcome; by is the lease whose answer counts, NONE: the broker itself. */
inline end_task (t, by)
{
    state [t] = DONE;
    outcome [t] = by;
    lease [t] = NONE;
    agent [t] = NOBODY;
    appended = true
}

inline make_ready (t)
{
    state [t] = READY;
    lease [t] = NONE;
    agent [t] = NOBODY;
    appended = true
}

/* Broker: the lease went with its worker. */
inline lose_task (t)
{
    if
    :: lost [t] < RETRIES_LOST -> lost [t]++; make_ready (t)
    :: else -> end_task (t, NONE)
    fi
}

/* Broker: the lease comes back at no cost. */
inline come_back (t)
{
#ifdef MUTATION_ATTEMPT_AS_FENCE
    attempt [t]--;
#endif
    make_ready (t)
}

inline end_session (w)
{
    open_session [w] = 0;
    ready [w] = false;
    sent [w] = 0;
    window [w] = NEXT_WINDOW (w);
    unacknowledged [w] = NONE;
    unwritten [w] = false
}

/* Broker: the worker is gone. One that left on purpose was heard before, and what it held was on its way to it. */
inline forget_worker (w, on_purpose)
{
    if
    :: on_purpose -> printf ("broker: worker %d leaves\n", w)
    :: else -> printf ("broker: worker %d is lost\n", w)
    fi;
    t = 0;
    do
    :: t < TASKS ->
        if
        :: state [t] == LEASED && agent [t] == w && on_purpose ->
            assert (!HAS_ANSWERED (w, lease [t])); /* [answers-count] */
            come_back (t)
        :: state [t] == LEASED && agent [t] == w && !on_purpose -> lose_task (t)
        :: else
        fi;
        t++
    :: else -> break
    od;
    end_session (w);
    known [w] = false
}

/* ---- A worker --------------------------------------------------------------------------------------- */

active [WORKERS] proctype worker ()
{
#define W _pid
    do
    /* It says HELLO, with the leases that it holds, until that is answered. */
    :: d_step {
        link [W] == GREETING && broker_up && len (up [W]) == 0 && !(down [W] ?? [WELCOME, _, _, _]) ->
        printf ("worker %d: HELLO, %d answers kept\n", W, box_count [W]);
        say_hello (W)
    }

    /* HELLO is said twice. */
    :: d_step {
        faults > 0 && link [W] == GREETING && broker_up && len (up [W]) + len (down [W]) < 2 &&
            (up [W] ?? [HELLO, _, _] || down [W] ?? [WELCOME, _, _, _]) ->
        faults--;
        printf ("worker %d: HELLO again\n", W);
        say_hello (W)
    }

    /* WELCOME, then LANE_HELLO on the new lane: what was not adopted is dropped, what was not acknowledged goes out
       again; LANE_OPEN opens the window. One that adopts what the worker does not hold is of no use: it registers anew. */
    :: d_step {
        link [W] != GONE && ROOM (up [W]) && down [W] ? [WELCOME, _, _, _] ->
        down [W] ? WELCOME, s, x, _;
        list_held (W);
        if
        :: s != session [W] && IS_FOREIGN (x, y) ->
            printf ("worker %d: WELCOME to session %d adopts a lease that it does not hold\n", W, s);
            close_session (W);
            link [W] = GREETING
        :: s != session [W] && !IS_FOREIGN (x, y) ->
            close_session (W);
            session [W] = s;
            link [W] = OPENED;
            if
            :: held [W] != NONE && !HAS (x, held [W]) -> held [W] = NONE
            :: else
            fi;
            told [W] = TAKES (W);
            printf ("worker %d: WELCOME to session %d, LANE_OPEN for %d\n", W, s, told [W]);
            up [W] ! OPEN, s, told [W]
        :: else
        fi
    }

    /* A task. */
    :: d_step {
        link [W] == OPENED && len (lane [W]) > 0 ->
        assert (held [W] == NONE); /* [window] */
        lane [W] ? held [W];
        printf ("worker %d: lease (%d, %d) has come\n", W, EPOCH (held [W]), SERIAL (held [W]));
        received [W]++
    }

    /* It has run. */
    :: d_step { link [W] != GONE && held [W] != NONE && box_count [W] < BOX ->
        printf ("worker %d: lease (%d, %d) has run\n", W, EPOCH (held [W]), SERIAL (held [W]));
        answer (W, OK)
    }
    :: d_step { MAY_FAIL && link [W] != GONE && held [W] != NONE && box_count [W] < BOX ->
        faults--;
        printf ("worker %d: lease (%d, %d) has failed\n", W, EPOCH (held [W]), SERIAL (held [W]));
        answer (W, ERROR)
    }

    /* A turn: answers are sent, the window is told when it has grown. */
    :: d_step {
        link [W] == OPENED && box_sent [W] < box_count [W] && ROOM (sink [W]) ->
        l = box_lease [W * BOX + box_sent [W]];
        printf ("worker %d: sends %e for lease (%d, %d)\n", 
                W, box_kind [W * BOX + box_sent [W]], EPOCH (l), SERIAL (l));
        sink [W] ! box_kind [W * BOX + box_sent [W]], session [W], box_lease [W * BOX + box_sent [W]];
        box_sent [W]++
    }
    :: d_step {
        link [W] == OPENED && TAKES (W) > told [W] && ROOM (up [W]) ->
        told [W] = TAKES (W);
        printf ("worker %d: WINDOW %d\n", W, told [W]);
        up [W] ! WINDOW, session [W], told [W]
    }

    /* BEAT: answers up to this one are acknowledged. */
    :: d_step {
        link [W] != GONE && down [W] ? [ACK, _, _, _] ->
        down [W] ? ACK, s, x, _;
        if
        :: s == session [W] ->
            a = false;
            do
            :: box_sent [W] > 0 && !a ->
                l = box_lease [W * BOX];
                t = TASK (l);
                a = (l == x);
                printf ("worker %d: BEAT, its answer for lease (%d, %d) is released\n", W, EPOCH (l), SERIAL (l));
                assert (!IS_AWAITED (t, l)); /* [released-durable] */
                release (W)
            :: else -> break
            od
        :: else
        fi
    }

    /* RECALL: an order is kept until the task that it follows has come. It is too late when the task has begun. */
    :: d_step {
        link [W] != GONE && recalled [W] == NONE && down [W] ? [RECALL, _, _, _] ->
        down [W] ? RECALL, s, x, a;
        if
        :: s == session [W] -> recalled [W] = x; recalled_after [W] = a
        :: else
        fi
    }
    :: d_step {
        recalled [W] != NONE && received [W] >= recalled_after [W] && held [W] != NONE && box_count [W] < BOX &&
            FENCE (held [W]) == FENCE (recalled [W]) ->
        printf ("worker %d: lease (%d, %d) is recalled in time\n", W, EPOCH (held [W]), SERIAL (held [W]));
        answer (W, RETURNED);
        recalled [W] = NONE;
        recalled_after [W] = 0
    }
    :: d_step {
        recalled [W] != NONE && received [W] >= recalled_after [W] ->
        printf ("worker %d: the recall comes too late\n", W);
        recalled [W] = NONE;
        recalled_after [W] = 0
    }

    /* The broker does not know the session (WHO), or is silent: it registers anew. */
    :: d_step {
        link [W] == OPENED && open_session [W] != session [W] && len (up [W]) == 0 &&
            !(down [W] ?? [WELCOME, _, _, _]) ->
        printf ("worker %d: session %d is unknown to the broker\n", W, session [W]);
        close_session (W);
        link [W] = GREETING
    }

    /* A gap, a stall, a stray WHO, a connection that breaks: it registers anew. What was under way on each connection
       arrives yet, or never. */
    :: atomic {
        MAY_FAIL && link [W] == OPENED ->
        faults--;
        if :: flush_sink (W) :: len (sink [W]) > 0 fi;
        if :: flush_back (W) :: len (up [W]) + len (down [W]) > 0 fi;
        d_step {
            printf ("worker %d: its connections break, on their way stay %d, %d and %d frames\n", 
                    W, len (sink [W]), len (up [W]), len (down [W]));
            close_session (W);
            link [W] = GREETING
        }
    }

    /* It leaves: nothing is at hand, everything was sent, and behind that GOODBYE. */
    :: d_step {
        MAY_FAIL && link [W] == OPENED && held [W] == NONE && box_sent [W] == box_count [W] && ROOM (FAREWELL [W]) ->
        faults--;
        printf ("worker %d: GOODBYE, it ends\n", W);
        FAREWELL [W] ! GOODBYE, session [W], NONE;
        close_session (W);
        link [W] = GONE
    }

    /* It is killed. */
    :: atomic {
        MAY_FAIL && link [W] != GONE ->
        faults--;
        if :: flush_sink (W) :: len (sink [W]) > 0 fi;
        d_step {
            printf ("worker %d: is killed, %d frames of it arrive yet\n", W, len (sink [W]));
            flush_back (W);
            close_session (W);
            held [W] = NONE;
            empty_box (W);
            link [W] = GONE
        }
    }

    /* Another process takes its place, once the broker has noticed. */
    :: d_step {
        link [W] == GONE && broker_up && !known [W] && client != FINISHED ->
        printf ("worker %d: another process takes its place\n", W);
        flush_back (W);
        flush_sink (W);
        empty_box (W);
        link [W] = GREETING
    }
    od
#undef W
}

/* ---- The broker and one worker ------------------------------------------------------------------------ */

/* Session numbers are random, in truth. Here: the least that nobody knows any more. */
#define IS_USED(w, s)                                                                                           \
    (session [w] == s || open_session [w] == s || up [w] ?? [_, eval (s), _] || down [w] ?? [_, eval (s), _, _] \
     || sink [w] ?? [_, eval (s), _])

#define IS_FIRST(t) (t == 0 || state [0] != READY)

/* Only what is durable is dispatched, the first task first. (Which of two equal workers is first is one and the same.) */
#define MAY_DISPATCH(w, t)                                                                                      \
    (broker_up && job == READY && disk_job == READY && state [t] == READY && IS_FIRST (t) && ready [w] \
     && sent [w] < window [w] && len (lane [w]) < CAPACITY && (w == 0 || serial > 0 || boots > 0))

/* The lease is journaled, and nobody waits for that. A lane that its worker has left loses the task. */
inline dispatch (w, t)
{
    assert (serial < SERIALS); /* [bounds] */
    l = boots * SERIALS + serial;
    serial++;
#if TASKS > 1
    task_of [l] = t;
#endif
#ifdef MUTATION_ATTEMPT_AS_FENCE
    attempt [t]++;
    attempt_of [l] = attempt [t];
#endif
    printf ("broker: task %d goes to worker %d under lease (%d, %d)\n", t, w, EPOCH (l), SERIAL (l));
    state [t] = LEASED;
    lease [t] = l;
    agent [t] = w;
    sent [w]++;
    appended = true;
    if
    :: session [w] == open_session [w] -> lane [w] ! l
    :: else
    fi
}

#define MAY_RECALL(w, t) \
    (MAY_FAIL && broker_up && ready [w] && state [t] == LEASED && agent [t] == w && ROOM (down [w]))

inline recall (w, t)
{
    faults--;
    printf ("broker: recalls lease (%d, %d) from worker %d\n", EPOCH (lease [t]), SERIAL (lease [t]), w);
    down [w] ! RECALL, open_session [w], lease [t], sent [w]
}

active [WORKERS] proctype back ()
{
#define W (_pid - WORKERS)
    do
    /* HELLO: a new session, whatever there was. Leases that it lists stay its own, or come to be; its others are lost. */
    :: d_step {
        broker_up && ROOM (down [W]) && up [W] ? [HELLO, _, _] ->
        up [W] ? HELLO, _, x;
        end_session (W);
        known [W] = true;
        y = 0;
        t = 0;
        do
        :: t < TASKS ->
            if
            :: state [t] == LEASED && (agent [t] == W || agent [t] == NOBODY) && HAS (x, lease [t]) ->
                agent [t] = W;
                y = y | SET (lease [t])
            :: state [t] == LEASED && agent [t] == W && !HAS (x, lease [t]) -> lose_task (t)
            :: else
            fi;
            t++
        :: else -> break
        od;
        s = 1;
        do
        :: IS_USED (W, s) -> s++
        :: else -> break
        od;
        open_session [W] = s;
        printf ("broker: HELLO of worker %d, session %d, adopted: %x\n", W, s, y);
        down [W] ! WELCOME, s, y, 0
    }

    :: d_step {
        broker_up && (up [W] ? [OPEN, _, _] || up [W] ? [WINDOW, _, _]) ->
        up [W] ? kind, s, x;
        printf ("broker: %e %d of worker %d, session %d\n", kind, x, W, s);
        if
        :: s == open_session [W] ->
            if :: kind == OPEN -> ready [W] = true :: else fi;
            if :: x > window [W] -> window [W] = x :: else fi
        :: else
        fi
    }

    :: d_step { MAY_DISPATCH (W, 0) -> dispatch (W, 0) }
#if TASKS > 1
    :: d_step { MAY_DISPATCH (W, 1) -> dispatch (W, 1) }
#endif

    /* GOODBYE; an answer counts when its session holds the task's current lease, else it is dropped. */
    :: d_step {
        broker_up && len (sink [W]) > 0 ->
        sink [W] ? kind, s, l;
        if
        :: s != open_session [W] -> printf ("broker: %e of worker %d comes from another session\n", kind, W)
        :: s == open_session [W] && kind == GOODBYE -> forget_worker (W, true)
        :: else ->
            t = TASK (l);
            counts = false;
            if
            :: job == READY && state [t] == LEASED && agent [t] == W && FENCE (lease [t]) == FENCE (l) ->
                printf ("broker: %e of worker %d for lease (%d, %d) counts\n", kind, W, EPOCH (l), SERIAL (l));
                assert (lease [t] == l); /* [current-lease] */
                counts = true;
                if
                :: kind == OK -> end_task (t, l)
                :: kind == ERROR && failed [t] < RETRIES -> failed [t]++; make_ready (t)
                :: kind == ERROR && failed [t] >= RETRIES -> end_task (t, l)
                :: kind == RETURNED -> come_back (t)
                fi
            :: else -> printf ("broker: %e of worker %d for lease (%d, %d) is stale\n", kind, W, EPOCH (l), SERIAL (l))
            fi;
            unacknowledged [W] = l;
            unwritten [W] = IS_APPENDED
        fi
    }
#ifdef MUTATION_GOODBYE_ON_CONTROL
    :: d_step {
        broker_up && up [W] ? [GOODBYE, _, _] ->
        up [W] ? GOODBYE, s, _;
        if
        :: s == open_session [W] -> forget_worker (W, true)
        :: else
        fi
    }
#endif

    /* BEAT. */
    :: d_step {
        broker_up && unacknowledged [W] != NONE && ROOM (down [W]) && MAY_ACKNOWLEDGE (W) ->
        printf ("broker: acknowledges lease (%d, %d) to worker %d\n", 
                EPOCH (unacknowledged [W]), SERIAL (unacknowledged [W]), W);
        down [W] ! ACK, open_session [W], unacknowledged [W], 0;
        unacknowledged [W] = NONE
    }

    /* What waits at a busy worker is recalled. */
    :: d_step { MAY_RECALL (W, 0) -> recall (W, 0) }
#if TASKS > 1
    :: d_step { MAY_RECALL (W, 1) -> recall (W, 1) }
#endif

    /* Silent for too long: dead, or only slow. */
    :: d_step { broker_up && known [W] && link [W] == GONE -> forget_worker (W, false) }
    :: d_step { MAY_FAIL && broker_up && known [W] && link [W] != GONE -> faults--; forget_worker (W, false) }
    od
#undef W
}

/* ---- The broker, its store, its death ------------------------------------------------------------------ */

inline commit ()
{
    printf ("store: commit\n");
    t = 0;
    do
    :: t < TASKS && job == READY ->
        disk_state [t] = state [t];
        disk_lease [t] = (state [t] == LEASED -> lease [t] : 0);
        disk_lost [t] = lost [t];
        disk_failed [t] = failed [t];
#ifdef MUTATION_ATTEMPT_AS_FENCE
        disk_attempt [t] = attempt [t];
#endif
        if
        :: state [t] == DONE ->
            assert (!recorded [t] || disk_outcome [t] == outcome [t]); /* [one-outcome] */
            recorded [t] = true;
            disk_outcome [t] = outcome [t];
            log_results = true
        :: else
        fi;
        t++
    :: else -> break
    od;
    if
    :: job == READY -> log_tasks = true
    :: job == FORGOTTEN && disk_job == READY -> log_tombstone = true
    :: else
    fi;
    disk_job = job;
    appended = false;
    unwritten [0] = false;
    unwritten [1] = false
}

inline erase_task (t)
{
    state [t] = 0;
    lease [t] = NONE;
    agent [t] = NOBODY;
    lost [t] = 0;
    failed [t] = 0;
#ifdef MUTATION_ATTEMPT_AS_FENCE
    attempt [t] = 0;
#endif
    outcome [t] = 0
}

/* What was appended and not committed is gone. What lies in a lane can be read yet. */
inline die ()
{
    printf ("broker: dies\n");
    w = 0;
    do
    :: w < WORKERS ->
        end_session (w);
        known [w] = false;
        do :: up [w] ? _, _, _ :: len (up [w]) == 0 -> break od;
        flush_sink (w);
        w++
    :: else -> break
    od;
    t = 0;
    do
    :: t < TASKS -> erase_task (t); t++
    :: else -> break
    od;
    broker_up = false;
    job = ABSENT;
    serial = 0;
    appended = false
}

/* The log is read from its old end. A tombstone ends its job; deltas of a job that was not seen are skipped. */
inline come_up ()
{
    if
    :: log_tasks && !log_tombstone -> job = READY
    :: !log_tasks && disk_job == ABSENT
    :: else -> job = FORGOTTEN
    fi;
    printf ("broker: comes up, epoch %d, the job is %e\n", boots + 1, job);
    assert (job == disk_job); /* [stays-forgotten] */
    t = 0;
    do
    :: t < TASKS && job == READY ->
        state [t] = disk_state [t];
        if :: state [t] == LEASED -> lease [t] = disk_lease [t] :: else fi;
        if :: state [t] == DONE -> outcome [t] = disk_outcome [t] :: else fi;
        lost [t] = disk_lost [t];
        failed [t] = disk_failed [t];
#ifdef MUTATION_ATTEMPT_AS_FENCE
        attempt [t] = disk_attempt [t];
#endif
        t++
    :: else -> break
    od;
    boots++;
    broker_up = true
}

active proctype broker ()
{
    do
    :: d_step { broker_up && appended -> commit () }

    /* A journaled lease whose holder has not come back in time. */
    :: d_step { broker_up && HAS_LAPSED (0) -> printf ("broker: the holder of task 0 has not come\n"); lose_task (0) }
#if TASKS > 1
    :: d_step { broker_up && HAS_LAPSED (1) -> printf ("broker: the holder of task 1 has not come\n"); lose_task (1) }
#endif

    /* Compaction. */
    :: d_step {
        broker_up && disk_job == FORGOTTEN && log_tasks && MAY_DROP_TASKS ->
        printf ("store: compaction drops the tasks\n");
        log_tasks = false
    }
    :: d_step {
        broker_up && disk_job == FORGOTTEN && log_results && MAY_DROP_RESULTS ->
        printf ("store: compaction drops the results\n");
        log_results = false
    }
    :: d_step {
        broker_up && disk_job == FORGOTTEN && log_tombstone && MAY_DROP_TOMBSTONE ->
        printf ("store: compaction drops the tombstone\n");
        log_tombstone = false
    }

    :: d_step { broker_up && faults > 0 && boots < RESTARTS -> faults--; die () }
    :: d_step { !broker_up -> come_up () }
    od
}

/* ---- The client -------------------------------------------------------------------------------------- */

/* The broker keeps nothing volatile about it, so a question or an answer that was lost is one that was not sent yet. */
active proctype customer ()
{
    do
    /* A submission, the first one or the same one again: it is accepted when it is durable. */
    :: d_step {
        client == SUBMITTING && broker_up && job == ABSENT ->
        t = 0;
        do
        :: t < TASKS -> state [t] = READY; t++
        :: else -> break
        od;
        printf ("client: submits\n");
        job = READY;
        appended = true
    }
    :: d_step {
        client == SUBMITTING && broker_up && MAY_ACCEPT ->
        printf ("client: the job is accepted\n");
        client = WAITING
    }

    /* Results are delivered when they are durable, here the last one with all before it. */
    :: d_step {
        broker_up && client == WAITING && MAY_DELIVER (0) && MAY_DELIVER (TASKS - 1) && !got ->
        printf ("client: results, task 0 by lease (%d, %d)\n", EPOCH (outcome [0]), SERIAL (outcome [0]));
        got = true;
        got_outcome [0] = outcome [0];
        got_outcome [TASKS - 1] = outcome [TASKS - 1]
    }

    /* It has them all and acknowledges; the job is forgotten when that is durable. */
    :: d_step {
        broker_up && client == WAITING && got && job == READY && disk_state [0] == DONE && disk_state [TASKS - 1] == DONE ->
        t = 0;
        do
        :: t < TASKS ->
            assert (recorded [t] && got_outcome [t] == outcome [t]); /* [one-outcome] */
            erase_task (t);
            t++
        :: else -> break
        od;
        printf ("client: acknowledges, the job is forgotten\n");
        job = FORGOTTEN;
        appended = true
    }
    :: d_step {
        broker_up && client == WAITING && disk_job == FORGOTTEN ->
        printf ("client: has finished\n");
        client = FINISHED
    }

    /* Nothing can happen any more. */
    :: timeout ->
        assert (client == FINISHED); /* [not-stuck] */
        break
    od
}

#ifdef LIVENESS
ltl finishes { <> (client == FINISHED) }
#endif
