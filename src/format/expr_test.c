#include "format/expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-28T00:00:05.678Z */
#define NOW_MS INT64_C(1769558405678)

static const char *const names[] = {"code",  "message", "status", "list",  "none",   "token",
                                    "price", "now",     "body.*", "order", "nested", NULL};

struct fixture {
    struct arena arena;
    struct json_doc *doc;
    struct expr_env env;
    size_t lookups;
};

static bool look_up(void *context, struct str name, struct value *out)
{
    struct fixture *fixture = context;
    const struct json *root = json_root(fixture->doc);
    fixture->lookups++;
    if (str_eq(name, STR("now"))) {
        *out = value_time(NOW_MS);
        return true;
    }
    *out = value_of_json(json_get(root, name));
    out->secret = str_eq(name, STR("token"));
    return out->kind != VALUE_ABSENT;
}

static int setup(void **state)
{
    static struct fixture fixture;
    static const char data[] =
        "{\"code\":0,\"message\":\"rate limit, 中文\",\"status\":\"429\",\"list\":[\"a\",2,null],"
        "\"token\":\"s3cret\",\"price\":92.84999999999999,\"order\":9223372036854775808,"
        "\"nested\":{\"k\":[1.0]},\"body.x[0].y\":\"deep\",\"body[\\\"a.b\\\"]\":\"odd\"}";
    struct err err;
    fixture = (struct fixture){0};
    arena_init(&fixture.arena);
    if (json_parse(str_of(data), &fixture.doc, &err) != ERR_OK)
        fail_msg("%s", err.message);
    fixture.env = (struct expr_env){
        .lookup = look_up, .context = &fixture, .arena = &fixture.arena};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    json_free(fixture->doc);
    arena_fini(&fixture->arena);
    return 0;
}

static void assert_truth(struct fixture *fixture, const char *text, bool expected)
{
    struct expr *expr;
    struct err err;
    bool truth = false;
    if (expr_compile(str_of(text), names, &fixture->arena, &expr, &err) != ERR_OK ||
        expr_true(expr, &fixture->env, &truth, &err) != ERR_OK)
        fail_msg("%s", err.message);
    if (truth != expected)
        fail_msg("%s is not %d", text, expected);
}

static void assert_text(struct fixture *fixture, const char *text, const char *expected)
{
    struct template *template;
    struct err err;
    struct str out = STR("");
    if (template_compile(str_of(text), names, &fixture->arena, &template, &err) != ERR_OK ||
        template_text(template, &fixture->env, &out, &err) != ERR_OK)
        fail_msg("%s", err.message);
    if (!str_eq(out, str_of(expected)))
        fail_msg("%s gives \"%.*s\", not \"%s\"", text, STR_ARG(out), expected);
}

static struct value eval_template(struct fixture *fixture, const char *text)
{
    struct template *template;
    struct err err;
    struct value value = {0};
    if (template_compile(str_of(text), names, &fixture->arena, &template, &err) != ERR_OK ||
        template_eval(template, &fixture->env, &value, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return value;
}

static void predicates_of_the_manual(void **state)
{
    assert_truth(*state, "code == 0 and not (message contains 'limit' or status in [429, 503])",
                 false);
    assert_truth(*state, "code == 0 and (message contains 'limit' or status in [503])", true);
    assert_truth(*state, "status in [429, 503]", true);
    assert_truth(*state, "message starts 'rate' and message ends \"中文\"", true);
}

static void operators_bind_as_written_in_the_grammar(void **state)
{
    assert_truth(*state, "true or false and false", true);
    assert_truth(*state, "(true or false) and false", false);
    assert_truth(*state, "not false and false", false);
    assert_truth(*state, "not code == 1", true);
    assert_truth(*state, "not not true", true);
    assert_truth(*state, "'A' == 'a' | upper", true);
    assert_truth(*state, "'a' | upper == 'A'", true);
}

static void chained_comparisons_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct expr *expr;
    struct err err = {0};
    assert_int_equal(expr_compile(STR("code == 0 == true"), names, &fixture->arena, &expr, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.message, "do not chain"));
    assert_truth(*state, "(code == 0) == true", true);
}

static void numbers_compare_as_digits(void **state)
{
    assert_truth(*state, "order > 9223372036854775807", true);
    assert_truth(*state, "order == '9223372036854775808.0'", true);
    assert_truth(*state, "price < 92.85", true);
    assert_truth(*state, "price >= 92.85", false);
    assert_truth(*state, "'10' > '9'", true);
    assert_truth(*state, "'10' > '9x'", false); /* by bytes: one side is no number */
    assert_truth(*state, "-5 < -4.5", true);
    assert_truth(*state, "'1e3' == 1000", true);
    assert_truth(*state, "now == 1769558405678", true);
}

static void nothing_equals_only_nothing(void **state)
{
    assert_truth(*state, "none == null", true);
    assert_truth(*state, "none != ''", true);
    assert_truth(*state, "code == null", false);
    assert_truth(*state, "none < 1 or none >= 1 or none <= null", false);
    assert_truth(*state, "none contains 'a' or message contains none or 'a' in none", false);
    assert_truth(*state, "null in list", true);
    assert_truth(*state, "null in ['x']", false);
}

static void lists_are_asked_for_elements(void **state)
{
    assert_truth(*state, "list contains 'a'", true);
    assert_truth(*state, "'2.0' in list", true);
    assert_truth(*state, "list contains 'b'", false);
    assert_truth(*state, "list == ['a', 2, null]", true);
    assert_truth(*state, "1 in []", false);
}

static void truth_of_single_values(void **state)
{
    assert_truth(*state, "none", false);
    assert_truth(*state, "null", false);
    assert_truth(*state, "code", false);
    assert_truth(*state, "''", false);
    assert_truth(*state, "[]", false);
    assert_truth(*state, "'0'", true);
    assert_truth(*state, "list and message and nested and now and price", true);
}

static void zero_is_false_however_written(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    json_free(fixture->doc);
    assert_int_equal(json_parse(STR("{\"code\":0.00,\"status\":-0e5}"), &fixture->doc, &err),
                     ERR_OK);
    assert_truth(fixture, "code or status", false);
}

static void the_right_side_is_asked_only_when_needed(void **state)
{
    struct fixture *fixture = *state;
    assert_truth(fixture, "false and code == 0", false);
    assert_truth(fixture, "true or code == 0", true);
    assert_int_equal(fixture->lookups, 0);
}

static void names_may_go_on(void **state)
{
    assert_truth(*state, "body.x[0].y == 'deep'", true);
    assert_truth(*state, "body[\"a.b\"] == 'odd'", true);
    assert_truth(*state, "body.retry-after == null", true);
}

static void texts_know_escapes(void **state)
{
    assert_text(*state, "{'a\\n\\t\\r\\\\\\'\\\"'}", "a\n\t\r\\'\"");
    assert_text(*state, "{\"it's }\"}", "it's }");
}

static void templates_mix_text_and_holes(void **state)
{
    assert_text(*state, "/orders/{status}/list?from={now | unix}",
                "/orders/429/list?from=1769558405");
    assert_text(*state, "{{{code}}} }}{{", "{0} }{");
    assert_text(*state, "", "");
    assert_text(*state, "[{none}]", "[]");
    assert_text(*state, "{list}|{nested}|{price}",
                "[\"a\",2,null]|{\"k\":[1.0]}|92.84999999999999");
}

static void one_hole_keeps_the_type(void **state)
{
    assert_int_equal(eval_template(*state, "{list}").kind, VALUE_JSON);
    assert_int_equal(eval_template(*state, "{code}").kind, VALUE_INT);
    assert_int_equal(eval_template(*state, "{none}").kind, VALUE_ABSENT);
    assert_int_equal(eval_template(*state, "{[code, 1]}").kind, VALUE_LIST);
    assert_int_equal(eval_template(*state, " {code}").kind, VALUE_TEXT);
}

static void constants_are_told_from_templates(void **state)
{
    struct fixture *fixture = *state;
    struct template *template;
    assert_int_equal(template_compile(STR("a{{b"), names, &fixture->arena, &template, NULL),
                     ERR_OK);
    assert_true(template_is_constant(template));
    assert_int_equal(template_compile(STR("a{code}"), names, &fixture->arena, &template, NULL),
                     ERR_OK);
    assert_false(template_is_constant(template));
}

static void filters_of_time(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    assert_int_equal(zone_find(STR("+08:00"), &fixture->env.zone, &err), ERR_OK);
    assert_text(*state, "{now | local}", "2026-01-28 08:00:05");
    assert_text(*state, "{now | date}", "2026-01-28");
    assert_text(*state, "{now | iso}", "2026-01-28T00:00:05Z");
    assert_text(*state, "{now}", "2026-01-28T00:00:05Z");
    assert_text(*state, "{now | time('%Y%m%d%H%M%S%L%z')}", "20260128080005678+0800");
    assert_text(*state, "{now | time('%H:%M', 'UTC')}", "00:00");
    assert_text(*state, "{now | unix_ms}", "1769558405678");
    assert_text(*state, "{now | minus('1h') | local}", "2026-01-28 07:00:05");
    assert_text(*state, "{now | plus('1d') | date}", "2026-01-29");
    fixture->env.zone = NULL;
    assert_text(*state, "{now | local}", "2026-01-28 00:00:05");
}

static void filters_of_text_and_number(void **state)
{
    assert_text(*state, "{'aB中' | upper}{'aB中' | lower}", "AB中ab中");
    assert_text(*state, "[{'  x ' | trim}]", "[x]");
    assert_text(*state, "{status | int | plus(1)}/{code | minus(1)}", "430/-1");
    assert_text(*state, "{'a中b' | sub(1, 2)}", "中");
    assert_text(*state, "{'0123456789' | sub(-4, -2)}", "67");
    assert_text(*state, "{'abc' | sub(2, 99)}{'abc' | sub(2, 1)}{'abc' | sub(-99, 1)}", "ca");
    assert_text(*state, "{'hello' | base64}", "aGVsbG8=");
    assert_text(*state, "{12 | text | json}{12 | json}", "\"12\"12");
}

static void filters_of_lists(void **state)
{
    assert_text(*state, "{list | join('-')}", "a-2-");
    assert_text(*state, "{list | first}{list | last | json}{[] | first}", "anull");
    assert_text(*state, "{[1, 'x', [true]] | json}", "[1,\"x\",[true]]");
    assert_text(*state, "{[price, order] | json}", "[92.84999999999999,9223372036854775808]");
}

static void nothing_passes_filters(void **state)
{
    assert_text(*state, "{none | upper | plus(1) | local}", "");
    assert_text(*state, "{none | default('x')}{code | default('x')}", "x0");
    assert_text(*state, "{none | present}{code | present}{null | present}", "falsetruefalse");
    assert_text(*state, "{null | json}{none | json}", "null");
}

static void secrets_can_be_hidden(void **state)
{
    struct fixture *fixture = *state;
    assert_text(*state, "t={token}", "t=s3cret");
    assert_true(eval_template(*state, "{token}").secret);
    assert_true(eval_template(*state, "a{token | sub(0, 2)}").secret);
    assert_true(eval_template(*state, "{[1, token]}").secret);
    assert_true(eval_template(*state, "{[1, token] | first}").secret);
    assert_false(eval_template(*state, "{code}").secret);
    fixture->env.hide = "***";
    assert_text(*state, "t={token | upper}&c={code}", "t=***&c=0");
    assert_text(*state, "{none | default(token)}", "***");
    assert_text(*state, "{[1, token] | join(',')}", "***");
}

static void values_a_filter_cannot_take_are_refused(void **state)
{
    static const char *const wrong[] = {
        "'x' | int",      "price | int",       "code | local",   "'x' | join(',')",
        "now | plus(1)",  "'x' | plus(1)",     "1 | plus('1d')", "9223372036854775807 | plus(1)",
        "now | time(1)",  "'x' | sub('a', 1)", "code in 'x'",    "now | unix | unix",
        "nested | first",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct expr *expr;
        struct value value;
        struct err err = {0};
        assert_int_equal(expr_compile(str_of(wrong[i]), names, &fixture->arena, &expr, &err),
                         ERR_OK);
        if (expr_eval(expr, &fixture->env, &value, &err) != ERR_CONFIG)
            fail_msg("%s was taken", wrong[i]);
        assert_string_equal(err.code, "expr_type");
    }
}

static void wrong_expressions_are_refused_with_the_column(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } wrong[] = {
        {"", "column 1: expected a value"},
        {"code ==", "column 8: expected a value"},
        {"code = 0", "column 6: this character has no meaning here"},
        {"(code", "column 6: expected )"},
        {"[1 2]", "column 4: expected ,"},
        {"[1, 2", "column 6: expected ,"},
        {"'abc", "column 1: this quote is not closed"},
        {"'a\\x'", "column 4: expected n, t, r"},
        {"'abc\\'", "column 1: this quote is not closed"},
        {"1a", "column 1: a name does not start with a digit"},
        {"code 1", "column 6: expected the end or an operator"},
        {"code and or code", "column 10: expected a value"},
        {"code == not code", "column 9: expected a value"},
        {"code |", "column 7: expected the name of a filter"},
        {"code | 'upper'", "column 8: expected the name of a filter"},
        {"code | plus", "column 8: this filter takes another number"},
        {"code | upper(1)", "column 8: this filter takes another number"},
        {"code | sub(1, 2, 3)", "column 8: this filter takes another number"},
        {"code | uper", "column 8: unknown filter \"uper\"; did you mean \"upper\"?"},
        {"cod == 0", "column 1: unknown name \"cod\"; did you mean \"code\"?"},
        {"1 == zzzzzzzzz", "column 6: unknown name \"zzzzzzzzz\""},
        {"body == 1", "column 1: unknown name \"body\""},
        {"code.x", "column 1: unknown name \"code.x\""},
        {"body.x[", "column 7: expected the end"},
        {"code\x01", "column 5: this character has no meaning here"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct expr *expr;
        struct err err = {0};
        assert_int_equal(expr_compile(str_of(wrong[i].text), names, &fixture->arena, &expr, &err),
                         ERR_CONFIG);
        if (strstr(err.message, wrong[i].message) == NULL)
            fail_msg("%s lacks %s", err.message, wrong[i].message);
    }
}

static void wrong_templates_are_refused_with_the_column(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } wrong[] = {
        {"a{", "column 3: expected a value"},
        {"a{}", "column 3: expected a value"},
        {"a{code", "column 7: expected } or an operator"},
        {"a}b", "column 2: write }} for a brace"},
        {"{code}{cod}", "column 8: unknown name \"cod\"; did you mean \"code\"?"},
        {"{code code}", "column 7: expected } or an operator"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct template *template;
        struct err err = {0};
        assert_int_equal(
            template_compile(str_of(wrong[i].text), names, &fixture->arena, &template, &err),
            ERR_CONFIG);
        if (strstr(err.message, wrong[i].message) == NULL)
            fail_msg("%s lacks %s", err.message, wrong[i].message);
    }
}

/* open, close: repeated around one value; how often it is still taken. */
static size_t deepest(struct fixture *fixture, const char *open, const char *close)
{
    for (size_t depth = 1;; depth++) {
        struct buf text;
        struct expr *expr;
        struct err err = {0};
        buf_init(&text, 65536);
        for (size_t i = 0; i < depth; i++)
            buf_add(&text, str_of(open));
        buf_add(&text, STR("code"));
        for (size_t i = 0; i < depth; i++)
            buf_add(&text, str_of(close));
        enum err_class class_ = expr_compile(buf_str(&text), names, &fixture->arena, &expr, &err);
        buf_fini(&text);
        if (class_ != ERR_OK) {
            assert_string_equal(err.code, "expr_syntax");
            return depth - 1;
        }
        assert_true(depth <= NESTING_MAX);
    }
}

static void depth_is_bounded(void **state)
{
    assert_in_range(deepest(*state, "(", ")"), 32, NESTING_MAX);
    assert_in_range(deepest(*state, "not ", ""), 32, NESTING_MAX);
    assert_in_range(deepest(*state, "[", "]"), 32, NESTING_MAX);
    assert_in_range(deepest(*state, "", " | upper"), 32, NESTING_MAX);
    assert_in_range(deepest(*state, "", " and code"), 32, NESTING_MAX);
    assert_in_range(deepest(*state, "code | default(", ")"), 32, NESTING_MAX);
}

static void length_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct template *template;
    struct err err = {0};
    char *text = arena_alloc(&fixture->arena, 65537);
    memset(text, 'a', 65537);
    assert_int_equal(
        template_compile((struct str){text, 65536}, names, &fixture->arena, &template, &err),
        ERR_OK);
    assert_int_equal(
        template_compile((struct str){text, 65537}, names, &fixture->arena, &template, &err),
        ERR_CONFIG);
}

static enum err_class compile_and_evaluate(struct fixture *fixture, struct arena *arena,
                                           struct err *err)
{
    static const char text[] = "a{[code, 'x\\n', list] | json}{now | iso | upper}{list | join(',')}"
                               "{message | sub(0, 2) | base64}{none == null and list contains 'a'}";
    struct expr_env env = fixture->env;
    struct template *template;
    struct str out;
    env.arena = arena;
    enum err_class class_ = template_compile(str_of(text), names, arena, &template, err);
    return class_ == ERR_OK ? template_text(template, &env, &out, err) : class_;
}

static void memory_that_runs_out_is_an_error_at_every_step(void **state)
{
    enum err_class class_ = ERR_INTERNAL;
    size_t bytes_max = 0;
    for (; class_ != ERR_OK; bytes_max += 8) {
        struct arena arena;
        struct err err = {0};
        arena_init_max(&arena, bytes_max);
        class_ = compile_and_evaluate(*state, &arena, &err);
        arena_fini(&arena);
        if (class_ != ERR_OK)
            assert_string_equal(err.code, "no_memory");
        assert_true(bytes_max < 1024 * 1024);
    }
    assert_true(bytes_max > 1024);
}

static void values_of_json_keep_what_they_are(void **state)
{
    struct fixture *fixture = *state;
    const struct json *root = json_root(fixture->doc);
    assert_int_equal(value_of_json(NULL).kind, VALUE_ABSENT);
    assert_int_equal(value_of_json(json_get(root, STR("code"))).kind, VALUE_INT);
    assert_int_equal(value_of_json(json_get(root, STR("order"))).kind, VALUE_TEXT);
    assert_int_equal(value_of_json(json_get(root, STR("nested"))).kind, VALUE_JSON);
    assert_int_equal(value_of_json(json_at(json_get(root, STR("list")), 2)).kind, VALUE_NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(predicates_of_the_manual),
        TEST(operators_bind_as_written_in_the_grammar),
        TEST(chained_comparisons_are_refused),
        TEST(numbers_compare_as_digits),
        TEST(nothing_equals_only_nothing),
        TEST(lists_are_asked_for_elements),
        TEST(truth_of_single_values),
        TEST(zero_is_false_however_written),
        TEST(the_right_side_is_asked_only_when_needed),
        TEST(names_may_go_on),
        TEST(texts_know_escapes),
        TEST(templates_mix_text_and_holes),
        TEST(one_hole_keeps_the_type),
        TEST(constants_are_told_from_templates),
        TEST(filters_of_time),
        TEST(filters_of_text_and_number),
        TEST(filters_of_lists),
        TEST(nothing_passes_filters),
        TEST(secrets_can_be_hidden),
        TEST(values_a_filter_cannot_take_are_refused),
        TEST(wrong_expressions_are_refused_with_the_column),
        TEST(wrong_templates_are_refused_with_the_column),
        TEST(depth_is_bounded),
        TEST(length_is_bounded),
        TEST(memory_that_runs_out_is_an_error_at_every_step),
        TEST(values_of_json_keep_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
