/*  callbacks.h - callbacks of futures, and what an event loop calls
 *
 *  A future that has ended and has a callback is due (promise.h). Callbacks run one after the other
 *  and without the lock: on the connection's thread, or in cadre_dispatch if the pool was opened
 *  so. cadre_descriptor and cadre_dispatch are here too.
 */

#ifndef CLIENT_LIB_POOL_CALLBACKS_H_INCLUDED
#define CLIENT_LIB_POOL_CALLBACKS_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Runs the callbacks that are due. Without the lock.
void callbacks_call_back (cadre_t *pool);

//  ---- lock held ----

//  Gives a future one more callback, which is due at once when the future is done.
//  CADRE_ERROR_CLOSED, CADRE_ERROR_MEMORY.
cadre_error_t callbacks_watch (cadre_future_t *future, cadre_done_fn *callback, void *argument,
                               fault_t *fault);

//  The future is about to be destroyed: its callbacks are not called any more. Waits while it runs
//  on another thread.
void callbacks_forget (cadre_future_t *future);

#endif
