//  sharing.c - do two processes of one machine see each other's files?

#include "common/sharing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/entropy.h"
#include "common/pack.h"

#define FORMAT "files:%" PRIu64 ":%" PRIu64 ":%" PRIu64
#define FORMAT_READ "files:%" SCNu64 ":%" SCNu64 ":%" SCNu64 "%c"
#define TEXT_BYTES 80

bulk_t *sharing_probe (void)
{
    uint8_t bytes [ENTROPY_UUID_BYTES];
    entropy_uuid (bytes);
    return bulk_of_pieces (&(view_t){bytes, sizeof bytes}, 1);
}

size_t sharing_pack (const bulk_t *probe, buffer_t *texts)
{
    bulk_name_t name;
    char text [TEXT_BYTES];
    if (!probe || !bulk_name (probe, &name))
        return 0;
    snprintf (text, sizeof text, FORMAT, name.pid, name.fd, name.inode);
    pack_text (texts, text);
    return 1;
}

static bool s_opens (view_t offer)
{
    bulk_name_t name;
    char text [TEXT_BYTES], behind;
    if (offer.size >= sizeof text)
        return false;
    view_copy (offer, text, sizeof text);
    if (sscanf (text, FORMAT_READ, &name.pid, &name.fd, &name.inode, &behind) != 3)
        return false;
    bulk_t *file = bulk_open (&name, ENTROPY_UUID_BYTES, false);
    bool opened = file != NULL;
    bulk_release (&file);
    return opened;
}

bool sharing_opens (const wire_list_t *capabilities)
{
    cursor_t cursor = cursor_of_view (capabilities->values);
    for (size_t i = 0; i < capabilities->count; i++) {
        view_t text = {0};
        if (!cursor_text (&cursor, &text))
            return false;
        if (text.size > 6 && memcmp (text.data, "files:", 6) == 0)
            return s_opens (text);
    }
    return false;
}

bool sharing_is_local (int descriptor)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    return descriptor < 0
           || (getsockname (descriptor, (struct sockaddr *) &address, &size) == 0
               && address.ss_family == AF_UNIX);
}

void sharing_pack_name (buffer_t *self, const bulk_name_t *name)
{
    pack_array (self, 3);
    pack_uint (self, name->pid);
    pack_uint (self, name->fd);
    pack_uint (self, name->inode);
}

bool sharing_read_name (view_t value, bulk_name_t *name)
{
    size_t count;
    cursor_t cursor = cursor_of_view (value);
    return cursor_array (&cursor, &count) && count == 3 && cursor_uint (&cursor, &name->pid)
           && cursor_uint (&cursor, &name->fd) && cursor_uint (&cursor, &name->inode)
           && cursor_done (&cursor);
}
