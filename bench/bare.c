/* SQLite without anything above it. */
#include "bench/bare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

void bare_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

void bare_exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        bare_die(sql, sqlite3_errmsg(db));
}

static sqlite3 *open_with(const char *path, int flags, const char *pragmas)
{
    sqlite3 *db;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused, and needless, after the first open */
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        bare_die(path, "cannot be opened");
    bare_exec(db, pragmas);
    return db;
}

sqlite3 *bare_open_writer(const char *path)
{
    return open_with(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY;"
                     "PRAGMA wal_autocheckpoint = 16000; PRAGMA journal_size_limit = 67108864;");
}

sqlite3 *bare_open_reader(const char *path)
{
    return open_with(path, SQLITE_OPEN_READONLY,
                     "PRAGMA cache_size = -2000; PRAGMA query_only = ON;");
}

sqlite3_stmt *bare_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        bare_die(sql, sqlite3_errmsg(db));
    return stmt;
}

void bare_run(sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        bare_die(sqlite3_sql(stmt), sqlite3_errmsg(sqlite3_db_handle(stmt)));
    sqlite3_reset(stmt);
}

void bare_close(sqlite3 *db)
{
    for (sqlite3_stmt *stmt; (stmt = sqlite3_next_stmt(db, NULL));)
        sqlite3_finalize(stmt);
    sqlite3_close(db);
}

double bare_seconds_since(int64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}
