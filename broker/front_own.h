//  front_own.h - what the files of the clients' side share among themselves; see front.h

#ifndef BROKER_FRONT_OWN_H_INCLUDED
#define BROKER_FRONT_OWN_H_INCLUDED

#include "broker/askers.h"
#include "broker/follow.h"
#include "broker/front.h"
#include "broker/shares.h"
#include "broker/windows.h"

//  What the requests of all clients may cost in one turn, in visits of a task: about 0.1 ms.
#define FRONT_STEPS 16384u

struct front {
    hub_t *hub;         //  Borrowed
    void *router;       //  The front socket; borrowed
    back_t *back;       //  The workers' side, for orders; borrowed
    client_t *by_uuid;  //  Sessions by uuid (uthash)
    client_t *by_route; //  Those that are connected, by route (uthash)
    shares_t *shares;   //  How many sessions each key has
    int64_t swept_us;   //  When sessions that are left were looked for
    askers_t askers;    //  Whom WHO and REFUSED have gone to
    alarm_t report;     //  Rings when states are to be told
    windows_t windows;  //  What clients may send ahead
    buffer_t frame;     //  The one being written
    uint64_t rate_done; //  Tasks ended when the rate was taken last
    int64_t rate_us;    //  When that was
    double rate;        //  Results per second since then
    uint64_t arrivals;  //  Of the journal, when questions were looked at last
    client_t *asking;   //  Clients with requests that may be answered (utlist)
    bool waits_store;   //  One of them waits for what lies in the store
    uint32_t steps;     //  What answers may cost in the rest of this turn
};

//  Sends the frame at hand.
cadre_error_t front_send (front_t *self, sockets_route_t route);
void front_who (front_t *self, sockets_route_t route);

//  The session is forgotten, and with it the client's attached jobs.
void front_forget (front_t *self, client_t *client);

//  The client is there now; 0: nowhere.
void front_move (front_t *self, client_t *client, sockets_route_t route);

//  Room for one more session of that key. CADRE_ERROR_DESCRIPTORS and a sentence when there is none: it MAY come again.
cadre_error_t front_room (front_t *self, const char *peer, fault_t *fault);
shares_t *front_room_new (const hub_t *hub);

//  Says this client HELLO more often than it has reason to? Counts this one.
bool front_is_too_often (const front_t *self, client_t *client);

//  The session ends because it acknowledges nothing.
void front_end_stuck (front_t *self, client_t *client);

//  What waits until replies are acknowledged is looked at; false when the session has ended by that.
bool front_unpark (front_t *self, client_t *client);

//  Tells states that have changed; the report alarm.
void front_report (void *self, int64_t now_us);

//  The client's requests go on, if it has any and takes replies.
void front_ask (front_t *self, client_t *client);

//  Once a turn: requests that wait are answered, as far as a turn may go; and the next turn begins.
void front_answer (front_t *self);

//  Those of a client that goes are dropped.
void front_drop_requests (front_t *self, client_t *client);

//  May this client have such jobs run, as its key says? A fault (CADRE_ERROR_REFUSED) if not.
cadre_error_t front_check_rights (const hub_t *hub, const client_t *client, uint64_t kind,
                                  const char *function, fault_t *fault);

//  JOB_OPENED: the number, or the fault.
void front_opened (front_t *self, client_t *client, uint64_t ref, uint64_t number, const fault_t *fault);

//  Who opened a detached job is told how far it is, and no more.
void front_tell_state (front_t *self, client_t *client, job_t *job, uint64_t ref);

//  ---- front_again.c: a detached job that is submitted again ----

//  The client's job of that UUID, or the number of one that was forgotten; NULL, 0.
job_t *front_known (const front_t *self, const client_t *client, const uint8_t uuid [WIRE_UUID_BYTES]);
uint64_t front_forgotten (const front_t *self, const client_t *client, const uint8_t uuid [WIRE_UUID_BYTES]);

//  The client goes on with it, or is refused when it is to be another job. True.
bool front_open_again (front_t *self, client_t *client, const wire_job_open_t *open, job_t *job);

typedef enum again {
    AGAIN_SAME,  //  So far, they are the tasks that it has
    AGAIN_OTHER, //  They are not
    AGAIN_BROKEN //  The frame breaks the protocol
} again_t;

//  Takes those tasks out of the frame that the job has, and compares them.
again_t front_skip_known (client_t *client, const job_t *job, ref_t *ref, wire_job_tasks_t *tasks);

//  The same identity, and not the same tasks. True.
bool front_refuse_others (front_t *self, client_t *client, const job_t *job, uint64_t ref);

//  Handle one stream frame; false when it breaks the protocol.
bool front_job_open (front_t *self, client_t *client, cursor_t *body);
bool front_job_tasks (front_t *self, client_t *client, cursor_t *body);
bool front_job_seal (front_t *self, client_t *client, cursor_t *body);
bool front_job_cancel (front_t *self, client_t *client, cursor_t *body);
bool front_job_follow (front_t *self, client_t *client, cursor_t *body);
bool front_request (front_t *self, client_t *client, cursor_t *body);

#endif
