/* The OpenAPI document, from the tables of routes. */
#include "api/openapi.h"

#include <string.h>

#include "api/answers.h"
#include "api/api_internal.h"
#include "api/out.h"
#include "api/tables.h"

static const char *const right_names[] = {
    [RIGHT_NOBODY] = "nobody", [RIGHT_READ] = "viewer",   [RIGHT_OPERATE] = "operator",
    [RIGHT_ADMIN] = "admin",   [RIGHT_REVEAL] = "reveal",
};
static const char *const method_keys[] = {"get", "post", "put", "patch", "delete"};
static const char *const id_pattern = "^[A-Za-z0-9._:/+=-]+$";
static const char *const key_pattern = "^[0-9]{1,19}$";
static const char *const money_pattern = "^-?[0-9]+(\\.[0-9]+)?$";

/* --- schemas of parameters --- */

static void text_schema(struct out *out, const struct param *param)
{
    out_text(out, "type", STR("string"));
    out_int(out, "maxLength", param->max > 0 ? param->max : 200);
    if (param->min > 0)
        out_int(out, "minLength", param->min);
}

static void standard_write(struct out *out, const struct param *param)
{
    if (!param->standard)
        return;
    if (param->type == PARAM_INT || param->type == PARAM_BOOL)
        out_raw(out, "default", str_of(param->standard));
    else
        out_text(out, "default", str_of(param->standard));
}

static void words_write(struct out *out, const struct param *param)
{
    out_text(out, "type", STR("string"));
    out_list(out, "enum");
    for (const char *const *word = param->words; *word; word++)
        out_text(out, NULL, str_of(*word));
    out_end_list(out);
}

static void value_schema(struct out *out, const struct param *param)
{
    switch (param->type) {
    case PARAM_TEXT:
        text_schema(out, param);
        break;
    case PARAM_ID:
        out_text(out, "type", STR("string"));
        out_text(out, "pattern", str_of(id_pattern));
        out_int(out, "maxLength", ID_BYTES_MAX);
        break;
    case PARAM_CODE:
        out_text(out, "type", STR("string"));
        out_text(out, "pattern", STR("^[^\\u0000-\\u001F\\u007F-\\u009F\\u2028\\u2029]+$"));
        out_int(out, "maxLength", ID_BYTES_MAX);
        break;
    case PARAM_INT:
        out_text(out, "type", STR("integer"));
        out_text(out, "format", STR("int64"));
        if (param->min != 0 || param->max != 0) {
            out_int(out, "minimum", param->min);
            out_int(out, "maximum", param->max);
        }
        break;
    case PARAM_BOOL:
        out_text(out, "type", STR("boolean"));
        break;
    case PARAM_WORD:
        words_write(out, param);
        break;
    case PARAM_DAY:
        out_text(out, "type", STR("string"));
        out_text(out, "format", STR("date"));
        break;
    case PARAM_TIME:
        out_text(out, "type", STR("string"));
        out_text(out, "format", STR("date-time"));
        break;
    case PARAM_MONEY:
        out_text(out, "type", STR("string"));
        out_text(out, "pattern", str_of(money_pattern));
        break;
    case PARAM_JSON:
        break;
    case PARAM_KEY:
        out_text(out, "type", STR("string"));
        out_text(out, "pattern", str_of(key_pattern));
        break;
    }
}

static void param_schema(struct out *out, const char *key, const struct param *param)
{
    out_object(out, key);
    if (param->many) {
        out_text(out, "type", STR("array"));
        out_int(out, "maxItems", PARAM_VALUES_MAX);
        out_object(out, "items");
        value_schema(out, param);
        out_end_object(out);
    } else {
        value_schema(out, param);
        standard_write(out, param);
    }
    if (param->place == PARAM_BODY && param->help)
        out_text(out, "description", str_of(param->help));
    out_end_object(out);
}

/* --- a route --- */

static void parameters_write(struct out *out, const struct route *route)
{
    out_list(out, "parameters");
    for (const struct param *param = route->params; param && param->name; param++) {
        if (param->place == PARAM_BODY)
            continue;
        out_object(out, NULL);
        out_text(out, "name", str_of(param->name));
        out_text(out, "in", param->place == PARAM_PATH ? STR("path") : STR("query"));
        if (param->required || param->place == PARAM_PATH)
            out_bool(out, "required", true);
        if (param->help)
            out_text(out, "description", str_of(param->help));
        param_schema(out, "schema", param);
        out_end_object(out);
    }
    out_end_list(out);
}

static bool has_body(const struct route *route, bool *required)
{
    bool found = false;
    *required = false;
    for (const struct param *param = route->params; param && param->name; param++) {
        found = found || param->place == PARAM_BODY;
        *required = *required || (param->place == PARAM_BODY && param->required);
    }
    return found;
}

static void body_schema(struct out *out, const struct route *route, bool required)
{
    out_text(out, "type", STR("object"));
    out_bool(out, "additionalProperties", false);
    out_object(out, "properties");
    for (const struct param *param = route->params; param && param->name; param++)
        if (param->place == PARAM_BODY)
            param_schema(out, param->name, param);
    out_end_object(out);
    if (!required)
        return;
    out_list(out, "required");
    for (const struct param *param = route->params; param && param->name; param++)
        if (param->place == PARAM_BODY && param->required)
            out_text(out, NULL, str_of(param->name));
    out_end_list(out);
}

/* The same as a page's form sends it. */
static void form_write(struct out *out, const struct route *route)
{
    out_object(out, "multipart/form-data");
    out_object(out, "schema");
    out_text(out, "type", STR("object"));
    out_object(out, "properties");
    out_object(out, "file");
    out_text(out, "type", STR("string"));
    out_text(out, "format", STR("binary"));
    out_end_object(out);
    for (const struct param *param = route->params; param && param->name; param++)
        if (param->place == PARAM_QUERY)
            param_schema(out, param->name, param);
    out_end_object(out);
    out_list(out, "required");
    out_text(out, NULL, STR("file"));
    out_end_list(out);
    out_end_object(out);
    out_end_object(out);
}

static void body_write(struct out *out, const struct route *route)
{
    bool required, any = has_body(route, &required);
    if (!any && !route->raw_body)
        return;
    out_object(out, "requestBody");
    if (required || route->raw_body)
        out_bool(out, "required", true);
    out_object(out, "content");
    out_object(out, route->raw_body ? "*/*" : "application/json");
    out_object(out, "schema");
    if (!route->raw_body)
        body_schema(out, route, required);
    out_end_object(out);
    out_end_object(out);
    if (route->form)
        form_write(out, route);
    out_end_object(out);
    out_end_object(out);
}

static void reference_write(struct out *out, const char *key, const char *kind, const char *name)
{
    char memory[160];
    struct buf text;
    buf_init_lent(&text, memory, sizeof(memory));
    buf_printf(&text, "#/components/%s/%s", kind, name);
    out_object(out, key);
    out_text(out, "$ref", buf_str(&text));
    out_end_object(out);
}

static void responses_write(struct out *out, const struct route *route)
{
    out_object(out, "responses");
    out_object(out, "2XX");
    out_text(out, "description", str_of(route->summary ? route->summary : "Done"));
    if (route->answer || route->streams) {
        out_object(out, "content");
        out_object(out, route->answer ? "application/json" : "*/*");
        if (route->answer)
            reference_write(out, "schema", "schemas", route->answer);
        out_end_object(out);
        out_end_object(out);
    }
    out_end_object(out);
    if (route->method == ROUTE_GET && !route->streams) {
        out_object(out, "304");
        out_text(out, "description", STR("As If-None-Match names it"));
        out_end_object(out);
    }
    reference_write(out, "default", "responses", "Problem");
    out_end_object(out);
}

static void security_write(struct out *out, const struct route *route)
{
    static const char *const ways[] = {"bearer", "session"};
    out_list(out, "security");
    for (size_t i = 0; route->right != RIGHT_NOBODY && i < 2; i++) {
        out_object(out, NULL);
        out_list(out, ways[i]);
        out_end_list(out);
        out_end_object(out);
    }
    out_end_list(out);
    out_text(out, "x-right", str_of(right_names[route->right]));
}

static void operation_write(struct out *out, const struct route *route)
{
    out_object(out, method_keys[route->method]);
    out_text(out, "operationId", str_of(route->name));
    if (route->summary)
        out_text(out, "summary", str_of(route->summary));
    parameters_write(out, route);
    body_write(out, route);
    responses_write(out, route);
    security_write(out, route);
    out_end_object(out);
}

/* The first route of a path tells of all of them. */
static bool is_first(const struct route *wanted)
{
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (strcmp(route->path, wanted->path) == 0)
                return route == wanted;
    return false;
}

static void path_write(struct out *out, const char *path)
{
    out_object(out, path);
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (strcmp(route->path, path) == 0)
                operation_write(out, route);
    out_end_object(out);
}

/* --- the document --- */

static void schemas_write(struct out *out, const struct answers *answers)
{
    out_object(out, "schemas");
    for (size_t i = 0; i < answers->len; i++) {
        struct json_iter iter;
        struct str name;
        const struct json *schema;
        json_iter_init(&iter, json_root(answers->docs[i]));
        while ((schema = json_iter_next(&iter, &name))) {
            char key[128];
            struct buf text, value;
            buf_init_lent(&text, key, sizeof(key));
            buf_add(&text, name);
            buf_init(&value, OPENAPI_BYTES_MAX);
            json_write(&value, schema);
            out_raw(out, key, buf_str(&value));
            buf_fini(&value);
        }
    }
    out_end_object(out);
}

static const char security_schemes[] =
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT, or a token of a program\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"huiliu_session\"}}";
static const char problem_response[] =
    "{\"Problem\":{\"description\":\"What went wrong; docs/errors.md has every code\",\"content\":"
    "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}";

static void document_write(struct out *out, const struct answers *answers)
{
    out_object(out, NULL);
    out_text(out, "openapi", STR("3.1.0"));
    out_object(out, "info");
    out_text(out, "title", STR("Huiliu"));
    out_text(out, "version", STR(HUILIU_VERSION));
    out_text(out, "description", STR("docs/api.md is the manual of its forms, rights and errors."));
    out_end_object(out);
    out_object(out, "paths");
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (is_first(route))
                path_write(out, route->path);
    out_end_object(out);
    out_object(out, "components");
    schemas_write(out, answers);
    out_raw(out, "responses", str_of(problem_response));
    out_raw(out, "securitySchemes", str_of(security_schemes));
    out_end_object(out);
    out_end_object(out);
}

enum err_class openapi_write(struct buf *out, struct err *err)
{
    struct answers answers;
    struct out json;
    enum err_class class_ = answers_read(&answers, err);
    out_init(&json, out);
    if (class_ == ERR_OK)
        document_write(&json, &answers);
    answers_free(&answers);
    return class_ == ERR_OK && out->failed ? err_no_memory(err) : class_;
}

/* --- the page of routes --- */

static void reference_params_write(struct buf *out, const struct route *route)
{
    bool any = false;
    for (const struct param *param = route->params; param && param->name; param++) {
        if (param->place == PARAM_PATH)
            continue;
        buf_printf(out, "%s`%s`%s%s", any ? " " : "", param->name, param->many ? "…" : "",
                   param->required ? "!" : "");
        any = true;
    }
    if (route->raw_body)
        buf_printf(out, "%sa file", any ? " " : "");
}

void routes_reference_write(struct buf *out)
{
    buf_add(
        out,
        STR("# Routes\n\n"
            "Made by `huiliu help --routes`; edit the tables in `src/api` instead. `!` marks what must be given, `…` what may be given "
            "several times.\nBounds, bodies and the forms of answers are in `/api/v1/openapi.json`, rights and errors in "
            "[api.md](api.md).\n\n"
            "| route | right | parameters | what it is |\n|---|---|---|---|\n"));
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++) {
            buf_printf(out, "| `%s %s` | %s | ", route_method_name(route->method), route->path,
                       right_names[route->right]);
            reference_params_write(out, route);
            buf_printf(out, " | %s |\n", route->summary ? route->summary : "");
        }
}

static enum err_class openapi(struct call *call, struct err *err)
{
    return openapi_write(&call->out, err);
}

const struct route openapi_routes[] = {
    {ROUTE_GET, "/api/v1/openapi.json", "openapi", RIGHT_NOBODY, NULL, openapi,
     .summary = "This API, as an OpenAPI 3.1 document", .answer = "OpenApi"},
    {0},
};
