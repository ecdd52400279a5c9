/* What PostgreSQL's answers mean for whoever asked: by SQLSTATE, never by words, which are in the
 * server's language. */
#include <string.h>

#include "store/postgres.h"

struct state_meaning {
    const char *state; /* SQLSTATE or its class */
    enum err_class class_;
    const char *code, *words;
};

/* First that fits. "store_again" says that the transaction is gone and may be run once more. */
static const struct state_meaning meanings[] = {
    {"40", ERR_STORE, "store_again", "another transaction was in the way"},
    {"55P03", ERR_STORE, "store_busy",
     "another transaction held a lock for too long; let it end, then run the command again"},
    {"55006", ERR_STORE, "store_busy", "the database is in use; run the command again"},
    {"57014", ERR_STORE, "store_busy", "the server cancelled a statement that took too long"},
    {"57", ERR_STORE, "store_again", "the server is being stopped or started"},
    {"08", ERR_STORE, "store_again", "the connection was cut"},
    {"25P03", ERR_STORE, "store_again", "the server gave up a transaction that stood idle"},
    {"53300", ERR_STORE, "store_busy",
     "the server takes no more connections; raise max_connections or let fewer programs use it"},
    {"53100", ERR_STORE, "store_full",
     "no room left on the server; free some space, then run the command again: nothing was lost"},
    {"53", ERR_STORE, "store_busy", "the server has too little memory or room; try again"},
    {"28", ERR_CONFIG, "store_login",
     "the server refuses this user or its password; check the address in store:"},
    {"3D000", ERR_STORE, "store_absent",
     "there is no such database; make it with CREATE DATABASE … ENCODING 'UTF8'"},
    {"42501", ERR_CONFIG, "store_rights",
     "the user lacks a right; let it own the schema: ALTER SCHEMA public OWNER TO …"},
    {"3F000", ERR_CONFIG, "store_rights",
     "the search path names no schema that is there; make one or correct the address"},
    {"25006", ERR_STORE, "store_io",
     "the server only reads (a standby?); give the address of the primary"},
    {"23505", ERR_CONFLICT, "store_unique",
     "such a row is there already; where an index that is not Huiliu's asks for this, drop it"},
    {"23", ERR_INTERNAL, "store_constraint", "a constraint refused the row"},
    {"XX001", ERR_STORE, "store_corrupt", "the server found damaged data; restore a backup"},
    {"XX002", ERR_STORE, "store_corrupt", "the server found a damaged index; REINDEX it"},
    {"58", ERR_STORE, "store_io", "the server cannot read or write its files"},
    {"", ERR_INTERNAL, "store_sql", "the server refused a statement"},
};

static const struct state_meaning *meaning_of(const char *state)
{
    const struct state_meaning *meaning = meanings;
    while (strncmp(state, meaning->state, strlen(meaning->state)) != 0)
        meaning++;
    return meaning;
}

static const char *field_or_empty(const PGresult *result, int field)
{
    const char *text = PQresultErrorField(result, field);
    return text ? text : "";
}

/* Of class 22 (data) the server's words repeat the value. */
static bool words_are_safe(const char *state)
{
    return strncmp(state, "22", 2) != 0;
}

enum err_class pg_result_error(const struct pg_conn *conn, const PGresult *result, struct err *err)
{
    const char *state = field_or_empty(result, PG_DIAG_SQLSTATE);
    if (PQstatus(conn->link) == CONNECTION_BAD || !*state)
        return pg_lost_error(conn, err);
    const struct state_meaning *meaning = meaning_of(state);
    const char *words = words_are_safe(state) ? field_or_empty(result, PG_DIAG_MESSAGE_PRIMARY)
                                              : field_or_empty(result, PG_DIAG_COLUMN_NAME);
    return err_set(err, meaning->class_, meaning->code, "%s: %s (%s %s)", conn->target->name,
                   meaning->words, state, words);
}

enum err_class pg_lost_error(const struct pg_conn *conn, struct err *err)
{
    return err_set(err, ERR_STORE, "store_again", "%s: the connection was cut", conn->target->name);
}

static bool is_state_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/* "FATAL:  28P01: words": libpq hands out no SQLSTATE of a refused connection, but its verbose words
 * carry it, after a severity that is in the server's language. */
static bool state_find(struct str words, char state[6])
{
    enum { STATE_LEN = 5 };
    for (size_t i = 2; i + STATE_LEN < words.len; i++) {
        const char *at = words.ptr + i;
        if (at[-1] != ' ' || at[STATE_LEN] != ':')
            continue;
        size_t len = 0, digits = 0;
        for (; len < STATE_LEN && is_state_char(at[len]); len++)
            digits += at[len] <= '9';
        if (len == STATE_LEN && digits > 0) {
            memcpy(state, at, STATE_LEN);
            state[STATE_LEN] = 0;
            return true;
        }
    }
    return false;
}

/* The words name host, port, user and database, never the password. */
enum err_class pg_connect_error(const struct pg_conn *conn, const PGconn *link, struct err *err)
{
    char state[6];
    struct str words = str_trim(str_of(PQerrorMessage(link)));
    size_t line = str_find_char(words, '\n');
    if (PQconnectionNeedsPassword(link))
        return err_set(err, ERR_CONFIG, "store_login", "%s: the server asks for a password",
                       conn->target->name);
    if (state_find(words, state)) {
        const struct state_meaning *meaning = meaning_of(state);
        return err_set(err, meaning->class_, meaning->code, "%s: %s (%s)", conn->target->name,
                       meaning->words, state);
    }
    return err_set(err, ERR_STORE, "store_unreachable", "%s: %.*s", conn->target->name,
                   STR_ARG(words.len ? str_sub(words, 0, line == SIZE_MAX ? words.len : line)
                                     : STR("no answer")));
}
