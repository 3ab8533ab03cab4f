//  slot_fuzz.c - whatever a worker sends, a slot answers or gives up, and ends

#include "common/wire.h"
#include "worker/slot/slot.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_BYTES_MAX 8192u //  So that all answers fit into the ring
#define TICKETS 64u

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static cadre_error_t s_touch (cadre_task_t *task)
{
    size_t count = cadre_arg_count (task);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t blob_bytes = 0;
        switch (i % 7) {
        case 0: sum += (uint64_t) cadre_arg_int (task, i); break;
        case 1: sum += strlen (cadre_arg_text (task, i)); break;
        case 2: sum += cadre_value_count (cadre_arg_value (task, i)); break;
        case 3: sum += cadre_arg_double (task, i) > 1; break;
        case 4: sum += cadre_arg_blob (task, i, &blob_bytes) != NULL; break;
        case 5: sum += cadre_arg_uint (task, i); break;
        default: sum += cadre_arg_bool (task, i);
        }
    }
    return cadre_return_uint (task, sum);
}

static cadre_error_t s_echo (cadre_task_t *task)
{
    cadre_value_t *value = cadre_value_copy (cadre_arg_value (task, 0));
    return cadre_return_value (task, &value);
}

static const cadre_function_t s_functions [] = {
    {.name = "touch", .run = s_touch}, {.name = "echo", .run = s_echo, .takes = "v"}, {0}};

//  The first message is ours: a start from outside could load files and run programs.
static void s_send_start (int fd)
{
    buffer_t frame = {0};
    buffer_append (&frame, "\0\0\0\0\x60", 5);
    wire_pack_slot_start (&frame, &(wire_slot_start_t){.slot = 1});
    frame.data [3] = (uint8_t) (frame.size - 4);
    assert (send (fd, frame.data, frame.size, 0) == (ssize_t) frame.size);
    buffer_free (&frame);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    int pair [2];
    static slot_memory_t memory;
    if (size > INPUT_BYTES_MAX || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return 0;
    memset (&memory, 0, sizeof memory);
    ticket_page_init (&memory.page);
    ticket_desk_t desk = ticket_desk_of (&memory.page);
    uint32_t first;
    assert (ticket_offer (&desk, TICKETS, &first));
    s_send_start (pair [0]);
    if (size)
        assert (send (pair [0], bytes, size, 0) == (ssize_t) size);
    shutdown (pair [0], SHUT_WR);
    slot_serve (pair [1], &memory,
                &(slot_serve_options_t){.functions = s_functions, .thread = true});
    close (pair [0]);
    close (pair [1]);
    return 0;
}
