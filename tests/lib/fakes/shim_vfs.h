/*  shim_vfs.h - fake: a file layer of SQLite that fails, kills the process, or loses what was not
 *  synced
 *
 *  Writes, truncations, syncs and deletions are counted, over all files. At the
 *  chosen one something happens, instead of the operation.
 *
 *      shim_vfs_install (&(shim_plan_t){
 *          .fail_at = 7, .fails_with = SQLITE_IOERR_FSYNC, .only = SHIM_SYNC});
 *      store_t *store = sqlite_open (path, &(sqlite_options_t){.vfs = SHIM_VFS}, &fault);
 */

#ifndef TESTS_LIB_FAKES_SHIM_VFS_H_INCLUDED
#define TESTS_LIB_FAKES_SHIM_VFS_H_INCLUDED

#include <sqlite3.h>
#include <stdbool.h>

#define SHIM_VFS "shim"
#define SHIM_EXIT 99 //  With this code a process dies at die_at

enum { SHIM_WRITE = 1, SHIM_SYNC = 2, SHIM_DELETE = 4, SHIM_ALL = 7 };

typedef struct shim_plan {
    unsigned only;    //  Which operations count; 0: all
    unsigned fail_at; //  This one fails, the first being 1; 0: none
    int fails_with;   //  SQLite's code
    unsigned die_at;  //  At this one the process ends; 0: at none
    bool power;       //  It is the power that fails: what was not synced is lost with the process
    unsigned some; //  ... but for some of it, by this seed, maybe half of a write; 0: all is lost
} shim_plan_t;

//  Registers the layer, or gives it another plan; the count begins anew. No file may be open in it.
void shim_vfs_install (const shim_plan_t *plan);

//  Another plan while files are open; power must not be in it. The count begins anew.
void shim_vfs_arm (const shim_plan_t *plan);

//  Operations since then.
unsigned shim_vfs_count (void);

#endif
