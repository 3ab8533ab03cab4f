/*  deed.h - what the tasks of a job under chaos do, and what must come of them
 *
 *  A recipe is all there is to know of such a job: from it follow its tasks, and
 *  whether a result is right. One line of text, so that one process submits the
 *  job, and another one checks it later:
 *
 *      NAME DEED COUNT SALT        such as: d1-7 large 3 55
 *
 *  Every run of a task leaves a line in the file TRACE: NAME INDEX ATTEMPT PID; that of a command
 *  has no attempt (0).
 */

#ifndef TESTS_CHAOS_DEED_H_INCLUDED
#define TESTS_CHAOS_DEED_H_INCLUDED

#include <cadre.h>

#define DEED_NAME_BYTES 64
#define DEED_TASKS_MAX 2000

typedef struct deed {
    const char *word;     //  Its name in recipes
    const char *function; //  Of the plugin chaos; NULL: a command
    const char *limits;   //  Tries by cause: what chaos does to tasks costs them nothing
    uint32_t most;        //  Tasks that a job of it has
    bool once;            //  Must not run twice, whatever happens
} deed_t;

typedef struct recipe {
    char name [DEED_NAME_BYTES]; //  Of the job
    const deed_t *deed;          //  What its tasks do
    uint32_t count;              //  How many they are
    int64_t salt;                //  Makes their values differ from another job's
} recipe_t;

typedef enum verdict {
    VERDICT_RIGHT,
    VERDICT_KILLED, //  Not what it would have been, but slots were killed under it: quarantined, or
                    //  a deed that must not run twice
    VERDICT_WRONG
} verdict_t;

//  The deed of that number (it is taken modulo their count), or of that word; NULL.
const deed_t *deed_at (unsigned number);
const deed_t *deed_find (const char *word);

void recipe_print (const recipe_t *self, char *line, size_t size);
bool recipe_scan (recipe_t *self, const char *line);

//  Opens the job; kind_of may set detached or durable.
cadre_job_t *recipe_open (const recipe_t *self, cadre_t *pool, bool detached, bool durable);

//  Adds the next task.
cadre_error_t recipe_add (const recipe_t *self, cadre_job_t *job, const char *trace,
                          uint32_t index);

//  Judges a result; of a command, output is what its last try wrote to stdout. Says in text what is
//  wrong.
verdict_t recipe_judge (const recipe_t *self, const cadre_event_t *event, const char *output,
                        char *text, size_t size);

#endif
