/* What MariaDB's answers mean for whoever asked: by number, never by words. */
#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

#include "store/mariadb.h"

/* Numbers of which the headers of an older client know nothing, and some whose names say little. */
enum {
    NUMBER_DISK_FULL = 1021,
    NUMBER_OUT_OF_MEMORY = 1041,
    NUMBER_TIMED_OUT = 1969, /* max_statement_time */
    NUMBER_READ_CHANGED = 1020,
    NUMBER_KILLED = 1927,
    NUMBER_IDLE = 4031,
};

struct meaning {
    unsigned number;
    enum err_class class_;
    const char *code, *words;
};

#define CUT ERR_STORE, "store_again", "the connection was cut"
#define LOGIN                                                                                      \
    ERR_CONFIG, "store_login",                                                                     \
        "the server refuses this user or its password; check the address in store:"
#define RIGHTS                                                                                     \
    ERR_CONFIG, "store_rights",                                                                    \
        "the user lacks a right; give it all on its database: GRANT ALL ON … TO …"
#define BUSY_CONNECTIONS                                                                           \
    ERR_STORE, "store_busy",                                                                       \
        "the server takes no more connections; raise max_connections or let fewer programs use it"
#define FULL                                                                                       \
    ERR_STORE, "store_full",                                                                       \
        "no room left on the server; free some space, then run the command again: nothing was lost"
#define BUSY_MEMORY ERR_STORE, "store_busy", "the server has too little memory or room; try again"
#define READS_ONLY                                                                                 \
    ERR_STORE, "store_io", "the server only reads (a replica?); give the address of the primary"
#define UNIQUE                                                                                     \
    ERR_CONFLICT, "store_unique",                                                                  \
        "such a row is there already; where an index that is not Huiliu's asks for this, drop it"
#define CONSTRAINT ERR_INTERNAL, "store_constraint", "a constraint refused the row"
#define DAMAGED ERR_STORE, "store_corrupt", "the server found damaged data; restore a backup"
#define FILES ERR_STORE, "store_io", "the server cannot read or write its files"
#define PACKET                                                                                     \
    ERR_CONFIG, "store_packet",                                                                    \
        "a record is larger than the server takes; set max_allowed_packet = 64M there"

/* "store_again" says that the transaction is gone and may be run once more. */
static const struct meaning meanings[] = {
    {CR_SERVER_GONE_ERROR, CUT},
    {CR_SERVER_LOST, CUT},
    {CR_SERVER_LOST_EXTENDED, CUT},
    {NUMBER_KILLED, CUT},
    {NUMBER_IDLE, CUT},
    {ER_NET_READ_ERROR, CUT},
    {ER_NET_READ_INTERRUPTED, CUT},
    {ER_NET_ERROR_ON_WRITE, CUT},
    {ER_NET_WRITE_INTERRUPTED, CUT},
    {ER_SERVER_SHUTDOWN, ERR_STORE, "store_again", "the server is being stopped or started"},
    {ER_LOCK_DEADLOCK, ERR_STORE, "store_again", "another transaction was in the way"},
    {NUMBER_READ_CHANGED, ERR_STORE, "store_again", "another transaction was in the way"},
    {ER_LOCK_WAIT_TIMEOUT, ERR_STORE, "store_busy",
     "another transaction held a lock for too long; let it end, then run the command again"},
    {ER_QUERY_INTERRUPTED, ERR_STORE, "store_busy", "somebody ended the statement on the server"},
    {NUMBER_TIMED_OUT, ERR_STORE, "store_busy", "the server ended a statement that took too long"},
    {ER_CON_COUNT_ERROR, BUSY_CONNECTIONS},
    {ER_TOO_MANY_USER_CONNECTIONS, BUSY_CONNECTIONS},
    {ER_USER_LIMIT_REACHED, BUSY_CONNECTIONS},
    {ER_RECORD_FILE_FULL, FULL},
    {NUMBER_DISK_FULL, FULL},
    {NUMBER_OUT_OF_MEMORY, BUSY_MEMORY},
    {ER_CANT_CREATE_THREAD, BUSY_MEMORY},
    {ER_LOCK_TABLE_FULL, BUSY_MEMORY},
    {ER_ACCESS_DENIED_ERROR, LOGIN},
    {ER_ACCESS_DENIED_NO_PASSWORD_ERROR, LOGIN},
    {ER_HOST_NOT_PRIVILEGED, LOGIN},
    {ER_NOT_SUPPORTED_AUTH_MODE, LOGIN},
    {ER_MUST_CHANGE_PASSWORD, LOGIN},
    {CR_AUTH_PLUGIN_CANNOT_LOAD, LOGIN},
    {ER_BAD_DB_ERROR, ERR_STORE, "store_absent",
     "there is no such database; make it with CREATE DATABASE …"},
    {ER_DBACCESS_DENIED_ERROR, RIGHTS},
    {ER_TABLEACCESS_DENIED_ERROR, RIGHTS},
    {ER_COLUMNACCESS_DENIED_ERROR, RIGHTS},
    {ER_SPECIFIC_ACCESS_DENIED_ERROR, RIGHTS},
    {ER_PROCACCESS_DENIED_ERROR, RIGHTS},
    {ER_OPTION_PREVENTS_STATEMENT, READS_ONLY},
    {ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, READS_ONLY},
    {ER_READ_ONLY_MODE, READS_ONLY},
    {ER_DUP_ENTRY, UNIQUE},
    {ER_DUP_ENTRY_WITH_KEY_NAME, UNIQUE},
    {ER_BAD_NULL_ERROR, CONSTRAINT},
    {ER_NO_DEFAULT_FOR_FIELD, CONSTRAINT},
    {ER_NO_REFERENCED_ROW_2, CONSTRAINT},
    {ER_ROW_IS_REFERENCED_2, CONSTRAINT},
    {ER_CONSTRAINT_FAILED, CONSTRAINT},
    {ER_DATA_TOO_LONG, ERR_CONFIG, "store_long", "a text is longer than its column holds"},
    {ER_NOT_KEYFILE, DAMAGED},
    {ER_CRASHED_ON_USAGE, DAMAGED},
    {ER_CRASHED_ON_REPAIR, DAMAGED},
    {ER_INDEX_CORRUPT, DAMAGED},
    {ER_TABLE_CORRUPT, DAMAGED},
    {ER_GET_ERRNO, FILES},
    {ER_CANT_OPEN_FILE, FILES},
    {ER_ERROR_ON_WRITE, FILES},
    {ER_ERROR_ON_READ, FILES},
    {ER_NET_PACKET_TOO_LARGE, PACKET},
    {ER_WARN_ALLOWED_PACKET_OVERFLOWED, PACKET},
    {CR_NET_PACKET_TOO_LARGE, PACKET},
    {0, ERR_INTERNAL, "store_sql", "the server refused a statement"},
};

static const struct meaning *meaning_of(unsigned number)
{
    const struct meaning *meaning = meanings;
    while (meaning->number && meaning->number != number)
        meaning++;
    return meaning;
}

/* These repeat values. */
static bool words_are_safe(unsigned number)
{
    static const unsigned with_values[] = {
        ER_DUP_ENTRY,
        ER_DUP_ENTRY_WITH_KEY_NAME,
        ER_TRUNCATED_WRONG_VALUE,
        ER_WRONG_VALUE,
        ER_TRUNCATED_WRONG_VALUE_FOR_FIELD,
        ER_DATA_OUT_OF_RANGE,
        ER_ILLEGAL_VALUE_FOR_TYPE,
    };
    for (size_t i = 0; i < sizeof(with_values) / sizeof(with_values[0]); i++)
        if (with_values[i] == number)
            return false;
    return true;
}

/* "Duplicate entry '…' for key 'task_name'": the name of the key alone. */
static struct str key_of(const char *words)
{
    static const char before[] = " for key '";
    struct str text = str_of(words), key = STR_NONE;
    for (size_t at = str_find(text, STR(" for key '")); at != SIZE_MAX;
         at = str_find(text, STR(" for key '"))) {
        text = str_sub(text, at + strlen(before), text.len);
        key = text;
    }
    return key.len ? str_sub(key, 0, key.len - 1) : STR_NONE;
}

static bool is_cut(const struct meaning *meaning)
{
    return strcmp(meaning->code, "store_again") == 0 && meaning->number != ER_LOCK_DEADLOCK &&
           meaning->number != NUMBER_READ_CHANGED;
}

enum err_class maria_error(struct maria_conn *conn, unsigned number, const char *words,
                           struct err *err)
{
    const struct meaning *meaning = meaning_of(number);
    struct str shown = words_are_safe(number) ? str_of(words) : key_of(words);
    enum err_class class_ = err_set(err, meaning->class_, meaning->code, "%s: %s (%u %.*s)",
                                    conn->target->name, meaning->words, number, STR_ARG(shown));
    if (is_cut(meaning))
        maria_lost(conn);
    else if (number == ER_LOCK_DEADLOCK) /* the server has ended it */
        conn->in_transaction = false;
    return class_;
}

enum err_class maria_lost_error(const struct maria_conn *conn, struct err *err)
{
    return err_set(err, ERR_STORE, "store_again", "%s: the connection was cut", conn->target->name);
}

/* The words name host, user and database, never the password. */
enum err_class maria_connect_error(const struct maria_conn *conn, MYSQL *link, struct err *err)
{
    unsigned number = mysql_errno(link);
    const struct meaning *meaning = meaning_of(number);
    if (meaning->number && !is_cut(meaning))
        return err_set(err, meaning->class_, meaning->code, "%s: %s (%u)", conn->target->name,
                       meaning->words, number);
    return err_set(err, ERR_STORE, "store_unreachable", "%s: %s (%u)", conn->target->name,
                   mysql_error(link), number);
}
