/* A reply to a page: judged, its list found and counted, and what comes next. And to a token grant,
 * and to the question which accounts a consent covers. */
#include "connector/plan.h"

void page_fini(struct page *page)
{
    json_free(page->doc);
    page->doc = NULL;
}

/* Why the body cannot be read, in words that name what it is. */
static void explain_body(struct str body, struct err *why)
{
    struct str start = str_trim(str_sub(body, 0, 200));
    if (why->class_ != ERR_BAD_REPLY)
        return;
    if (str_trim(body).len == 0)
        err_set(why, ERR_BAD_REPLY, "body_empty", "the reply is empty");
    else if (start.len > 0 && start.ptr[0] == '<')
        err_set(why, ERR_BAD_REPLY, "not_json", "the reply is a web page or XML, not JSON");
}

/* The value must be a whole number >= 0; a platform that cannot count cannot be proved against. */
static enum err_class read_total(const struct stream_plan *plan, const struct json *inside,
                                 int64_t *total, struct err *err)
{
    const struct json *value = paths_first(&plan->total, inside);
    *total = -1;
    if (!value)
        return ERR_OK;
    if (!str_to_i64(json_text(value), total) || *total < 0)
        return err_set(err, ERR_BAD_REPLY, "total_text", "the total \"%.*s\" is no count",
                       STR_ARG(str_utf8_head(json_text(value), 40)));
    return ERR_OK;
}

static enum err_class count_records(const struct stream *stream, const struct json *inside,
                                    int64_t *records, struct err *err)
{
    struct path_iter iter;
    struct path_record record;
    *records = 0;
    path_iter_init(&iter, stream->plan->records, inside);
    while (path_iter_next(&iter, &record))
        if (++*records > PAGE_RECORDS_MAX)
            return err_set(err, ERR_BAD_REPLY, "page_records", "the page has more than %d records",
                           PAGE_RECORDS_MAX);
    if (path_iter_list_missing(&iter))
        return err_set(err, ERR_BAD_REPLY, "list_missing",
                       "the reply says success but has no list of %.*s", STR_ARG(stream->name));
    return ERR_OK;
}

/* What is asked with, kept or shown as it came: U+0000 would end it early or be refused by a database,
 * and no platform means it. */
static enum err_class take_text(const struct json *value, const char *what, struct arena *arena,
                                struct str *out, struct err *err)
{
    if (json_has_nul(value))
        return err_set(err, ERR_BAD_REPLY, "json_nul", "the %s of the reply holds U+0000", what);
    *out = arena_dup(arena, json_text(value));
    return out->ptr ? ERR_OK : err_no_memory(err);
}

/* A cursor as the text that asks for the next page; a list as the manifest joins it. */
static enum err_class cursor_text(const struct json *value, struct str join, struct arena *arena,
                                  struct str *out, struct err *err)
{
    struct buf text;
    struct json_iter iter;
    enum json_kind kind = json_kind_of(value);
    *out = STR_NONE;
    if (kind == JSON_STRING || kind == JSON_NUMBER)
        return take_text(value, "cursor", arena, out, err);
    if (kind <= JSON_NULL || (kind == JSON_ARRAY && json_len(value) == 0))
        return ERR_OK;
    if (kind != JSON_ARRAY || str_eq(join, STR("text")))
        return err_set(err, ERR_BAD_REPLY, "cursor_kind",
                       "the cursor is no single value: the manifest does not say how to join it");
    if (json_has_nul(value))
        return err_set(err, ERR_BAD_REPLY, "json_nul", "the cursor of the reply holds U+0000");
    buf_init(&text, URL_BYTES_MAX);
    if (str_eq(join, STR("json"))) {
        json_write(&text, value);
    } else {
        json_iter_init(&iter, value);
        for (const struct json *one; (one = json_iter_next(&iter, NULL));) {
            buf_add(&text, text.len > 0 ? STR(",") : STR(""));
            buf_add(&text, json_text(one));
        }
    }
    bool long_ = text.failed && text.bytes_max < text.len + 1;
    *out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    if (long_)
        return err_set(err, ERR_BAD_REPLY, "cursor_long", "the cursor is longer than an address");
    return out->ptr ? ERR_OK : err_no_memory(err);
}

struct reader {
    const struct connector *connector;
    const struct stream *stream;
    const struct facts *facts;
    const struct reply *reply;
    const struct json *root, *inside;
    struct arena *arena;
};

static enum err_class read_cursor(const struct reader *r, struct page *out, struct err *err)
{
    const struct stream_plan *plan = r->stream->plan;
    struct scope scope = {
        .connector = r->connector, .facts = r->facts, .stream = r->stream, .arena = r->arena};
    struct expr_env env = scope_env(&scope, NULL);
    struct str join, asked = r->facts->page.position;
    enum err_class class_ = template_text(plan->cursor_join, &env, &join, err);
    if (class_ == ERR_OK && !str_eq(join, STR("json")) && !str_eq(join, STR("comma")) &&
        !str_eq(join, STR("text")))
        return err_set(err, ERR_CONFIG, "cursor_form",
                       "a cursor is joined as json, comma or text, not \"%.*s\"", STR_ARG(join));
    if (class_ == ERR_OK)
        class_ = cursor_text(path_get(plan->cursor, r->inside), join, r->arena, &out->position,
                             err);
    if (class_ != ERR_OK)
        return class_;
    if (asked.len == 0 || r->facts->page.total_only)
        asked = plan->cursor_first;
    out->next = out->position.len > 0 ? PAGE_MORE : PAGE_LAST;
    out->repeated = out->next == PAGE_MORE && str_eq(out->position, asked);
    return ERR_OK;
}

static enum err_class read_number(const struct reader *r, struct page *out, struct err *err)
{
    const struct stream_plan *plan = r->stream->plan;
    int64_t first = r->stream->pages.first, number = r->facts->page.number;
    int64_t size = scope_page_size(r->stream, r->facts);
    const struct json *last = plan->last ? path_get(plan->last, r->inside) : NULL;
    if (json_kind_of(last) > JSON_NULL &&
        (!str_to_i64(json_text(last), &out->last_number) || out->last_number < 0))
        return err_set(err, ERR_BAD_REPLY, "total_text",
                       "the number of the last page is no number");
    /* An empty window has one page, however its platform counts it. */
    if (out->last_number >= 0 && out->last_number < first)
        out->last_number = first;
    if (out->total >= 0 && size > 0)
        out->last_number = first + (out->total > 0 ? (out->total - 1) / size : 0);
    bool more = out->last_number >= 0 ? number < out->last_number : out->records > 0;
    out->next = more ? PAGE_MORE : PAGE_LAST;
    return ERR_OK;
}

static enum err_class read_next(const struct reader *r, struct page *out, struct err *err)
{
    const struct stream_plan *plan = r->stream->plan;
    enum err_class class_ = ERR_OK;
    if (r->stream->pages.kind == PAGES_CURSOR)
        class_ = read_cursor(r, out, err);
    else if (r->stream->pages.kind == PAGES_NUMBER)
        class_ = read_number(r, out, err);
    if (class_ != ERR_OK || !plan->more)
        return class_;
    struct scope scope = {.connector = r->connector,
                          .facts = r->facts,
                          .stream = r->stream,
                          .arena = r->arena,
                          .root = r->root,
                          .reply = r->reply};
    struct expr_env env = scope_env(&scope, NULL);
    bool more;
    class_ = expr_true(plan->more, &env, &more, err);
    /* "More" without a cursor to ask with cannot be followed: the list would end unseen. */
    if (class_ == ERR_OK && more && r->stream->pages.kind == PAGES_CURSOR && out->position.len == 0)
        return err_set(err, ERR_BAD_REPLY, "cursor_missing",
                       "the reply says that there is more, but has no cursor");
    out->next = class_ == ERR_OK && more ? PAGE_MORE : PAGE_LAST;
    return class_;
}

static enum err_class read_page(const struct reader *r, const struct endpoint *endpoint,
                                struct page *out, struct err *err)
{
    if (!r->stream)
        return ERR_OK;
    enum err_class class_ = count_records(r->stream, r->inside, &out->records, err);
    if (class_ == ERR_OK)
        class_ = read_total(r->stream->plan, r->inside, &out->total, err);
    /* A look-up by ids has no further pages. */
    if (class_ == ERR_OK && endpoint == r->stream->request)
        class_ = read_next(r, out, err);
    return class_;
}

enum err_class connector_read(const struct connector *connector, const struct endpoint *endpoint,
                              const struct stream *stream, const struct facts *facts,
                              const struct reply *reply, struct arena *arena, struct page *out,
                              struct err *err)
{
    struct err why = {0};
    *out = (struct page){.total = -1, .last_number = -1, .next = PAGE_LAST};
    enum err_class class_ = json_parse(reply->body, &out->doc, &why);
    if (class_ != ERR_OK)
        explain_body(reply->body, &why);
    const struct json *root = class_ == ERR_OK ? json_root(out->doc) : NULL;
    class_ = reply_classify(connector, facts, reply, root, &why, arena, err);
    /* A request id is only shown: one that cannot be is left out. */
    const struct json *request_id = paths_first(&connector->reply.request_id, root);
    out->request_id = arena_dup(arena, json_has_nul(request_id) ? STR("") : json_text(request_id));
    if (class_ == ERR_OK && !out->request_id.ptr)
        class_ = err_no_memory(err);
    struct reader reader = {connector, stream, facts, reply, root, NULL, arena};
    if (class_ == ERR_OK) {
        reader.inside = reply_inside(connector, root);
        class_ = read_page(&reader, endpoint, out, err);
    }
    if (class_ != ERR_OK)
        page_fini(out);
    return class_;
}

static enum err_class token_time(const struct token_time *plan, const struct connector *connector,
                                 const struct json *inside, const struct facts *facts,
                                 int64_t *out_ms, struct err *err)
{
    const struct json *value = plan->path ? path_get(plan->path, inside) : NULL;
    struct str text = json_text(value);
    bool date_only, good;
    int64_t number = 0, from_ms = facts->received_ms > 0 ? facts->received_ms : facts->now_ms;
    *out_ms = 0;
    if (json_kind_of(value) <= JSON_NULL)
        return ERR_OK;
    if (plan->form == TIME_ANY) {
        good = time_parse_any(text, connector->zone, out_ms, &date_only, NULL) == ERR_OK;
    } else {
        good = str_to_i64(text, &number) && number >= 0 &&
               i64_mul(number, plan->form == TIME_UNIX_MS ? 1 : 1000, out_ms) &&
               (plan->instant || i64_add(*out_ms, from_ms, out_ms));
    }
    if (!good)
        return err_set(err, ERR_BAD_REPLY, "token_time", "the token's life cannot be read");
    return ERR_OK;
}

enum err_class connector_read_token(const struct connector *connector, const struct page *page,
                                    const struct facts *facts, struct arena *arena,
                                    struct token_reply *out, struct err *err)
{
    const struct auth_plan *plan = &connector->auth_plan;
    const struct json *inside = reply_inside(connector, json_root(page->doc));
    *out = (struct token_reply){.expires_ms = 0};
    const struct json *access = plan->access ? path_get(plan->access, inside) : NULL;
    const struct json *refresh = plan->refresh ? path_get(plan->refresh, inside) : NULL;
    if (json_text(access).len == 0)
        return err_set(err, ERR_BAD_REPLY, "token_missing",
                       "the reply says success but has no token");
    enum err_class class_ = take_text(access, "token", arena, &out->access, err);
    if (class_ == ERR_OK)
        class_ = take_text(refresh, "refresh token", arena, &out->refresh, err);
    if (class_ == ERR_OK)
        class_ = token_time(&plan->expires, connector, inside, facts, &out->expires_ms, err);
    if (class_ == ERR_OK)
        class_ = token_time(&plan->refresh_expires, connector, inside, facts,
                            &out->refresh_expires_ms, err);
    return class_;
}

/* Whether the manifest's `when` keeps the account of a record. */
static enum err_class account_kept(const struct connector *connector, const struct json *record,
                                   struct arena *arena, bool *kept, struct err *err)
{
    const struct expr *when = connector->auth_plan.accounts.when;
    const struct facts none = {.now_ms = 0};
    struct scope scope = {.connector = connector, .facts = &none, .arena = arena, .record = record};
    struct expr_env env = scope_env(&scope, NULL);
    *kept = true;
    return when ? expr_true(when, &env, kept, err) : ERR_OK;
}

/* One that is to be a shop and cannot be told from others is an answer nobody can act upon. */
static enum err_class account_read(const struct accounts_plan *plan, const struct json *record,
                                   struct arena *arena, struct account *out, struct err *err)
{
    const struct json *id = path_get(plan->id, record);
    uint64_t number;
    struct str text = json_text(id);
    bool good = json_kind_of(id) == JSON_STRING ||
                (json_kind_of(id) == JSON_NUMBER && str_to_u64(text, &number));
    if (!good || text.len == 0 || text.len > ID_BYTES_MAX)
        return err_set(err, ERR_BAD_REPLY, "account_id",
                       "the reply lists an account without an id that can be read");
    enum err_class class_ = take_text(id, "account id", arena, &out->external_id, err);
    return class_ == ERR_OK ? take_text(paths_first(&plan->name, record), "account's name", arena,
                                        &out->name, err)
                            : class_;
}

enum err_class connector_read_accounts(const struct connector *connector, const struct page *page,
                                       struct arena *arena, struct account **out, size_t *len,
                                       struct err *err)
{
    const struct accounts_plan *plan = &connector->auth_plan.accounts;
    const struct json *inside = reply_inside(connector, json_root(page->doc));
    struct path_iter iter;
    struct path_record record;
    size_t records = 0;
    *len = 0;
    path_iter_init(&iter, plan->records, inside);
    while (path_iter_next(&iter, &record))
        records++;
    if (path_iter_list_missing(&iter))
        return err_set(err, ERR_BAD_REPLY, "list_missing",
                       "the reply says success but has no list of accounts");
    *out = arena_array(arena, records + 1, sizeof **out);
    enum err_class class_ = *out ? ERR_OK : err_no_memory(err);
    path_iter_init(&iter, plan->records, inside);
    while (class_ == ERR_OK && path_iter_next(&iter, &record)) {
        const struct json *one = record.chain[record.chain_len - 1];
        bool kept;
        class_ = account_kept(connector, one, arena, &kept, err);
        if (class_ != ERR_OK || !kept)
            continue;
        class_ = account_read(plan, one, arena, &(*out)[*len], err);
        *len += class_ == ERR_OK;
    }
    return class_;
}
