/*  back_register.h - registration of a worker by WORKER_HELLO
 *
 *  Checks the HELLO, adopts the leases that the worker still holds, binds a lane, and answers with
 *  WELCOME, or with REFUSED and the reason.
 */

#ifndef BROKER_BACK_BACK_REGISTER_H_INCLUDED
#define BROKER_BACK_BACK_REGISTER_H_INCLUDED

#include "broker/back/back.h"

//  body: the body of a WORKER_HELLO.
void back_register (back_t *self, sockets_route_t route, cursor_t *body);

#endif
