/*  stage.h - a broker, and a worker if wanted, as threads of a test
 *
 *  The broker listens where the test says: at an ipc folder of its own, at a tcp
 *  block of ports that was free, or inproc. The worker has two thread slots
 *  that serve square, echo and nap. Peers join as processes, or in this one.
 *  stage_destroy stops both, joins their threads and removes the folder.
 */

#ifndef TESTS_LIB_STAGE_H_INCLUDED
#define TESTS_LIB_STAGE_H_INCLUDED

#include <cadre.h>

#include <stdbool.h>

typedef struct stage stage_t;

//  scheme: "ipc", "tcp" or "inproc". Fails the test when the broker does not start.
stage_t *stage_new (const char *scheme, bool with_worker);
void stage_destroy (stage_t **self_p);

const char *stage_address (const stage_t *self);

//  The ZeroMQ context in which broker and worker live.
void *stage_context (const stage_t *self);

//  What the worker serves: square (integer), echo (anything), nap (milliseconds).
extern const cadre_function_t stage_functions [];

#endif
