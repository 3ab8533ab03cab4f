/*
 *  tunnel.h - connects a deployed worker to a broker that its host cannot reach
 *
 *  ssh -R without a destination is a SOCKS proxy on the host: one port serves back, sink and
 *  whichever lane the broker names. It ends with its ssh. So a small process on this machine, one
 *  per host, restarts ssh when it fails, with the same port, because the worker was given that
 *  port. A file for each tunnel is locked by that process and holds its ID and the port; the lock
 *  is released with the process. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_TUNNEL_H_INCLUDED
#define CLIENT_CLI_HOSTS_TUNNEL_H_INCLUDED

#include <stdint.h>

#include "client/cli/hosts/hostlist.h"

#define TUNNEL_WHY_BYTES 200

typedef struct tunnel_options {
    const char *ssh;        //  command line of ssh
    const char *open;       //  permitted destinations (PermitRemoteOpen)
    const char *deployment; //  deployment of the worker
} tunnel_options_t;

//  Starts the process for a host, unless it is running. CADRE_ERROR_IO.
cadre_error_t tunnel_start (const tunnel_options_t *options, const hostlist_host_t *host,
                            fault_t *fault);

typedef enum tunnel_state { TUNNEL_NONE, TUNNEL_COMING, TUNNEL_STANDS } tunnel_state_t;

//  The state of a tunnel; its port on the host when it is up (or was up and is restarting), the
//  reason when there is none.
tunnel_state_t tunnel_look (const char *deployment, const hostlist_host_t *host, unsigned *port,
                            char why [TUNNEL_WHY_BYTES]);

//  Ends the process, its ssh, and the file.
void tunnel_stop (const char *deployment, const hostlist_host_t *host);

#endif
