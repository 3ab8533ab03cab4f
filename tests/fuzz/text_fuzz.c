//  text_fuzz.c - any text as an address, a list of them, lanes, a duration, a size, a count; what
//  is printed parses alike

#include "common/address.h"
#include "common/units.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static void s_addresses (const char *text)
{
    fault_t fault = {0};
    address_t one, again, several [4];
    char printed [1024];
    size_t count;
    uint16_t first, last;
    if (address_parse (&one, text, &fault) == CADRE_OK) {
        address_print (&one, printed, sizeof printed);
        assert (address_parse (&again, printed, &fault) == CADRE_OK
                && address_equal (&one, &again));
        address_is_loopback (&one);
        address_check_connect (&one, &fault);
    }
    address_parse_list (text, several, 4, &count, &fault);
    if (address_parse_lanes (text, &first, &last, &fault) == CADRE_OK)
        assert (first <= last);
}

static void s_units (const char *text)
{
    fault_t fault = {0};
    int64_t ms, ms_again;
    uint64_t bytes;
    char printed [128];
    if (units_parse_duration (text, &ms, &fault) == CADRE_OK) {
        units_print_duration (ms, printed, sizeof printed);
        assert (units_parse_duration (printed, &ms_again, &fault) == CADRE_OK);
    }
    if (units_parse_size (text, &bytes, &fault) == CADRE_OK)
        units_print_size (bytes, printed, sizeof printed);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    char text [512];
    if (size >= sizeof text)
        return 0;
    memcpy (text, bytes, size);
    text [size] = 0;
    s_addresses (text);
    s_units (text);
    return 0;
}
