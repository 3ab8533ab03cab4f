/*  tally.h - every task of a job has exactly one outcome
 *
 *  Reads a job to its end and keeps what became of each task. A task that has none, or two, fails
 *  the test.
 */

#ifndef TESTS_LIB_TALLY_H_INCLUDED
#define TESTS_LIB_TALLY_H_INCLUDED

#include <cadre.h>

typedef struct tally {
    cadre_outcome_t outcome; //  Of the task
    int code;                //  Exit code or signal
    unsigned attempts;       //  Tries
    int64_t value;           //  If it was an integer
    char message [256];      //  Of a failure
} tally_t;

//  The outcomes of COUNT tasks, until CADRE_ERROR_END; the caller frees them.
tally_t *tally_read (cadre_job_t *job, size_t count);

//  All of COUNT tasks are ok, and each value is the square of the task's index.
void tally_squares (cadre_job_t *job, size_t count);

#endif
