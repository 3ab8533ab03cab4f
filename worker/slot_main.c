//  slot_main.c - cadre-slot: runs the tasks of one slot. Started by a worker, not by users

#include "worker/slot/slot.h"

int main (void)
{
    return slot_process_serve (NULL);
}
