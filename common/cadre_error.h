/*  cadre_error.h - the errors and outcomes that every part of cadre shares
 *
 *  This header is installed beside cadre.h, which includes it. An error is the result of a call; an
 *  outcome is the result of a task. Numbers never change their meaning, because they are part of
 *  the protocol and are used in scripts.
 *
 *  This Source Code Form is subject to the terms of the Mozilla Public
 *  License, v. 2.0. If a copy of the MPL was not distributed with this
 *  file, You can obtain one at https://mozilla.org/MPL/2.0/.
 */

#ifndef COMMON_CADRE_ERROR_H_INCLUDED
#define COMMON_CADRE_ERROR_H_INCLUDED

#ifdef __cplusplus
extern "C" {
#endif

//  X (NAME, number, text, exit code of a command that fails with it)
#define CADRE_ERRORS(X)                                                                            \
    X (OK, 0, "no error", 0)                                                                       \
    X (MEMORY, 1, "out of memory", 125)                                                            \
    X (ARGUMENT, 2, "argument not valid", 64)                                                      \
    X (TIMEOUT, 3, "timed out", 75)                                                                \
    X (UNAVAILABLE, 4, "no broker answers", 69)                                                    \
    X (REFUSED, 5, "refused by the broker", 77)                                                    \
    X (VERSION, 6, "protocol versions do not match", 69)                                           \
    X (PROTOCOL, 7, "the peer broke the protocol", 125)                                            \
    X (CLOSED, 8, "the connection is closed", 69)                                                  \
    X (FORKED, 9, "used in a forked child", 125)                                                   \
    X (IO, 10, "input or output failed", 125)                                                      \
    X (ADDRESS, 11, "address not valid", 64)                                                       \
    X (ADDRESS_IN_USE, 12, "address in use", 69)                                                   \
    X (DESCRIPTORS, 13, "too few file descriptors", 69)                                            \
    X (NOT_FOUND, 14, "not found", 66)                                                             \
    X (FUNCTION, 15, "unknown function", 1)                                                        \
    X (TYPE, 16, "value of the wrong type", 1)                                                     \
    X (PLUGIN, 17, "plugin cannot be used", 78)                                                    \
    X (NO_WORKER, 18, "no worker fits", 69)                                                        \
    X (TOO_LARGE, 19, "too large", 64)                                                             \
    X (TASK, 20, "the task failed", 1)                                                             \
    X (CANCELLED, 21, "cancelled", 1)                                                              \
    X (CONFIGURATION, 22, "configuration not valid", 78)                                           \
    X (INTERNAL, 23, "internal error", 125)                                                        \
    X (END, 24, "nothing is left", 0)

typedef enum cadre_error {
#define CADRE_ERROR_ENUM(name, number, text, exit_code) CADRE_ERROR_##name = number,
    CADRE_ERRORS (CADRE_ERROR_ENUM)
#undef CADRE_ERROR_ENUM
        CADRE_OK = 0
} cadre_error_t;

//  The outcome of a task; each task has exactly one. X (NAME, number, word for people)
#define CADRE_OUTCOMES(X)                                                                          \
    X (NONE, 0, "none")                                                                            \
    X (OK, 1, "ok")                                                                                \
    X (ERROR, 2, "error")                                                                          \
    X (EXIT, 3, "exit")                                                                            \
    X (SIGNAL, 4, "signal")                                                                        \
    X (TIMEOUT, 5, "timeout")                                                                      \
    X (OUT_OF_MEMORY, 6, "out-of-memory")                                                          \
    X (WORKER_LOST, 7, "worker-lost")                                                              \
    X (CANCELLED, 8, "cancelled")                                                                  \
    X (DEPENDENCY_FAILED, 9, "dependency-failed")                                                  \
    X (EXPIRED, 10, "expired")                                                                     \
    X (QUARANTINED, 11, "quarantined")

typedef enum cadre_outcome {
#define CADRE_OUTCOME_ENUM(name, number, word) CADRE_OUTCOME_##name = number,
    CADRE_OUTCOMES (CADRE_OUTCOME_ENUM)
#undef CADRE_OUTCOME_ENUM
        CADRE_OUTCOMES_COUNT
} cadre_outcome_t;

#if defined(__GNUC__)
#define CADRE_EXPORT __attribute__ ((visibility ("default")))
#else
#define CADRE_EXPORT
#endif

//  A short text for an error, never NULL, static: "no broker answers".
CADRE_EXPORT const char *cadre_error_text (cadre_error_t error);

//  The name of an error without its prefix: "UNAVAILABLE".
CADRE_EXPORT const char *cadre_error_name (cadre_error_t error);

//  The exit code of a command that fails with this error (from sysexits where one fits).
CADRE_EXPORT int cadre_error_exit_code (cadre_error_t error);

//  The word for an outcome, never NULL, static: "worker-lost".
CADRE_EXPORT const char *cadre_outcome_text (cadre_outcome_t outcome);

#ifdef __cplusplus
}
#endif
#endif
