//  sudden_exit.c - ends the process that loads it

#include <unistd.h>

__attribute__ ((constructor)) static void s_on_load (void)
{
    _exit (3);
}
