//  allocations_test.c - each large allocation in a call of cadre.h fails in turn: the caller is
//  told, and the program and its pool go on

#include <cadre.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 60000
#define LARGE_BYTES ((size_t) 1 << 20) //  What cadre.h promises an error for
#define BLOB_BYTES (3 * LARGE_BYTES)
#define MANY 140000 //  Futures, nodes and items whose lists are large

//  ---- allocations that fail, of one thread ----------------------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAILS 0 //  Its allocator cannot be stood before
#else
#define FAILS 1
#endif

static _Thread_local long s_left = -1; //  Large allocations that still succeed; -1: all do

#if FAILS
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t count, size_t size);
void *__libc_realloc (void *data, size_t size);

static bool s_fails (size_t size)
{
    if (size < LARGE_BYTES || s_left < 0 || s_left-- > 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc (size_t size)
{
    return s_fails (size) ? NULL : __libc_malloc (size);
}

void *calloc (size_t count, size_t size)
{
    return s_fails (count * size) ? NULL : __libc_calloc (count, size);
}

void *realloc (void *data, size_t size)
{
    return s_fails (size) ? NULL : __libc_realloc (data, size);
}
#endif

//  ---- calls -----------------------------------------------------------------------------------

static cadre_error_t s_size (cadre_task_t *task)
{
    size_t size = 0;
    cadre_arg_blob (task, 0, &size);
    return cadre_return_int (task, (int64_t) size);
}

static cadre_error_t s_large (cadre_task_t *task)
{
    char *bytes = calloc (1, BLOB_BYTES);
    cadre_error_t error = cadre_return_blob (task, bytes, BLOB_BYTES);
    free (bytes);
    return error;
}

static cadre_error_t s_same (cadre_task_t *task)
{
    return cadre_return_int (task, cadre_arg_int (task, 0));
}

static const cadre_function_t s_functions [] = {{.name = "size", .run = s_size},
                                                {.name = "large", .run = s_large},
                                                {.name = "same", .run = s_same},
                                                {0}};

static cadre_t *s_pool;
static char *s_blob;          //  Zeros; as a text it is "aaa..."
static cadre_value_t *s_list; //  Of many integers
static int64_t s_numbers [MANY];
static int64_t s_results [MANY];

//  CADRE_OK or CADRE_ERROR_MEMORY; anything else is a fault.
typedef cadre_error_t (call_fn) (void);

static cadre_error_t s_there (const void *made)
{
    return made ? CADRE_OK : CADRE_ERROR_MEMORY;
}

static cadre_error_t s_value (cadre_value_t *value)
{
    cadre_error_t error = s_there (value);
    cadre_value_destroy (&value);
    return error;
}

static cadre_error_t s_of_blob (void)
{
    return s_value (cadre_value_of_blob (s_blob, BLOB_BYTES));
}

static cadre_error_t s_of_text (void)
{
    return s_value (cadre_value_of_text (s_blob));
}

static cadre_error_t s_build (void)
{
    return s_value (cadre_value_build ("[B, s]", s_blob, BLOB_BYTES, s_blob));
}

static cadre_error_t s_of_typed (void)
{
    return s_value (cadre_value_of_typed (CADRE_ARGS (cadre_typed_blob (s_blob, BLOB_BYTES))));
}

static cadre_error_t s_copy (void)
{
    return s_value (cadre_value_copy (s_list));
}

static cadre_error_t s_append (void)
{
    cadre_value_t *list = cadre_value_list ();
    cadre_error_t error = CADRE_OK;
    for (int i = 0; i < MANY && !error; i++)
        error = cadre_value_append (list, NULL);
    cadre_value_destroy (&list);
    return error;
}

static cadre_error_t s_code (void)
{
    size_t size = 0;
    void *bytes = cadre_value_encode (s_list, &size);
    cadre_error_t error = s_there (bytes);
    if (bytes)
        error = s_value (cadre_value_decode (bytes, size));
    free (bytes);
    return error;
}

static cadre_error_t s_wait (cadre_future_t *future)
{
    cadre_error_t error = future ? cadre_future_wait (future, WAIT_MS) : CADRE_ERROR_MEMORY;
    cadre_future_destroy (&future);
    return error;
}

static cadre_error_t s_submit (void)
{
    return s_wait (cadre_submit (s_pool, "size", "B", s_blob, BLOB_BYTES));
}

static cadre_error_t s_submit_typed (void)
{
    return s_wait (cadre_submit_typed (s_pool, "size",
                                       CADRE_ARGS (cadre_typed_blob (s_blob, BLOB_BYTES)), NULL));
}

static cadre_error_t s_submit_value (void)
{
    return s_wait (cadre_submit_value (s_pool, "same", s_list, NULL));
}

static cadre_error_t s_submit_many (void)
{
    static cadre_future_t *futures [MANY];
    cadre_error_t error = CADRE_OK;
    for (int i = 0; i < MANY && !error; i++) {
        futures [i] = cadre_submit (s_pool, "same", "i", s_numbers [i]);
        error = cadre_future_state (futures [i]) == CADRE_STATE_LOST
                    ? cadre_future_wait (futures [i], 0)
                    : CADRE_OK;
    }
    for (int i = 0; i < MANY; i++)
        cadre_future_destroy (&futures [i]);
    return error;
}

static cadre_error_t s_call (void)
{
    cadre_value_t *value = NULL;
    cadre_error_t error = cadre_call (s_pool, &value, WAIT_MS, "large", "");
    bool lacks = strstr (cadre_message (s_pool), "no memory for the result") != NULL;
    cadre_value_destroy (&value);
    return error == CADRE_ERROR_TASK && lacks ? CADRE_ERROR_MEMORY : error;
}

static cadre_error_t s_map (void)
{
    cadre_value_t *results = NULL;
    cadre_error_t error = cadre_map (s_pool, "same", s_list, NULL, &results);
    cadre_value_destroy (&results);
    return error;
}

static cadre_error_t s_map_int (void)
{
    return cadre_map_int (s_pool, "same", s_numbers, MANY, &(cadre_map_options_t){.chunk = 1},
                          s_results);
}

static cadre_value_t *s_source (void *argument)
{
    int64_t *next = argument;
    return *next < MANY ? cadre_value_of_int ((*next)++) : NULL;
}

static cadre_error_t s_imap (void)
{
    int64_t next = 0;
    cadre_map_options_t options = {.window = MANY, .chunk = 64};
    cadre_imap_t *imap = cadre_imap (s_pool, "same", s_source, &next, &options);
    cadre_error_t error = s_there (imap);
    while (!error) {
        cadre_value_t *value = NULL;
        error = cadre_imap_next (imap, &value, NULL, WAIT_MS);
        cadre_value_destroy (&value);
    }
    cadre_imap_destroy (&imap);
    return error == CADRE_ERROR_END ? CADRE_OK : error;
}

static cadre_error_t s_job (void)
{
    cadre_job_t *job = cadre_job_open (s_pool, "size", NULL);
    cadre_event_t event;
    cadre_error_t error = cadre_job_add (job, NULL, "B", s_blob, BLOB_BYTES);
    if (!error)
        error = cadre_job_add_typed (job, NULL, CADRE_ARGS (cadre_typed_blob (s_blob, BLOB_BYTES)));
    cadre_job_seal (job);
    while (!error)
        error = cadre_job_next (job, &event, WAIT_MS);
    cadre_job_destroy (&job);
    return error == CADRE_ERROR_END ? CADRE_OK : error;
}

typedef struct call {
    const char *name;    //  Of what is called
    call_fn *run;        //  Calls it
    unsigned fails_once; //  So many large allocations at least are made
} call_t;

static const call_t s_calls [] = {{"cadre_value_of_blob", s_of_blob, 1},
                                  {"cadre_value_of_text", s_of_text, 1},
                                  {"cadre_value_build", s_build, 1},
                                  {"cadre_value_of_typed", s_of_typed, 1},
                                  {"cadre_value_copy", s_copy, 1},
                                  {"cadre_value_append", s_append, 1},
                                  {"cadre_value_encode, _decode", s_code, 2},
                                  {"cadre_submit", s_submit, 0}, //  Large arguments are in a file
                                  {"cadre_submit_typed", s_submit_typed, 0},
                                  {"cadre_submit_value", s_submit_value, 1},
                                  {"cadre_submit, many", s_submit_many, 0},
                                  {"cadre_call", s_call, 1},
                                  {"cadre_map", s_map, 2},
                                  {"cadre_map_int", s_map_int, 0},
                                  {"cadre_imap", s_imap, 0},
                                  {"cadre_job_add", s_job, 2}};

//  ---- one call, in a child --------------------------------------------------------------------

static bool s_open (void)
{
    s_pool = cadre_open (NULL,
                         &(cadre_options_t){.threads = true, .slots = 1, .functions = s_functions});
    s_blob = malloc (BLOB_BYTES + 1);
    s_list = cadre_value_list ();
    if (!s_pool || !s_blob || !s_list)
        return false;
    memset (s_blob, 'a', BLOB_BYTES);
    s_blob [BLOB_BYTES] = 0;
    for (int64_t i = 0; i < MANY; i++) {
        cadre_value_t *number = cadre_value_of_int (i);
        cadre_value_append (s_list, &number);
    }
    return true;
}

//  Until the call makes fewer large allocations than may succeed.
static int s_fail_each (const call_t *call)
{
    unsigned failed = 0;
    bool over = false;
    for (long left = 0; !over; left++) {
        s_left = left;
        cadre_error_t error = call->run ();
        over = s_left >= 0;
        s_left = -1;
        failed += !over;
        if (error != CADRE_OK && (over || error != CADRE_ERROR_MEMORY)) {
            fprintf (stderr, "%s, allocation %ld: %s: %s\n", call->name, left,
                     cadre_error_text (error), cadre_message (s_pool));
            return 3;
        }
    }
    if (cadre_call (s_pool, NULL, WAIT_MS, "same", "i", INT64_C (7)))
        return 4;
    if (failed < call->fails_once)
        fprintf (stderr, "%s: only %u allocations failed\n", call->name, failed);
    return failed < call->fails_once ? 5 : 0;
}

static int s_in_child (const call_t *call)
{
    int status = -1;
    pid_t pid = fork ();
    if (pid == 0) {
        alarm (2 * WAIT_MS / 1000);
        int code = s_open () ? s_fail_each (call) : 2;
        cadre_abort (&s_pool);
        _exit (code);
    }
    waitpid (pid, &status, 0);
    return status;
}

static void test_large_allocations_fail_in_turn (void **state)
{
    (void) state;
    int wrong = 0;
    for (size_t i = 0; FAILS && i < sizeof s_calls / sizeof *s_calls; i++) {
        int status = s_in_child (&s_calls [i]);
        if (status)
            fprintf (stderr, "%s: the program ended with status 0x%x\n", s_calls [i].name,
                     (unsigned) status);
        wrong += status != 0;
    }
    assert_int_equal (wrong, 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_large_allocations_fail_in_turn)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
