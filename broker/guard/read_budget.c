//  read_budget.c - limits how much libzmq may read from connections

#include "broker/guard/read_budget.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SHARE 16      //  Fraction of the memory for seats
#define SEAT_SHARE 32 //  Fraction of that for one seat
#define GROUP_SHARE 3 //  Fraction of the seats that a group leaves to others
#define SEAT_MOST (8u << 20)
#define GREETING_BYTES 64              //  Size of the ZMTP 3 greeting
#define MECHANISM_AT 12                //  Offset of the mechanism's name
#define CLEAR_BYTES 9                  //  Overhead of a message on the wire
#define CURVE_BYTES 42                 //  The same with CURVE
#define FRAME_MOST ((1u << 20) + 128u) //  libzmq refuses a larger one

enum { FLAG_MORE = 1, FLAG_LONG = 2, FLAG_COMMAND = 4 };

typedef struct scan {
    uint64_t body;      //  Remaining bytes of the current frame
    uint8_t head [9];   //  Flags and size of the next frame
    uint8_t head_bytes; //  How many of these bytes have arrived
    uint8_t greeting;   //  Bytes of the greeting that have arrived
    uint8_t frames;     //  Frames of the current message, without encryption
    bool clear;         //  The mechanism is NULL
} scan_t;

typedef struct flow {
    scan_t scan;             //  Position in its frames
    uint64_t unread;         //  Bytes that libzmq holds for it
    bool known;              //  The connection has begun, and not ended
    unsigned group;          //  Of its key; 0: it has not delivered a message yet
    bool heard;              //  It has delivered a message
    bool cut;                //  It must be closed
    bool seated;             //  It has a seat
    bool waiting;            //  It waits for a seat
    bool paused;             //  It may not read
    struct flow *prev;       //  Neighbours among those that wait
    struct flow *next;       //  …
    struct flow *group_prev; //  Neighbours in its group
    struct flow *group_next; //  …
} flow_t;

typedef struct group {
    flow_t *flows;  //  Its connections
    flow_t *queue;  //  Those that wait for a seat, the first one first
    uint64_t seats; //  That it has
    bool held;      //  They may begin no frame
} group_t;

struct read_budget {
    flow_t *flows;       //  By descriptor
    size_t count;        //  Size of the table
    group_t *groups;     //  By number
    size_t groups_count; //  How many
    size_t turn;         //  The group that may take the next free seat
    size_t waiting;      //  Connections that wait for a seat
    uint64_t budget;     //  Memory for seats and for remains of closed connections
    uint64_t seat;       //  Memory of one seat
    uint64_t seats;      //  Seats in use
    uint64_t unread;     //  Of all connections
    uint64_t left [2];   //  Remains of closed connections: since the last drained call, and before
    uint64_t cut;        //  Connections closed, ever
    read_budget_resume_fn *resume; //  Callback of the owner
    void *owner;                   //  Its first argument
};

static uint64_t s_between (uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value < most ? value : most;
}

static group_t *s_group (read_budget_t *self, unsigned number)
{
    if (number < self->groups_count)
        return &self->groups [number];
    size_t count = (size_t) number + 1;
    self->groups = realloc (self->groups, count * sizeof *self->groups);
    assert (self->groups);
    memset (self->groups + self->groups_count, 0,
            (count - self->groups_count) * sizeof *self->groups);
    self->groups_count = count;
    return &self->groups [number];
}

read_budget_t *read_budget_new (uint64_t memory_limit, size_t descriptors,
                                read_budget_resume_fn *resume, void *owner)
{
    read_budget_t *self = calloc (1, sizeof *self);
    assert (self);
    self->flows = calloc (descriptors, sizeof *self->flows);
    assert (self->flows);
    self->count = descriptors;
    s_group (self, 0);
    self->budget = s_between (READ_BUDGET_LEAST_BYTES, memory_limit / SHARE, UINT64_MAX);
    self->seat = s_between (READ_BUDGET_SEAT_BYTES, self->budget / SEAT_SHARE, SEAT_MOST);
    self->resume = resume;
    self->owner = owner;
    return self;
}

void read_budget_destroy (read_budget_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    free ((*self_p)->groups);
    free ((*self_p)->flows);
    free (*self_p);
    *self_p = NULL;
}

static flow_t *s_flow (const read_budget_t *self, int fd)
{
    flow_t *flow = fd >= 0 && (size_t) fd < self->count ? &self->flows [fd] : NULL;
    return flow && flow->known ? flow : NULL;
}

//  ---- seats --------------------------------------------------------------

//  A group leaves others a third of the seats, if there are several groups.
static bool s_has_seat_left (const read_budget_t *self, const group_t *group)
{
    uint64_t most = self->budget / self->seat;
    if (self->groups_count > 1 && most > 1)
        most -= (most + GROUP_SHARE - 1) / GROUP_SHARE;
    return group->seats < most
           && (self->seats + 1) * self->seat + self->left [0] + self->left [1] <= self->budget;
}

static void s_go_on (read_budget_t *self, flow_t *flow)
{
    flow->paused = false;
    self->resume (self->owner, (int) (flow - self->flows));
}

static void s_enter_queue (read_budget_t *self, flow_t *flow)
{
    DL_APPEND (self->groups [flow->group].queue, flow);
    flow->waiting = true;
    self->waiting++;
}

static void s_leave_queue (read_budget_t *self, flow_t *flow)
{
    DL_DELETE (self->groups [flow->group].queue, flow);
    flow->waiting = false;
    self->waiting--;
}

static void s_take_seat (read_budget_t *self, flow_t *flow)
{
    flow->seated = true;
    self->seats++;
    self->groups [flow->group].seats++;
}

//  Groups in turn. Returns whether one got a seat.
static bool s_seat_one (read_budget_t *self)
{
    for (size_t i = 0; i < self->groups_count; i++) {
        size_t at = (self->turn + i) % self->groups_count;
        flow_t *flow = self->groups [at].queue;
        if (!flow || !s_has_seat_left (self, &self->groups [at]))
            continue;
        self->turn = at + 1;
        s_leave_queue (self, flow);
        s_take_seat (self, flow);
        s_go_on (self, flow);
        return true;
    }
    return false;
}

static void s_seat_next (read_budget_t *self)
{
    while (self->waiting && s_seat_one (self))
        ;
}

static void s_stand_up (read_budget_t *self, flow_t *flow)
{
    if (!flow->seated)
        return;
    flow->seated = false;
    self->seats--;
    self->groups [flow->group].seats--;
    s_seat_next (self);
}

static bool s_sit_down (read_budget_t *self, flow_t *flow)
{
    const group_t *group = &self->groups [flow->group];
    if (!group->queue && s_has_seat_left (self, group)) {
        s_take_seat (self, flow);
        return true;
    }
    if (!flow->waiting)
        s_enter_queue (self, flow);
    return false;
}

//  ---- connections --------------------------------------------------------

void read_budget_begin (read_budget_t *self, int fd)
{
    read_budget_end (self, fd);
    if (fd < 0 || (size_t) fd >= self->count)
        return;
    self->flows [fd] = (flow_t){.known = true};
    DL_APPEND2 (self->groups->flows, &self->flows [fd], group_prev, group_next);
}

void read_budget_end (read_budget_t *self, int fd)
{
    flow_t *flow = s_flow (self, fd);
    if (!flow)
        return;
    flow->known = false;
    self->unread -= flow->unread;
    self->left [0] += flow->unread;
    if (flow->waiting)
        s_leave_queue (self, flow);
    s_stand_up (self, flow);
    DL_DELETE2 (self->groups [flow->group].flows, flow, group_prev, group_next);
}

bool read_budget_is_unheard (const read_budget_t *self, int fd, uint64_t *bytes)
{
    const flow_t *flow = s_flow (self, fd);
    *bytes = flow ? flow->unread : 0;
    return flow && !flow->heard;
}

bool read_budget_knows (const read_budget_t *self, int fd)
{
    return s_flow (self, fd) != NULL;
}

//  ---- frames -------------------------------------------------------------

static size_t s_read_budget_greet (scan_t *scan, const uint8_t *bytes, size_t size_bytes)
{
    size_t i = 0;
    for (; i < size_bytes && scan->greeting < GREETING_BYTES; i++, scan->greeting++)
        if (scan->greeting == MECHANISM_AT)
            scan->clear = bytes [i] == 'N';
    return i;
}

static size_t s_pass_body (scan_t *scan, size_t size_bytes)
{
    size_t part = scan->body < size_bytes ? (size_t) scan->body : size_bytes;
    scan->body -= part;
    return part;
}

//  A head consists of flags and a size of one or eight bytes.
static void s_begin_frame (scan_t *scan)
{
    unsigned flags = scan->head [0];
    size_t size_bytes = flags & FLAG_LONG ? 8 : 1;
    scan->body = 0;
    for (size_t i = 1; i <= size_bytes; i++)
        scan->body = scan->body << 8 | scan->head [i];
    scan->head_bytes = 0;
    if (scan->clear && !(flags & FLAG_COMMAND) && scan->frames <= READ_BUDGET_MESSAGE_FRAMES)
        scan->frames =
            flags & FLAG_MORE || scan->frames == READ_BUDGET_MESSAGE_FRAMES ? scan->frames + 1 : 0;
}

static bool s_is_endless (const scan_t *scan)
{
    return scan->frames > READ_BUDGET_MESSAGE_FRAMES;
}

//  Parses the greeting, the current frame, or the head of the next one; *begins is set when that
//  head is complete. Returns the number of bytes parsed.
static size_t s_step (scan_t *scan, const uint8_t *bytes, size_t size_bytes, bool *begins)
{
    *begins = false;
    if (scan->greeting < GREETING_BYTES)
        return s_read_budget_greet (scan, bytes, size_bytes);
    if (scan->body)
        return s_pass_body (scan, size_bytes);
    scan->head [scan->head_bytes++] = *bytes;
    *begins = scan->head_bytes == (scan->head [0] & FLAG_LONG ? 9 : 2);
    if (*begins)
        s_begin_frame (scan);
    return 1;
}

//  ---- groups -------------------------------------------------------------

static void s_read_budget_move (read_budget_t *self, flow_t *flow, unsigned number)
{
    group_t *to = s_group (self, number), *from = &self->groups [flow->group];
    bool waits = flow->waiting;
    if (waits)
        s_leave_queue (self, flow);
    from->seats -= flow->seated;
    to->seats += flow->seated;
    DL_DELETE2 (from->flows, flow, group_prev, group_next);
    DL_APPEND2 (to->flows, flow, group_prev, group_next);
    flow->group = number;
    if (waits)
        s_enter_queue (self, flow);
    s_seat_next (self);
}

//  Between two frames of a group that is held.
static bool s_is_barred (const read_budget_t *self, const flow_t *flow, const scan_t *scan)
{
    return self->groups [flow->group].held && scan->greeting == GREETING_BYTES && !scan->body
           && !scan->head_bytes;
}

void read_budget_hold (read_budget_t *self, unsigned number, bool hold)
{
    group_t *group = s_group (self, number);
    group->held = hold;
    for (flow_t *flow = hold ? NULL : group->flows; flow; flow = flow->group_next)
        if (flow->paused && !flow->waiting)
            s_go_on (self, flow);
}

//  ---- what may be read ---------------------------------------------------

//  libzmq allocates a whole frame as soon as it has the head: is there room?
static bool s_admits (read_budget_t *self, flow_t *flow, uint64_t unread, uint64_t body)
{
    if (body <= READ_BUDGET_FREE_BYTES || body > FRAME_MOST)
        return true;
    return (flow->seated || s_sit_down (self, flow)) && unread + body <= self->seat;
}

size_t read_budget_room (read_budget_t *self, int fd, bool *look)
{
    flow_t *flow = s_flow (self, fd);
    *look = false;
    if (!flow)
        return SIZE_MAX;
    if (flow->cut)
        return 0;
    if (s_is_barred (self, flow, &flow->scan)) {
        flow->paused = true;
        return 0;
    }
    *look = flow->scan.body <= READ_BUDGET_FREE_BYTES;
    if (!flow->seated && flow->unread < READ_BUDGET_FREE_BYTES)
        return READ_BUDGET_FREE_BYTES - (size_t) flow->unread;
    bool fits = flow->seated || s_sit_down (self, flow);
    flow->paused = !fits || flow->unread >= self->seat;
    if (flow->paused)
        return 0;
    uint64_t room = self->seat - flow->unread;
    return (size_t) (*look || room < flow->scan.body ? room : flow->scan.body);
}

size_t read_budget_fits (read_budget_t *self, int fd, const uint8_t *bytes, size_t size_bytes)
{
    flow_t *flow = s_flow (self, fd);
    if (!flow)
        return size_bytes;
    scan_t scan = flow->scan;
    size_t at = 0, head = 0;
    while (at < size_bytes) {
        bool begins;
        if (s_is_barred (self, flow, &scan)) {
            flow->paused = at == 0;
            return at;
        }
        if (scan.head_bytes == 0)
            head = at;
        at += s_step (&scan, bytes + at, size_bytes - at, &begins);
        if (begins && !s_admits (self, flow, flow->unread + head, scan.body)) {
            flow->paused = head == 0;
            return head;
        }
    }
    return size_bytes;
}

bool read_budget_came (read_budget_t *self, int fd, const uint8_t *bytes, size_t size_bytes)
{
    flow_t *flow = s_flow (self, fd);
    if (!flow)
        return true;
    uint64_t cost = size_bytes;
    for (size_t at = 0; at < size_bytes;) {
        bool begins;
        at += s_step (&flow->scan, bytes + at, size_bytes - at, &begins);
        cost += begins ? READ_BUDGET_FRAME_BYTES : 0;
    }
    bool endless = s_is_endless (&flow->scan);
    self->cut += endless && !flow->cut;
    flow->cut = flow->cut || endless;
    flow->unread += cost;
    self->unread += cost;
    return !flow->cut;
}

//  A frame whose head has arrived needs its seat until it is delivered.
static bool s_needs_seat (const flow_t *flow)
{
    return flow->unread >= READ_BUDGET_FREE_BYTES || flow->scan.body > READ_BUDGET_FREE_BYTES;
}

//  The overhead of a message is an estimate: unread must not become negative.
void read_budget_heard (read_budget_t *self, int fd, size_t size_bytes, unsigned group)
{
    flow_t *flow = s_flow (self, fd);
    if (!flow)
        return;
    uint64_t cost =
        size_bytes + (flow->scan.clear ? CLEAR_BYTES : CURVE_BYTES) + READ_BUDGET_FRAME_BYTES;
    cost = cost < flow->unread ? cost : flow->unread;
    flow->unread -= cost;
    self->unread -= cost;
    flow->heard = true;
    if (group != flow->group)
        s_read_budget_move (self, flow, group);
    if (!s_needs_seat (flow))
        s_stand_up (self, flow);
    if (flow->paused && !flow->waiting && !s_is_barred (self, flow, &flow->scan))
        s_go_on (self, flow);
}

void read_budget_drained (read_budget_t *self)
{
    self->left [1] = self->left [0];
    self->left [0] = 0;
    s_seat_next (self);
}

bool read_budget_is_seated (const read_budget_t *self, int fd)
{
    const flow_t *flow = s_flow (self, fd);
    return flow && flow->seated;
}

bool read_budget_is_full (const read_budget_t *self, int fd)
{
    const flow_t *flow = s_flow (self, fd);
    return flow && flow->seated && flow->paused && !s_is_barred (self, flow, &flow->scan);
}

bool read_budget_is_cut (const read_budget_t *self, int fd)
{
    const flow_t *flow = s_flow (self, fd);
    return flow && flow->cut;
}

bool read_budget_is_paused (const read_budget_t *self, int fd)
{
    const flow_t *flow = s_flow (self, fd);
    return flow && flow->paused;
}

size_t read_budget_waiting (const read_budget_t *self)
{
    return self->waiting;
}

uint64_t read_budget_cut (const read_budget_t *self)
{
    return self->cut;
}

uint64_t read_budget_bytes (const read_budget_t *self)
{
    return self->unread + self->left [0] + self->left [1];
}
