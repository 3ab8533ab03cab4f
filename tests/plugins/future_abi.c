//  future_abi.c - a plugin of a cadre that does not exist yet

#include <cadre.h>

CADRE_EXPORT extern const cadre_plugin_t cadre_plugin;
const cadre_plugin_t cadre_plugin = {.abi = 9, .functions = 0};
