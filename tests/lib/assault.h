/*  assault.h - strangers by the thousand at a port
 *
 *  A thread that keeps up one kind of attack on a tcp port until it is destroyed. Strangers have no
 *  key that anybody knows. The attack shares this machine with whom it attacks.
 */

#ifndef TESTS_LIB_ASSAULT_H_INCLUDED
#define TESTS_LIB_ASSAULT_H_INCLUDED

#include <stdint.h>

typedef enum assault_kind {
    ASSAULT_SILENT, //  Connections that say nothing; as many as `number` are held, and opened anew
                    //  when they are cut
    ASSAULT_HALF,   //  The same with half a greeting
    ASSAULT_STRANGERS, //  CURVE with a key that nobody knows, `number` handshakes a second
    ASSAULT_PLAIN,     //  NULL, and a client's HELLO at once, `number` a second
    ASSAULT_RUBBISH    //  The greeting of CURVE, then a frame of rubbish, `number` a second
} assault_kind_t;

typedef struct assault assault_t;

//  server_key: the broker's public key, for ASSAULT_STRANGERS.
assault_t *assault_new (assault_kind_t kind, unsigned port, unsigned number,
                        const char *server_key);
void assault_destroy (assault_t **self_p);

//  Connections that were opened so far.
uint64_t assault_count (const assault_t *self);

//  Connections that are open now, of the first two kinds.
uint64_t assault_held (const assault_t *self);

#endif
