/* What the bare programs share: SQLite as a careful hand would use it, and giving up loudly. A bench
 * has nobody to hand an error to, so here an error ends the program. */
#ifndef HUILIU_BENCH_BARE_H
#define HUILIU_BENCH_BARE_H

#include <sqlite3.h>
#include <stdint.h>

/* Prints "PROGRAM: WHAT: WHY" and exits with 1. */
void bare_die(const char *what, const char *why) __attribute__((noreturn));

/* The settings of the store's writer and of its readers, so that both sides pay for the same. */
sqlite3 *bare_open_writer(const char *path);
sqlite3 *bare_open_reader(const char *path);
void bare_exec(sqlite3 *db, const char *sql);
sqlite3_stmt *bare_prepare(sqlite3 *db, const char *sql);
/* Runs a statement that gives no rows and makes it ready for the next values. */
void bare_run(sqlite3_stmt *stmt);
/* Ends every statement of the database and closes it. */
void bare_close(sqlite3 *db);

double bare_seconds_since(int64_t start_ns);

#endif
