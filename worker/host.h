/*  host.h - names and paths of the worker's machine
 *
 *  Plain functions without state. Any thread.
 */

#ifndef WORKER_HOST_H_INCLUDED
#define WORKER_HOST_H_INCLUDED

#include <stddef.h>

#define HOST_NAME_BYTES 256
#define HOST_PATH_BYTES 4096

//  The host name.
const char *host_name (char *buffer, size_t size);

//  "machine:pid".
const char *host_label (char *buffer, size_t size);

//  The path of cadre-slot (libexec.h); its installation path when it is not found. BUFFER holds
//  HOST_PATH_BYTES. Returns buffer.
const char *host_slot_path (char *buffer);

#endif
