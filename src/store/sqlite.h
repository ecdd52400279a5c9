/* Private to store: what the files of the SQLite backend share. */
#ifndef HUILIU_STORE_SQLITE_H
#define HUILIU_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/statements.h"

/* How long another process's write is waited for. */
enum { SQLITE_BUSY_MS = 5000 };

/* `db` may be NULL: then the code alone speaks. */
enum err_class sqlite_error(const char *name, sqlite3 *db, int code, struct err *err);

#endif
