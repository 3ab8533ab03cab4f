/*  pool_tutorial.c - the process pool that one knows from Python, call for call
 *
 *  Each step shows the Python line that it stands for. The pool has four
 *  processes, which are this very program: cadre_main makes them serve.
 *
 *      gcc pool_tutorial.c $(pkg-config --cflags --libs cadre) -o pool_tutorial
 */

#include <cadre.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

//  def square (n): return n * n
static cadre_error_t square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

//  def power (base, exponent): return base ** exponent
static cadre_error_t power (cadre_task_t *task)
{
    int64_t base = cadre_arg_int (task, 0);
    int64_t result = 1;
    for (int64_t exponent = cadre_arg_int (task, 1); exponent > 0; exponent--)
        result *= base;
    return cadre_return_int (task, result);
}

//  def total (batch): return sum (batch)
static cadre_error_t total (cadre_task_t *task)
{
    const cadre_value_t *batch = cadre_arg_value (task, 0);
    int64_t sum = 0;
    for (size_t i = 0; i < cadre_value_count (batch); i++)
        sum += cadre_value_int (cadre_value_at (batch, i));
    return cadre_return_int (task, sum);
}

//  def divide (a, b): return a // b      (raises ZeroDivisionError)
static cadre_error_t divide (cadre_task_t *task)
{
    int64_t a = cadre_arg_int (task, 0);
    int64_t b = cadre_arg_int (task, 1);
    if (b == 0)
        return cadre_fail (task, "zero-division", "%lld cannot be divided by zero", (long long) a);
    return cadre_return_int (task, a / b);
}

//  def nap (seconds): time.sleep (seconds)
static cadre_error_t nap (cadre_task_t *task)
{
    sleep ((unsigned) cadre_arg_int (task, 0));
    return cadre_return_nil (task);
}

static const cadre_function_t functions [] = {
    {.name = "square", .run = square, .takes = "i", .says = "the square of an integer"},
    {.name = "power", .run = power, .takes = "ii", .says = "an integer to the power of another"},
    {.name = "total", .run = total, .takes = "v", .says = "the sum of a list of integers"},
    {.name = "divide", .run = divide, .takes = "ii", .says = "one integer by another"},
    {.name = "nap", .run = nap, .takes = "i", .says = "sleeps for so many seconds"},
    {0}};

//  range (first, last + 1)
static cadre_value_t *range (int64_t first, int64_t last)
{
    cadre_value_t *list = cadre_value_list ();
    for (int64_t n = first; n <= last; n++) {
        cadre_value_t *item = cadre_value_of_int (n);
        cadre_value_append (list, &item);
    }
    return list;
}

//  Maps, prints what came back, and ends the program with a line and an exit code if that went
//  wrong.
static void map_and_print (cadre_t *pool, const char *what, const char *function,
                           cadre_value_t **items, const cadre_map_options_t *options)
{
    cadre_value_t *results = NULL;
    cadre_error_t error = cadre_map (pool, function, *items, options, &results);
    if (error != CADRE_OK) {
        fprintf (stderr, "pool_tutorial: %s\n", cadre_message (pool));
        exit (cadre_error_exit_code (error));
    }
    printf ("%s:", what);
    for (size_t i = 0; i < cadre_value_count (results); i++)
        printf (" %lld", (long long) cadre_value_int (cadre_value_at (results, i)));
    printf ("\n");
    cadre_value_destroy (items);
    cadre_value_destroy (&results);
}

//  future = pool.apply_async (square, (7,)); print (future.get (timeout=10))
static void one_task (cadre_t *pool)
{
    int64_t value = 0;
    cadre_future_t *future = cadre_submit (pool, "square", "i", (int64_t) 7);
    if (cadre_future_wait_int (future, &value, 10000) == CADRE_OK)
        printf ("one task: %lld\n", (long long) value);
    else
        printf ("one task: %s\n", cadre_future_message (future));
    cadre_future_destroy (&future);
}

//  print (pool.map (square, range (1, 11)))
static void map_over_ten (cadre_t *pool)
{
    cadre_value_t *items = range (1, 10);
    map_and_print (pool, "map over 10", "square", &items, NULL);
}

//  batches = [items [i:i + 5] for i in range (0, 20, 5)]; print (pool.map (total, batches))
static void batches_of_five (cadre_t *pool)
{
    cadre_value_t *items = range (1, 20);
    map_and_print (pool, "batches of 5 over 20", "total", &items,
                   &(cadre_map_options_t){.batch = 5});
}

//  print (pool.starmap (power, [(2, 10), (3, 4), (10, 3)]))
static void pairs (cadre_t *pool)
{
    cadre_value_t *items = cadre_value_build ("[[i, i], [i, i], [i, i]]", (int64_t) 2, (int64_t) 10,
                                              (int64_t) 3, (int64_t) 4, (int64_t) 10, (int64_t) 3);
    map_and_print (pool, "pairs", "power", &items, &(cadre_map_options_t){.spread = true});
}

//  try: pool.apply (divide, (1, 0))
//  except ZeroDivisionError as error: print (type (error), error)
static void an_error (cadre_t *pool)
{
    cadre_future_t *future = cadre_submit (pool, "divide", "ii", (int64_t) 1, (int64_t) 0);
    if (cadre_future_wait (future, -1) == CADRE_ERROR_TASK)
        printf ("an error: %s: %s\n", cadre_future_kind (future), cadre_future_message (future));
    cadre_future_destroy (&future);
}

//  try: pool.apply_async (nap, (60,)).get (timeout=0.1)
//  except TimeoutError: print ("not yet")
//  In Python the nap would go on, and keep its process busy; here it is ended, and its process
//  replaced.
static void a_timeout (cadre_t *pool)
{
    cadre_value_t *arguments = cadre_value_build ("[i]", (int64_t) 60);
    cadre_future_t *future =
        cadre_submit_value (pool, "nap", arguments, &(cadre_job_options_t){.grace_ms = 100});
    if (cadre_future_wait (future, 100) == CADRE_ERROR_TIMEOUT)
        printf ("a timeout: not yet, so cancel it\n");
    cadre_future_cancel (future);
    cadre_future_wait (future, -1);
    printf ("and then: %s\n", cadre_outcome_text (cadre_future_outcome (future)));
    cadre_value_destroy (&arguments);
    cadre_future_destroy (&future);
}

//  results = pool.map_async (nap, [0, 0, 0, 60])
//  try: results.get (timeout=3)
//  except TimeoutError: ...
//  In Python nothing has come then; here all that has ended is there, and the rest is ended.
static void a_map_that_times_out (cadre_t *pool)
{
    cadre_value_t *results = NULL,
                  *items = cadre_value_build ("[i, i, i, i]", (int64_t) 0, (int64_t) 0, (int64_t) 0,
                                              (int64_t) 60);
    cadre_map_options_t options = {.job.grace_ms = 100, .chunk = 1, .timeout_ms = 3000};
    cadre_error_t error = cadre_map (pool, "nap", items, &options, &results);
    printf ("a map: %s:", cadre_error_text (error));
    for (size_t i = 0; i < cadre_value_count (results); i++) {
        const cadre_value_t *result = cadre_value_at (results, i);
        bool failed = cadre_value_type (result) == CADRE_TYPE_FAILURE;
        printf (" %s", failed ? cadre_value_text (cadre_value_at (result, 0)) : "ended");
    }
    printf ("\n");
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, functions);

    //  pool = multiprocessing.Pool (4)
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 4});
    if (!pool) {
        fprintf (stderr, "pool_tutorial: %s\n", cadre_open_message ());
        return cadre_error_exit_code (cadre_open_error ());
    }
    one_task (pool);
    map_over_ten (pool);
    batches_of_five (pool);
    pairs (pool);
    an_error (pool);
    a_timeout (pool);
    a_map_that_times_out (pool);

    //  pool.close (); pool.join ()
    return cadre_error_exit_code (cadre_close (&pool, 5000));
}
