//  letters.c - calls whose letters match their arguments; with -DWRONG=N, call N does not

#include <cadre.h>

#ifndef WRONG
#define WRONG 0
#endif

void use (cadre_t *pool, cadre_job_t *job, const char *letters, char *text, cadre_value_t *value);

void use (cadre_t *pool, cadre_job_t *job, const char *letters, char *text, cadre_value_t *value)
{
    char array [] = "text";
    cadre_submit (pool, "f", NULL);
    cadre_submit (pool, "f", "");
    cadre_submit (pool, "f", "iud", INT64_C (7), UINT64_MAX, 2.5);
    cadre_submit (pool, "f", "bsss", true, text, array, "text");
    cadre_submit (pool, "f", "vv", value, (const cadre_value_t *) value);
    cadre_submit (pool, "f", "vv", cadre_value_build ("{s:i}", "key", INT64_C (7)), NULL);
    cadre_submit (pool, "f", "sSnB", text, text, (size_t) 1, text, (size_t) 1);
    cadre_submit (pool, "f", "ssssssssssssb", text, text, text, text, text, text, text, text, text,
                  text, text, text, false);
    cadre_submit (pool, "f", letters, 7, 8);
    cadre_call (pool, &value, -1, "f", "i", (int64_t) 7);
    cadre_job_add (job, NULL, "d", 0.5);
    cadre_future_t *(*submit) (cadre_t *, const char *, const char *, ...) = cadre_submit;
    submit (pool, "f", "i", INT64_C (7));
#if WRONG == 1
    cadre_submit (pool, "f", "i", 7);
#elif WRONG == 2
    cadre_submit (pool, "f", "si", text, 2.5);
#elif WRONG == 3
    cadre_submit (pool, "f", "s", value);
#elif WRONG == 4
    cadre_submit (pool, "f", "i");
#elif WRONG == 5
    cadre_submit (pool, "f", "", text);
#elif WRONG == 6
    cadre_call (pool, &value, -1, "f", "b", INT64_C (7));
#elif WRONG == 7
    cadre_job_add (job, NULL, "ssssssssssss", text, text, text, text, text, text, text, text, text,
                   text, text, 12);
#endif
}
