/*
 *  cpus.h - CPUs and memory that the process may use
 *
 *  CPUs are those of the affinity mask, limited by the quotas of the process's control group and
 *  all groups above it (version 1 and 2); memory likewise. ROOT is the folder that contains /proc
 *  and /sys: NULL for this machine, a tree of files in tests. Any thread.
 */
#ifndef COMMON_CPUS_H_INCLUDED
#define COMMON_CPUS_H_INCLUDED

#include <stdint.h>

//  CPUs that may be used, quotas rounded up; at least 1.
int cpus_usable (const char *root);

//  The quota of the control groups only, rounded up; 0 if there is none.
int cpus_quota (const char *root);

//  Bytes of memory that may be used: the minimum of the machine's and the control groups'. 0 if it
//  is unknown.
uint64_t cpus_memory_bytes (const char *root);

#endif
