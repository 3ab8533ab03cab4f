//  attack.c - what an honest client is slowed by: an attack on a port, from a process of its own, until it is ended

#include "tests/bench/bench.h"

#include "common/access.h"
#include "common/descriptors.h"
#include "common/moment.h"
#include "tests/lib/assault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define ENOUGH 256

//  An authenticated peer that sends frames which are none, as fast as asked.
static void s_send_rubbish (unsigned port, const keys_t *keys, uint64_t a_second)
{
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_DEALER);
    char endpoint [64], bytes [ENOUGH];
    memset (bytes, 0xa5, sizeof bytes);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", port);
    zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, keys->server_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEYS_TEXT_BYTES - 1);
    zmq_connect (socket, endpoint);
    int64_t start_us = moment_now (NULL);
    for (uint64_t count = 0;;) {
        uint64_t due = (uint64_t) (moment_now (NULL) - start_us) * a_second / 1000000;
        for (; count < due; count++)
            zmq_send (socket, bytes, sizeof bytes, 0);
        nanosleep (&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

int bench_attack (int argc, char **argv)
{
    static const char *const kinds [] = {"silent", "half", "strangers", "clear", "rubbish"};
    uint64_t port = bench_count (argc, argv, 1, 0), number = bench_count (argc, argv, 2, 0);
    access_t access;
    fault_t fault = {0};
    if (argc < 3 || !getenv (ACCESS_VARIABLE) || access_read (&access, getenv (ACCESS_VARIABLE), &fault))
        bench_die ("attack", fault.code ? fault.text : "KIND PORT NUMBER, and CADRE_ACCESS, are needed");
    descriptors_raise ();
    if (strcmp (argv [0], "client") == 0)
        s_send_rubbish ((unsigned) port, &access.keys, number);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds [0]; i++)
        if (strcmp (argv [0], kinds [i]) == 0) {
            assault_new ((assault_kind_t) i, (unsigned) port, (unsigned) number, access.keys.server_key);
            for (;;)
                pause ();
        }
    bench_die (argv [0], "is no attack: silent, half, strangers, clear, rubbish or client");
}
