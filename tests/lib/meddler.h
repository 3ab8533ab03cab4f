/*  meddler.h - a false broker between a broker and its peers
 *
 *  It listens on ipc where clients and workers look for their broker, and talks
 *  to the real one in their name. Frames go through in both directions, so
 *  sessions open, work and end as real ones do; some frames are changed
 *  (mutation.h), dropped, told twice, told late, or replaced by one that went
 *  through before. A thread of its own does it, until meddler_destroy.
 */

#ifndef TESTS_LIB_MEDDLER_H_INCLUDED
#define TESTS_LIB_MEDDLER_H_INCLUDED

#include <stdint.h>

typedef struct meddler meddler_t;

//  Both addresses are ipc://FOLDER. Of 1,000 frames about `odd` are touched.
meddler_t *meddler_new (const char *listen, const char *broker, unsigned seed, unsigned odd);
void meddler_destroy (meddler_t **self_p);

//  From now on so many of 1,000 frames are touched.
void meddler_set_odd (meddler_t *self, unsigned odd);

//  Frames that went through, and those that were touched, so far.
uint64_t meddler_passed (const meddler_t *self);
uint64_t meddler_touched (const meddler_t *self);

#endif
