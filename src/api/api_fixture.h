/* For the tests of api: a home with a database in a folder of its own, two shops, and a person; a route is asked as the
 * http room would ask it, without a socket.
 *
 *     struct api_fixture *f = *state;
 *     struct answer a = api_ask(f, "GET", "/api/v1/health", "", NULL);
 *     assert_int_equal(a.status, 200);
 *     assert_string_equal(answer_text(&a, "status"), "alive");
 *
 * f->person is who asks: an admin of all shops unless a test says otherwise; f->as_request: whoever the request's
 * headers say. Answers live until the fixture ends. Stores other than SQLite: tests/server_schema.h. */
#ifndef HUILIU_API_API_FIXTURE_H
#define HUILIU_API_API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <server_schema.h>
#include <cmocka.h>

#include "api/api_internal.h"
#include "crypt/crypt.h"

enum { FIXTURE_SHOPS = 2, FIXTURE_ALPHA = 1, FIXTURE_BETA = 2, FIXTURE_DOCS_MAX = 4096 };
struct api_fixture {
    char folder[64];
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    struct keyring *keyring;
    struct api_shop shops[FIXTURE_SHOPS];
    struct api_host host;
    struct api *api;
    struct person person;
    bool as_request;
    struct json_doc *docs[FIXTURE_DOCS_MAX];
    size_t docs_len;
    /* Headers of the next requests; "" ends a name's use. */
    struct http_pair headers[16];
    size_t headers_len;
};
struct answer {
    unsigned status;
    struct str body;
    const struct json *json; /* NULL: it is none */
    const char *content_type;
    struct http_pair headers[24];
    size_t headers_len;
};

#define API_UNUSED __attribute__((unused))

static inline void api_good(enum err_class class_, const struct err *err)
{
    if (class_)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

static API_UNUSED void api_exec(struct api_fixture *f, const char *sql,
                                const struct sql_value *values, size_t values_len)
{
    struct err err;
    struct step step = {
        .sql = sql, .values = values, .values_len = values_len, .rows_expected = -1};
    struct unit unit = {.after = &step, .after_len = 1, .now_ms = 1};
    api_good(store_commit(f->store, &unit, &err), &err);
}

/* What derive makes of a day's rows of ad_day. */
#define API_AD_SHOP_DAY(list)                                                                      \
    "INSERT INTO ad_shop_day (shop_id, basis, day, currency, orders, told, provisional, cost,"     \
    " plays, likes, shares, conversions, budget, rate_5s_weighed, rate_5s_plays, videos,"          \
    " video_list) SELECT d.shop_id, d.basis, d.day, d.currency, sum(d.orders), sum(d.told),"       \
    " sum(d.provisional), sum(d.cost), sum(d.plays), sum(d.likes), sum(d.shares),"                 \
    " sum(d.conversions), sum(d.budget), sum(d.rate_5s_weighed), sum(d.rate_5s_plays),"            \
    " count(v.id), " list " FROM ad_day d LEFT JOIN ad_item v ON v.item_id = d.item_id"            \
    " WHERE d.shop_id = ?1 AND d.basis = ?2 AND d.day = ?3"                                        \
    " GROUP BY d.shop_id, d.basis, d.day, d.currency"
static API_UNUSED void api_ad_shop_day(struct api_fixture *f, int64_t shop, const char *basis,
                                       const char *day)
{
    static const char *const statements[] = {
        "INSERT INTO ad_item (item_id) SELECT DISTINCT item_id FROM ad_day WHERE shop_id = ?1"
        " AND basis = ?2 AND day = ?3 AND item_id <> '' ON CONFLICT (item_id) DO NOTHING",
        "DELETE FROM ad_shop_day WHERE shop_id = ?1 AND basis = ?2 AND day = ?3",
        SQL_PER_DATABASE(API_AD_SHOP_DAY("group_concat(v.id)"),
                         API_AD_SHOP_DAY("string_agg(CAST(v.id AS text), ',')"),
                         API_AD_SHOP_DAY("group_concat(v.id)"))};
    const struct sql_value values[] = {sql_int(shop), sql_text(str_of(basis)),
                                       sql_text(str_of(day))};
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        api_exec(f, statements[i], values, 3);
}

/* What derive keeps of the names that orders say. */
static API_UNUSED void api_names(struct api_fixture *f)
{
    api_exec(f,
             "INSERT INTO order_name (shop_id, digest, kind, id, code, name) SELECT DISTINCT"
             " r.shop_id, 'item' || r.item_id || r.title, 'item', r.item_id, '', r.title"
             " FROM ad_result r WHERE r.title <> '' ON CONFLICT (shop_id, digest) DO NOTHING",
             NULL, 0);
    api_exec(f,
             "INSERT INTO order_name (shop_id, digest, kind, id, code, name) SELECT DISTINCT"
             " o.shop_id, 'sku' || coalesce(o.sku_id, '') || coalesce(o.sku_code, '') || '/' ||"
             " coalesce(o.sku_name, ''), 'sku', coalesce(o.sku_id, ''), coalesce(o.sku_code, ''),"
             " coalesce(o.sku_name, '') FROM trade_order o WHERE o.sku_name <> ''"
             " OR o.sku_code <> '' ON CONFLICT (shop_id, digest) DO NOTHING",
             NULL, 0);
}

static inline void api_shop_add(struct api_fixture *f, size_t index, int64_t id, const char *name,
                                const char *external)
{
    const struct sql_value values[] = {sql_int(id), sql_text(str_of(name)),
                                       sql_text(str_of(external))};
    f->shops[index] = (struct api_shop){.id = id,
                                        .name = str_of(name),
                                        .platform = STR("promo"),
                                        .external_id = str_of(external),
                                        .state = STR("enabled")};
    zone_find(STR("Asia/Shanghai"), &f->shops[index].zone, NULL);
    api_exec(f,
             "INSERT INTO shop (id, platform, name, external_id, state, created_ms)"
             " VALUES (?1, 'promo', ?2, ?3, 'enabled', 1)",
             values, 3);
}

static API_UNUSED int api_ready(void **state)
{
    struct api_fixture *f = calloc(1, sizeof(*f));
    unsigned applied;
    if (!f)
        return -1;
    strcpy(f->folder, "/tmp/huiliu-api-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    arena_init(&f->arena);
    *state = f;
    if (store_schema(&f->arena, &f->catalog, NULL))
        return -1;
    const struct store_options options = {.url = str_of(server_schema_empty("sqlite:a.db")),
                                          .home = str_of(f->folder),
                                          .catalog = f->catalog,
                                          .create = true};
    if (store_open(&options, &f->store, NULL) || store_migrate(f->store, &applied, NULL) ||
        keyring_create(str_of(f->folder), NULL) ||
        keyring_open(str_of(f->folder), &f->keyring, NULL))
        return -1;
    api_shop_add(f, 0, FIXTURE_ALPHA, "alpha", "ext-alpha");
    api_shop_add(f, 1, FIXTURE_BETA, "beta", "ext-beta");
    f->host = (struct api_host){.store = f->store,
                                .catalog = f->catalog,
                                .keyring = f->keyring,
                                .shops = f->shops,
                                .shops_len = FIXTURE_SHOPS};
    f->person = (struct person){.user_id = 1,
                                .name = STR("admin"),
                                .right = RIGHT_ADMIN,
                                .reveals = true,
                                .all_shops = true,
                                .session = STR("test")};
    const struct api_options api = {.threads = 2, .host = &f->host};
    return api_open(&api, &f->api, NULL) == ERR_OK ? 0 : -1;
}

static API_UNUSED int api_end(void **state)
{
    struct api_fixture *f = *state;
    static const char *const files[] = {"a.db", "a.db-wal", "a.db-shm", "key"};
    for (size_t i = 0; i < f->docs_len; i++)
        json_free(f->docs[i]);
    api_close(f->api);
    store_close(f->store);
    keyring_close(f->keyring);
    arena_fini(&f->arena);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
        unlink(path);
    }
    int rc = rmdir(f->folder);
    free(f);
    return rc;
}

/* A header of all requests that follow; NULL takes it away. */
static API_UNUSED void api_header(struct api_fixture *f, const char *name, const char *value)
{
    size_t at = 0;
    while (at < f->headers_len && !str_eq_nocase(f->headers[at].name, str_of(name)))
        at++;
    if (at == f->headers_len)
        f->headers_len++;
    assert_true(f->headers_len <= sizeof(f->headers) / sizeof(*f->headers));
    f->headers[at] = (struct http_pair){str_of(name),
                                        value ? arena_dup(&f->arena, str_of(value)) : STR_NONE};
}

static inline struct str api_decoded(struct api_fixture *f, struct str text)
{
    struct buf out;
    buf_init(&out, text.len + 1);
    assert_int_equal(percent_read(&out, text, true, NULL), ERR_OK);
    struct str copy = arena_dup(&f->arena, buf_str(&out));
    buf_fini(&out);
    return copy;
}

static inline struct http_request *api_request(struct api_fixture *f, const char *method,
                                               const char *path, const char *query,
                                               const char *body)
{
    struct http_request *request = arena_alloc(&f->arena, sizeof(*request));
    struct str rest = str_of(query);
    request->method = str_of(method);
    request->path = request->path_raw = str_of(path);
    request->query_raw = rest;
    while (rest.len > 0) {
        struct str piece, name, value;
        str_cut(rest, '&', &piece, &rest);
        str_cut(piece, '=', &name, &value);
        assert_true(request->query_len < HTTP_QUERY_MAX);
        request->query[request->query_len++] = (struct http_pair){api_decoded(f, name),
                                                                  api_decoded(f, value)};
    }
    request->body = str_of(body);
    request->peer = STR("127.0.0.1");
    request->arena = &f->arena;
    for (size_t i = 0; i < f->headers_len; i++)
        if (f->headers[i].value.ptr)
            request->headers[request->headers_len++] = f->headers[i];
    if (body && !http_header(request, STR("Content-Type")).ptr)
        request->headers[request->headers_len++] = (struct http_pair){STR("Content-Type"),
                                                                      STR("application/json")};
    return request;
}

static inline struct str api_stream_read(struct api_fixture *f, struct http_reply *reply)
{
    struct buf all, piece;
    enum http_pull pulled = HTTP_MORE;
    buf_init(&all, 64 * 1024 * 1024);
    buf_init(&piece, HTTP_PIECE_BYTES_MAX);
    for (int waits = 0; pulled != HTTP_END && pulled != HTTP_BROKEN && waits < 100;) {
        unsigned wait_ms = 0;
        pulled = reply->stream.pull(reply->stream.context, &piece, &wait_ms);
        buf_add(&all, buf_str(&piece));
        buf_reset(&piece);
        waits += pulled == HTTP_WAIT;
    }
    if (reply->stream.close)
        reply->stream.close(reply->stream.context);
    struct str copy = arena_dup(&f->arena, buf_str(&all));
    buf_fini(&all);
    buf_fini(&piece);
    return copy;
}

/* `query` as it stands in an address, without "?"; body NULL: none. A stream is read to its end, or until it has
 * waited a hundred times. */
static API_UNUSED struct answer api_ask(struct api_fixture *f, const char *method, const char *path,
                                        const char *query, const char *body)
{
    struct http_request *request = api_request(f, method, path, query, body);
    struct http_reply reply = {.status = 200, .cut_after_bytes = SIZE_MAX};
    struct answer answer = {.status = 0};
    if (f->as_request)
        api_handle(f->api, request, &reply);
    else
        api_handle_as(f->api, &f->person, request, &reply);
    answer.body = reply.stream.pull ? api_stream_read(f, &reply) : arena_dup(&f->arena, reply.body);
    answer.status = reply.status;
    answer.content_type = reply.content_type;
    answer.headers_len = reply.headers_len;
    memcpy(answer.headers, reply.headers, sizeof(answer.headers));
    if (reply.release)
        reply.release(reply.release_context);
    if (answer.body.len > 0 && answer.body.ptr[0] == '{' && f->docs_len < FIXTURE_DOCS_MAX &&
        json_parse(answer.body, &f->docs[f->docs_len], NULL) == ERR_OK)
        answer.json = json_root(f->docs[f->docs_len++]);
    return answer;
}

static API_UNUSED struct str answer_header(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->headers_len; i++)
        if (str_eq_nocase(answer->headers[i].name, str_of(name)))
            return answer->headers[i].value;
    return STR_NONE;
}

/* "items.0.cost.minor"; NULL: it is not there. */
static API_UNUSED const struct json *answer_at(const struct answer *answer, const char *path)
{
    const struct json *at = answer->json;
    struct str rest = str_of(path), name;
    while (rest.len > 0 && at) {
        int64_t index;
        str_cut(rest, '.', &name, &rest);
        at = json_kind_of(at) == JSON_ARRAY && str_to_i64(name, &index) ? json_at(at, (size_t)index)
                                                                        : json_get(at, name);
    }
    return at;
}

/* Text of a string, digits of a number, "true"; "(null)", "(absent)". */
static API_UNUSED const char *answer_text(const struct answer *answer, const char *path)
{
    static char texts[8][2048];
    static unsigned turn;
    char *out = texts[turn++ % 8];
    const struct json *at = answer_at(answer, path);
    switch (json_kind_of(at)) {
    case JSON_ABSENT:
        return "(absent)";
    case JSON_NULL:
        return "(null)";
    case JSON_BOOL:
        return json_true(at) ? "true" : "false";
    case JSON_NUMBER:
    case JSON_STRING:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    snprintf(out, sizeof(texts[0]), "%.*s", STR_ARG(json_text(at)));
    return out;
}

/* It is a problem of this status and code. */
static API_UNUSED void answer_refuses(const struct answer *answer, unsigned status,
                                      const char *code)
{
    if (answer->status != status || strcmp(answer_text(answer, "code"), code) != 0)
        fail_msg("%u %.*s, not %u %s", answer->status, STR_ARG(answer->body), status, code);
    assert_string_equal(answer->content_type, "application/problem+json; charset=utf-8");
}

#endif
