/*  plugin.h - loads functions from a shared object
 *
 *  A plugin exports one symbol, cadre_plugin (CADRE_PLUGIN in cadre.h). The functions of cadre.h
 *  that it calls are in the executable that loads it. Only the slot's thread opens and closes
 *  plugins.
 */

#ifndef WORKER_RUNNER_PLUGIN_H_INCLUDED
#define WORKER_RUNNER_PLUGIN_H_INCLUDED

#include "common/fault.h"

#include <cadre.h>

typedef struct plugin plugin_t;

//  NULL and CADRE_ERROR_PLUGIN with a message that names the file and the problem: not found, not a
//  plugin, or built for another ABI.
plugin_t *plugin_new (const char *path, fault_t *fault);

//  Unloads it: its functions must not be called afterwards.
void plugin_destroy (plugin_t **self_p);

//  Ends with an entry whose name is NULL.
const cadre_function_t *plugin_functions (const plugin_t *self);

#endif
