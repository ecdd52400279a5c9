/* Connections to MariaDB: the session's settings, and coming back after a cut. */
#include "store/mariadb.h"

#include <errmsg.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_S = 10,
    CONNECT_SIDE_S = 2,
    /* A peer that is gone in the middle of an answer; longer than any statement may take. */
    ANSWER_S = 15 * 60,
    PACKET_BYTES_MAX = 1024 * 1024 * 1024,
};

/* Texts compare byte by byte, spaces at their end included, || joins texts and \ is a sign like others, as in
 * SQLite and PostgreSQL; nothing is cut to fit; a SET of two columns sees both as they were. A process that was
 * stopped in the middle (SIGSTOP, a sleeping machine) loses its locks after a minute, and a writer, for whose claim
 * everybody waits, after five seconds. */
static const char session[] =
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin; SET SESSION sql_mode = 'STRICT_ALL_TABLES,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,"
    "SIMULTANEOUS_ASSIGNMENT', time_zone = '+00:00', lc_messages = 'en_US', autocommit = 1,"
    " innodb_lock_wait_timeout = 30, lock_wait_timeout = 30, idle_transaction_timeout = 60,"
    " optimizer_switch = 'default', group_concat_max_len = 1073741824, max_recursive_iterations = 4294967295,"
    " wait_timeout = 28800;";

static const char *const by_role[] = {
    [CONN_WRITER] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                    " SET SESSION max_statement_time = 300, idle_transaction_timeout = 5",
    [CONN_READER] = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                    " SET SESSION max_statement_time = 600",
    [CONN_MIGRATION] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                       " SET SESSION max_statement_time = 0, lock_wait_timeout = 600",
    /* Everybody waits for who has these rows: a process that was stopped with them loses them soon. */
    [CONN_SIDE] =
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; SET SESSION"
        " max_statement_time = 3, innodb_lock_wait_timeout = 1, idle_transaction_timeout = 2",
};

enum err_class maria_script(struct maria_conn *conn, const char *sql, struct err *err)
{
    int more = mysql_query(conn->link, sql);
    while (more == 0) {
        mysql_free_result(mysql_store_result(conn->link));
        more = mysql_next_result(conn->link); /* -1: there are no more */
    }
    if (more < 0)
        return ERR_OK;
    return maria_error(conn, mysql_errno(conn->link), mysql_error(conn->link), err);
}

static enum err_class session_set(struct maria_conn *conn, struct err *err)
{
    const char *server = mysql_get_server_info(conn->link);
    if (!mariadb_connection(conn->link) || mysql_get_server_version(conn->link) < MARIA_VERSION_MIN)
        return err_set(err, ERR_CONFIG, "store_version",
                       "%s: the server is %s, Huiliu needs MariaDB %d.%d or newer",
                       conn->target->name, server, MARIA_VERSION_MIN / 10000,
                       MARIA_VERSION_MIN / 100 % 100);
    enum err_class class_ = maria_script(conn, session, err);
    return class_ ? class_ : maria_script(conn, by_role[conn->role], err);
}

/* libmariadb goes on without TLS where the server has none: that is `prefer`; tls_check sees to the others. */
static void tls_set(MYSQL *link, const struct maria_address *address)
{
    my_bool yes = 1, no = 0;
    if (address->tls == MARIA_TLS_DISABLE)
        return;
    mysql_ssl_set(link, address->key, address->cert, address->ca, NULL, NULL);
    mysql_optionsv(link, MYSQL_OPT_SSL_ENFORCE, &yes);
    mysql_optionsv(link, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
                   address->tls == MARIA_TLS_FULL ? &yes : &no);
}

static void options_set(MYSQL *link, const struct maria_address *address, unsigned connect_s)
{
    const unsigned answer_s = ANSWER_S;
    const unsigned long packet = PACKET_BYTES_MAX;
    const enum mysql_protocol_type tcp = MYSQL_PROTOCOL_TCP;
    if (address->host && !address->socket) /* else "localhost" would be the default socket */
        mysql_optionsv(link, MYSQL_OPT_PROTOCOL, &tcp);
    mysql_optionsv(link, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_optionsv(link, MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_optionsv(link, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_optionsv(link, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_optionsv(link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(link, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "huiliu");
    tls_set(link, address);
}

/* A server without TLS must not be taken for one that has it. */
static enum err_class tls_check(const struct maria_conn *conn, const struct maria_address *address,
                                struct err *err)
{
    if (address->tls < MARIA_TLS_REQUIRE || mysql_get_ssl_cipher(conn->link))
        return ERR_OK;
    return err_set(err, ERR_CONFIG, "store_login",
                   "%s: the server offers no TLS, and sslmode asks for it", conn->target->name);
}

static enum err_class link_open(struct maria_conn *conn, const struct maria_address *address,
                                struct err *err)
{
    conn->link = mysql_init(NULL);
    if (!conn->link)
        return err_no_memory(err);
    if ((address->tls == MARIA_TLS_CA || address->tls == MARIA_TLS_FULL) && !address->ca)
        return err_set(err, ERR_CONFIG, "store_url",
                       "%s: sslmode=verify-ca and verify-full need sslrootcert=FILE",
                       conn->target->name);
    options_set(conn->link, address, conn->role == CONN_SIDE ? CONNECT_SIDE_S : CONNECT_S);
    if (!mysql_real_connect(conn->link, address->socket ? NULL : address->host, address->user,
                            address->password, address->database, address->port, address->socket,
                            CLIENT_MULTI_STATEMENTS | CLIENT_REMEMBER_OPTIONS))
        return maria_connect_error(conn, conn->link, err);
    enum err_class class_ = tls_check(conn, address, err);
    return class_ ? class_ : session_set(conn, err);
}

enum err_class maria_connect(struct maria_conn *conn, struct err *err)
{
    struct arena arena;
    struct maria_address address;
    maria_lost(conn);
    conn->number++;
    arena_init(&arena);
    enum err_class class_ = maria_address_read(str_of(conn->target->address), &arena, &address,
                                               err);
    if (!class_)
        class_ = link_open(conn, &address, err);
    if (class_)
        maria_lost(conn);
    arena_fini(&arena);
    return class_;
}

static enum err_class connect_again(struct conn *conn, struct err *err)
{
    return maria_connect((struct maria_conn *)conn, err);
}

enum err_class maria_reconnect(struct maria_conn *conn, struct err *err)
{
    return reconnect(&conn->base, conn->role, connect_again, err);
}

/* Statements of the connection notice by its number that theirs is gone; closing it lets go of them. */
void maria_lost(struct maria_conn *conn)
{
    conn->in_transaction = false;
    if (conn->link)
        mysql_close(conn->link);
    conn->link = NULL;
}
