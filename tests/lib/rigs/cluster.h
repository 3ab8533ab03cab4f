/*  cluster.h - rig: a real broker and real workers, as processes of the test
 *
 *  cadre-broker with a short beat and loss, and cadre-workers that serve the plugins arithmetic,
 *  trouble and labour. The test kills, stops and starts them; whoever ends without being told to
 *  fails the test in cluster_destroy, with what it said. Functions end the process with what
 *  everybody said when something is wrong; waits end after CLUSTER_PATIENCE_MS.
 */

#ifndef TESTS_LIB_RIGS_CLUSTER_H_INCLUDED
#define TESTS_LIB_RIGS_CLUSTER_H_INCLUDED

#include <cadre.h>

#include <stdbool.h>
#include <sys/types.h>

#include "common/keys.h"

#define CLUSTER_WORKERS 4
#define CLUSTER_BEAT_MS 200
#define CLUSTER_LOST_MS 2000
#define CLUSTER_PATIENCE_MS 50000

typedef struct cluster cluster_t;

//  scheme: "ipc", "tcp", or "curve": tcp with keys for alice (client), web (client, for square
//  alone), eve (observer), boss (admin), node and other (workers), and an ipc address beside it.
//  Workers 0 to WORKERS - 1 are started, with SLOTS slots each; they are registered when it
//  returns.
cluster_t *cluster_new (const char *scheme, unsigned workers, unsigned slots);
void cluster_destroy (cluster_t **self_p);

//  Set-up and tear-down of cmocka tests: a cluster of one worker with two slots, in *STATE.
int cluster_set_up_tcp (void **state);
int cluster_set_up_curve (void **state);
int cluster_tear_down (void **state);

const char *cluster_address (const cluster_t *self);
unsigned cluster_port (
    const cluster_t *self); //  tcp: the first of the block; lanes are from + 100 to + 139
const char *cluster_folder (
    const cluster_t *self); //  A fresh one for the test's own files; removed with what is in it

pid_t cluster_broker (const cluster_t *self);
void cluster_restart_broker (cluster_t *self); //  kill -9, and a new one at the same address
pid_t cluster_worker (const cluster_t *self, unsigned number);

//  Starts a worker that is not there, at the broker's address or, when address is not NULL, another
//  one. Does not wait.
void cluster_start_worker (cluster_t *self, unsigned number, unsigned slots, const char *address);
//  The same with somebody's access file.
void cluster_start_worker_as (cluster_t *self, unsigned number, unsigned slots, const char *access);
void cluster_kill_worker (cluster_t *self, unsigned number); //  kill -9, and waits for its end

//  "curve": the ipc address; the folder of keys; somebody's access file and the keys in it; makes a
//  key, or ends one; the broker reads them again.
const char *cluster_local (const cluster_t *self);
const char *cluster_keys (const cluster_t *self);
const char *cluster_access (const cluster_t *self, const char *name);
keys_t cluster_key (const cluster_t *self, const char *name);
void cluster_add_key (cluster_t *self, const char *name, role_t role, const char *function);
void cluster_revoke (cluster_t *self, const char *name);
void cluster_reload (cluster_t *self);

//  Waits for the broker's own end, after a signal of the test's, and returns its exit code. Starts
//  another one at the same place.
int cluster_await_end (cluster_t *self);
void cluster_start_again (cluster_t *self);

//  What the broker has said so far.
const char *cluster_said (const cluster_t *self);

//  A pool at the broker; "curve": as alice.
cadre_t *cluster_open (const cluster_t *self);

//  A number of broker.info; and waits until it is at least so much, or exactly.
int64_t cluster_info (cluster_t *self, const char *key);
void cluster_until_at_least (cluster_t *self, const char *key, int64_t value);
void cluster_until (cluster_t *self, const char *key, int64_t value);

//  Files in the folder: makes one; waits for one, and gives the number in it.
void cluster_touch (const cluster_t *self, const char *name);
bool cluster_has (const cluster_t *self, const char *name);
long cluster_await (const cluster_t *self, const char *name);

//  Jobs of COUNT tasks, sealed: squares of 0 to COUNT - 1; gates, each of which says that it has
//  started and waits for the file "go" (tests/plugins/labour.c).
cadre_job_t *cluster_squares (cadre_t *pool, const cadre_job_options_t *options, int64_t count);
cadre_job_t *cluster_gates (const cluster_t *self, cadre_t *pool,
                            const cadre_job_options_t *options, int64_t count);

//  The end of a test: destroys the job, closes the pool, and destroys the cluster.
void cluster_end (cadre_t **pool, cadre_job_t **job, cluster_t **self_p);

void cluster_pause (void); //  Between two looks at something

#endif
