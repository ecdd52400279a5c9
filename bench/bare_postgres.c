/* COPY, text form. */
#include <libpq-fe.h>
#include <stdio.h>

#include "bench/bare_server.h"

static PGconn *link;
static const char *server;

static void query(const char *sql)
{
    PGresult *result = PQexec(link, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_COPY_IN && status != PGRES_TUPLES_OK)
        bare_die(sql, PQerrorMessage(link));
    PQclear(result);
}

static void connect_to(const char *address)
{
    server = address;
    link = PQconnectdb(address);
    query("SET client_min_messages = warning");
}

static void empty(const char *schema, char *url, size_t url_bytes)
{
    char text[256];
    snprintf(text, sizeof(text), "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s", schema,
             schema);
    query(text);
    snprintf(url, url_bytes, "%s?options=-csearch_path%%3D%s", server, schema);
}

static void drop(const char *schema)
{
    char text[128];
    snprintf(text, sizeof(text), "DROP SCHEMA %s CASCADE", schema);
    query(text);
}

static void text_write(struct buf *out, struct str text)
{
    buf_add(out, text);
}

static void bytes_write(struct buf *out, struct str bytes)
{
    buf_add(out, STR("\\\\x"));
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(out, "%02x", (unsigned char)bytes.ptr[i]);
}

static void begin(void)
{
    query("BEGIN");
}

static void commit(void)
{
    query("COMMIT");
}

static void table_copy(const char *table, struct str lines)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "COPY %s FROM STDIN", table);
    query(sql);
    if (PQputCopyData(link, lines.ptr, (int)lines.len) != 1 || PQputCopyEnd(link, NULL) != 1)
        bare_die(table, PQerrorMessage(link));
    for (PGresult *result; (result = PQgetResult(link)) != NULL; PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            bare_die(table, PQerrorMessage(link));
}

static double load(const char *schema, const struct pages *pages)
{
    static const struct row_form form = {"", "\t", "\n", text_write, bytes_write};
    char sql[128];
    snprintf(sql, sizeof(sql), "SET search_path = %s", schema);
    query(sql);
    return server_load(pages, &form, begin, table_copy, commit);
}

static void disconnect(void)
{
    PQfinish(link);
}

const struct bare_server bare_postgres = {"postgres", connect_to, empty, drop, load, disconnect};
