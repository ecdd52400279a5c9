/* What SQLite's codes mean for whoever asked. */
#include "store/sqlite.h"

static enum err_class constraint_error(const char *name, sqlite3 *db, struct err *err)
{
    int extended = sqlite3_extended_errcode(db);
    bool taken = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                 extended == SQLITE_CONSTRAINT_ROWID;
    if (taken)
        return err_set(
            err, ERR_CONFLICT, "store_unique",
            "%s: %s: such a row is there already; where an index that is not Huiliu's asks "
            "for this, drop it",
            name, sqlite3_errmsg(db));
    return err_set(err, ERR_INTERNAL, "store_constraint", "%s: %s", name, sqlite3_errmsg(db));
}

/* The messages of SQLite name tables, columns and offsets, never values. */
enum err_class sqlite_error(const char *name, sqlite3 *db, int code, struct err *err)
{
    const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return err_no_memory(err);
    case SQLITE_FULL:
        return err_set(err, ERR_STORE, "store_full",
                       "%s: no room left; free some space, then run the command again: nothing was "
                       "lost",
                       name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_STORE, "store_busy",
                       "%s: another program has been writing for %d s; let it end, then run the "
                       "command again",
                       name, SQLITE_BUSY_MS / 1000);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_STORE, "store_corrupt",
                       "%s: %s; put the file aside and restore a backup", name, words);
    case SQLITE_CONSTRAINT:
        return constraint_error(name, db, err);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set(err, ERR_STORE, "store_io",
                       "%s: %s; check the disk and the owner of the file and its folder", name,
                       words);
    default:
        return err_set(err, ERR_INTERNAL, "store_sql", "%s: %s", name, words);
    }
}
