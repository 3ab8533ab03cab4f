//  A program outside the tree, in plain C99: it asks the installed library for a text.

#include <cadre.h>
#include <stdio.h>

int main (void)
{
    return puts (cadre_error_text (CADRE_OK)) < 0;
}
