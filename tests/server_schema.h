/* For tests that run on a server too: HUILIU_TEST_STORE is the address of one that may be written to
 * (tests/scenario/server_rooms.py starts them). Each test gets an empty schema of PostgreSQL, or an empty
 * database of MariaDB. */
#ifndef HUILIU_TESTS_SERVER_SCHEMA_H
#define HUILIU_TESTS_SERVER_SCHEMA_H

#include <libpq-fe.h>
#include <mysql.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline bool server_is_given(void)
{
    return getenv("HUILIU_TEST_STORE") != NULL;
}

static inline bool server_is_mariadb(void)
{
    const char *server = getenv("HUILIU_TEST_STORE");
    return server && strncmp(server, "mysql:", 6) == 0;
}

static inline bool server_is_postgres(void)
{
    return server_is_given() && !server_is_mariadb();
}

static inline void postgres_schema_empty(const char *server, char *url, size_t url_bytes)
{
    char sql[256];
    PGconn *link = PQconnectdb(server);
    snprintf(sql, sizeof(sql),
             "SET client_min_messages = warning; DROP SCHEMA IF EXISTS test_%ld CASCADE;"
             " CREATE SCHEMA test_%ld",
             (long)getpid(), (long)getpid());
    PGresult *result = PQexec(link, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s", server, PQerrorMessage(link));
        abort();
    }
    PQclear(result);
    PQfinish(link);
    snprintf(url, url_bytes, "%s?options=-csearch_path%%3Dtest_%ld", server, (long)getpid());
}

/* "mysql://USER@HOST:PORT/DATABASE", as the tests' server has it; the database may be missing. */
static inline MYSQL *mariadb_link_open(const char *url, bool with_database)
{
    char user[64], host[64], database[64] = "";
    unsigned port = 0;
    MYSQL *link = mysql_init(NULL);
    if (sscanf(url, "mysql://%63[^@]@%63[^:]:%u/%63s", user, host, &port, database) < 3 ||
        !mysql_real_connect(link, host, user, NULL, with_database ? database : NULL, port, NULL,
                            CLIENT_MULTI_STATEMENTS)) {
        fprintf(stderr, "%s: %s\n", url, mysql_error(link));
        abort();
    }
    return link;
}

/* A connection beside the store's: a transaction that somebody else is in. */
struct server_link {
    PGconn *postgres;
    MYSQL *mariadb;
};

static inline struct server_link server_link_open(const char *url)
{
    struct server_link link = {NULL, NULL};
    if (server_is_mariadb())
        link.mariadb = mariadb_link_open(url, true);
    else
        link.postgres = PQconnectdb(url);
    return link;
}

static inline void server_link_do(struct server_link *link, const char *sql)
{
    if (link->mariadb)
        mysql_query(link->mariadb, sql);
    else
        PQclear(PQexec(link->postgres, sql));
}

static inline void server_link_close(struct server_link *link)
{
    if (link->mariadb)
        mysql_close(link->mariadb);
    else
        PQfinish(link->postgres);
}

static inline void mariadb_database_empty(const char *server, char *url, size_t url_bytes)
{
    char sql[256];
    MYSQL *link = mariadb_link_open(server, false);
    size_t head = (size_t)(strrchr(server, '/') - server);
    snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS test_%ld; CREATE DATABASE test_%ld",
             (long)getpid(), (long)getpid());
    if (mysql_query(link, sql) || mysql_next_result(link)) {
        fprintf(stderr, "%s: %s\n", server, mysql_error(link));
        abort();
    }
    mysql_close(link);
    snprintf(url, url_bytes, "%.*s/test_%ld", (int)head, server, (long)getpid());
}

/* The address of something empty on the server for this process, or `otherwise` where no server is given. */
static inline const char *server_schema_empty(const char *otherwise)
{
    static char url[512];
    const char *server = getenv("HUILIU_TEST_STORE");
    if (!server)
        return otherwise;
    if (server_is_mariadb())
        mariadb_database_empty(server, url, sizeof(url));
    else
        postgres_schema_empty(server, url, sizeof(url));
    return url;
}

#endif
