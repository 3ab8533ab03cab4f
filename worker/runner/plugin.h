/*  plugin.h - a shared object that brings functions
 *
 *  A plugin exports one symbol, cadre_plugin (CADRE_PLUGIN in cadre.h). It finds cadre_arg_... and
 *  the like in the executable that loads it. The slot's one thread opens and closes plugins.
 */

#ifndef WORKER_RUNNER_PLUGIN_H_INCLUDED
#define WORKER_RUNNER_PLUGIN_H_INCLUDED

#include "common/fault.h"

#include <cadre.h>

typedef struct plugin plugin_t;

//  NULL and CADRE_ERROR_PLUGIN with a line that says what is wrong with that file: not there, no
//  plugin, built for another ABI.
plugin_t *plugin_new (const char *path, fault_t *fault);

//  Unloads it: its functions must not be called any more.
void plugin_destroy (plugin_t **self_p);

//  Ends with an entry whose name is NULL.
const cadre_function_t *plugin_functions (const plugin_t *self);

#endif
