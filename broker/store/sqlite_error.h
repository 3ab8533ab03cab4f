/*  sqlite_error.h - converts SQLite errors into faults with cause and cure */

#ifndef BROKER_STORE_SQLITE_ERROR_H_INCLUDED
#define BROKER_STORE_SQLITE_ERROR_H_INCLUDED

#include <sqlite3.h>

#include "common/fault.h"

//  The last call on db, which may be NULL, returned rc; doing says what it did ("written"). Returns
//  the fault's code, never CADRE_OK.
cadre_error_t sqlite_error (sqlite3 *db, int rc, const char *path, const char *doing,
                            fault_t *fault);

//  The file is damaged. where is a short text, such as "batch 17".
cadre_error_t sqlite_error_is_damage (const char *path, const char *where, fault_t *fault);

#endif
