/*  heap.h - the heap of a process that lives on frames
 *
 *  Frames and batches come and go by the thousand. By glibc's own measure each would be pages from the system and back, which costs more than
 *  the copies do.
 */

#ifndef COMMON_HEAP_H_INCLUDED
#define COMMON_HEAP_H_INCLUDED

//  For programs, not for what lives in others. Call it before there are threads.
void heap_suit_frames (void);

#endif
