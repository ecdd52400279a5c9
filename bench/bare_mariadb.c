/* LOAD DATA LOCAL INFILE, or INSERT of many rows, whichever is faster here: both are measured. */
#include <mysql.h>
#include <stdio.h>
#include <string.h>

#include "bench/bare_server.h"

static MYSQL *link;
static char user[64], host[64];
static unsigned port;
static struct str sending;

static void query(const char *sql, size_t sql_len)
{
    int more = mysql_real_query(link, sql, sql_len);
    for (; more == 0; more = mysql_next_result(link))
        mysql_free_result(mysql_store_result(link));
    if (more > 0)
        bare_die("query", mysql_error(link));
}

static void say(const char *sql)
{
    query(sql, strlen(sql));
}

/* --- the file that LOAD DATA asks for is what is to be sent --- */

static int file_open(void **out, const char *name, void *data)
{
    (void)name;
    (void)data;
    *out = NULL;
    return 0;
}

static int file_read(void *file, char *out, unsigned out_bytes)
{
    (void)file;
    size_t len = sending.len < out_bytes ? sending.len : out_bytes;
    memcpy(out, sending.ptr, len);
    sending = str_sub(sending, len, sending.len);
    return (int)len;
}

static void file_close(void *file)
{
    (void)file;
}

static int file_error(void *file, char *words, unsigned words_bytes)
{
    (void)file;
    if (words_bytes)
        *words = 0;
    return 0;
}

static void connect_to(const char *address)
{
    const unsigned on = 1;
    const unsigned long packet = 1024 * 1024 * 1024;
    link = mysql_init(NULL);
    mysql_optionsv(link, MYSQL_OPT_LOCAL_INFILE, &on);
    mysql_optionsv(link, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_optionsv(link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (sscanf(address, "mysql://%63[^@]@%63[^:]:%u/", user, host, &port) != 3)
        bare_die("address", "write mysql://USER@HOST:PORT/");
    if (!mysql_real_connect(link, host, user, NULL, NULL, port, NULL, CLIENT_MULTI_STATEMENTS))
        bare_die("connect", mysql_error(link));
    mysql_set_local_infile_handler(link, file_open, file_read, file_close, file_error, NULL);
}

static void empty(const char *schema, char *url, size_t url_bytes)
{
    char text[256];
    snprintf(text, sizeof(text), "DROP DATABASE IF EXISTS %s; CREATE DATABASE %s", schema, schema);
    say(text);
    snprintf(url, url_bytes, "mysql://%s@%s:%u/%s", user, host, port, schema);
}

static void drop(const char *schema)
{
    char text[128];
    snprintf(text, sizeof(text), "DROP DATABASE %s", schema);
    say(text);
}

static void begin(void)
{
    say("START TRANSACTION");
}

static void commit(void)
{
    say("COMMIT");
}

static void escaped_write(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == 0 || c == '\t' || c == '\n' || c == '\\' || c == '\'')
            buf_add_char(out, '\\');
        buf_add_char(out, c ? c : '0');
    }
}

static void quoted_write(struct buf *out, struct str text)
{
    buf_add_char(out, '\'');
    escaped_write(out, text);
    buf_add_char(out, '\'');
}

static void binary_write(struct buf *out, struct str bytes)
{
    buf_add(out, STR("_binary"));
    quoted_write(out, bytes);
}

static void table_load(const char *table, struct str lines)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "LOAD DATA LOCAL INFILE 'rows' INTO TABLE %s CHARACTER SET binary",
             table);
    sending = lines;
    say(sql);
}

/* "(…),(…)," in packets that the server takes. */
static void table_insert(const char *table, struct str rows)
{
    enum { PACKET_BYTES = 4 * 1024 * 1024 };
    struct buf sql;
    buf_init(&sql, 2 * PACKET_BYTES);
    while (rows.len > 0) {
        size_t end = rows.len < PACKET_BYTES ? rows.len : PACKET_BYTES;
        while (end < rows.len && memcmp(rows.ptr + end - 3, "),\n", 3) != 0)
            end++;
        buf_reset(&sql);
        buf_printf(&sql, "INSERT INTO %s VALUES ", table);
        buf_add(&sql, str_sub(rows, 0, end - 2));
        if (sql.failed)
            bare_die("insert", "too long");
        query(sql.ptr, sql.len);
        rows = str_sub(rows, end, rows.len);
    }
    buf_fini(&sql);
}

static void tables_empty(void)
{
    char sql[64];
    for (int i = 0; i < LOADED_TABLES; i++) {
        snprintf(sql, sizeof(sql), "TRUNCATE %s", loaded_tables[i]);
        say(sql);
    }
}

static double load(const char *schema, const struct pages *pages)
{
    static const struct row_form lines = {"", "\t", "\n", escaped_write, escaped_write};
    static const struct row_form values = {"(", ",", "),\n", quoted_write, binary_write};
    if (mysql_select_db(link, schema))
        bare_die(schema, mysql_error(link));
    double loaded = server_load(pages, &lines, begin, table_load, commit);
    tables_empty();
    double inserted = server_load(pages, &values, begin, table_insert, commit);
    fprintf(stderr, "LOAD DATA %.0f rows/s, INSERT of many rows %.0f rows/s\n", loaded, inserted);
    return loaded > inserted ? loaded : inserted;
}

static void disconnect(void)
{
    mysql_close(link);
}

const struct bare_server bare_mariadb = {"mariadb", connect_to, empty, drop, load, disconnect};
