/* For tests that run on PostgreSQL too: HUILIU_TEST_STORE is the address of a server that may be written to
 * (tests/scenario/postgres_rooms.py starts one). Each test gets an empty schema. */
#ifndef HUILIU_TESTS_SERVER_SCHEMA_H
#define HUILIU_TESTS_SERVER_SCHEMA_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline bool server_is_given(void)
{
    return getenv("HUILIU_TEST_STORE") != NULL;
}

/* The address of an empty schema of this process, or `otherwise` where no server is given. */
static inline const char *server_schema_empty(const char *otherwise)
{
    static char url[512];
    char sql[256];
    const char *server = getenv("HUILIU_TEST_STORE");
    if (!server)
        return otherwise;
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
    snprintf(url, sizeof(url), "%s?options=-csearch_path%%3Dtest_%ld", server, (long)getpid());
    return url;
}

#endif
