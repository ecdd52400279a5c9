/* Loading: what built-in manifests compile to, and what a wrong one is told. */
#include "connector/testing.h"

static const char GOOD[] = "platform: p\n"                                    /* 1 */
                           "name: {zh: 平, en: P}\n"                          /* 2 */
                           "version: 1\n"                                     /* 3 */
                           "zone: Asia/Shanghai\n"                            /* 4 */
                           "currency: CNY\n"                                  /* 5 */
                           "money: minor\n"                                   /* 6 */
                           "hosts: {api: \"https://p.example\"}\n"            /* 7 */
                           "shop: {needs: [{name: region}]}\n"                /* 8 */
                           "reply: {code: code, success: code == 0}\n"        /* 9 */
                           "errors: [{when: code == 5, class: retry}]\n"      /* 10 */
                           "budgets: {api: {scope: shop, rate: 20/1s}}\n"     /* 11 */
                           "streams:\n"                                       /* 12 */
                           "  s:\n"                                           /* 13 */
                           "    table: trade_order\n"                         /* 14 */
                           "    every: 5m\n"                                  /* 15 */
                           "    request:\n"                                   /* 16 */
                           "      get: /x/{shop.region}\n"                    /* 17 */
                           "      query: {from: \"{created.from | unix}\"}\n" /* 18 */
                           "      budget: api\n"                              /* 19 */
                           "    window: {by: created, span: 1d}\n"            /* 20 */
                           "    pages: {kind: none}\n"                        /* 21 */
                           "    records: list\n"                              /* 22 */
                           "    fields:\n"                                    /* 23 */
                           "      order_id: {from: id, as: id, key: true}\n"  /* 24 */
                           "      pay_amount: {from: pay, as: money}\n";      /* 25 */

/* A stream of figures before the stream whose rows it asks about. */
static const char FIGURES[] =
    "platform: p\n"                                                                      /* 1 */
    "name: {zh: p, en: P}\n"                                                             /* 2 */
    "version: 1\n"                                                                       /* 3 */
    "zone: UTC\n"                                                                        /* 4 */
    "currency: CNY\n"                                                                    /* 5 */
    "money: minor\n"                                                                     /* 6 */
    "hosts: {api: \"https://p.example\"}\n"                                              /* 7 */
    "reply: {success: body.ok == true}\n"                                                /* 8 */
    "streams:\n"                                                                         /* 9 */
    "  f:\n"                                                                             /* 10 */
    "    every: 5m\n"                                                                    /* 11 */
    "    figures:\n"                                                                     /* 12 */
    "      of: s\n"                                                                      /* 13 */
    "      batch: 100\n"                                                                 /* 14 */
    "      span: 180d\n"                                                                 /* 15 */
    "      close: 150d\n"                                                                /* 16 */
    "      lasts: delivery_hours\n"                                                      /* 17 */
    "      day: ad_figure_day\n"                                                         /* 18 */
    "      snapshot: ad_figure_snapshot\n"                                               /* 19 */
    "      base: ad_figure_base\n"                                                       /* 20 */
    "    request: {get: /f, query: {d: \"{window.from | date}\", ids: \"{ids.int}\"}}\n" /* 21 */
    "    pages: {kind: none}\n"                                                          /* 22 */
    "    records: list\n"                                                                /* 23 */
    "    table: ad_figure\n"                                                             /* 24 */
    "    fields: {order_id: id, cost: c, plays: p}\n"                                    /* 25 */
    "  s:\n"                                                                             /* 26 */
    "    every: 5m\n"                                                                    /* 27 */
    "    request: {get: /s}\n"                                                           /* 28 */
    "    by_id: {get: /s, max: 9}\n"                                                     /* 29 */
    "    window: {by: created, span: 1d}\n"                                              /* 30 */
    "    revisit: {stale: 30d}\n"                                                        /* 31 */
    "    final: [DONE]\n"                                                                /* 32 */
    "    pages: {kind: none}\n"                                                          /* 33 */
    "    records: list\n"                                                                /* 34 */
    "    table: ad_order\n"                                                              /* 35 */
    "    fields: {order_id: id, status: st}\n";                                          /* 36 */

/* The manifest with `from` replaced by `to` is refused with exactly `message`. */
static void assert_message_of(const char *good, const char *from, const char *to,
                              const char *message)
{
    struct arena arena;
    struct connector *connector;
    struct err err = {0};
    arena_init(&arena);
    size_t at = str_find(str_of(good), str_of(from));
    assert_int_not_equal(at, SIZE_MAX);
    struct str text = arena_printf(&arena, "%.*s%s%s", (int)at, good, to, good + at + strlen(from));
    enum err_class class_ = connector_load(STR("p.yaml"), text, test_catalog(&arena), &connector,
                                           &err);
    if (class_ != ERR_CONFIG || strcmp(err.message, message) != 0)
        fail_msg("%s\nexpected \"%s\"\nfound    \"%s\"", to, message, err.message);
    assert_null(connector);
    arena_fini(&arena);
}

static void assert_message(const char *from, const char *to, const char *message)
{
    assert_message_of(GOOD, from, to, message);
}

static void the_good_manifest_is_good(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct connector *connector = test_load(&arena, STR("p.yaml"), str_of(GOOD));
    assert_str(connector_platform(connector), "p");
    assert_str(connector_title(connector, true), "平");
    const struct need *needs;
    assert_int_equal(connector_needs(connector, false, &needs), 1);
    assert_true(needs[0].required);
    const struct stream *stream = connector_stream(connector, STR("s"));
    assert_int_equal(stream->window.lag_ms, 600000);
    assert_int_equal(stream->window.pull_lag_ms, 600000);
    assert_int_equal(stream->window.history_ms, INT64_C(90) * 86400000);
    assert_int_equal(stream->window.step_ms, 1000);
    assert_int_equal(stream->request->timeout_ms, 30000);
    assert_int_equal(connector_retry(connector, ERR_RETRY)->tries_max, 3);
    assert_int_equal(connector_retry(connector, ERR_RETRY)->base_ms, 1000);
    assert_int_equal(connector_retry(connector, ERR_RETRY)->cap_ms, 60000);
    assert_int_equal(connector_retry(connector, ERR_BAD_REQUEST)->tries_max, 0);
    assert_null(connector_stream(connector, STR("t")));
    connector_free(connector);
    arena_fini(&arena);
}

/* spec "Core services", 1.1: tokens per second / burst of each platform. */
static const char OLD_LIMITS[] =
    "taobao 10/20 · 1688 8/15 · pdd 5/10 · aliexpress 3/5 · aliexpress_sync 5/10 · amazon 10/20 · "
    "ebay 8/15 · lazada 8/15 · shopify 10/20 · woo 10/20 · jumia 5/10 · cdiscount 5/10 · "
    "shopee 8/15 · tiktok 5/10 · temu 5/10 · wish 5/10 · mercadolibre 5/10 · default 5/10";

static const struct budget_rule *rule_of(struct arena *arena, const char *platform,
                                         struct connector **out)
{
    size_t len;
    struct str text = arena_printf(arena, "platform: %s\n%s", platform,
                                   FIGURES + strlen("platform: p\n"));
    *out = test_load(arena, STR("p.yaml"), text);
    const struct budget_rule *rules = connector_budgets(*out, &len);
    assert_int_equal(len, 1);
    return rules;
}

static void a_platform_without_budgets_has_the_old_limit(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"1688", "alibaba-1688"},
                                           {"pdd", "pinduoduo"},
                                           {"woo", "woocommerce"},
                                           {"aliexpress_sync", "aliexpress-sync"},
                                           {"tiktok", "tiktok-shop"}};
    struct str rest = str_of(OLD_LIMITS);
    int read = 0;
    for (; rest.len > 0; read++) {
        char name[32], platform[32];
        int calls, burst, taken = 0;
        struct arena arena;
        struct connector *connector;
        assert_int_equal(sscanf(rest.ptr, "%31s %d/%d%n", name, &calls, &burst, &taken), 3);
        size_t next = str_find(rest, STR(" · "));
        rest = next == SIZE_MAX ? STR_NONE : str_sub(rest, next + strlen(" · "), rest.len);
        snprintf(platform, sizeof platform, "%s", name);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(names[i][0], name) == 0)
                snprintf(platform, sizeof platform, "%s", names[i][1]);
        if (strcmp(name, "default") == 0)
            strcpy(platform, "unheard-of");
        arena_init(&arena);
        const struct budget_rule *rule = rule_of(&arena, platform, &connector);
        assert_int_equal(rule->calls, calls);
        assert_int_equal(rule->per_ms, 1000);
        assert_int_equal(rule->burst, burst);
        assert_int_equal(rule->scope, BUDGET_PLATFORM);
        const struct stream *stream = connector_stream(connector, STR("s"));
        assert_int_equal(stream->request->budgets_len, 1);
        assert_ptr_equal(stream->request->budgets[0].rule, rule);
        connector_free(connector);
        arena_fini(&arena);
    }
    assert_int_equal(read, 18);
}

static void built_in_manifests_say_what_their_platforms_do(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct connector *life = test_builtin(&arena, "douyin-life");
    const struct stream *orders = connector_stream(life, STR("orders"));
    assert_true(orders->window.pull_by_updated);
    assert_true(orders->window.has_created);
    assert_int_equal(orders->pages.kind, PAGES_CURSOR);
    assert_int_equal(orders->pages.size, 100);
    assert_true(orders->pages.has_total);
    assert_false(orders->pages.stable);
    assert_int_equal(orders->tables_len, 2);
    assert_str(orders->tables[1]->name, "trade_certificate");
    assert_int_equal(orders->request->budgets[0].rule->calls, 20);
    assert_int_equal(orders->request->budgets[0].rule->per_ms, 1000);
    assert_int_equal(orders->request->budgets[0].rule->scope, BUDGET_SHOP);
    assert_int_equal(connector_retry(life, ERR_RETRY)->tries_max, 6);
    assert_int_equal(orders->options_len, 3);
    assert_int_equal(orders->window.count_max, 0);
    connector_free(life);

    struct connector *plus = test_builtin(&arena, "douplus");
    const struct stream *ads = connector_stream(plus, STR("ad_orders"));
    assert_false(ads->window.pull_by_updated);
    assert_int_equal(ads->window.span_ms, INT64_C(30) * 86400000);
    assert_int_equal(ads->pages.kind, PAGES_NUMBER);
    assert_true(ads->pages.stable);
    assert_int_equal(ads->by_id_max, 100);
    assert_int_equal(connector_auth(plus)->grant, GRANT_AUTH_CODE);
    assert_false(connector_auth(plus)->of_app);
    assert_true(connector_auth(plus)->rotates);
    assert_int_equal(connector_auth(plus)->ahead_ms, 3600000);
    assert_non_null(connector_auth(plus)->accounts);
    assert_true(ads->request->needs_token);
    assert_int_equal(ads->final_statuses_len, 3);
    assert_int_equal(ads->known_statuses_len, 10);
    assert_true(ads->revisit.on);
    assert_int_equal(ads->revisit.stale_ms, INT64_C(60) * 86400000);
    const struct stream *figures = connector_stream(plus, STR("ad_figures"));
    assert_ptr_equal(figures->figures.of, ads);
    assert_int_equal(figures->figures.batch, 100);
    assert_int_equal(figures->figures.span_days, 180);
    assert_int_equal(figures->figures.close_days, 150);
    assert_str(ads->table->columns[figures->figures.lasts].name, "delivery_hours");
    assert_false(figures->pages.stable);
    /* Neither the key nor the secret is asked for: a token given by hand needs none. */
    const struct need *needs;
    size_t needs_len = connector_needs(plus, true, &needs);
    for (size_t i = 0; i < needs_len; i++)
        assert_false(needs[i].required);
    connector_free(plus);
    arena_fini(&arena);
}

static void unknown_keys_and_wrong_types_name_the_place_and_the_nearest_word(void **state)
{
    (void)state;
    assert_message(
        "every:", "evry:", "p.yaml:15:5: unknown key \"evry\" in stream; did you mean \"every\"?");
    assert_message(
        "every: 5m", "every: often",
        "p.yaml:15:12: \"every\" must be a duration such as 90d or 1h30m, not \"often\"");
    assert_message("money: minor", "money: fen",
                   "p.yaml:6:8: \"money\" must be one of minor, major, not \"fen\"");
    assert_message("class: retry", "class: retri",
                   "p.yaml:10:35: \"class\" must be one of retry, throttled, token_expired, "
                   "forbidden, bad_request, bad_reply, not_ready, split_window, skip_record, "
                   "not \"retri\"; did you mean \"retry\"?");
    assert_message("version: 1\n", "", "p.yaml:1:1: manifest needs \"version\"");
    assert_message_of(FIGURES, "hosts: {api: \"https://p.example\"}\n", "",
                      "p.yaml:1:1: manifest needs \"hosts\"");
    assert_message_of(FIGURES, "reply: {success: body.ok == true}\n", "",
                      "p.yaml:1:1: manifest needs \"reply\"");
}

/* Its shops are filled by files: nothing of it is called, so that nothing says where and how. */
static void a_platform_that_nobody_calls_needs_no_address(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct connector *connector = test_load(&arena, STR("p.yaml"),
                                            STR("platform: p\nname: {zh: p, en: P}\nversion: 1\n"
                                                "zone: UTC\ncurrency: CNY\nmoney: major\n"));
    assert_int_equal(connector_streams(connector), 0);
    assert_int_equal(connector_auth(connector)->grant, GRANT_NONE);
    assert_false(connector_is_of_ads(connector));
    connector_free(connector);
    arena_fini(&arena);
}

static void unknown_names_are_answered_with_the_nearest(void **state)
{
    (void)state;
    assert_message("table: trade_order", "table: trade_orders",
                   "p.yaml:14:12: there is no data table \"trade_orders\"; "
                   "did you mean \"trade_order\"?");
    assert_message("table: trade_order", "table: reject",
                   "p.yaml:14:12: there is no data table \"reject\"");
    assert_message("pay_amount:", "pay_amont:",
                   "p.yaml:25:7: the table has no column \"pay_amont\"; "
                   "did you mean \"pay_amount\"?");
    assert_message("budget: api", "budget: apii",
                   "p.yaml:19:15: unknown budget \"apii\"; did you mean \"api\"?");
    assert_message("      get: /x/{shop.region}", "      get: /x\n      host: apl",
                   "p.yaml:18:13: unknown host \"apl\"; did you mean \"api\"?");
}

static void wrong_paths_predicates_and_templates_show_their_place(void **state)
{
    (void)state;
    struct arena arena;
    struct connector *connector;
    struct err err = {0};
    static const struct {
        const char *from, *to, *place, *part;
    } cases[] = {
        {"records: list", "records: a..b", "p.yaml:22:14: ", "column"},
        {"{from: id, as: id", "{from: \"id[\", as: id", "p.yaml:24:24: ", "column"},
        {"success: code == 0", "success: code ==", "p.yaml:9:30: ", "column"},
        {"success: code == 0", "success: cod == 0", "p.yaml:9:30: ", "\"code\""},
        {"{created.from | unix}", "{created.form | unix}", "p.yaml:18:21: ", "\"created.from\""},
        {"{created.from | unix}", "{created.from | unixx}", "p.yaml:18:21: ", "\"unix\""},
        /* The window has no update times, so their names are not known. */
        {"{created.from | unix}", "{updated.from | unix}", "p.yaml:18:21: ", "updated.from"},
        {"{shop.region}", "{shop.regoin}", "p.yaml:17:12: ", "\"shop.region\""},
        /* Days and ids belong to figures and look-ups. */
        {"{created.from | unix}", "{ids.int}", "p.yaml:18:21: ", "\"ids.int\""},
    };
    arena_init(&arena);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t at = str_find(str_of(GOOD), str_of(cases[i].from));
        assert_int_not_equal(at, SIZE_MAX);
        struct str text = arena_printf(&arena, "%.*s%s%s", (int)at, GOOD, cases[i].to,
                                       GOOD + at + strlen(cases[i].from));
        assert_int_equal(
            connector_load(STR("p.yaml"), text, test_catalog(&arena), &connector, &err),
            ERR_CONFIG);
        if (!str_starts(str_of(err.message), str_of(cases[i].place)) ||
            !strstr(err.message, cases[i].part))
            fail_msg("%s: \"%s\"", cases[i].to, err.message);
    }
    arena_fini(&arena);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    assert_message("as: money", "as: int",
                   "p.yaml:25:35: column \"pay_amount\" is of type money, not int");
    assert_message("order_id: {from: id, as: id, key: true}", "sku_id: id",
                   "p.yaml:24:7: table trade_order needs column \"order_id\"");
    assert_message("as: money}", "as: money, key: true}",
                   "p.yaml:25:47: \"pay_amount\" is not in the key of table trade_order");
    assert_message("from: pay, as: money", "as: money",
                   "p.yaml:25:19: a field needs either \"from\" or \"const\"");
    assert_message("from: pay, as: money", "const: 1.5",
                   "p.yaml:25:27: \"1.5\" does not fit column \"pay_amount\": the amount is no "
                   "whole number of minor units");
    assert_message("from: pay", "from: \"pay[]\"",
                   "p.yaml:25:26: a field is one value: [] belongs to \"records\" or \"tables\"");
    assert_message("pay_amount: {from: pay, as: money}", "stage: pay",
                   "p.yaml:25:14: column \"stage\" has words of its own: translate with \"words\"");
    assert_message("pay_amount: {from: pay, as: money}", "stage: {from: pay, words: {1: pai}}",
                   "p.yaml:25:37: the column has no word \"pai\"; did you mean \"paid\"?");
    assert_message("pay_amount: {from: pay, as: money}", "stage: {const: sold}",
                   "p.yaml:25:22: the column has no word \"sold\"");
    assert_message("pay_amount: {from: pay, as: money}",
                   "stage: {from: pay, words: {1: paid}, known: [1]}",
                   "p.yaml:25:33: \"words\" says what is known and what it becomes: \"values\", "
                   "\"known\" and \"const\" do not stand beside it");
    assert_message("pay, as: money}", "pay, words: {1: much}}",
                   "p.yaml:25:42: \"much\" does not fit column \"pay_amount\": the amount is not a "
                   "decimal number");
    assert_message("      budget: api\n", "      json: {a: b}\n",
                   "p.yaml:17:7: \"get\" has no body: use \"post\"");
    assert_message("      get: /x/{shop.region}\n", "",
                   "p.yaml:17:7: a request needs either \"get\" or \"post\"");
    assert_message("rate: 20/1s", "rate: often",
                   "p.yaml:11:36: \"often\" is no rate: write calls per duration, as in 20/1s");
    assert_message("{kind: none}", "{kind: none, page: query.p}",
                   "p.yaml:21:31: \"page\" belongs to pages of kind number");
    assert_message("{kind: none}", "{kind: number, page: query.p}",
                   "p.yaml:21:12: pages of kind number need \"page\" and \"size\"");
    assert_message("{kind: none}", "{kind: number, page: p, size: {in: query.n, max: 9}}",
                   "p.yaml:21:33: \"p\" is no place: write query.NAME, form.NAME, json.NAME or "
                   "header.NAME");
    assert_message("currency: CNY", "currency: YUAN",
                   "p.yaml:5:11: \"YUAN\" is no currency of ISO 4217");
    assert_message("span: 1d", "span: 500ms",
                   "p.yaml:20:13: a span is at least one step, and a step is more than 0");
    assert_message("span: 1d}", "span: 1d, overlap: 24h}",
                   "p.yaml:20:46: \"overlap\" must be shorter than \"span\"");
    static const char *const lags[] = {"lag", "pull_lag", "overlap"};
    for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
        char to[64], message[160];
        snprintf(to, sizeof to, "span: 1d, %s: -1m}", lags[i]);
        snprintf(message, sizeof message,
                 "p.yaml:20:%zu: \"%s\" must be a duration such as 90d or 1h30m, not \"-1m\"",
                 strlen("    window: {by: created, span: 1d, : ") + strlen(lags[i]) + 1, lags[i]);
        assert_message("span: 1d}", to, message);
    }
    assert_message("get: /x/{shop.region}", "get: https://{shop.region}/x",
                   "p.yaml:17:12: a host with holes belongs to \"hosts\", where they are checked");
    assert_message("get: /x/{shop.region}", "get: https://x.example{shop.region}",
                   "p.yaml:17:12: a host with holes belongs to \"hosts\", where they are checked");
    assert_message("platform: p", "platform: P!",
                   "p.yaml:1:11: a platform's name has a-z, 0-9 and \"-\" only");
}

static void figures_are_of_another_streams_rows(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct connector *connector = test_load(&arena, STR("p.yaml"), str_of(FIGURES));
    const struct stream *f = connector_stream(connector, STR("f"));
    const struct stream *s = connector_stream(connector, STR("s"));
    assert_ptr_equal(f->figures.of, s);
    assert_null(s->figures.of);
    assert_false(f->window.pull_by_updated || f->window.has_created);
    assert_int_equal(f->window.span_ms, INT64_C(180) * 86400000);
    assert_int_equal(f->figures.mature_days, 3);
    assert_int_equal(f->figures.past_days, 3);
    assert_int_equal(f->figures.repeat_days, 30);
    assert_str(f->figures.day->name, "ad_figure_day");
    assert_str(f->figures.snapshot->name, "ad_figure_snapshot");
    assert_str(f->figures.base->name, "ad_figure_base");
    assert_int_equal(s->revisit.stale_ms, INT64_C(30) * 86400000);
    assert_false(f->revisit.on);
    connector_free(connector);
    const size_t at = str_find(str_of(FIGURES), STR("      lasts:"));
    const size_t behind = str_find(str_of(FIGURES), STR("      day:"));
    struct str text = arena_printf(&arena, "%.*s%s", (int)at, FIGURES, FIGURES + behind);
    connector = test_load(&arena, STR("p.yaml"), text);
    assert_int_equal(connector_stream(connector, STR("f"))->figures.lasts, SIZE_MAX);
    connector_free(connector);
    arena_fini(&arena);
}

static void figures_that_cannot_be_asked_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"    request: {get: /f,", "    window: {by: created, span: 1d}\n    request: {get: /f,",
         "p.yaml:11:5: a stream needs either \"window\" or \"figures\""},
        {"    window: {by: created, span: 1d}\n", "",
         "p.yaml:27:5: a stream needs either \"window\" or \"figures\""},
        {"of: s", "of: t", "p.yaml:13:11: unknown stream \"t\"; did you mean \"f\"?"},
        {"of: s", "of: f",
         "p.yaml:13:11: stream f has no windows: figures are of rows that are pulled"},
        {"180d", "36h", "p.yaml:15:13: \"span\" must be whole days, at least 1d"},
        {"150d", "0d", "p.yaml:16:14: \"close\" must be whole days, at least 1d"},
        {"150d", "180d", "p.yaml:16:14: \"close\" must be shorter than \"span\""},
        {"      lasts:", "      mature: 90m\n      lasts:",
         "p.yaml:17:15: \"mature\" must be whole days, at least 0d"},
        {"      lasts:", "      past: 1d12h\n      lasts:",
         "p.yaml:17:13: \"past\" must be whole days, at least 0d"},
        {"      lasts:", "      repeat: 1h\n      lasts:",
         "p.yaml:17:15: \"repeat\" must be whole days, at least 0d"},
        {"delivery_hours", "delivery_hour",
         "p.yaml:17:14: the rows' table has no column \"delivery_hour\"; "
         "did you mean \"delivery_hours\"?"},
        {"delivery_hours", "budget",
         "p.yaml:17:14: \"lasts\" is a column of type int or text, not money"},
        {"day: ad_figure_day", "day: ad_figure_dey",
         "p.yaml:18:12: there is no data table \"ad_figure_dey\"; "
         "did you mean \"ad_figure_day\"?"},
        {"day: ad_figure_day", "day: ad_figure",
         "p.yaml:18:12: the key of table ad_figure must be \"order_id\" and \"day\""},
        {"snapshot: ad_figure_snapshot", "snapshot: ad_figure_day",
         "p.yaml:19:17: the key of table ad_figure_day must be \"order_id\" and \"at\""},
        {"base: ad_figure_base", "base: trade_certificate",
         "p.yaml:20:13: the key of table trade_certificate must be \"order_id\" and \"from_day\""},
        {"table: ad_figure\n    fields: {order_id: id, cost: c, plays: p}",
         "table: trade_order\n    fields: {order_id: id}",
         "p.yaml:24:12: table trade_order needs column \"ads\" of type int for figures"},
        {"table: ad_figure\n    fields: {", "table: ad_figure_day\n    fields: {day: d, ",
         "p.yaml:24:12: the key of table ad_figure_day must be \"order_id\", as of the rows asked "
         "about"},
        {"{window.from | date}", "{created.from | date}",
         "p.yaml:21:35: \"{created.from | date}\", column 2: unknown name \"created.from\""},
        {"    fields: {order_id: id, cost",
         "    by_id: {get: /x, max: 1}\n    fields: {order_id: id, cost",
         "p.yaml:25:12: a stream of figures has no \"by_id\""},
        {"    fields: {order_id: id, cost", "    revisit: {}\n    fields: {order_id: id, cost",
         "p.yaml:25:14: a stream of figures has no \"revisit\""},
        {"    fields: {order_id: id, cost", "    final: [a]\n    fields: {order_id: id, cost",
         "p.yaml:25:12: a stream of figures has no \"final\""},
        {"    fields: {order_id: id, cost", "    volatile: [a]\n    fields: {order_id: id, cost",
         "p.yaml:25:15: a stream of figures has no \"volatile\""},
        {"    fields: {order_id: id, cost", "    tables: {}\n    fields: {order_id: id, cost",
         "p.yaml:25:13: a stream of figures has no \"tables\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_message_of(FIGURES, cases[i].from, cases[i].to, cases[i].message);
}

/* The product's tables without the line `cut` of table `table`. */
static void assert_message_without(const char *table, const char *cut, const char *message)
{
    struct arena arena;
    struct table_catalog *catalog;
    struct connector *connector;
    struct err err = {0};
    arena_init(&arena);
    struct str all = test_file(&arena, "schema/tables.yaml");
    size_t at = str_find(all, str_of(table));
    assert_int_not_equal(at, SIZE_MAX);
    at += str_find(str_sub(all, at, all.len), str_of(cut));
    struct str text = arena_printf(&arena, "%.*s%.*s", (int)at, all.ptr,
                                   STR_ARG(str_sub(all, at + strlen(cut), all.len)));
    assert_good(table_catalog_parse(STR("tables.yaml"), text, &arena, &catalog, &err), &err);
    assert_int_equal(connector_load(STR("p.yaml"), str_of(FIGURES), catalog, &connector, &err),
                     ERR_CONFIG);
    assert_string_equal(err.message, message);
    arena_fini(&arena);
}

static void every_table_of_figures_has_all_of_them(void **state)
{
    (void)state;
    assert_message_without("  ad_figure_day:", "      gifts: {type: int, comment: Gifts}\n",
                           "p.yaml:18:12: table ad_figure_day needs column \"gifts\" of type int "
                           "for figures");
    assert_message_without("  ad_figure_base:", "      gifts: {type: int, comment: Gifts}\n",
                           "p.yaml:20:13: table ad_figure_base needs column \"gifts\" of type int "
                           "for figures");
    assert_message_without(
        "  ad_figure_base:", "      to_day: {type: text, required: true, comment: Last day}\n",
        "p.yaml:20:13: table ad_figure_base needs column \"to_day\" of type "
        "text for figures");
    assert_message_without(
        "  ad_figure_snapshot:", "      ads: {type: int, comment: How many ads were added up}\n",
        "p.yaml:19:17: table ad_figure_snapshot needs column \"ads\" of type "
        "int for figures");
}

/* Rows that no single id names. */
#define PAIR_ROWS                                                                                  \
    "    final: [DONE]\n    pages: {kind: none}\n    records: list\n"                              \
    "    table: trade_certificate\n    fields: {order_id: id, order_item_id: i, item_status: st}\n"

static void what_is_asked_by_id_has_one(void **state)
{
    (void)state;
    const char *rows = strstr(FIGURES, "    revisit:"), *rest = strstr(FIGURES, "    final:");
    assert_message_of(FIGURES, rest, PAIR_ROWS,
                      "p.yaml:31:14: \"revisit\" asks by one id: the key of table "
                      "trade_certificate has 2 columns");
    assert_message_of(FIGURES, rows, PAIR_ROWS,
                      "p.yaml:13:11: figures are asked by one id: the key of table "
                      "trade_certificate has 2 columns");
}

static void a_revisit_needs_ids_and_a_status_that_ends(void **state)
{
    (void)state;
    assert_message_of(FIGURES, "    by_id: {get: /s, max: 9}\n", "",
                      "p.yaml:30:14: \"revisit\" asks by ids: the stream needs \"by_id\"");
    assert_message_of(FIGURES, "    final: [DONE]\n", "",
                      "p.yaml:31:14: \"revisit\" asks rows that are open: \"final\" must say which "
                      "are not");
    assert_message_of(FIGURES, "final: [DONE]", "final: []",
                      "p.yaml:31:14: \"revisit\" asks rows that are open: \"final\" must say which "
                      "are not");
    assert_message_of(FIGURES, ", status: st", "",
                      "p.yaml:31:14: \"revisit\" goes by the status: no field fills one in table "
                      "ad_order");
    assert_message_of(FIGURES, "stale: 30d", "stal: 30d",
                      "p.yaml:31:15: unknown key \"stal\" in revisit; did you mean \"stale\"?");
}

static void accounts_belong_to_a_shops_consent(void **state)
{
    (void)state;
    static const char ACCOUNTS[] =
        "auth: {grant: auth_code, of: shop, put: header.t, obtain: {post: /t}, read: {access: a},\n"
        "  accounts: {get: /a, records: list, id: id, when: record.x == 1}}\nstreams:\n";
    struct arena arena;
    arena_init(&arena);
    struct str text = arena_printf(&arena, "%.*s%s%s",
                                   (int)str_find(str_of(GOOD), STR("streams:\n")), GOOD, ACCOUNTS,
                                   strstr(GOOD, "  s:\n"));
    struct connector *connector = test_load(&arena, STR("p.yaml"), text);
    assert_true(connector_auth(connector)->accounts->needs_token);
    assert_str(connector_auth(connector)->accounts->name, "auth.accounts");
    connector_free(connector);
    assert_message_of(text.ptr, "of: shop, put", "of: app, put",
                      "p.yaml:13:13: \"accounts\" belongs to a shop's consent: grant auth_code, "
                      "of shop");
    assert_message_of(text.ptr, "grant: auth_code", "grant: client_credential",
                      "p.yaml:13:13: \"accounts\" belongs to a shop's consent: grant auth_code, "
                      "of shop");
    assert_message_of(text.ptr, "records: list, id: id", "records: list",
                      "p.yaml:13:13: accounts needs \"id\"");
    arena_fini(&arena);
}

static void reserved_mechanisms_say_so(void **state)
{
    (void)state;
    assert_message("    pages:", "    fan_out: {of: x}\n    pages:",
                   "p.yaml:21:5: \"fan_out\" is reserved; not built yet");
    assert_message("    pages:", "    job: {id: x}\n    pages:",
                   "p.yaml:21:5: \"job\" is reserved; not built yet");
    assert_message("{kind: none}", "{kind: keyset}",
                   "p.yaml:21:19: pages of kind keyset are reserved; not built yet");
    assert_message("{kind: none}", "{kind: none, rel: next}",
                   "p.yaml:21:25: \"rel\" is reserved; not built yet");
    assert_message("streams:\n", "actions: {}\nstreams:\n",
                   "p.yaml:12:1: \"actions\" is reserved; not built yet");
    assert_message("{code: code, success", "{format: csv, code: code, success",
                   "p.yaml:9:17: format csv is reserved; not built yet");
}

static void the_example_of_the_design_is_in_the_language(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    /* As the design shows it, but for `revisit`, which is a key of the stream. */
    struct str text = arena_printf(
        &arena,
        "%.*s"
        "  ad_orders:\n    table: ad_order\n    every: 5m\n    request:\n"
        "      get: /open_api/v3.0/douplus/order/list/\n"
        "      query: {aweme_sec_uid: \"{shop.region}\", filter: {order_create_time: "
        "{start_time: \"{window.from | local}\", end_time: \"{window.to | local}\"}}}\n"
        "    window: {by: created, span: 30d}\n"
        "    pages: {kind: number, page: query.page, size: {in: query.page_size, "
        "max: 100}, total: data.page_info.total_num}\n"
        "    records: data.order_list\n    fields:\n"
        "      order_id:   {from: order.order_id, as: id, key: true}\n"
        "      budget:     {from: order.budget, as: money}\n"
        "      created_at: {from: order.order_create_time, as: time}\n",
        STR_ARG(str_of(GOOD)));
    connector_free(test_load(&arena, STR("p.yaml"), text));
    arena_fini(&arena);
}

/* Every key of the schema carries its help: docs and completion are made from it. */
static size_t count_help(const struct yaml_schema *schema, size_t depth)
{
    size_t keys = 0;
    assert_true(depth < 16);
    if (schema->type == YAML_T_EITHER)
        for (const struct yaml_schema *const *one = schema->either; *one; one++)
            keys += count_help(*one, depth + 1);
    if (schema->type == YAML_T_LIST || schema->type == YAML_T_NAMED)
        keys += count_help(schema->each, depth + 1);
    if (schema->type != YAML_T_MAP)
        return keys;
    assert_non_null(schema->name);
    for (const struct yaml_key *key = schema->keys; key->key; key++) {
        if (!key->help || !key->help[0])
            fail_msg("%s.%s has no help", schema->name, key->key);
        keys += 1 + count_help(key->schema, depth + 1);
    }
    return keys;
}

static void every_key_has_its_help(void **state)
{
    (void)state;
    assert_true(count_help(connector_manifest_schema(), 0) > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_manifest_is_good),
        cmocka_unit_test(a_platform_without_budgets_has_the_old_limit),
        cmocka_unit_test(built_in_manifests_say_what_their_platforms_do),
        cmocka_unit_test(unknown_keys_and_wrong_types_name_the_place_and_the_nearest_word),
        cmocka_unit_test(a_platform_that_nobody_calls_needs_no_address),
        cmocka_unit_test(unknown_names_are_answered_with_the_nearest),
        cmocka_unit_test(wrong_paths_predicates_and_templates_show_their_place),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(figures_are_of_another_streams_rows),
        cmocka_unit_test(figures_that_cannot_be_asked_are_refused),
        cmocka_unit_test(every_table_of_figures_has_all_of_them),
        cmocka_unit_test(what_is_asked_by_id_has_one),
        cmocka_unit_test(a_revisit_needs_ids_and_a_status_that_ends),
        cmocka_unit_test(accounts_belong_to_a_shops_consent),
        cmocka_unit_test(reserved_mechanisms_say_so),
        cmocka_unit_test(the_example_of_the_design_is_in_the_language),
        cmocka_unit_test(every_key_has_its_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
