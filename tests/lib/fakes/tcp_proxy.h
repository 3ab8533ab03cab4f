/*  tcp_proxy.h - fake: a network between broker and peers, which the test can cut
 *
 *  Listens at ports of 127.0.0.2 and carries what comes to the same ports of 127.0.0.1, so that a
 *  peer which is told tcp://127.0.0.2:PORT meets the broker's every port through it. A thread of
 *  its own carries.
 */

#ifndef TESTS_LIB_FAKES_TCP_PROXY_H_INCLUDED
#define TESTS_LIB_FAKES_TCP_PROXY_H_INCLUDED

#include <stddef.h>

typedef struct tcp_proxy tcp_proxy_t;

//  For ports PORT to PORT + 2 and COUNT lanes from PORT + 100.
tcp_proxy_t *tcp_proxy_new (unsigned port, size_t count);
void tcp_proxy_destroy (tcp_proxy_t **self_p);

//  Cuts all connections that there are; new ones are carried. Returns when it is done, with the
//  number that was cut.
size_t tcp_proxy_cut (tcp_proxy_t *self);

#endif
