/*  front_hello.h - CLIENT_HELLO: begins a session, or continues it on another connection */

#ifndef BROKER_FRONT_FRONT_HELLO_H_INCLUDED
#define BROKER_FRONT_FRONT_HELLO_H_INCLUDED

#include "broker/front/front.h"

//  body: the body of a CLIENT_HELLO. named: the session in its envelope, 0 for none. Answers with
//  WELCOME or REFUSED.
void front_hello (front_t *self, sockets_route_t route, uint64_t named, cursor_t *body);

#endif
