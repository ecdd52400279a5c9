/* An old route from its request to its answer: find it, run ours, write what came of it in the old envelope. */
#include "api/old.h"

#include <string.h>

#include "api/api_internal.h"
#include "api/path.h"

/* --- finding --- */

/* The one with the fewest {…}: /task/export before /task/{id}. */
bool old_route_find(const struct old_table *table, struct str method, struct str path,
                    struct old_call *out)
{
    struct str asked = str_eq(method, STR("HEAD")) ? STR("GET") : method;
    if (path.len > 1 && str_ends(path, STR("/")))
        path = str_sub(path, 0, path.len - 1);
    size_t best = SIZE_MAX;
    *out = (struct old_call){0};
    for (size_t i = 0; table && i < table->routes_len; i++) {
        const struct old_route *route = &table->routes[i];
        struct old_call found = {.route = route};
        size_t values = path_fits(route->path, path, found.values, OLD_VALUES_MAX);
        if (values >= best)
            continue;
        out->other_method |= !out->route;
        if (!str_eq(route->method, asked))
            continue;
        best = values;
        *out = found;
    }
    return out->route || out->other_method;
}

/* --- answering --- */

/* What ours has answered; `doc` lives until inner_end. */
struct inner {
    struct http_reply reply;
    struct json_doc *doc;
};

struct run {
    struct api *api;
    const struct person *person;
    const struct http_request *request;
    struct http_reply *reply;
    struct old_call old;
    struct old_pages pages;
    struct json_doc *body; /* of the old request */
    struct buf *out;
    struct inner beside;
};

static void inner_end(struct inner *inner)
{
    json_free(inner->doc);
    inner->doc = NULL;
    if (inner->reply.stream.pull && inner->reply.stream.close)
        inner->reply.stream.close(inner->reply.stream.context);
    if (inner->reply.release)
        inner->reply.release(inner->reply.release_context);
    inner->reply = (struct http_reply){0};
}

static void error_write(struct run *run, unsigned status, struct str problem, struct str detail)
{
    const struct old_table *table = old_own();
    const struct old_error *error = NULL;
    for (size_t i = 0; i < table->errors_len && !error; i++) {
        const struct old_error *row = &table->errors[i];
        if ((row->status == 0 || row->status == status) &&
            (row->problem.len == 0 || str_eq(row->problem, problem)))
            error = row;
    }
    buf_reset(run->out);
    buf_printf(run->out, "{\"code\":%lld,\"message\":", (long long)error->code);
    json_write_string(run->out, detail.len == 0 || status >= 500
                                    ? error->says
                                    : arena_printf(run->request->arena, "%.*s: %.*s",
                                                   STR_ARG(error->says), STR_ARG(detail)));
    buf_add(run->out, STR(",\"data\":null,\"success\":false}"));
    run->reply->status = status;
}

static void refuse(struct run *run, unsigned status, const struct err *err)
{
    error_write(run, status, str_of(err->code), str_of(err->message));
}

/* Our headers, but for those that speak of our bytes. */
static void headers_keep(struct run *run, const struct http_reply *from)
{
    static const char *const ours[] = {"ETag", "Content-Encoding"};
    struct http_reply *to = run->reply;
    for (size_t i = 0; i < from->headers_len; i++) {
        bool kept = true;
        for (size_t k = 0; k < sizeof(ours) / sizeof(*ours); k++)
            kept = kept && !str_eq_nocase(from->headers[i].name, str_of(ours[k]));
        if (kept && to->headers_len < sizeof(to->headers) / sizeof(*to->headers))
            to->headers[to->headers_len++] = from->headers[i];
    }
}

/* Runs ours. False: it refused, and that is written. */
static bool inner_run(struct run *run, const struct old_call *old, struct str cursor,
                      struct inner *inner)
{
    struct http_request *request;
    struct err err = {0};
    *inner = (struct inner){.reply = {.status = 200, .cut_after_bytes = SIZE_MAX}};
    if (old_request_make(old, run->request, json_root(run->body), &run->pages, cursor, &request,
                         &err) != ERR_OK) {
        refuse(run, err.class_ == ERR_USAGE ? 400 : 503, &err);
        return false;
    }
    api_handle_as(run->api, run->person, request, &inner->reply);
    if (old == &run->old) {
        run->reply->headers_len = 0;
        headers_keep(run, &inner->reply);
    }
    if (old->route->answer == OLD_STREAM && inner->reply.status < 300)
        return true;
    if (inner->reply.body.len > 0 && json_parse(inner->reply.body, &inner->doc, NULL) != ERR_OK)
        inner->doc = NULL;
    const struct json *root = json_root(inner->doc);
    if (inner->reply.status < 300)
        return true;
    error_write(run, inner->reply.status, json_text(json_get(root, STR("code"))),
                json_text(json_get(root, STR("detail"))));
    return false;
}

static const struct json *answer_at(const struct run *run, const struct inner *inner)
{
    const struct json *root = json_root(inner->doc);
    return run->old.route->at ? path_get(run->old.route->at, root) : root;
}

static bool beside_run(struct run *run)
{
    const struct old_call beside = {.route = run->old.route->beside.route};
    return !beside.route || inner_run(run, &beside, STR_NONE, &run->beside);
}

static const struct json *beside_of(const struct run *run, const struct json *row)
{
    const struct old_beside *beside = &run->old.route->beside;
    struct json_iter iter;
    const struct json *other = NULL;
    if (!beside->route)
        return NULL;
    struct str wanted = json_text(json_get(row, beside->of));
    const struct json *rows = path_get(beside->at, json_root(run->beside.doc));
    if (json_kind_of(rows) != JSON_ARRAY)
        return NULL;
    json_iter_init(&iter, rows);
    while ((other = json_iter_next(&iter, NULL)))
        if (str_eq(json_text(json_get(other, beside->by)), wanted))
            break;
    return other;
}

static int64_t rows_write(struct run *run, const struct json *list, int64_t most, int64_t before)
{
    struct json_iter iter;
    const struct json *row;
    int64_t written = 0;
    if (json_kind_of(list) != JSON_ARRAY)
        return 0;
    json_iter_init(&iter, list);
    while (written < most && (row = json_iter_next(&iter, NULL))) {
        if (before + written > 0)
            buf_add_char(run->out, ',');
        old_shape_write(run->out, run->old.route->shape, row, beside_of(run, row));
        written++;
    }
    return written;
}

/* One old page may be several of ours: the first by its number, the others by the cursor, so that rows that come while
 * it is written shift nothing. */
static bool page_write(struct run *run, struct inner *inner)
{
    const struct old_pages *pages = &run->pages;
    int64_t rows = 0, total = 0;
    buf_printf(run->out, "{\"%.*s\":[", STR_ARG(run->old.route->key));
    for (;;) {
        const struct json *root = json_root(inner->doc), *list = answer_at(run, inner);
        rows += rows_write(run, list, pages->rows - rows, rows);
        struct str next = arena_dup(run->request->arena, json_text(json_get(root, STR("next"))));
        if (json_kind_of(json_get(root, STR("total"))) == JSON_NUMBER)
            str_to_i64(json_text(json_get(root, STR("total"))), &total);
        if (next.len == 0 || rows == pages->rows)
            break;
        inner_end(inner);
        if (!inner_run(run, &run->old, next, inner))
            return false;
    }
    buf_printf(run->out, "],\"total\":%lld,\"pageNum\":%lld,\"pageSize\":%lld,\"pages\":%lld}",
               (long long)total, (long long)pages->number, (long long)pages->size,
               (long long)((total + pages->size - 1) / pages->size));
    return true;
}

static bool data_write(struct run *run, struct inner *inner)
{
    switch (run->old.route->answer) {
    case OLD_NOTHING:
    case OLD_STREAM:
        buf_add(run->out, STR("null"));
        return true;
    case OLD_OBJECT:
        old_shape_write(run->out, run->old.route->shape, answer_at(run, inner),
                        beside_of(run, answer_at(run, inner)));
        return true;
    case OLD_LIST_OF:
        buf_add_char(run->out, '[');
        rows_write(run, answer_at(run, inner), INT64_MAX, 0);
        buf_add_char(run->out, ']');
        return true;
    case OLD_PAGE:
        return page_write(run, inner);
    }
    return false;
}

static bool body_is_read(struct run *run)
{
    struct err err = {0};
    struct str body = str_trim(run->request->body);
    if (!run->old.route->our_path.ptr || body.len == 0 ||
        json_parse(body, &run->body, &err) == ERR_OK)
        return true;
    refuse(run, 400, &err);
    return false;
}

static void run_route(struct run *run)
{
    struct inner inner = {0};
    struct err err = {0};
    if (run->old.other_method) {
        error_write(run, 405, STR("method_not_allowed"), STR_NONE);
        return;
    }
    if (!body_is_read(run))
        return;
    if (old_pages_read(&run->old, run->request, json_root(run->body), &run->pages, &err)) {
        refuse(run, 400, &err);
        return;
    }
    buf_add(run->out, STR("{\"code\":200,\"message\":\"success\",\"data\":"));
    bool good = !run->old.route->our_path.ptr || inner_run(run, &run->old, STR_NONE, &inner);
    if (good && run->old.route->answer == OLD_STREAM) {
        *run->reply = inner.reply; /* with its release, which ends it */
        return;
    }
    if (good && beside_run(run) && data_write(run, &inner)) {
        buf_add(run->out, STR(",\"success\":true}"));
        run->reply->status = 200;
    }
    inner_end(&inner);
    inner_end(&run->beside);
}

static void out_release(void *context)
{
    buf_fini(context);
}

bool old_handle(struct api *api, const struct person *person, const struct http_request *request,
                struct http_reply *reply)
{
    struct run run = {.api = api, .person = person, .request = request, .reply = reply};
    if (!str_starts(request->path, STR("/api/")) || str_starts(request->path, STR("/api/v1/")) ||
        str_eq(request->method,
               STR("OPTIONS")) || /* a browser asks whether it may: that is said for all alike */
        !old_route_find(old_own(), request->method, request->path_raw, &run.old))
        return false;
    run.out = arena_alloc(request->arena, sizeof(*run.out));
    if (!run.out) {
        reply->status = 503;
        return true;
    }
    buf_init(run.out, OLD_ANSWER_BYTES_MAX);
    for (size_t i = 0; i < OLD_VALUES_MAX; i++)
        run.old.values[i] = path_value(run.old.values[i], request->arena);
    run_route(&run);
    json_free(run.body);
    if (run.out->failed) {
        buf_reset(run.out);
        error_write(&run, 500, STR("answer_large"), STR_NONE);
    }
    if (reply->release) { /* a stream, or a sheet: as it came */
        buf_fini(run.out);
        return true;
    }
    reply->body = buf_str(run.out);
    reply->content_type = "application/json; charset=utf-8";
    reply->release = out_release;
    reply->release_context = run.out;
    return true;
}
