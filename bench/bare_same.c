/* bare-same HOME_DB BASE_URL TOKEN CONNECTIONS SINCE_MS: the limit of sync.sqlite.same. Makes the
 * calls that a `sync --full` has made (the windows that HOME_DB says were closed since SINCE_MS, page
 * by page along their cursors, and the closing total of each), parses every reply and looks up the
 * stored hash of every order and certificate. Prints orders, rows, calls and seconds.
 *
 * One thread: libcurl's multi interface, a connection a lane, a lane one shop at a time. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/base.h"
#include "bench/bare.h"

enum { LANES_MAX = 64, PAGE_SIZE = 100, POLL_MS = 1000, BODY_ROOM = 1 << 20 };

/* Where a shop's lane stands: which window, and where in its list. */
struct lane {
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    int64_t shop_id, from_s, to_s;
    const char *by; /* the time that the window is about: "create" or "update" */
    char external_id[64];
    struct buf cursor; /* of the next page; empty: the closing total is asked */
    sqlite3_stmt *windows;
};

struct bench {
    sqlite3 *db;
    sqlite3_stmt *shops, *order, *certificate;
    const char *base_url, *token;
    int64_t since_ms, shop_last;
    CURLM *multi;
    size_t orders, rows, calls;
};

static size_t body_take(char *bytes, size_t size, size_t count, void *context)
{
    struct lane *lane = context;
    buf_add(&lane->body, (struct str){bytes, size * count});
    return lane->body.failed ? 0 : size * count;
}

/* --- what is asked --- */

static void lane_ask(struct bench *bench, struct lane *lane, bool total_only)
{
    char url[1024];
    char *cursor = curl_easy_escape(lane->easy, total_only ? "0" : buf_str(&lane->cursor).ptr,
                                    total_only ? 1 : (int)buf_str(&lane->cursor).len);
    snprintf(url, sizeof(url),
             "%s/goodlife/v1/trade/order/query/?account_id=%s&%s_order_start_time=%lld"
             "&%s_order_end_time=%lld&cursor=%s&page_size=%d",
             bench->base_url, lane->external_id, lane->by, (long long)lane->from_s, lane->by,
             (long long)lane->to_s, cursor, total_only ? 1 : PAGE_SIZE);
    curl_free(cursor);
    buf_reset(&lane->body);
    if (total_only)
        buf_reset(&lane->cursor);
    curl_easy_setopt(lane->easy, CURLOPT_URL, url);
    if (curl_multi_add_handle(bench->multi, lane->easy) != CURLM_OK)
        bare_die(url, "cannot be asked");
    bench->calls++;
}

/* The next window of the lane's shop; false when there is none. */
static bool lane_next_window(struct bench *bench, struct lane *lane)
{
    if (sqlite3_step(lane->windows) != SQLITE_ROW)
        return false;
    lane->from_s = sqlite3_column_int64(lane->windows, 0) / 1000;
    lane->to_s = sqlite3_column_int64(lane->windows, 1) / 1000;
    lane->by = sqlite3_column_int(lane->windows, 2) ? "create" : "update";
    buf_reset(&lane->cursor);
    buf_add(&lane->cursor, STR("0"));
    lane_ask(bench, lane, false);
    return true;
}

/* A statement that has said DONE would begin anew: the next shop is always asked for by id. */
static void shop_seek(struct bench *bench)
{
    sqlite3_reset(bench->shops);
    sqlite3_bind_int64(bench->shops, 1, bench->shop_last);
}

static bool lane_next_shop(struct bench *bench, struct lane *lane)
{
    while (sqlite3_step(bench->shops) == SQLITE_ROW) {
        lane->shop_id = bench->shop_last = sqlite3_column_int64(bench->shops, 0);
        snprintf(lane->external_id, sizeof(lane->external_id), "%s",
                 (const char *)sqlite3_column_text(bench->shops, 1));
        shop_seek(bench);
        sqlite3_reset(lane->windows);
        sqlite3_bind_int64(lane->windows, 1, lane->shop_id);
        sqlite3_bind_int64(lane->windows, 2, bench->since_ms);
        if (lane_next_window(bench, lane))
            return true;
    }
    shop_seek(bench);
    return false;
}

/* --- what is done with a reply --- */

static void key_bind(sqlite3_stmt *stmt, int at, yyjson_val *object, const char *name)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    sqlite3_bind_text(stmt, at, yyjson_get_str(value), (int)yyjson_get_len(value), SQLITE_STATIC);
}

static void hash_look_up(struct bench *bench, sqlite3_stmt *stmt)
{
    bench->rows++;
    if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_bytes(stmt, 0) != 16)
        bare_die("look-up", "a row is missing");
    sqlite3_reset(stmt);
}

static void order_look_up(struct bench *bench, const struct lane *lane, yyjson_val *order)
{
    yyjson_arr_iter items = yyjson_arr_iter_with(yyjson_obj_get(order, "certificate"));
    bench->orders++;
    sqlite3_bind_int64(bench->order, 1, lane->shop_id);
    key_bind(bench->order, 2, order, "order_id");
    hash_look_up(bench, bench->order);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&items));) {
        sqlite3_bind_int64(bench->certificate, 1, lane->shop_id);
        key_bind(bench->certificate, 2, order, "order_id");
        key_bind(bench->certificate, 3, item, "order_item_id");
        hash_look_up(bench, bench->certificate);
    }
}

/* Leaves the cursor of the next page in the lane, nothing at the end of the list. */
static void cursor_take(struct lane *lane, yyjson_val *data)
{
    yyjson_val *next = yyjson_obj_get(yyjson_obj_get(data, "search_after"), "CursorValue");
    size_t len;
    buf_reset(&lane->cursor);
    if (yyjson_arr_size(next) == 0)
        return;
    char *text = yyjson_val_write(next, 0, &len);
    buf_add(&lane->cursor, (struct str){text, len});
    free(text);
}

static void page_read(struct bench *bench, struct lane *lane)
{
    struct str text = buf_str(&lane->body);
    yyjson_doc *doc = yyjson_read(text.ptr, text.len, 0);
    yyjson_val *data = yyjson_obj_get(yyjson_doc_get_root(doc), "data");
    yyjson_val *orders = yyjson_obj_get(data, "orders");
    if (!orders)
        bare_die("reply", "no list in it");
    /* The one order beside a total is not looked at. */
    if (lane->cursor.len > 0) {
        yyjson_arr_iter iter = yyjson_arr_iter_with(orders);
        for (yyjson_val *order; (order = yyjson_arr_iter_next(&iter));)
            order_look_up(bench, lane, order);
        cursor_take(lane, data);
    }
    yyjson_doc_free(doc);
}

/* A reply has come: the next page, the closing total, the next window, the next shop. */
static void lane_go_on(struct bench *bench, struct lane *lane)
{
    bool was_total = lane->cursor.len == 0;
    page_read(bench, lane);
    if (lane->cursor.len > 0)
        lane_ask(bench, lane, false);
    else if (!was_total)
        lane_ask(bench, lane, true);
    else if (!lane_next_window(bench, lane))
        lane_next_shop(bench, lane);
}

static void lanes_run(struct bench *bench)
{
    int running = 1, left;
    while (running > 0) {
        curl_multi_perform(bench->multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(bench->multi, &left));) {
            struct lane *lane;
            long status;
            CURL *easy = message->easy_handle;
            if (message->data.result != CURLE_OK)
                bare_die("call", curl_easy_strerror(message->data.result));
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
            if (status != 200)
                bare_die("call", "another status than 200");
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &lane);
            curl_multi_remove_handle(bench->multi, easy);
            lane_go_on(bench, lane);
            running++; /* what was just asked is not counted yet */
        }
        if (running > 0)
            curl_multi_poll(bench->multi, NULL, 0, POLL_MS, NULL);
    }
}

/* --- life cycle --- */

static void lane_open(struct bench *bench, struct lane *lane)
{
    char header[512];
    buf_init(&lane->body, BODY_ROOM);
    buf_init(&lane->cursor, 256);
    lane->windows = bare_prepare(bench->db,
                                 "SELECT from_ms, to_ms, kind = 'audit' FROM sync_window"
                                 " WHERE shop_id = ?1 AND closed_ms >= ?2 ORDER BY from_ms");
    snprintf(header, sizeof(header), "access-token: %s", bench->token);
    lane->headers = curl_slist_append(NULL, header);
    lane->easy = curl_easy_init();
    if (!lane->easy || !lane->headers)
        bare_die("memory", "none left");
    curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->headers);
    curl_easy_setopt(lane->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(lane->easy, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(lane->easy, CURLOPT_WRITEDATA, lane);
    curl_easy_setopt(lane->easy, CURLOPT_PRIVATE, lane);
}

static void lane_close(struct lane *lane)
{
    curl_easy_cleanup(lane->easy);
    curl_slist_free_all(lane->headers);
    buf_fini(&lane->body);
    buf_fini(&lane->cursor);
}

int main(int argc, char **argv)
{
    size_t lanes_len = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;
    if (lanes_len < 1 || lanes_len > LANES_MAX)
        bare_die("usage", "bare-same HOME_DB BASE_URL TOKEN CONNECTIONS SINCE_MS");
    struct bench bench = {.base_url = argv[2], .token = argv[3]};
    struct lane lanes[LANES_MAX] = {0};
    bench.since_ms = strtoll(argv[5], NULL, 10);
    bench.db = bare_open_reader(argv[1]);
    bench.shops = bare_prepare(
        bench.db, "SELECT id, external_id FROM shop WHERE id > ?1 ORDER BY id LIMIT 1");
    shop_seek(&bench);
    bench.order = bare_prepare(
        bench.db, "SELECT row_hash FROM trade_order WHERE shop_id = ?1 AND order_id = ?2");
    bench.certificate = bare_prepare(bench.db,
                                     "SELECT row_hash FROM trade_certificate WHERE shop_id = ?1"
                                     " AND order_id = ?2 AND order_item_id = ?3");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bench.multi = curl_multi_init();

    int64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < lanes_len; i++) {
        lane_open(&bench, &lanes[i]);
        lane_next_shop(&bench, &lanes[i]);
    }
    lanes_run(&bench);
    double seconds = bare_seconds_since(start_ns);

    for (size_t i = 0; i < lanes_len; i++)
        lane_close(&lanes[i]);
    curl_multi_cleanup(bench.multi);
    curl_global_cleanup();
    bare_close(bench.db);
    printf("{\"orders\": %zu, \"rows\": %zu, \"calls\": %zu, \"seconds\": %.6f}\n", bench.orders,
           bench.rows, bench.calls, seconds);
    return 0;
}
