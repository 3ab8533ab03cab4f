/*
 *  tunnel: a way for a deployed worker to a broker that its host cannot reach.
 *
 *  ssh -R without a destination is a SOCKS proxy on the host: one port serves back, sink and
 *  whichever lane the broker names. It lasts as long as its ssh, so a small process stays here for
 *  each host and starts ssh again when it falls, with the same port, since that was told to the
 *  worker. A file for each tunnel holds that process's lock, its id and the port; the lock goes
 *  with the process. One thread.
 */
#ifndef CLIENT_CLI_HOSTS_TUNNEL_H_INCLUDED
#define CLIENT_CLI_HOSTS_TUNNEL_H_INCLUDED

#include <stdint.h>

#include "client/cli/hosts/hostlist.h"

#define TUNNEL_WHY_BYTES 200

typedef struct tunnel_options {
    const char *ssh;        // command line of ssh
    const char *open;       // destinations to which it may lead (PermitRemoteOpen)
    const char *deployment; // whose worker it is for
} tunnel_options_t;

//  Starts the process for a host, unless it is there. CADRE_ERROR_IO.
cadre_error_t tunnel_start (const tunnel_options_t *options, const hostlist_host_t *host,
                            fault_t *fault);

typedef enum tunnel_state { TUNNEL_NONE, TUNNEL_COMING, TUNNEL_STANDS } tunnel_state_t;

//  How it is; the port there when it stands (or stood, and is made again), a reason when there is
//  none.
tunnel_state_t tunnel_look (const char *deployment, const hostlist_host_t *host, unsigned *port,
                            char why [TUNNEL_WHY_BYTES]);

//  Ends the process, its ssh, and the file.
void tunnel_stop (const char *deployment, const hostlist_host_t *host);

#endif
