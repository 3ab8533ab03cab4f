/*  mutating_proxy.h - attack: a proxy between the broker and its peers that changes frames on their
 *  way
 *
 *  It listens on ipc where clients and workers look for their broker, and talks
 *  to the real one in their name. Frames go through in both directions, so
 *  sessions open, work and end as real ones do; some frames are changed
 *  (mutation.h), dropped, told twice, told late, or replaced by one that went
 *  through before. A thread of its own does it, until mutating_proxy_destroy.
 */

#ifndef TESTS_LIB_HOSTILE_MUTATING_PROXY_H_INCLUDED
#define TESTS_LIB_HOSTILE_MUTATING_PROXY_H_INCLUDED

#include <stdint.h>

typedef struct mutating_proxy mutating_proxy_t;

//  Both addresses are ipc://FOLDER. Of 1,000 frames about `odd` are touched.
mutating_proxy_t *mutating_proxy_new (const char *listen, const char *broker, unsigned seed,
                                      unsigned odd);
void mutating_proxy_destroy (mutating_proxy_t **self_p);

//  From now on so many of 1,000 frames are touched.
void mutating_proxy_set_odd (mutating_proxy_t *self, unsigned odd);

//  Frames that went through, and those that were touched, so far.
uint64_t mutating_proxy_passed (const mutating_proxy_t *self);
uint64_t mutating_proxy_touched (const mutating_proxy_t *self);

#endif
