/*  slot.pml - what a slot's death costs: worker/SLOT.md, worker/shared/ticket.h and worker/slots/slots.h for spin
 *
 *  One seat of a worker, whose slots may die, scribble, lie, send rubbish or stop at any moment, as
 *  often as they like. Two tasks (or TASKS), each with one try more when a try was counted.
 *  README.md says what is modelled; tests/model/run runs it. Names of properties stand behind their
 *  assertions.
 */

#ifndef TASKS
#define TASKS 2
#endif
#define AHEAD 2       /* Leases that a seat holds */
#ifndef RETRIES
#define RETRIES 0     /* Tries after the first */
#endif
#define STRANDINGS 2  /* Slots that may end without having begun a lease; 3 in the code */
/* Slots in a row that may end before they have answered anything, and cost nobody anything; 3 */
#define STARTS 2
#ifndef GENERATIONS
/* That all these counters allow */
#define GENERATIONS (TASKS * (RETRIES + 1) * STRANDINGS + TASKS * STARTS + STARTS)
#endif

#define NONE 255
#define PART 0 /* Of a result; the rest will follow */
#define WHOLE 1

/* ---- the worker's: leases by task ---- */
bool queued [TASKS]; /* Waits for a seat */
bool ended [TASKS];  /* The broker has its outcome */
byte tries [TASKS];  /* Counted */
byte strandings [TASKS];
byte failures; /* Slots in a row that ended before they had answered anything */
byte generation;

/* ---- the seat's ---- */
bool ready;     /* There is a slot, alive or not */
bool condemned; /* It is being killed */
bool deaf;      /* Nothing that it says is read any more */
bool missed;    /* Nor what it had said before */
bool slow;      /* Its first task takes long: nothing goes behind it */
bool gave;      /* It has answered a task */
byte count;     /* Leases in it, in order */
byte ticket [AHEAD];
byte task [AHEAD];
byte desk_next, desk_limit; /* The worker's own copy */

/* ---- shared memory and socket ---- */
byte next, limit;
bool torn; /* The claim makes no sense */
bool lost; /* The ring's head makes none */
byte mark; /* The slot notes the ticket that it has begun last, after it has claimed it and before it runs it */
chan pipe = [3] of { byte, byte };    /* Ticket and task, to the slot */
chan ring = [3] of { byte, byte };    /* Ticket, and how much of its result, to the worker */

/* ---- the slot's ---- */
bool rubbish; /* In the socket */
bool alive, stopped, used; /* used: a task has run in it, and may have left anything behind */
byte runs_ticket = NONE, runs_task = NONE;
bool half;                 /* A part of the result is published */
byte kept_ticket = NONE, kept_task = NONE; /* Of the mutation that gathers results */

/* ---- what nobody in the model knows: the truth about each lease ---- */
bool begun [TASKS], published [TASKS];
bool denied [TASKS]; /* It said itself that it had not begun, before the worker could see that it had */
bool forged [TASKS]; /* It said itself that it had ended, before it had */
bool lied; /* A task said that all behind it had begun */
byte spoiler = NONE; /* The task that wrote over the page */
bool spoiled; /* There is rubbish in the ring */
bool mischief; /* One of these was done: one for each slot */

inline begin (x)
{
    assert (!ended [x]); /* [never-again] */
    assert (!begun [x] || denied [x]); /* [runs-once] */
    begun [x] = true;
    used = true
}

inline lease (x)
{
    begun [x] = false;
    published [x] = false;
    denied [x] = false;
    forged [x] = false;
    strandings [x] = 0;
    queued [x] = true
}

/* ---- how leases end ---- */

inline answer (x)
{
    assert (!ended [x]); /* [one-answer] */
    assert (begun [x] || lied); /* [answer-of-run] */
    assert (published [x] || spoiled); /* [whole-result] */
    ended [x] = true;
    gave = true;
    failures = 0
}

/* A counted try: the broker gives it again, or ends it. */
inline fail (x)
{
    assert (!ended [x]); /* [one-answer] */
    tries [x]++;
    if
    :: tries [x] > RETRIES -> ended [x] = true
    :: else -> lease (x)
    fi
}

/* It wrote over the page before it ended, or said what it should not have. */
#define OWN_FAULT(x) (x == spoiler || denied [x] || forged [x])

inline blame (x)
{
    assert (x == task [0] || deaf); /* [only-first] */
    assert (begun [x] || lost); /* [culprit] */
    assert (!published [x] || OWN_FAULT (x) || spoiled || missed); /* [results-survive] */
    fail (x)
}

inline back (x)
{
    assert (!begun [x] || denied [x]); /* [untried] */
    queued [x] = true
}

inline strand (x)
{
    strandings [x]++;
#ifdef MUTATION_STRANDINGS_UNCOUNTED
    strandings [x] = 0;
#endif
    if
    :: strandings [x] >= STRANDINGS -> fail (x)
    :: else -> back (x)
    fi
}

/* ---- the worker's look at the page ---- */

#define SANE (!torn && limit == desk_limit && next >= desk_next && next <= desk_limit)
#define CLAIMED(n) (ticket [n] < desk_next)
#ifdef MUTATION_CLAIMS_BELIEVED
#define BEGUN(n) (CLAIMED (n) || torn)
#else
/* Who writes over the head writes over the note */
#define BEGUN(n) (lost -> (CLAIMED (n) || torn) : mark >= ticket [n])
#endif

inline look ()
{
    if
    :: SANE -> desk_next = next
    :: else -> torn = true
    fi
}

inline shift ()
{
    ticket [0] = ticket [1];
    task [0] = task [1];
    count--
}

inline take_back ()
{
    if
    :: count > 1 && !CLAIMED (1) -> back (task [1]); count--
    :: else
    fi;
    if
    :: count == 1 && !CLAIMED (0) -> back (task [0]); count--
    :: else
    fi
}

/* ---- the slot ---- */

active proctype slot ()
{
    byte t, x;
end:
    do
    :: atomic { alive && !stopped && runs_task == NONE && nempty (pipe) ->
        pipe ? t, x;
        if
        :: !torn && t < next /* Revoked */
        :: !torn && t == next && t < limit -> next++; runs_ticket = t; runs_task = x; mark = t; begin (x)
        :: else -> alive = false /* The worker's message makes no sense: exit */
        fi }
#ifdef MUTATION_RESULTS_GATHERED
    :: atomic { alive && !stopped && runs_task != NONE && kept_task == NONE ->
        kept_ticket = runs_ticket; kept_task = runs_task; runs_task = NONE }
    :: atomic { alive && !stopped && kept_task != NONE && nfull (ring) ->
        ring ! kept_ticket, WHOLE; published [kept_task] = true; kept_task = NONE }
#else
#ifndef LIES
    :: atomic { alive && !stopped && runs_task != NONE && !half && nfull (ring) -> ring ! runs_ticket, PART; half = true }
#endif
    :: atomic { alive && !stopped && runs_task != NONE && nfull (ring) ->
        ring ! runs_ticket, WHOLE; published [runs_task] = true; half = false; runs_task = NONE }
#endif
    od
}

/* ---- what may go wrong: a task does it, or what it left behind, or somebody from outside ---- */

active proctype misfortune ()
{
    byte t;
end:
    do
#ifndef NO_CRASH
    :: atomic { alive -> alive = false }
    :: atomic { alive && !rubbish -> rubbish = true } /* In the socket */
#endif
#ifndef LIES
    :: atomic { alive && !stopped -> stopped = true }
#else
    :: atomic { alive && !mischief && runs_task != NONE -> mischief = true; /* It writes over */
        if
        :: torn = true; spoiler = runs_task /* the page, */
        :: lost = true /* the ring's head, */
        :: torn = true; spoiler = runs_task; lost = true /* both; or it says */
        :: next == runs_ticket + 1 -> /* "I have not begun", */
            next--;
            if
            :: desk_next <= runs_ticket -> denied [runs_task] = true
            :: else -> spoiler = runs_task /* The worker knows better */
            fi
        :: next < limit -> next = limit; lied = true; spoiler = runs_task /* or "I have begun all of them" */
        fi }
    :: atomic { alive && !mischief && nfull (ring) -> mischief = true; spoiled = true; /* It, or what it left behind, or a plugin, sends */
        if
        :: ring ! NONE, WHOLE /* rubbish, */
        :: used && limit > 1 -> /* or "This one has ended" */
            select (t : 1 .. limit - 1);
            ring ! t, WHOLE;
            if
            :: runs_task != NONE && t == runs_ticket -> published [runs_task] = true; forged [runs_task] = true
            :: else
            fi
        fi }
#endif
    od
}

/* ---- the worker ---- */

/* Of a slot that wrote over its page, what ended before it went on to another task. */
#ifdef MUTATION_MARK_IGNORED
#define STANDS (!torn)
#else
#define STANDS (!torn || mark > ticket [0])
#endif
#ifdef MUTATION_RESULTS_UNCHECKED
#define IS_BEGUN true
#else
#define IS_BEGUN BEGUN (0)
#endif
#ifdef MUTATION_PARTS_COUNT
#define IS_WHOLE(how) true
#else
#define IS_WHOLE(how) (how == WHOLE)
#endif

inline hear ()
{
    byte t, how;
    if
    :: lost -> deaf = true; missed = true
    :: else ->
        ring ? t, how;
        look ();
        if
        :: count && t == ticket [0] && IS_BEGUN && STANDS ->
            if
            :: IS_WHOLE (how) -> answer (task [0]); shift (); slow = false
            :: else /* The rest will follow */
            fi
        :: else -> deaf = true
        fi
    fi
}

inline give (x)
{
    queued [x] = false;
    look ();
    if
    :: torn && count == 0 -> condemned = true; strand (x)
    :: torn && count > 0 -> condemned = true; queued [x] = true
    :: else ->
        limit++;
        pipe ! desk_limit, x;
        ticket [count] = desk_limit;
        task [count] = x;
        desk_limit++;
        count++
    fi
}

/* Of a dead slot's leases the first is blamed if it had begun; nobody else is. */
inline judge ()
{
    look ();
    if
    :: count == 0 && !gave ->
#ifndef MUTATION_STARTS_UNCOUNTED
        failures++
#else
        skip
#endif
    :: count == 0 && gave
    :: count > 0 ->
        if
#ifdef MUTATION_UNBEGUN_BLAMED
        :: true -> blame (task [0])
#else
        :: !BEGUN (0) -> strand (task [0])
        :: BEGUN (0) -> blame (task [0])
#endif
        fi;
        if
        :: count > 1 ->
            if
#ifdef MUTATION_JUDGED_BY_PAGE
            :: CLAIMED (1) || torn -> blame (task [1])
#elif defined(MUTATION_LOSS_IGNORED)
            :: deaf && !missed && BEGUN (1) -> blame (task [1])
#else
            :: deaf && BEGUN (1) -> blame (task [1])
#endif
            :: else -> back (task [1])
            fi
        :: else
        fi
    fi;
    count = 0;
    ready = false
}

inline empty_all ()
{
    do
    :: nempty (ring) -> ring ? _, _
    :: nempty (pipe) -> pipe ? _, _
    :: empty (ring) && empty (pipe) -> break
    od
}

inline start ()
{
#ifdef LOOPS
    generation++;
    assert (generation <= GENERATIONS); /* [no-loop] */
#endif
    empty_all ();
    next = 1; limit = 1; desk_next = 1; desk_limit = 1;
    torn = false; condemned = false; deaf = false; slow = false; gave = false;
    stopped = false; used = false; half = false; lied = false;
    lost = false; missed = false; rubbish = false; mark = 0; spoiler = NONE; spoiled = false; mischief = false; mischief = false;
    runs_task = NONE; runs_ticket = NONE; kept_task = NONE; kept_ticket = NONE;
    alive = true;
    ready = true
}

#ifdef MUTATION_RESULTS_LEFT
#define HEARD true
#else
#define HEARD ((empty (ring) && !lost) || deaf)
#endif

#define ANY_WAITS (queued [0] || queued [TASKS - 1])

active proctype worker ()
{
    byte x, seen;
    atomic {
        for (x : 0 .. TASKS - 1) {
            lease (x)
        }
    }
end:
    do
    :: atomic { !ready && failures < STARTS && ANY_WAITS -> start () }
    :: atomic { !ready && failures >= STARTS && ANY_WAITS -> /* No slot can be had: all that waits fails */
        for (x : 0 .. TASKS - 1) {
            if
            :: queued [x] -> queued [x] = false; tries [x] = RETRIES; fail (x)
            :: else
            fi
        } }
    :: atomic { ready && !condemned && !deaf && count < AHEAD && (count == 0 || !slow) && nfull (pipe) && ANY_WAITS ->
        if
        :: queued [0] -> give (0)
        :: queued [TASKS - 1] -> give (TASKS - 1)
        fi }
    :: atomic { ready && !deaf && (nempty (ring) || lost) -> hear () }

    /* What is behind a slow task goes elsewhere. */
#ifdef MUTATION_REVOKE_IN_TWO_STEPS
    :: atomic { ready && !condemned && !torn && count > 1 && !slow -> look (); seen = next; slow = true };
       atomic { if :: ready && !torn && count > 1 && ticket [1] >= seen -> back (task [1]); count--; next = limit; desk_next = next :: else fi }
#else
    :: atomic { ready && !condemned && count > 1 && !slow && SANE && ticket [0] < next ->
        look ();
        slow = true; take_back (); next = limit; desk_next = limit }
#endif

    /* Patrol: after all that it has said was heard. */
    :: atomic { ready && !condemned && (torn || deaf || rubbish) -> condemned = true }
#ifndef MUTATION_NOBODY_LOOKS
    :: atomic { ready && !condemned && count > 0 && (stopped || !SANE || !BEGUN (0)) ->
        look ();
        condemned = true }
#endif
    :: atomic { ready && condemned && alive -> alive = false }
    :: atomic { ready && !alive && HEARD -> judge () }
    od
}

/* When nothing can happen any more, every task has its outcome. */
active proctype end_of_all ()
{
    byte x;
end:
    timeout ->
        for (x : 0 .. TASKS - 1) {
            assert (ended [x]) /* [not-stuck] */
        }
}
