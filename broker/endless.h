/*  endless.h - connections from which bytes come and never a message
 *
 *  libzmq gathers all frames of a message before it hands over the first; one that never ends, from a peer with a key, would grow the broker until it is
 *  killed. The kernel knows how many bytes a tcp connection has brought, and each message names the connection that it came by. So, several times a second and only
 *  when the process has grown: whoever brings a lot is suspected, whoever is heard is not any more, and whoever goes on bringing bytes without a
 *  message is cut off; then libzmq forgets what it has gathered. Looks at connections to the broker's own tcp ports alone. The broker's thread. Peers
 *  over ipc are the broker's own user.
 */

#ifndef BROKER_ENDLESS_H_INCLUDED
#define BROKER_ENDLESS_H_INCLUDED

#include <zmq.h>

#include "broker/hub.h"

typedef struct endless endless_t;

endless_t *endless_new (const hub_t *hub);
void endless_destroy (endless_t **self_p);

//  A message has come. Costs nothing while nobody is suspected.
void endless_heard (endless_t *self, zmq_msg_t *message);

//  Now and then, after the sockets were read. Returns how many were cut off.
unsigned endless_look (endless_t *self);

//  Until the next look: more often while somebody is suspected.
int64_t endless_pause_us (const endless_t *self);

#endif
