/*  fuzz_frames.h - fuzzing: the input of fuzzers that play a peer, as a row of deeds, most of them
 *  frames
 *
 *  A deed is channel (1 byte), verb (1), length (3), body. What a channel means is the fuzzer's
 *  affair. Half of the changes replace one value of one body by an odd one (mutation.h), of up to 1
 *  MiB. One thread.
 */

#ifndef TESTS_LIB_HOSTILE_FUZZ_FRAMES_H_INCLUDED
#define TESTS_LIB_HOSTILE_FUZZ_FRAMES_H_INCLUDED

#include "common/wire.h"

typedef struct fuzz_frames {
    const uint8_t *at; //  The next deed
    size_t left;       //  Bytes from there on
    unsigned count;    //  Deeds so far
} fuzz_frames_t;

typedef struct fuzz_deed {
    uint8_t channel; //  As the input has it
    uint8_t verb;    //  The same
    view_t body;     //  Within the input
} fuzz_deed_t;

//  False at the end, which is after 200 deeds at the latest.
bool fuzz_frames_next (fuzz_frames_t *self, fuzz_deed_t *deed);

//  Appends the deed as a frame with this session and number.
void fuzz_frames_write (buffer_t *frame, const fuzz_deed_t *deed, uint64_t session,
                        uint64_t sequence);

//  For LLVMFuzzerCustomMutator.
size_t fuzz_frames_mutate (uint8_t *bytes, size_t size, size_t max_size, unsigned seed);

#endif
