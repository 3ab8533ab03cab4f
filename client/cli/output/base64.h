/*
 *  base64.h - encodes and decodes base64 (RFC 4648, with padding). Any thread.
 */
#ifndef CLIENT_CLI_OUTPUT_BASE64_H_INCLUDED
#define CLIENT_CLI_OUTPUT_BASE64_H_INCLUDED

#include <stddef.h>

//  The caller frees the text.
char *base64_write (const void *bytes, size_t size);

//  NULL when TEXT is not base64; else *SIZE bytes, which the caller frees.
void *base64_read (const char *text, size_t length, size_t *size);

#endif
