/* For the tests of gateway: a gateway over a real store, key ring and connector, against a fake
 * platform. The handler of a test decides what the platform answers. */
#ifndef HUILIU_GATEWAY_FIXTURE_H
#define HUILIU_GATEWAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/fake_platform.h"
#include "gateway/gateway.h"

/* cmocka needs the headers above. */
#include <cmocka.h>

/* Parts of the manifest of the platform "fake". */
#define MANIFEST_HEAD                                                                              \
    "platform: fake\n"                                                                             \
    "name: {zh: 假, en: Fake}\n"                                                                  \
    "version: 1\n"                                                                                 \
    "zone: Asia/Shanghai\n"                                                                        \
    "currency: CNY\n"                                                                              \
    "money: minor\n"                                                                               \
    "hosts: {api: \"https://fake.invalid\"}\n"                                                     \
    "app: {needs: [{name: key, zh: k, en: k}, {name: secret, zh: s, en: s, secret: true}]}\n"      \
    "shop: {needs: [{name: external_id, zh: i, en: i}]}\n"                                         \
    "reply: {code: code, success: code == 0, message: message, request_id: request_id}\n"          \
    "errors:\n"                                                                                    \
    "  - {when: code == 100, class: throttled, scope: shop}\n"                                     \
    "  - {when: code == 105, class: token_expired, scope: shop}\n"                                 \
    "  - {when: code == 2, class: forbidden, scope: shop}\n"                                       \
    "  - {when: code == 3, class: forbidden, scope: app}\n"                                        \
    "  - {when: code == 500, class: retry}\n"                                                      \
    "retry: {retry: {tries: 3, base: 1s, cap: 5s}}\n"
#define MANIFEST_STREAM                                                                            \
    "streams:\n"                                                                                   \
    "  orders:\n"                                                                                  \
    "    table: trade_order\n"                                                                     \
    "    every: 5m\n"                                                                              \
    "    request: {get: /list/, query: {from: \"{created.from | unix}\"}, budget: api,"            \
    " timeout: 20s}\n"                                                                             \
    "    window: {by: created, span: 7d}\n"                                                        \
    "    pages: {kind: number, page: query.page, size: {in: query.size, max: 100},"                \
    " total: total}\n"                                                                             \
    "    records: list\n"                                                                          \
    "    fields: {order_id: {from: id, as: id, key: true}}\n"
#define MANIFEST_BUDGET                                                                            \
    "budgets: {api: {scope: shop, rate: 100000/1s, burst: 100000, confidence: L}}\n"
#define AUTH_CLIENT                                                                                \
    "auth:\n"                                                                                      \
    "  grant: client_credential\n"                                                                 \
    "  of: app\n"                                                                                  \
    "  put: header.access-token\n"                                                                 \
    "  ahead: 5m\n"                                                                                \
    "  obtain: {post: /grant/, json: {key: \"{app.key}\", secret: \"{app.secret}\"}, token: "      \
    "false}\n"                                                                                     \
    "  read: {access: access, expires_in: expires_in}\n"
#define AUTH_BY_HAND "auth: {grant: by_hand, of: shop, put: header.access-token}\n"
#define AUTH_CODE                                                                                  \
    "auth:\n"                                                                                      \
    "  grant: auth_code\n"                                                                         \
    "  of: shop\n"                                                                                 \
    "  put: header.access-token\n"                                                                 \
    "  ahead: 5m\n"                                                                                \
    "  rotates: true\n"                                                                            \
    "  obtain: {post: /grant/, json: {code: \"{auth.code}\"}, token: false}\n"                     \
    "  refresh: {post: /refresh/, json: {refresh: \"{token.refresh}\"}, token: false}\n"           \
    "  read: {access: access, refresh: refresh, expires_in: expires_in}\n"
#define PAGE_OK "{\"code\":0,\"request_id\":\"r1\",\"total\":1,\"list\":[{\"id\":\"1\"}]}"

enum { SHOP_ID = 7, APP_ID = 3 };

struct fixture {
    char folder[64];
    struct arena arena;
    struct table_catalog *catalog;
    struct store *store;
    struct keyring *keyring;
    struct coord *coord;
    struct connector *connector;
    struct gateway *gateway;
    struct fake_platform *fake;
    struct call_ask ask; /* a page of orders of the shop */
    /* For the handler. */
    pthread_mutex_t lock;
    int lists, grants, refreshes;
    char seen[16 * 1024]; /* the last request */
    int step;
};

static inline void assert_good(enum err_class class_, const struct err *err)
{
    if (class_ != ERR_OK)
        fail_msg("%s %s: %s", err_class_name(class_), err->code, err->message);
}

/* Before fixture_open: the clock is chosen before there are threads, and fixture_close forgets it when
 * they have ended. */
static inline void fixture_clock_path(char *path, size_t size)
{
    snprintf(path, size, "/tmp/huiliu-gateway-test-%d", (int)getpid());
}

static inline void fixture_clock_choose(void)
{
    char path[64];
    struct err err;
    fixture_clock_path(path, sizeof(path));
    setenv("HUILIU_CLOCK", path, 1);
    assert_good(clock_setup("test", &err), &err);
    clock_thread_enter();
}

static inline void fixture_clock_forget(void)
{
    char path[64];
    fixture_clock_path(path, sizeof(path));
    clock_thread_leave();
    clock_teardown();
    unsetenv("HUILIU_CLOCK");
    unlink(path);
}

static inline void fixture_exec(struct fixture *f, const char *sql)
{
    struct step step = {sql, NULL, 0, -1, 0};
    struct unit unit = {.before = &step, .before_len = 1, .now_ms = clock_now_ms()};
    struct err err;
    assert_good(store_commit(f->store, &unit, &err), &err);
}

/* The first column of the first row, in the fixture's arena; empty when there is none. */
static inline const char *fixture_text(struct fixture *f, const char *sql)
{
    struct reader *reader;
    struct err err;
    struct str text = STR("");
    assert_good(store_read(f->store, sql, NULL, 0, &reader, &err), &err);
    if (reader_next(reader))
        text = arena_dup(&f->arena, reader_text(reader, 0));
    assert_good(reader_close(reader, &err), &err);
    return text.ptr;
}

static inline void fixture_load(struct fixture *f, const char *manifest)
{
    struct err err;
    assert_good(connector_load(STR("fake.yaml"), str_of(manifest), f->catalog, &f->connector, &err),
                &err);
    const struct stream *stream = connector_stream(f->connector, STR("orders"));
    f->ask = (struct call_ask){
        .connector = f->connector,
        .endpoint = stream->request,
        .stream = stream,
        .facts = {.shop = {.id = SHOP_ID, .name = STR("A"), .external_id = STR("x")},
                  .app = {.id = APP_ID, .key = STR("app-key"), .secret = STR("app-secret")},
                  .window = {.from_ms = 0, .to_ms = 1000, .by = STR("created")},
                  .page = {.number = 1, .size = 100},
                  .base_url = str_of(fake_url(f->fake))},
        .task_id = 41,
    };
}

static inline void fixture_gateway(struct fixture *f)
{
    struct gateway_options options = {
        .store = f->store, .coord = f->coord, .keyring = f->keyring, .seed = 1};
    struct err err;
    assert_good(gateway_open(&options, &f->gateway, &err), &err);
}

/* What a process has when it starts: nothing in memory. */
static inline void fixture_restart(struct fixture *f)
{
    gateway_close(f->gateway);
    fixture_gateway(f);
}

static inline void fixture_open(struct fixture *f, const char *manifest, fake_handler *handler)
{
    struct err err;
    unsigned applied;
    *f = (struct fixture){.lock = PTHREAD_MUTEX_INITIALIZER};
    strcpy(f->folder, "/tmp/huiliu-gateway-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    arena_init(&f->arena);
    assert_good(store_schema(&f->arena, &f->catalog, &err), &err);
    struct store_options options = {.url = STR("sqlite:test.db"),
                                    .home = str_of(f->folder),
                                    .catalog = f->catalog,
                                    .create = true};
    assert_good(store_open(&options, &f->store, &err), &err);
    assert_good(store_migrate(f->store, &applied, &err), &err);
    assert_good(keyring_create(str_of(f->folder), &err), &err);
    assert_good(keyring_open(str_of(f->folder), &f->keyring, &err), &err);
    assert_good(coord_open_local(&f->coord, &err), &err);
    f->fake = fake_open(handler, f);
    fixture_load(f, manifest);
    fixture_gateway(f);
    fixture_exec(f, "INSERT INTO shop (id, platform, app_id, name, external_id, state, created_ms)"
                    " VALUES (7, 'fake', 3, 'A', 'x', 'enabled', 0)");
}

static inline void fixture_close(struct fixture *f)
{
    static const char *const files[] = {"test.db", "test.db-wal", "test.db-shm",
                                        "key",     "clock",       "log"};
    char path[128];
    gateway_close(f->gateway);
    fake_close(f->fake);
    connector_free(f->connector);
    coord_close(f->coord);
    keyring_close(f->keyring);
    store_close(f->store);
    arena_fini(&f->arena);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
        unlink(path);
    }
    rmdir(f->folder);
    if (clock_is_test())
        fixture_clock_forget();
}

/* One page; *err as the gateway fills it. */
static inline enum err_class fixture_call(struct fixture *f, struct err *err)
{
    struct arena arena;
    struct page page;
    int64_t received_ms;
    arena_init(&arena);
    enum err_class class_ = gateway_call(f->gateway, &f->ask, &arena, &page, &received_ms, err);
    if (class_ == ERR_OK)
        page_fini(&page);
    arena_fini(&arena);
    return class_;
}

/* Counts the request by its route and keeps its text. */
static inline void fixture_count(struct fixture *f, const struct fake_request *request)
{
    pthread_mutex_lock(&f->lock);
    f->lists += strncmp(request->target, "/list/", 6) == 0;
    f->grants += strncmp(request->target, "/grant/", 7) == 0;
    f->refreshes += strncmp(request->target, "/refresh/", 9) == 0;
    strcpy(f->seen, request->text);
    pthread_mutex_unlock(&f->lock);
}

#endif
