//  relay.c - the yardstick: the way of a task with nothing done on it
//
//  Four processes over ipc: a sender, a broker that passes on, a worker that sends back, a
//  receiver. One message a task, 64 bytes, on PUSH/PULL.

#include "tests/bench/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define PAYLOAD_BYTES 64
#define HWM                                                                                        \
    0 //  No limit: a broker that blocks in a send, while its worker does, would wait for ever
#define CALLS 2000

static char s_folder [] = "/tmp/cadre-bench-XXXXXX";
static const char *const s_names [] = {"submit", "lane", "sink", "deliver"};

static void *s_socket (void *context, int type, const char *name, bool binds)
{
    char endpoint [64];
    int hwm = HWM;
    void *socket = zmq_socket (context, type);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &hwm, sizeof hwm);
    snprintf (endpoint, sizeof endpoint, "ipc://%s/%s", s_folder, name);
    if ((binds ? zmq_bind : zmq_connect) (socket, endpoint) != 0)
        bench_die (endpoint, zmq_strerror (errno));
    return socket;
}

static void s_pass (void *from, void *to)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    while (zmq_msg_recv (&message, from, ZMQ_DONTWAIT) >= 0)
        zmq_msg_send (&message, to, 0);
    zmq_msg_close (&message);
}

static void s_broker (void)
{
    void *context = zmq_ctx_new ();
    void *submit = s_socket (context, ZMQ_PULL, "submit", true),
         *lane = s_socket (context, ZMQ_PUSH, "lane", true);
    void *sink = s_socket (context, ZMQ_PULL, "sink", true),
         *deliver = s_socket (context, ZMQ_PUSH, "deliver", true);
    for (;;) {
        zmq_pollitem_t items [] = {{.socket = submit, .events = ZMQ_POLLIN},
                                   {.socket = sink, .events = ZMQ_POLLIN}};
        zmq_poll (items, 2, -1);
        s_pass (submit, lane);
        s_pass (sink, deliver);
    }
}

static void s_worker (void)
{
    void *context = zmq_ctx_new ();
    void *lane = s_socket (context, ZMQ_PULL, "lane", false),
         *sink = s_socket (context, ZMQ_PUSH, "sink", false);
    zmq_msg_t message;
    zmq_msg_init (&message);
    for (;;) {
        zmq_msg_recv (&message, lane, 0);
        zmq_msg_send (&message, sink, 0);
    }
}

static void s_sender (uint64_t count)
{
    void *context = zmq_ctx_new ();
    void *submit = s_socket (context, ZMQ_PUSH, "submit", false);
    char payload [PAYLOAD_BYTES] = {0};
    for (uint64_t i = 0; i < count; i++)
        zmq_send (submit, payload, sizeof payload, 0);
    zmq_close (submit);
    zmq_ctx_term (context);
}

static pid_t s_start (void (*run) (void))
{
    pid_t pid = fork ();
    if (pid == 0) {
        run ();
        _exit (0);
    }
    return pid;
}

static void s_throughput (void *deliver, uint64_t count)
{
    char payload [PAYLOAD_BYTES];
    double start_s = bench_now_s ();
    pid_t sender = fork ();
    if (sender == 0) {
        s_sender (count);
        _exit (0);
    }
    for (uint64_t i = 0; i < count; i++)
        zmq_recv (deliver, payload, sizeof payload, 0);
    bench_print ("relay", (double) count / (bench_now_s () - start_s));
    waitpid (sender, NULL, 0);
}

static void s_round_trips (void *context, void *deliver)
{
    static double samples [CALLS];
    char payload [PAYLOAD_BYTES] = {0};
    void *submit = s_socket (context, ZMQ_PUSH, "submit", false);
    for (size_t i = 0; i < CALLS; i++) {
        double start_s = bench_now_s ();
        zmq_send (submit, payload, sizeof payload, 0);
        zmq_recv (deliver, payload, sizeof payload, 0);
        samples [i] = (bench_now_s () - start_s) * 1e6;
    }
    bench_percentiles ("relay_call", samples, CALLS);
    zmq_close (submit);
}

int bench_relay (int argc, char **argv)
{
    if (!mkdtemp (s_folder))
        bench_die (s_folder, "cannot be made");
    pid_t broker = s_start (s_broker), worker = s_start (s_worker);
    void *context = zmq_ctx_new ();
    void *deliver = s_socket (context, ZMQ_PULL, "deliver", false);
    s_throughput (deliver, bench_count (argc, argv, 0, 1000000));
    s_round_trips (context, deliver);
    kill (worker, SIGKILL);
    kill (broker, SIGKILL);
    waitpid (worker, NULL, 0);
    waitpid (broker, NULL, 0);
    zmq_close (deliver);
    zmq_ctx_term (context);
    for (size_t i = 0; i < sizeof s_names / sizeof *s_names; i++) {
        char path [64];
        snprintf (path, sizeof path, "%s/%s", s_folder, s_names [i]);
        unlink (path);
    }
    rmdir (s_folder);
    return 0;
}
