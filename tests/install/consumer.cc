//  A program outside the tree, in C++: a pool of threads, and arguments that say their types.

#include <cadre.h>
#include <cstdio>
#include <cstring>

static cadre_error_t describe (cadre_task_t *task)
{
    return cadre_return_value (task, nullptr);
}

static cadre_error_t total (cadre_task_t *task)
{
    double sum = cadre_arg_double (task, 0) + cadre_arg_double (task, 1);
    return std::strcmp (cadre_arg_text (task, 2), "of") ? cadre_fail (task, "text", "no text")
                                                       : cadre_return_double (task, sum);
}

static const cadre_function_t functions [] = {
    {"total", total, "ddsb", nullptr, nullptr, nullptr},
    {"describe", describe, "", nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
};

int main ()
{
    cadre_options_t options = cadre_options_t ();
    options.threads = true;
    options.slots = 1;
    options.functions = functions;
    if (!cadre_version_fits (CADRE_VERSION))
        return 1;
    cadre_t *pool = cadre_open (nullptr, &options);
    if (!pool) {
        std::puts (cadre_open_message ());
        return 1;
    }
    unsigned two = 2;
    cadre_value_t *value = nullptr;
    cadre_error_t error = cadre_call_typed (pool, &value, 10000, "total", CADRE_ARGS (two, 0.5f, "of", true));
    bool right = !error && cadre_value_double (value) > 2.4 && cadre_value_double (value) < 2.6;
    if (!right)
        std::puts (cadre_message (pool));
    cadre_value_destroy (&value);
    error = cadre_call_typed (pool, nullptr, 10000, "describe", nullptr);
    cadre_close (&pool, 1000);
    return right && !error ? 0 : 1;
}
