/*  outcomes.h - rig: reads a job to its end; every task must have exactly one outcome
 *
 *  Keeps what became of each task. A task that has no outcome, or two, fails the test.
 */

#ifndef TESTS_LIB_RIGS_OUTCOMES_H_INCLUDED
#define TESTS_LIB_RIGS_OUTCOMES_H_INCLUDED

#include <cadre.h>

typedef struct outcomes_task {
    cadre_outcome_t outcome; //  Of the task
    int code;                //  Exit code or signal
    unsigned attempts;       //  Tries
    int64_t value;           //  If it was an integer
    char message [256];      //  Of a failure
} outcomes_task_t;

//  The outcomes of COUNT tasks, until CADRE_ERROR_END; the caller frees them.
outcomes_task_t *outcomes_read (cadre_job_t *job, size_t count);

//  All of COUNT tasks are ok, and each value is the square of the task's index.
void outcomes_squares (cadre_job_t *job, size_t count);

#endif
