//  memory_check.c - see memory_check.h

#include "common/memory_check.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "common/cpus.h"
#include "common/units.h"

#define MARGIN_BYTES ((size_t) 16 << 20)

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t s_count;   //  payloads in flight
static size_t s_sum;     //  their size
static size_t s_largest; //  the largest since there were none

//  Does not use malloc, which would adapt its thresholds to such sizes.
bool memory_check_for (size_t size_bytes)
{
    if (size_bytes < MEMORY_CHECK_LEAST)
        return true;
    if (size_bytes > SIZE_MAX / 2)
        return false;
    const size_t size = size_bytes + MARGIN_BYTES;
    void *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    munmap (memory, size);
    return true;
}

static size_t s_most;

static void s_find_most (void)
{
    const uint64_t bytes = cpus_memory_bytes (NULL);
    s_most = bytes == 0 || bytes / 2 > SIZE_MAX ? SIZE_MAX : (size_t) (bytes / 2);
}

size_t memory_check_most (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_find_most);
    return s_most;
}

cadre_error_t memory_check_lacks (size_t size_bytes, const char *what, fault_t *fault)
{
    char size [UNITS_TEXT_BYTES];
    return fault_set (
        fault, CADRE_ERROR_MEMORY,
        "no memory for %s of %s and their copies in flight: raise the limit (ulimit -v, or that of the container), or pass a file's name instead",
        what, units_print_size (size_bytes, size, sizeof size));
}

static size_t s_copied (size_t sum, size_t largest, size_t copies, size_t parallel)
{
    const size_t most = largest > SIZE_MAX / 2 / parallel ? SIZE_MAX / 2 : largest * parallel;
    const size_t bytes = sum < most ? sum : most;
    return bytes > SIZE_MAX / 2 / copies ? SIZE_MAX : bytes * copies;
}

bool memory_check_enter (size_t size_bytes, size_t copies, size_t parallel)
{
    pthread_mutex_lock (&s_lock);
    const size_t largest = s_count && s_largest > size_bytes ? s_largest : size_bytes;
    const bool room = memory_check_for (s_copied (s_sum + size_bytes, largest, copies, parallel));
    if (room) {
        s_count++;
        s_sum += size_bytes;
        s_largest = largest;
    }
    pthread_mutex_unlock (&s_lock);
    return room;
}

void memory_check_leave (size_t size_bytes)
{
    pthread_mutex_lock (&s_lock);
    s_count--;
    s_sum -= size_bytes;
    pthread_mutex_unlock (&s_lock);
}
