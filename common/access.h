/*
 *  access.h - access files: the broker's address and key, and a key of one's own
 *
 *  A flat file of `name = "value"` lines (a subset of ZPL, ZeroMQ RFC 4), created by `cadre
 *  keygen`. The file is a credential, so a file that others can read is refused.
 *
 *      # cadre access of alice (client): everybody who has this file can use the key
 *      address = "tcp://hub:5700"
 *      name = "alice"
 *      role = "client"
 *      server-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
 *      public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
 *      secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
 *
 *  A plain value; call access_wipe when it is no longer needed. Any thread.
 */
#ifndef COMMON_ACCESS_H_INCLUDED
#define COMMON_ACCESS_H_INCLUDED

#include <stdio.h>

#include "common/keys.h"

#define ACCESS_ADDRESS_BYTES 1024
#define ACCESS_VARIABLE "CADRE_ACCESS"

typedef struct access {
    char address [ACCESS_ADDRESS_BYTES]; //  one or several, separated by commas; "" if the file has
                                         //  none
    char name [KEYS_NAME_BYTES];         //  of the key
    role_t role;                         //  what the key is for
    keys_t keys;                         //  the broker's public key, and one's own keys
} access_t;

//  The path of the file: GIVEN, else CADRE_ACCESS, else NULL.
const char *access_path (const char *given);

//  Reads PATH. CADRE_ERROR_REFUSED if others can read or write it (except a systemd credential,
//  whose mode only appears to give access to the group); CADRE_ERROR_CONFIGURATION if it does not
//  exist or is invalid (with the line).
cadre_error_t access_read (access_t *self, const char *path, fault_t *fault);

//  Reads PATH for a purpose: clients (WORKER false) must not use the keys of workers, and workers
//  must not use other keys.
cadre_error_t access_read_for (access_t *self, const char *path, bool worker, fault_t *fault);

//  Writes PATH with mode 0600, replacing it atomically. CADRE_ERROR_IO.
cadre_error_t access_write (const access_t *self, const char *path, fault_t *fault);

//  Prints the text of such a file. False on a write error.
bool access_print (const access_t *self, FILE *stream);

//  Erases the secret key from memory.
void access_wipe (access_t *self);

#endif
