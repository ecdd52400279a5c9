/* Expressions and templates: what compiles evaluates, to a value or to "expr_type" and the like,
 * never to anything else; what hides secrets does not print them. */
#include <assert.h>
#include <string.h>

#include "format/format.h"
#include "fuzz.h"

/* No input will hold these bytes by itself. */
#define SECRET "\x01\x02secret\x02\x01"

static const char *const names[] = {"code", "message", "list",   "now",
                                    "none", "token",   "body.*", NULL};

static bool look_up(void *context, struct str name, struct value *out)
{
    const struct json *root = json_root(context);
    if (str_eq(name, STR("now")))
        *out = value_time(INT64_C(1769558405678));
    else if (str_eq(name, STR("token")))
        *out = value_text(STR(SECRET));
    else
        *out = value_of_json(json_get(root, name));
    out->secret = str_eq(name, STR("token"));
    return out->kind != VALUE_ABSENT;
}

static void check_expr(struct str text, const struct expr_env *env)
{
    struct expr *expr;
    struct err err;
    bool truth;
    if (expr_compile(text, names, env->arena, &expr, &err) != ERR_OK) {
        assert(expr == NULL && err.class_ == ERR_CONFIG);
        return;
    }
    if (expr_true(expr, env, &truth, &err) != ERR_OK)
        assert(err.class_ == ERR_CONFIG && !truth);
}

static void check_template(struct str text, const struct expr_env *env)
{
    struct template *template;
    struct err err;
    struct value value;
    struct str out;
    if (template_compile(text, names, env->arena, &template, &err) != ERR_OK) {
        assert(template == NULL && err.class_ == ERR_CONFIG);
        return;
    }
    bool good = template_text(template, env, &out, &err) == ERR_OK;
    assert(good || err.class_ == ERR_CONFIG);
    if (!good)
        return;
    assert(str_find(out, STR(SECRET)) == SIZE_MAX || str_find(text, STR(SECRET)) != SIZE_MAX);
    struct buf json;
    struct json_doc *doc;
    enum err_class class_ = template_eval(template, env, &value, &err);
    assert(class_ == ERR_OK);
    buf_init(&json, BODY_BYTES_MAX);
    value_write_json(&json, &value);
    class_ = json_parse(buf_str(&json), &doc, &err);
    assert(class_ == ERR_OK || strcmp(err.code, "json_depth") == 0);
    json_free(doc);
    buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    static const char data[] = "{\"code\":0,\"message\":\"limit 中\",\"list\":[\"a\",2.50,null,[]],"
                               "\"body.x\":{\"k\":9223372036854775808}}";
    struct arena arena;
    struct json_doc *doc;
    struct str text = {(const char *)bytes, bytes_len};
    arena_init(&arena);
    enum err_class class_ = json_parse(str_of(data), &doc, NULL);
    assert(class_ == ERR_OK);
    struct expr_env env = {.lookup = look_up, .context = doc, .arena = &arena, .hide = "***"};
    check_expr(text, &env);
    check_template(text, &env);
    json_free(doc);
    arena_fini(&arena);
    return 0;
}
