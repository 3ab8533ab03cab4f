/*
 *  base64: bytes as text (RFC 4648, with padding), both ways. Any thread.
 */
#ifndef CLIENT_CLI_OUTPUT_BASE64_H_INCLUDED
#define CLIENT_CLI_OUTPUT_BASE64_H_INCLUDED

#include <stddef.h>

//  The caller's to free.
char *base64_write (const void *bytes, size_t size);

//  NULL when TEXT is not base64; else *SIZE bytes, the caller's to free.
void *base64_read (const char *text, size_t length, size_t *size);

#endif
