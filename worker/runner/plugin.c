//  plugin.c - loads shared objects and checks their ABI

#include "worker/runner/plugin.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plugin {
    void *object;                 //  From dlopen
    const cadre_plugin_t *symbol; //  cadre_plugin in it
};

//  dlopen searches a name without a slash in the system's folders, but a file is meant.
static void *s_plugin_open (const char *path, fault_t *fault)
{
    char *file = NULL;
    if (!strchr (path, '/') && asprintf (&file, "./%s", path) < 0)
        file = NULL;
    const char *name = file ? file : path;
    void *object = NULL;
    if (access (name, R_OK) != 0) {
        fault_set (fault, CADRE_ERROR_PLUGIN,
                   "plugin %s cannot be read (%s): give the path of an existing file", path,
                   strerror (errno));
    } else {
        object = dlopen (name, RTLD_NOW | RTLD_LOCAL);
        if (!object)
            fault_set (fault, CADRE_ERROR_PLUGIN, "plugin %s cannot be loaded: %s", path,
                       dlerror ());
    }
    free (file);
    return object;
}

static const cadre_plugin_t *s_symbol (void *object, const char *path, fault_t *fault)
{
    const cadre_plugin_t *symbol = dlsym (object, "cadre_plugin");
    if (!symbol)
        fault_set (
            fault, CADRE_ERROR_PLUGIN,
            "plugin %s is a shared object, but no cadre plugin: write CADRE_PLUGIN (functions) in one of its files",
            path);
    else if (symbol->abi != CADRE_PLUGIN_ABI)
        fault_set (fault, CADRE_ERROR_PLUGIN,
                   "plugin %s was built for cadre plugin ABI %u, this cadre has %u: rebuild it",
                   path, symbol->abi, CADRE_PLUGIN_ABI);
    else if (!symbol->functions)
        fault_set (fault, CADRE_ERROR_PLUGIN,
                   "plugin %s has no list of functions: pass one to CADRE_PLUGIN", path);
    else
        return symbol;
    return NULL;
}

plugin_t *plugin_new (const char *path, fault_t *fault)
{
    void *object = s_plugin_open (path, fault);
    if (!object)
        return NULL;
    const cadre_plugin_t *symbol = s_symbol (object, path, fault);
    if (!symbol) {
        dlclose (object);
        return NULL;
    }
    plugin_t *self = calloc (1, sizeof *self);
    assert (self);
    *self = (plugin_t){.object = object, .symbol = symbol};
    return self;
}

void plugin_destroy (plugin_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    dlclose ((*self_p)->object);
    free (*self_p);
    *self_p = NULL;
}

const cadre_function_t *plugin_functions (const plugin_t *self)
{
    return self->symbol->functions;
}
