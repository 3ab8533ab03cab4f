/*  pgroup.h - which session a process group belongs to
 *
 *  A group lies within one session, and its number is not used again while it
 *  has members, so a group whose members are of a session cannot become another's
 *  meanwhile. Any thread.
 */

#ifndef WORKER_SHARED_PGROUP_H_INCLUDED
#define WORKER_SHARED_PGROUP_H_INCLUDED

#include <stdbool.h>
#include <sys/types.h>

//  Does the group have members, and belong to the session that this process leads, or led? Its
//  leader's own group does not count.
bool pgroup_is_of (pid_t group, pid_t leader);

#endif
