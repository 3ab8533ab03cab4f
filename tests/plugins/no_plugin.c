//  no_plugin.c - a shared object that is something else

int no_plugin_at_all (void);

int no_plugin_at_all (void)
{
    return 7;
}
