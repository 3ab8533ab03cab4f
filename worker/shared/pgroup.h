/*  pgroup.h - finds the session of a process group
 *
 *  A group lies within one session, and its number is not reused while it has members. So a group
 *  with members in a session cannot become another one meanwhile. Any thread.
 */

#ifndef WORKER_SHARED_PGROUP_H_INCLUDED
#define WORKER_SHARED_PGROUP_H_INCLUDED

#include <stdbool.h>
#include <sys/types.h>

//  Does the group have members in the session that `leader` leads or has led? The leader's own
//  group does not count.
bool pgroup_is_of (pid_t group, pid_t leader);

#endif
