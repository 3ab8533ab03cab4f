/*  sharing.h - can two processes open each other's files?
 *
 *  Large payloads between processes of one machine and user need not be sent as bytes: the sender
 *  names a sealed file (bulk.h), and the receiver opens it through /proc. Whether that works
 *  depends on users and containers, so it is tried first: each side offers a small file in its
 *  HELLO or WELCOME, and the other side tries to open it.
 *
 *  Not over tcp, because a name makes the receiver open a file.
 */

#ifndef COMMON_SHARING_H_INCLUDED
#define COMMON_SHARING_H_INCLUDED

#include "common/bulk.h"
#include "common/wire.h"

//  A file to offer; NULL when there is none to be had.
bulk_t *sharing_probe (void);

//  Appends the capability that offers the file to packed texts. Returns how many texts were
//  appended: none without a file.
size_t sharing_pack (const bulk_t *probe, buffer_t *texts);

//  Do the capabilities of a peer offer a file, and can it be opened?
bool sharing_opens (const wire_list_t *capabilities);

//  Is this a connection within the machine? descriptor: its socket, -1 within the process.
bool sharing_is_local (int descriptor);

//  A file's name as an array of three numbers. Reading returns false when it is none.
void sharing_pack_name (buffer_t *self, const bulk_name_t *name);
bool sharing_read_name (view_t value, bulk_name_t *name);

#endif
