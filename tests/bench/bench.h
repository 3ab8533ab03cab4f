/*  bench.h - measurements, each a subcommand of one program
 *
 *  A measurement prints one line a figure, `name value`, for tests/bench/run to
 *  put into its table. It ends with exit code 1 when a result is wrong: a
 *  figure of a run that went wrong is worth nothing.
 */

#ifndef TESTS_BENCH_BENCH_H_INCLUDED
#define TESTS_BENCH_BENCH_H_INCLUDED

#include <cadre.h>

#include <stddef.h>
#include <stdint.h>

//  Each takes what follows its name on the command line.
int bench_relay (int argc, char **argv);    //  [COUNT]
int bench_tasks (int argc, char **argv);    //  ADDRESS|process|thread [COUNT]
int bench_map (int argc, char **argv);      //  ADDRESS|process|thread [COUNT]
int bench_call (int argc, char **argv);     //  ADDRESS|process|thread [COUNT]
int bench_start (int argc, char **argv);    //  COUNT COMMAND...
int bench_log (int argc, char **argv);      //  [FOLDER [SECONDS]]
int bench_durable (int argc, char **argv);  //  ADDRESS FOLDER [COUNT]
int bench_acks (int argc, char **argv);     //  ADDRESS FOLDER
int bench_churn (int argc, char **argv);    //  ADDRESS FILE [COUNT]
int bench_fill (int argc, char **argv);     //  ADDRESS TASKS BYTES JOBS
int bench_recovery (int argc, char **argv); //  ADDRESS JOB COMMAND...
int bench_large (int argc, char **argv);    //  ADDRESS|process|thread [BYTES [COUNT]]
int bench_beside (int argc, char **argv);   //  the same: small calls alone, and beside those
//  list, or ROLE.KIND ADDRESS [NUMBER] by the key of CADRE_ACCESS: goes on until it is ended
int bench_attack (int argc, char **argv);

double bench_now_s (void);
uint64_t bench_count (int argc, char **argv, int index, uint64_t fallback);

//  Opens a pool there; "process" and "thread" embed one with slots of that kind and the plugin of
//  BENCH_PLUGIN. Ends the program with a message when that fails.
cadre_t *bench_open (const char *where);

//  A msgpack integer of any width that is not negative
uint64_t bench_integer (const uint8_t *bytes, size_t size);

void bench_print (const char *name, double value);

//  Prints NAME_p50 and NAME_p99; sorts the samples.
void bench_percentiles (const char *name, double *samples, size_t count);

void bench_die (const char *what, const char *why) __attribute__ ((noreturn));

#endif
