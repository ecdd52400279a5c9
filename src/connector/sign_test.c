/* Signing: the published example of every platform, and that what is signed is what is sent. */
#include "connector/testing.h"

static const char *const manifests[] = {"taobao",      "alibaba-1688",     "lazada",
                                        "temu",        "pinduoduo",        "jd",
                                        "tiktok-shop", "shopify-callback", "dingtalk"};

static struct str manifest_text(struct arena *arena, const char *name)
{
    return test_file(arena, arena_printf(arena, "tests/manifests/%s.yaml", name).ptr);
}

static void published_examples_reproduce(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof manifests / sizeof *manifests; i++)
        connector_free(
            test_load(&arena, str_of(manifests[i]), manifest_text(&arena, manifests[i])));
    arena_fini(&arena);
}

/* `from` in a manifest's text replaced by `to`: the manifest is then refused with `message`. */
static void assert_refused(const char *name, const char *from, const char *to, const char *message)
{
    struct arena arena;
    struct connector *connector;
    struct err err = {0};
    arena_init(&arena);
    struct str text = manifest_text(&arena, name);
    size_t at = str_find(text, str_of(from));
    assert_int_not_equal(at, SIZE_MAX);
    struct str changed = arena_printf(&arena, "%.*s%s%.*s", (int)at, text.ptr, to,
                                      STR_ARG(str_sub(text, at + strlen(from), text.len)));
    assert_int_equal(connector_load(STR("m.yaml"), changed, test_catalog(&arena), &connector, &err),
                     ERR_CONFIG);
    assert_null(connector);
    if (!strstr(err.message, message))
        fail_msg("expected \"%s\" in \"%s\"", message, err.message);
    arena_fini(&arena);
}

static void a_rule_that_does_not_reproduce_its_example_is_refused(void **state)
{
    (void)state;
    assert_refused("taobao", "encode: HEX", "encode: hex", "the example does not reproduce");
    assert_refused("taobao", "text: \"{app.secret}{pairs}", "text: \"{pairs}",
                   "the example does not reproduce");
    assert_refused("alibaba-1688", "\"{path}{pairs}\"", "\"{pairs}\"",
                   "the example does not reproduce");
    assert_refused("tiktok-shop", "digest: hmac-sha256", "digest: hmac-sha1",
                   "the example does not reproduce");
    assert_refused("dingtalk", "1577262236757", "1577262236758", "the example does not reproduce");
    assert_refused("shopify-callback", "join: \"&\"", "join: \"\"",
                   "the example does not reproduce");
}

static void a_signing_manifest_without_an_example_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    struct connector *connector;
    struct err err = {0};
    arena_init(&arena);
    struct str text = manifest_text(&arena, "dingtalk");
    text.len = str_find(text, STR("  example:"));
    assert_int_equal(connector_load(STR("m.yaml"), text, test_catalog(&arena), &connector, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.message, "sign needs \"example\""));
    arena_fini(&arena);
}

static void a_signature_inside_the_body_cannot_be_over_the_body(void **state)
{
    (void)state;
    assert_refused("temu", "{app.secret}{pairs}{app.secret}", "{app.secret}{body}{app.secret}",
                   "body");
}

/* Pairs that sort differently by key and as joined texts: one key is a prefix of the other. */
static void joined_pairs_sort_by_their_text(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct str text = manifest_text(&arena, "alibaba-1688");
    /* a=z and ab=1: by key "az" stands first, by joined text "ab1" does. */
    struct str with = arena_printf(
        &arena,
        "%.*s\nauth:\n  grant: client_credential\n  of: app\n  put: form.access_token\n"
        "  obtain: {post: x, form: {a: z, ab: \"1\"}}\n  read: {access: t}\n",
        STR_ARG(text));
    struct str plain = arena_printf(&arena, "%s", with.ptr);
    struct connector *connector = test_load(&arena, STR("m.yaml"), plain);
    struct facts facts = {.app = {.key = STR("k"), .secret = STR("test123")}, .now_ms = 1000};
    struct request request;
    struct err err = {0};
    assert_good(connector_request(connector, connector_auth(connector)->obtain, &facts, true,
                                  &arena, &request, &err),
                &err);
    assert_str(request.signed_text_shown, "x_aop_timestamp1000ab1az");
    connector_free(connector);
    arena_fini(&arena);
}

/* The vector of tiktok-shop's rule with a body, computed by hand below from what was sent. */
static void the_signed_bytes_are_the_sent_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct str text = manifest_text(&arena, "tiktok-shop");
    struct str with = arena_printf(
        &arena,
        "%.*s\nauth:\n  grant: client_credential\n  of: app\n  put: query.access_token\n"
        "  obtain:\n    post: /order/search\n    query: {empty: \"\", page_size: \"50\"}\n"
        "    json: {to: 1700000000, from: \"{now | unix}\", 名: \"a/b\", list: [1, \"x\"]}\n"
        "  read: {access: t}\n",
        STR_ARG(text));
    struct connector *connector = test_load(&arena, STR("m.yaml"), with);
    struct facts facts = {.app = {.key = STR("29a39d"), .secret = STR("e59af819cc")},
                          .now_ms = 1623812664000};
    struct request request;
    struct err err = {0};
    assert_good(connector_request(connector, connector_auth(connector)->obtain, &facts, true,
                                  &arena, &request, &err),
                &err);
    assert_str(request.body,
               "{\"to\":1700000000,\"from\":1623812664,\"名\":\"a/b\",\"list\":[1,\"x\"]}");
    struct str signed_text = arena_printf(
        &arena,
        "e59af819cc/order/searchapp_key29a39dpage_size50timestamp1623812664"
        "%.*se59af819cc",
        STR_ARG(request.body));
    struct buf raw, hex;
    buf_init(&raw, 64);
    buf_init(&hex, 128);
    assert_good(hmac_write(&raw, DIGEST_SHA256, STR("e59af819cc"), signed_text, &err), &err);
    hex_write(&hex, buf_str(&raw), false);
    struct str url = arena_printf(&arena,
                                  "https://open-api.tiktokglobalshop.com/order/search?empty=&"
                                  "page_size=50&app_key=29a39d&timestamp=1623812664&sign=%.*s",
                                  STR_ARG(buf_str(&hex)));
    assert_str(request.url, url.ptr);
    /* What is shown hides the secret and nothing else. */
    struct str shown = arena_printf(
        &arena, "***/order/searchapp_key29a39dpage_size50timestamp1623812664%.*s***",
        STR_ARG(request.body));
    assert_str(request.signed_text_shown, shown.ptr);
    assert_str(request.signature_shown, buf_str(&hex).ptr);
    buf_fini(&raw);
    buf_fini(&hex);
    connector_free(connector);
    arena_fini(&arena);
}

/* A JSON body signed by its members: strings raw, everything else as the JSON text that is sent. */
static void a_json_body_is_signed_by_its_members(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct str with = arena_printf(
        &arena,
        "%.*s\nauth:\n  grant: auth_code\n  of: shop\n  put: json.access_token\n"
        "  obtain:\n    post: /\n    json: {type: t, b: true, list: [{x: \"a b\"}]}\n"
        "  read: {access: t}\n",
        STR_ARG(manifest_text(&arena, "temu")));
    struct connector *connector = test_load(&arena, STR("m.yaml"), with);
    struct facts facts = {.app = {.key = STR("K"), .secret = STR("S")}, .now_ms = 5000};
    struct request request;
    struct err err = {0};
    assert_good(connector_request(connector, connector_auth(connector)->obtain, &facts, true,
                                  &arena, &request, &err),
                &err);
    assert_str(request.signed_text_shown,
               "***app_keyKbtruedata_typeJSONlist[{\"x\":\"a b\"}]timestamp5typet***");
    struct str body = arena_printf(&arena,
                                   "{\"type\":\"t\",\"b\":true,\"list\":[{\"x\":\"a b\"}],"
                                   "\"app_key\":\"K\",\"timestamp\":5,\"data_type\":\"JSON\","
                                   "\"sign\":\"%.*s\"}",
                                   STR_ARG(request.signature_shown));
    assert_str(request.body, body.ptr);
    connector_free(connector);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_reproduce),
        cmocka_unit_test(a_rule_that_does_not_reproduce_its_example_is_refused),
        cmocka_unit_test(a_signing_manifest_without_an_example_is_refused),
        cmocka_unit_test(a_signature_inside_the_body_cannot_be_over_the_body),
        cmocka_unit_test(joined_pairs_sort_by_their_text),
        cmocka_unit_test(the_signed_bytes_are_the_sent_bytes),
        cmocka_unit_test(a_json_body_is_signed_by_its_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
