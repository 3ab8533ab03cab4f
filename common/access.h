/*
 *  access: the file by which a client or worker is let in: where the broker is, the broker's key,
 *  and a key of one's own, all in one.
 *
 *  A flat file of `name = "value"` lines (a subset of ZPL, ZeroMQ RFC 4), made by `cadre keygen`.
 *  Whoever holds it is let in, so a file that others can read is refused.
 *
 *      # cadre access of alice (client): whoever has this file is let in
 *      address = "tcp://hub:5700"
 *      name = "alice"
 *      role = "client"
 *      server-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
 *      public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
 *      secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
 *
 *  A plain value; wipe it when it is not needed any more. Any thread.
 */
#ifndef COMMON_ACCESS_H_INCLUDED
#define COMMON_ACCESS_H_INCLUDED

#include <stdio.h>

#include "common/keys.h"

#define ACCESS_ADDRESS_BYTES 1024
#define ACCESS_VARIABLE "CADRE_ACCESS"

typedef struct access {
    char address [ACCESS_ADDRESS_BYTES]; // one or several, with commas; "" if the file names none
    char name [KEYS_NAME_BYTES];         // of the key
    role_t role;                         // what the key is for
    keys_t keys;                         // the broker's and one's own
} access_t;

//  Which file: GIVEN, else CADRE_ACCESS, else NULL.
const char *access_path (const char *given);

//  Read PATH. CADRE_ERROR_REFUSED if anybody else can read or write it (a credential of systemd is
//  shown as if the group could, and taken); CADRE_ERROR_CONFIGURATION if it is not there or cannot
//  be understood (with the line).
cadre_error_t access_read (access_t *self, const char *path, fault_t *fault);

//  Read PATH for a purpose: refuses the keys of workers for clients (WORKER false) and all others
//  for workers.
cadre_error_t access_read_for (access_t *self, const char *path, bool worker, fault_t *fault);

//  Write PATH anew, mode 0600, whole or not at all. CADRE_ERROR_IO.
cadre_error_t access_write (const access_t *self, const char *path, fault_t *fault);

//  The text of such a file. False when the stream takes no more.
bool access_print (const access_t *self, FILE *stream);

//  Forget the secret.
void access_wipe (access_t *self);

#endif
