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

/* "mysql://USER@HOST:PORT/DATABASE", as the tests' server has it. */
static inline void mariadb_database_empty(const char *server, char *url, size_t url_bytes)
{
    char user[64], host[64], sql[256];
    unsigned port = 0;
    MYSQL *link = mysql_init(NULL);
    snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS test_%ld; CREATE DATABASE test_%ld",
             (long)getpid(), (long)getpid());
    if (sscanf(server, "mysql://%63[^@]@%63[^:]:%u/", user, host, &port) != 3 ||
        !mysql_real_connect(link, host, user, NULL, NULL, port, NULL, CLIENT_MULTI_STATEMENTS) ||
        mysql_query(link, sql) || mysql_next_result(link)) {
        fprintf(stderr, "%s: %s\n", server, mysql_error(link));
        abort();
    }
    mysql_close(link);
    snprintf(url, url_bytes, "mysql://%s@%s:%u/test_%ld", user, host, port, (long)getpid());
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
