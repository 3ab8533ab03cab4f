//  fuzz_frames.c - fuzzing: the input of fuzzers that play a peer, as a row of deeds, most of them
//  frames

#include "tests/lib/hostile/fuzz_frames.h"

#include <string.h>

#include "tests/lib/hostile/mutation.h"

#define DEEDS_MAX 200
#define HEAD_BYTES 5u

//  libFuzzer's own; absent where the corpus is replayed only
__attribute__ ((weak)) size_t LLVMFuzzerMutate (uint8_t *bytes, size_t size, size_t max_size);

//  Bytes of the body of the deed that begins here
static size_t s_length (const uint8_t *head, size_t left)
{
    size_t length = (size_t) head [2] << 16 | (size_t) head [3] << 8 | head [4];
    return length < left - HEAD_BYTES ? length : left - HEAD_BYTES;
}

bool fuzz_frames_next (fuzz_frames_t *self, fuzz_deed_t *deed)
{
    if (self->left < HEAD_BYTES || self->count == DEEDS_MAX)
        return false;
    size_t length = s_length (self->at, self->left);
    *deed = (fuzz_deed_t){
        .channel = self->at [0], .verb = self->at [1], .body = {self->at + HEAD_BYTES, length}};
    self->at += HEAD_BYTES + length;
    self->left -= HEAD_BYTES + length;
    self->count++;
    return true;
}

void fuzz_frames_write (buffer_t *frame, const fuzz_deed_t *deed, uint64_t session,
                        uint64_t sequence)
{
    size_t start = frame->size;
    wire_write_who (frame, (wire_envelope_t){.session = session, .sequence = sequence},
                    &(wire_who_t){0});
    frame->size = start + WIRE_ENVELOPE_BYTES;
    frame->data [start + 1] = deed->verb;
    buffer_append (frame, deed->body.data, deed->body.size);
}

//  ---- changes ---------------------------------------------------------------------

//  Where one of the deeds begins; SIZE_MAX if there is none
static size_t s_choose (const uint8_t *bytes, size_t size, unsigned *seed)
{
    size_t chosen = SIZE_MAX, at = 0;
    for (unsigned count = 1; size - at >= HEAD_BYTES; count++) {
        if (mutation_chance (seed, count) == 0)
            chosen = at;
        at += HEAD_BYTES + s_length (bytes + at, size - at);
    }
    return chosen;
}

//  The deed at that place with one value changed; returns the new size of all, or 0 when it does
//  not fit
static size_t s_change (uint8_t *bytes, size_t size, size_t max_size, size_t at, unsigned *seed)
{
    static const uint8_t envelope [WIRE_ENVELOPE_BYTES];
    size_t length = s_length (bytes + at, size - at), behind = at + HEAD_BYTES + length;
    buffer_t frame = {0};
    buffer_append (&frame, envelope, sizeof envelope);
    buffer_append (&frame, bytes + at + HEAD_BYTES, length);
    mutation_apply (seed, &frame);
    size_t body = frame.size - WIRE_ENVELOPE_BYTES, total = size - length + body;
    bool fits = total <= max_size && body <= WIRE_FRAME_MAX;
    if (fits) {
        memmove (bytes + at + HEAD_BYTES + body, bytes + behind, size - behind);
        memcpy (bytes + at + HEAD_BYTES, frame.data + WIRE_ENVELOPE_BYTES, body);
        for (size_t i = 0; i < 3; i++)
            bytes [at + 2 + i] = (uint8_t) (body >> (8 * (2 - i)));
    }
    buffer_free (&frame);
    return fits ? total : 0;
}

size_t fuzz_frames_mutate (uint8_t *bytes, size_t size, size_t max_size, unsigned seed)
{
    size_t at = mutation_chance (&seed, 2) ? s_choose (bytes, size, &seed) : SIZE_MAX;
    size_t changed = at != SIZE_MAX ? s_change (bytes, size, max_size, at, &seed) : 0;
    return changed ? changed : LLVMFuzzerMutate (bytes, size, max_size);
}
