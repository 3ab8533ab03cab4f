/*
 *  address.h - addresses of brokers
 *
 *      tcp://hub:5700   tcp://[::1]:5700     a block of ports: front, back +1, sink +2, events +3,
 *                                            lanes from +100
 *      ipc:///run/user/1000/cadre            a folder; front, back, sink, events and lane-N are
 *                                            sockets in it
 *      inproc://NAME                         the same names under NAME, in one context
 *
 *  An address is a plain value without allocations. Functions that print an endpoint return their
 *  buffer; ADDRESS_ENDPOINT_BYTES are always enough. Any thread. Faults carry CADRE_ERROR_ADDRESS.
 */
#ifndef COMMON_ADDRESS_H_INCLUDED
#define COMMON_ADDRESS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define ADDRESS_NAME_BYTES 256
#define ADDRESS_ENDPOINT_BYTES 320
#define ADDRESS_LANES_OFFSET 100
#define ADDRESS_LIST_MAX 8

typedef enum address_kind { ADDRESS_TCP = 1, ADDRESS_IPC, ADDRESS_INPROC } address_kind_t;

typedef enum address_role {
    ADDRESS_FRONT = 0,
    ADDRESS_BACK,
    ADDRESS_SINK,
    ADDRESS_EVENTS
} address_role_t;

typedef struct address {
    address_kind_t kind;            //  the transport
    uint16_t port;                  //  tcp: the first port of the block; else 0
    char name [ADDRESS_NAME_BYTES]; //  tcp: the host, without brackets; ipc: the absolute folder;
                                    //  inproc: the name
} address_t;

//  Parses one address. The fault of an invalid TEXT says what is wrong and shows the right form.
cadre_error_t address_parse (address_t *self, const char *text, fault_t *fault);

//  Parses addresses separated by commas (spaces around them are ignored): at least one, at most
//  MAX.
cadre_error_t address_parse_list (const char *text, address_t *addresses, size_t max, size_t *count,
                                  fault_t *fault);

//  "5800-5899" → first and last port for lanes.
cadre_error_t address_parse_lanes (const char *text, uint16_t *first, uint16_t *last,
                                   fault_t *fault);

//  The default address, by which the programs of one host share a broker:
//  ipc://$XDG_RUNTIME_DIR/cadre, else ipc:///tmp/cadre-UID. Nothing is created.
cadre_error_t address_default (address_t *self, fault_t *fault);

//  Can it be connected to? tcp://*:5700 and tcp://0.0.0.0:5700 are for binding only.
cadre_error_t address_check_connect (const address_t *self, fault_t *fault);

//  Can only programs on this host connect to it? True for ipc, inproc, and tcp at 127.0.0.0/8, ::1
//  and localhost.
bool address_is_loopback (const address_t *self);

bool address_equal (const address_t *self, const address_t *other);

//  Prints the address in the form that address_parse reads.
const char *address_print (const address_t *self, char *buffer, size_t size);

//  The endpoint to bind or connect for a role: "tcp://hub:5701", "ipc:///run/cadre/back",
//  "inproc://NAME/back".
const char *address_endpoint (const address_t *self, address_role_t role, char *buffer,
                              size_t size);

//  The same with a port that the broker has told (tcp only; for the others port is ignored).
const char *address_endpoint_at (const address_t *self, address_role_t role, uint16_t port,
                                 char *buffer, size_t size);

//  The endpoint of a lane. LANE is a number for ipc and inproc ("ipc://DIR/lane-7"), and the port
//  itself for tcp ("tcp://hub:5807").
const char *address_lane_endpoint (const address_t *self, uint32_t lane, char *buffer, size_t size);

#endif
