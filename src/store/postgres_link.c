/* Connections to PostgreSQL: the address, the session's settings, and coming back after a cut. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres.h"

enum {
    CONNECT_MS = 10 * 1000,
    CONNECT_SIDE_MS = 2 * 1000,
};

/* What an address that says nothing else gets: a peer that is gone is noticed after 30 s of silence. */
static const char *const defaults[][2] = {
    {"application_name", "huiliu"},
    {"keepalives_idle", "15"},
    {"keepalives_interval", "5"},
    {"tcp_user_timeout", "30000"},
};

/* A process that was stopped in the middle (SIGSTOP, a sleeping machine) loses its locks after a
 * minute, and a writer, for whose claim everybody waits, after five seconds; a wait for a lock or an endless statement ends and says so. Plans of many short statements
 * are not worth compiling. */
static const char session[] =
    "SET TIME ZONE 'UTC'; SET client_min_messages = warning; SET lock_timeout = '30s';"
    " SET idle_in_transaction_session_timeout = '60s'; SET jit = off;"
    " SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed';";

/* Everybody waits for who has these rows: a process that was stopped with them loses them soon. */
static const char session_side[] = "SET statement_timeout = '3s'; SET lock_timeout = '800ms';"
                                   " SET idle_in_transaction_session_timeout = '2s'";

static const char *const by_role[] = {
    /* Each of its statements finds rows by keys: a plan is never worth making anew. */
    [CONN_WRITER] = "SET statement_timeout = '5min'; SET plan_cache_mode = force_generic_plan;"
                    " SET idle_in_transaction_session_timeout = '5s'",
    [CONN_READER] = "SET statement_timeout = '10min'; SET default_transaction_read_only = on",
    [CONN_MIGRATION] = "SET statement_timeout = 0",
    [CONN_SIDE] = session_side,
};

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

/* A password whose @ / : were not written as %XX ends up in other parts, and those are shown. */
static bool parts_are_whole(const PQconninfoOption *options)
{
    const char *port = or_else(option_of(options, "port"), "");
    const char *host = or_else(option_of(options, "host"), "");
    const char *database = or_else(option_of(options, "dbname"), "");
    return port[strspn(port, "0123456789,")] == 0 && !strchr(host, '@') &&
           !strpbrk(database, "@:/");
}

/* libpq's own words repeat parts of the address, which may be the password's. */
static enum err_class address_error(struct err *err)
{
    return err_set(
        err, ERR_CONFIG, "store_url",
        "store: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for signs "
        "that have a meaning there (@ is %%40); a parameter may be misspelt");
}

enum err_class pg_target(struct arena *arena, struct str url, struct store_target *target,
                         struct err *err)
{
    struct str address = arena_dup(arena, url);
    if (!address.ptr)
        return err_no_memory(err);
    PQconninfoOption *options = memchr(url.ptr, 0, url.len) ? NULL
                                                            : PQconninfoParse(address.ptr, NULL);
    if (!options)
        return address_error(err);
    const char *user = or_else(option_of(options, "user"), "");
    struct str name = arena_printf(
        arena, "postgresql://%s%s%s:%s/%s", user, *user ? "@" : "",
        or_else(option_of(options, "host"), or_else(option_of(options, "hostaddr"), "local")),
        or_else(option_of(options, "port"), "5432"), or_else(option_of(options, "dbname"), user));
    bool whole = parts_are_whole(options);
    PQconninfoFree(options);
    target->name = name.ptr;
    target->address = address.ptr;
    if (!whole)
        return address_error(err);
    return name.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class session_set(struct pg_conn *conn, struct err *err)
{
    const char *const texts[] = {session, by_role[conn->role]};
    enum err_class class_ = ERR_OK;
    if (PQserverVersion(conn->link) < PG_VERSION_MIN)
        return err_set(err, ERR_CONFIG, "store_version",
                       "%s: the server is PostgreSQL %d, Huiliu needs %d or newer",
                       conn->target->name, PQserverVersion(conn->link) / 10000,
                       PG_VERSION_MIN / 10000);
    if (strcmp(or_else(PQparameterStatus(conn->link, "server_encoding"), ""), "UTF8") != 0)
        return err_set(err, ERR_CONFIG, "store_encoding",
                       "%s: the database keeps texts in %s; make one with ENCODING 'UTF8'",
                       conn->target->name,
                       or_else(PQparameterStatus(conn->link, "server_encoding"), "another code"));
    for (size_t i = 0; !class_ && i < sizeof(texts) / sizeof(texts[0]); i++) {
        PGresult *result = PQexec(conn->link, texts[i]);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            class_ = pg_result_error(conn, result, err);
        PQclear(result);
    }
    return class_;
}

/* The defaults first: what the address says comes after them and counts. */
static PGconn *link_start(const char *address)
{
    const char *keywords[PG_CONNINFO_MAX], *values[PG_CONNINFO_MAX];
    size_t len = 0;
    for (; len < sizeof(defaults) / sizeof(defaults[0]); len++) {
        keywords[len] = defaults[len][0];
        values[len] = defaults[len][1];
    }
    keywords[len] = "dbname"; /* expanded: it is a whole address */
    values[len++] = address;
    keywords[len] = "client_encoding"; /* and this counts in any case */
    values[len++] = "UTF8";
    keywords[len] = NULL;
    values[len] = NULL;
    return PQconnectStartParams(keywords, values, 1);
}

/* Opened step by step, because only so the words of a refusal can be made to carry its SQLSTATE. */
static PGconn *link_open(const char *address, int64_t connect_ms)
{
    PGconn *link = link_start(address);
    int64_t until_ms = real_now_ms() + connect_ms;
    PQsetErrorVerbosity(link, PQERRORS_VERBOSE);
    PostgresPollingStatusType state = link && PQstatus(link) != CONNECTION_BAD
                                          ? PGRES_POLLING_WRITING
                                          : PGRES_POLLING_FAILED;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        int64_t left_ms = until_ms - real_now_ms();
        struct pollfd fd = {.fd = PQsocket(link),
                            .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left_ms <= 0 || poll(&fd, 1, (int)left_ms) == 0)
            break;
        state = PQconnectPoll(link);
    }
    return link;
}

/* Notices would go to standard error by themselves. */
static void notice_drop(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

enum err_class pg_connect(struct pg_conn *conn, struct err *err)
{
    PQfinish(conn->link);
    conn->link = link_open(conn->target->address,
                           conn->role == CONN_SIDE ? CONNECT_SIDE_MS : CONNECT_MS);
    conn->number++;
    conn->pending_len = 0;
    conn->in_transaction = false;
    if (!conn->link)
        return err_no_memory(err);
    PQsetNoticeReceiver(conn->link, notice_drop, NULL);
    if (PQstatus(conn->link) != CONNECTION_OK)
        return pg_connect_error(conn, conn->link, err);
    enum err_class class_ = session_set(conn, err);
    if (!class_ && !PQenterPipelineMode(conn->link))
        class_ = pg_lost_error(conn, err);
    return class_;
}

static enum err_class connect_again(struct conn *conn, struct err *err)
{
    return pg_connect((struct pg_conn *)conn, err);
}

enum err_class pg_reconnect(struct pg_conn *conn, struct err *err)
{
    return reconnect(&conn->base, conn->role, connect_again, err);
}

void pg_lost(struct pg_conn *conn)
{
    conn->pending_len = 0;
    conn->in_transaction = false;
    PQfinish(conn->link);
    conn->link = NULL;
}
