//  result_checks.c - checks results that slots report

#include "worker/slots/result_checks.h"

#include <string.h>

#include "common/rules.h"
#include "common/utf8.h"

static bool s_is_late (const lease_t *lease, const wire_slot_result_t *said)
{
    uint64_t limit_ms = lease->job->timeout_ms;
    return said->outcome == CADRE_OUTCOME_CANCELLED && lease->verdict == LEASE_GOES_ON && limit_ms
           && said->run_us / 1000 >= limit_ms;
}

bool result_checks_is_sound (const lease_t *lease, const wire_slot_result_t *said, fault_t *fault)
{
    rules_result_t result = {.outcome = said->outcome,
                             .code = said->code,
                             .run_us = said->run_us,
                             .value = said->value,
                             .items = lease->job->kind == WIRE_KIND_MAP,
                             .by_slot = true,
                             .cancelled =
                                 lease->verdict != LEASE_GOES_ON || s_is_late (lease, said)};
    return rules_message_result (&result, fault);
}

bool result_checks_is_of_use (const wire_slot_ready_t *said, fault_t *fault)
{
    char text [FAULT_TEXT_BYTES];
    if (said->code == CADRE_OK)
        return rules_message_functions (&said->functions, fault);
    view_copy (said->message, text, sizeof text);
    utf8_repair (text, strlen (text));
    fault_set (fault,
               said->code <= CADRE_ERROR_END ? (cadre_error_t) said->code : CADRE_ERROR_PLUGIN,
               "%s", *text ? text : "a slot cannot be used, and gave no reason");
    return false;
}

cadre_outcome_t result_checks_outcome (const lease_t *lease, const wire_slot_result_t *said)
{
    return s_is_late (lease, said) ? CADRE_OUTCOME_TIMEOUT : (cadre_outcome_t) said->outcome;
}
