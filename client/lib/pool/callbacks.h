/*  callbacks.h - callbacks of futures, and the interface for event loops
 *
 *  A future that has ended and has a callback is due (promise.h). Callbacks run one after the
 *  other, without the lock: on the connection's thread, or in cadre_dispatch if the pool was opened
 *  so. cadre_descriptor and cadre_dispatch are also here.
 */

#ifndef CLIENT_LIB_POOL_CALLBACKS_H_INCLUDED
#define CLIENT_LIB_POOL_CALLBACKS_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Runs the callbacks that are due. Call without the lock.
void callbacks_call_back (cadre_t *pool);

//  ---- lock held ----

//  Adds a callback to a future; it is due at once when the future is done. CADRE_ERROR_CLOSED,
//  CADRE_ERROR_MEMORY.
cadre_error_t callbacks_watch (cadre_future_t *future, cadre_done_fn *callback, void *argument,
                               fault_t *fault);

//  The future will be destroyed: its callbacks are no longer called. Waits while one runs on
//  another thread.
void callbacks_forget (cadre_future_t *future);

#endif
