/*  connection_flood.h - attack: thousands of connections without a valid key at one tcp port
 *
 *  A thread that keeps up one kind of attack until it is destroyed. No connection has a key that
 *  the broker knows. The attack uses the same machine as its target.
 */

#ifndef TESTS_LIB_HOSTILE_CONNECTION_FLOOD_H_INCLUDED
#define TESTS_LIB_HOSTILE_CONNECTION_FLOOD_H_INCLUDED

#include <stdint.h>

typedef enum connection_flood_kind {
    CONNECTION_FLOOD_SILENT,    //  Connections that say nothing; as many as `number` are held, and
                                //  opened anew when they are cut
    CONNECTION_FLOOD_HALF,      //  The same with half a greeting
    CONNECTION_FLOOD_STRANGERS, //  CURVE with a key that nobody knows, `number` handshakes a second
    CONNECTION_FLOOD_PLAIN,     //  NULL, and a client's HELLO at once, `number` a second
    CONNECTION_FLOOD_RUBBISH //  The greeting of CURVE, then a frame of rubbish, `number` a second
} connection_flood_kind_t;

typedef struct connection_flood connection_flood_t;

//  server_key: the broker's public key, for CONNECTION_FLOOD_STRANGERS.
connection_flood_t *connection_flood_new (connection_flood_kind_t kind, unsigned port,
                                          unsigned number, const char *server_key);
void connection_flood_destroy (connection_flood_t **self_p);

//  Connections that were opened so far.
uint64_t connection_flood_count (const connection_flood_t *self);

//  Connections that are open now, of the first two kinds.
uint64_t connection_flood_held (const connection_flood_t *self);

#endif
