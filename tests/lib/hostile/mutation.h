/*  mutation.h - attack: one value of a frame of the protocol is replaced
 *
 *  The body of a frame is one msgpack array. A mutation copies it and replaces
 *  one value, at any depth, by another one that a careless reader might take:
 *  a neighbouring number, a text that is no UTF-8, a list that is shorter than
 *  it should be, an ext type, a nest of arrays. The result is whole msgpack,
 *  so it reaches the code behind the decoder. The same seed changes the same
 *  frame in the same way.
 */

#ifndef TESTS_LIB_HOSTILE_MUTATION_H_INCLUDED
#define TESTS_LIB_HOSTILE_MUTATION_H_INCLUDED

#include "common/buffer.h"

//  A random number below `below` (at least 1); steps the seed.
unsigned mutation_chance (unsigned *seed, unsigned below);

//  Changes one value of the body, or the session or sequence number. Frames without a body stay as
//  they are.
void mutation_apply (unsigned *seed, buffer_t *frame);

#endif
