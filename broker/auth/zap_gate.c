//  zap_gate.c - accepts or refuses peers during ZeroMQ's handshake (ZAP, ZeroMQ RFC 27)

#include "broker/auth/zap_gate.h"

#include <assert.h>
#include <czmq.h>

#include "broker/auth/zap.h"

struct zap_gate {
    zactor_t *actor;                //  The thread
    void *context;                  //  The broker's; borrowed
    keyring_t *keys;                //  Until the thread takes it
    atomic_bool open;               //  The thread serves; set before zap_gate_new returns
    atomic_uint_least64_t refusals; //  Handshakes refused
};

//  False when the thread must end.
static bool s_obey (zap_t *self, zsock_t *pipe)
{
    char *order = NULL;
    void *keys = NULL;
    bool go_on = zsock_recv (pipe, "sp", &order, &keys) == 0 && streq (order, "KEYS");
    if (go_on) {
        keyring_destroy (&self->keys);
        self->keys = keys;
        zsock_signal (pipe, 0);
    }
    zstr_free (&order);
    return go_on;
}

static void s_zap_gate_keep (zsock_t *pipe, void *argument)
{
    zap_gate_t *gate = argument;
    zap_t self = {.keys = gate->keys, .refusals = &gate->refusals};
    gate->keys = NULL;
    bool go_on = zap_open (&self, gate->context);
    atomic_store (&gate->open, go_on);
    zsock_signal (pipe, 0); //  zactor_new waits for it
    zmq_pollitem_t items [2] = {{.socket = zsock_resolve (pipe), .events = ZMQ_POLLIN},
                                {.socket = self.handler, .events = ZMQ_POLLIN}};
    while (go_on) {
        if (zmq_poll (items, 2, -1) < 0) {
            go_on = errno == EINTR;
            continue;
        }
        if (items [1].revents)
            zap_answer (&self);
        if (items [0].revents)
            go_on = s_obey (&self, pipe);
    }
    zap_close (&self);
    keyring_destroy (&self.keys);
}

zap_gate_t *zap_gate_new (void *context, keyring_t **keys_p, fault_t *fault)
{
    zap_gate_t *self = calloc (1, sizeof *self);
    assert (self && keys_p && *keys_p);
    self->context = context;
    self->keys = *keys_p;
    *keys_p = NULL;
    //  Otherwise czmq handles SIGINT and SIGTERM, which belong to main
    zsys_handler_set (NULL);
    self->actor = zactor_new (s_zap_gate_keep, self);
    if (self->actor && atomic_load (&self->open))
        return self;
    fault_set (
        fault, CADRE_ERROR_INTERNAL,
        "keys cannot be checked: another ZAP handler serves this context, or no thread can be started");
    zap_gate_destroy (&self);
    return NULL;
}

void zap_gate_destroy (zap_gate_t **self_p)
{
    assert (self_p);
    zap_gate_t *self = *self_p;
    if (!self)
        return;
    zactor_destroy (&self->actor);
    keyring_destroy (&self->keys);
    free (self);
    *self_p = NULL;
}

void zap_gate_change (zap_gate_t *self, keyring_t **keys_p)
{
    zsock_send (self->actor, "sp", "KEYS", *keys_p);
    zsock_wait (self->actor);
    *keys_p = NULL;
}

uint64_t zap_gate_refused (const zap_gate_t *self)
{
    return atomic_load (&self->refusals);
}
