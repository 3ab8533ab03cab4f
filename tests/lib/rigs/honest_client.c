//  honest_client.c - rig: a client with a valid key, whose job runs while other peers attack the
//  broker

#include "tests/lib/rigs/honest_client.h"

#include "tests/lib/rigs/outcomes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define TASKS 1500

struct honest_client {
    cadre_t *pool;    //  Its connection
    cadre_job_t *job; //  Squares
};

static void s_submit (honest_client_t *self, int64_t first)
{
    for (int64_t i = first; i < first + TASKS; i++)
        if (cadre_job_add (self->job, NULL, "i", i) != CADRE_OK)
            fail_msg ("%s", cadre_job_message (self->job));
}

honest_client_t *honest_client_new (const cluster_t *cluster)
{
    honest_client_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->pool = cluster_open (cluster);
    self->job = cadre_job_open (self->pool, "square", NULL);
    s_submit (self, 0);
    return self;
}

void honest_client_check (honest_client_t **self_p)
{
    honest_client_t *self = *self_p;
    s_submit (self, TASKS);
    assert_int_equal (cadre_job_seal (self->job), CADRE_OK);
    outcomes_squares (self->job, 2 * TASKS);
    cadre_job_destroy (&self->job);
    assert_int_equal (cadre_close (&self->pool, 20000), CADRE_OK);
    free (self);
    *self_p = NULL;
}

void honest_client_visit (const cluster_t *cluster)
{
    honest_client_t *self = honest_client_new (cluster);
    honest_client_check (&self);
}
