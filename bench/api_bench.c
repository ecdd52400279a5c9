/* api-bench [ROWS]: pages of 100 ad orders over HTTP, beside a bare SELECT of the same rows and the same JSON, in one process and
 * one run.
 *
 *   api.page100   GET /api/v1/ad-orders?sort=-cost&limit=100, page after page along the cursors, one connection that stays
 *                 open, signed in with a bearer; limit: the same walk by a prepared statement of SQLite, its rows written as
 *                 the same JSON into a buffer
 *
 * Rounds of both take turns; the one with the middle ratio is printed. */
#include <curl/curl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/host.h"
#include "api/lists.h"
#include "api/user.h"

enum { ROWS = 100000, PAGES = 200, ROUNDS = 7, PAGE_ROWS = 100 };
static const char password[] = "correct horse battery staple";

static void must(enum err_class class_, const struct err *err)
{
    if (!class_)
        return;
    fprintf(stderr, "api-bench: %s %s\n", err->code, err->message);
    exit(1);
}

static double clock_s(clockid_t id)
{
    struct timespec at;
    clock_gettime(id, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double now_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

/* --- the home --- */

struct home {
    struct arena arena;
    char folder[64];
    struct table_catalog *catalog;
    struct metric_catalog *metrics;
    struct store *store;
    struct keyring *keyring;
    struct api_shop shop;
    struct api_host host;
    struct api *api;
};

static enum err_class rows_fill(struct tx *tx, void *context, struct err *err)
{
    const struct sql_value *values = context;
    enum err_class class_ = tx_exec(
        tx,
        "INSERT INTO shop (id, platform, name, external_id, state, created_ms)"
        " VALUES (1, 'douplus', 'alpha', 'a', 'enabled', 1)",
        NULL, 0, NULL, err);
    if (class_)
        return class_;
    return tx_exec(
        tx,
        "INSERT INTO ad_result (shop_id, order_id, task_id, item_id, status, title, author_name,"
        " author_id, scene, renew_count, delivery_hours, created_ms, day, currency, budget, told,"
        " final, figures_ms, cost, plays, likes, comments, shares, follows, home_visits,"
        " conversions, shown, live_clicks, gift_users, gift_amount, live_comments, live_follows,"
        " gifts, rate_5s, conversion_cost, plays_per_100, like_rate, share_rate, changed_ms)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
        " SELECT 1, CAST(1850000000000000 + i AS text), CAST(1850000000000000 + i AS text),"
        " CAST(7590000000000000000 + i % 997 AS text), 'DELIVERIED', '如何判断你的朋友 #抽象 ' || i,"
        " 'account-b', 'account-b', 'VIDEO', 0, '24.0', 1700000000000 + i * 86400, '2026-01-01',"
        " 'CNY', 10000, 1, 1, 1760000000000, i * 7 % 90001, i * 11 % 70001, i * 13 % 5003, i % 50,"
        " i % 301, i % 20, i % 7, i % 11, 0, 0, 0, 0, 0, 0, 0, i * 17 % 999983, i * 7 % 8001,"
        " i * 3 % 70001, i % 9999, i % 9973, 1 FROM n",
        values, 1, NULL, err);
}

static void home_open(struct home *home, int64_t rows)
{
    struct err err;
    unsigned applied;
    struct sql_value count = sql_int(rows);
    arena_init(&home->arena);
    strcpy(home->folder, "/tmp/huiliu-api-bench-XXXXXX");
    if (!mkdtemp(home->folder))
        exit(1);
    must(store_schema(&home->arena, &home->catalog, &err), &err);
    must(metrics_own(&home->arena, &home->metrics, &err), &err);
    const struct store_options options = {.url = STR("sqlite:b.db"),
                                          .home = str_of(home->folder),
                                          .catalog = home->catalog,
                                          .create = true};
    must(store_open(&options, &home->store, &err), &err);
    must(store_migrate(home->store, &applied, &err), &err);
    must(keyring_create(str_of(home->folder), &err), &err);
    must(keyring_open(str_of(home->folder), &home->keyring, &err), &err);
    must(store_write(home->store, rows_fill, &count, &err), &err);
    const struct audit audit = audit_of_console("user.add", STR("bench"));
    const struct user user = {.name = STR("bench"), .role = STR("admin"), .all_shops = true};
    must(user_add(home->store, &user, str_of(password), &audit, NULL, &err), &err);
    home->shop = (struct api_shop){
        .id = 1, .name = STR("alpha"), .platform = STR("douplus"), .state = STR("enabled")};
    must(zone_find(STR("Asia/Shanghai"), &home->shop.zone, &err), &err);
    home->host = (struct api_host){.store = home->store,
                                   .catalog = home->catalog,
                                   .keyring = home->keyring,
                                   .shops = &home->shop,
                                   .shops_len = 1,
                                   .metrics = home->metrics};
    const struct api_options api = {
        .listen = STR("127.0.0.1:0"), .threads = 2, .host = &home->host};
    must(api_open(&api, &home->api, &err), &err);
}

static void home_close(struct home *home)
{
    static const char *const files[] = {"b.db", "b.db-wal", "b.db-shm", "key"};
    api_close(home->api);
    store_close(home->store);
    keyring_close(home->keyring);
    for (size_t i = 0; i < 4; i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", home->folder, files[i]);
        unlink(path);
    }
    rmdir(home->folder);
    arena_fini(&home->arena);
}

/* --- over HTTP --- */

struct client {
    CURL *curl;
    struct curl_slist *headers;
    struct buf body;
    int port;
};

static size_t body_take(char *bytes, size_t size, size_t count, void *context)
{
    struct client *client = context;
    buf_add_bytes(&client->body, bytes, size * count);
    return size * count;
}

static void ask(struct client *client, const char *path, const char *post)
{
    char url[4096];
    long status = 0;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", client->port, path);
    buf_reset(&client->body);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    if (post)
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, post);
    else
        curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    CURLcode code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        fprintf(stderr, "api-bench: %s: %d %ld %.300s\n", path, (int)code, status,
                client->body.ptr ? client->body.ptr : "");
        exit(1);
    }
}

/* The text behind "name":" in an answer. */
static void text_of(const struct client *client, const char *name, char *out, size_t room)
{
    char key[40];
    snprintf(key, sizeof(key), "\"%s\":\"", name);
    const char *last = NULL;
    for (const char *at = client->body.ptr; (at = strstr(at, key)); at++)
        last = at + strlen(key);
    size_t len = last ? strcspn(last, "\"") : 0;
    snprintf(out, room, "%.*s", (int)len, last ? last : "");
}

static void client_open(struct client *client, int port)
{
    char token[2048], header[2100], post[200];
    *client = (struct client){.curl = curl_easy_init(), .port = port};
    buf_init(&client->body, 64 * 1024 * 1024);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_NOPROXY, "*");
    client->headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(post, sizeof(post), "{\"name\":\"bench\",\"password\":\"%s\"}", password);
    ask(client, "/api/v1/auth/token", post);
    text_of(client, "token", token, sizeof(token));
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    client->headers = curl_slist_append(client->headers, header);
}

/* Pages a second; the bytes of the last one. */
static double over_http(struct client *client, size_t *bytes)
{
    char path[3000], next[2500] = "";
    double began = now_s();
    for (int i = 0; i < PAGES; i++) {
        snprintf(path, sizeof(path), "/api/v1/ad-orders?sort=-cost&limit=%d%s%s", PAGE_ROWS,
                 *next ? "&cursor=" : "", next);
        ask(client, path, NULL);
        text_of(client, "next", next, sizeof(next));
    }
    *bytes = client->body.len;
    return PAGES / (now_s() - began);
}

/* --- bare --- */

static struct str column_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return (struct str){text, (size_t)sqlite3_column_bytes(stmt, column)};
}

static void column_write(struct out *out, const struct metric_family *family,
                         const struct list_column *column, sqlite3_stmt *stmt, int at)
{
    size_t metric = metric_find(family, str_of(column->name));
    if (sqlite3_column_type(stmt, at) == SQLITE_NULL)
        out_null(out, column->name);
    else if (column->kind == LIST_TIME)
        out_time(out, column->name, sqlite3_column_int64(stmt, at));
    else if (column->kind == LIST_METRIC)
        out_figure(out, column->name, &family->metrics[metric],
                   (struct figure){true, sqlite3_column_int64(stmt, at)}, STR("CNY"));
    else if (column->kind == LIST_BOOL)
        out_bool(out, column->name, sqlite3_column_int(stmt, at) != 0);
    else if (column->kind == LIST_INT)
        out_int(out, column->name, sqlite3_column_int64(stmt, at));
    else
        out_text(out, column->name, column_text(stmt, at));
}

struct bare {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct buf body;
    const struct metric_family *family;
};

static void bare_open(struct bare *bare, const struct home *home)
{
    char path[96];
    struct buf sql;
    *bare = (struct bare){.family = metric_family(home->metrics, STR("ad"))};
    buf_init(&bare->body, 64 * 1024 * 1024);
    snprintf(path, sizeof(path), "%s/b.db", home->folder);
    buf_init(&sql, 64 * 1024);
    buf_add(&sql, STR("SELECT r.shop_id"));
    /* What is worked out over HTTP is read here: the same answer, and less to do. */
    for (const struct list_column *column = ad_order_list.columns + 1; column->name; column++)
        buf_printf(&sql, ", %s", column->sql ? column->sql : "r.like_rate");
    buf_add(&sql, STR(" FROM ad_result r WHERE (r.cost, r.shop_id, r.order_id) < (?1, ?2, ?3)"
                      " ORDER BY r.cost DESC, r.shop_id DESC, r.order_id DESC LIMIT 100"));
    if (sqlite3_open_v2(path, &bare->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_exec(bare->db, "PRAGMA cache_size = -65536", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bare->db, sql.ptr, -1, &bare->stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "api-bench: %s\n", sqlite3_errmsg(bare->db));
        exit(1);
    }
    buf_fini(&sql);
}

static double by_hand(struct bare *bare, size_t *bytes)
{
    int64_t cost = INT64_MAX;
    char id[40] = "";
    size_t cost_at = list_column(&ad_order_list, "cost");
    double began = now_s();
    for (int i = 0; i < PAGES; i++) {
        struct out out;
        buf_reset(&bare->body);
        out_init(&out, &bare->body);
        out_object(&out, NULL);
        out_list(&out, "items");
        sqlite3_bind_int64(bare->stmt, 1, cost);
        sqlite3_bind_int64(bare->stmt, 2, 1);
        sqlite3_bind_text(bare->stmt, 3, id, -1, SQLITE_TRANSIENT);
        while (sqlite3_step(bare->stmt) == SQLITE_ROW) {
            out_object(&out, NULL);
            for (int c = 0; ad_order_list.columns[c].name; c++)
                column_write(&out, bare->family, &ad_order_list.columns[c], bare->stmt, c);
            out_end_object(&out);
            cost = sqlite3_column_int64(bare->stmt, (int)cost_at);
            snprintf(id, sizeof(id), "%s", (const char *)sqlite3_column_text(bare->stmt, 1));
        }
        sqlite3_reset(bare->stmt);
        out_end_list(&out);
        out_end_object(&out);
    }
    *bytes = bare->body.len;
    return PAGES / (now_s() - began);
}

static int by_ratio(const void *a, const void *b)
{
    const double *left = a, *right = b;
    double x = left[0] / left[1], y = right[0] / right[1];
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static struct home home;
    struct client client;
    struct bare bare;
    double rounds[ROUNDS][2], cpu[2] = {0, 0};
    size_t sent = 0, written = 0;
    home_open(&home, argc > 1 ? strtoll(argv[1], NULL, 10) : ROWS);
    client_open(&client, api_port(home.api));
    bare_open(&bare, &home);
    for (int i = 0; i < ROUNDS; i++) {
        double began = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        rounds[i][0] = over_http(&client, &sent);
        double between = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        rounds[i][1] = by_hand(&bare, &written);
        cpu[0] += between - began;
        cpu[1] += clock_s(CLOCK_PROCESS_CPUTIME_ID) - between;
    }
    qsort(rounds, ROUNDS, sizeof(rounds[0]), by_ratio);
    printf(
        "# a page has %zu bytes over HTTP, %zu by hand; CPU of a page, both ends: %.2f ms, %.2f ms by"
        " hand\n",
        sent, written, cpu[0] * 1000 / (PAGES * ROUNDS), cpu[1] * 1000 / (PAGES * ROUNDS));
    printf("bench api.page100 %.0f pages/s limit %.0f ratio %.2f\n", rounds[ROUNDS / 2][0],
           rounds[ROUNDS / 2][1], rounds[ROUNDS / 2][0] / rounds[ROUNDS / 2][1]);
    sqlite3_finalize(bare.stmt);
    sqlite3_close(bare.db);
    buf_fini(&bare.body);
    curl_slist_free_all(client.headers);
    curl_easy_cleanup(client.curl);
    buf_fini(&client.body);
    home_close(&home);
    return 0;
}
