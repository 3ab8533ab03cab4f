//  heap.c - the heap of a process that lives on frames

#include "common/heap.h"

#include <malloc.h>

#define LARGE_BYTES (8 * 1024 * 1024) //  What is larger than frames and batches would leave holes
#define FREE_BYTES (16 * 1024 * 1024) //  At the end of the heap, before the system gets them back

void heap_suit_frames (void)
{
    mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt (M_TRIM_THRESHOLD, FREE_BYTES);
}
