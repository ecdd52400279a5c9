/* huiliu connector: what the manifests say, whether they hold, and what they would send. No call goes
 * out from here. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/file.h"
#include "app/fixture.h"

/* --- list --- */

static const char *grant_name(enum grant_kind grant)
{
    static const char *const names[] = {
        [GRANT_NONE] = "none",
        [GRANT_CLIENT_CREDENTIAL] = "client_credential",
        [GRANT_AUTH_CODE] = "auth_code",
        [GRANT_BY_HAND] = "by_hand",
    };
    return names[grant];
}

static struct str stream_names(const struct connector *connector, struct arena *arena)
{
    struct buf names;
    buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < connector_streams(connector); i++)
        buf_printf(&names, "%s%.*s", i == 0 ? "" : ", ",
                   STR_ARG(connector_stream_at(connector, i)->name));
    struct str copy = arena_dup(arena, buf_str(&names));
    buf_fini(&names);
    return copy;
}

enum exit_code cmd_connector_list(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    static const struct report_column columns[] = {
        {"platform", REPORT_TEXT, MSG_COL_PLATFORM}, {"title", REPORT_TEXT, MSG_COL_TITLE},
        {"streams", REPORT_TEXT, MSG_COL_STREAMS},   {"grant", REPORT_TEXT, MSG_COL_GRANT},
        {"file", REPORT_TEXT, MSG_COL_FILE},         {"error", REPORT_TEXT, MSG_COL_REASON},
    };
    struct report report;
    bool chinese = language_now() == LANGUAGE_ZH && !app->json;
    report_init(&report, columns, 6, NULL, &app->arena);
    for (size_t i = 0; i < app->connectors_len; i++) {
        const struct app_connector *slot = &app->connectors[i];
        report_row(&report);
        report_text(&report, slot->platform);
        if (slot->connector) {
            report_text(&report, connector_title(slot->connector, chinese));
            report_text(&report, stream_names(slot->connector, &app->arena));
            report_text(&report, str_of(grant_name(connector_auth(slot->connector)->grant)));
        } else {
            for (int k = 0; k < 3; k++)
                report_absent(&report);
        }
        report_text(&report, slot->file);
        report_text(&report, str_of(slot->err.message));
    }
    return exit_of(app_print_report(app, &report, "connectors", err));
}

/* --- check --- */

static const struct report_column check_columns[] = {
    {"file", REPORT_TEXT, MSG_COL_FILE},
    {"good", REPORT_TRUTH, MSG_COL_GOOD},
    {"message", REPORT_TEXT, MSG_COL_REASON},
};

static void check_row(struct report *report, struct str file, const struct err *err, bool *good)
{
    bool fine = err->class_ == ERR_OK;
    *good &= fine;
    report_row(report);
    report_text(report, file);
    report_truth(report, fine);
    report_text(report,
                fine ? message_text(MSG_MANIFEST_GOOD, language_now()) : str_of(err->message));
}

/* A file that need not lie in a home: while a manifest is being written. */
static void check_file(struct app *app, struct str file, struct report *report, bool *good)
{
    struct err why;
    struct str text;
    struct connector *connector = NULL;
    err_clear(&why);
    if (file_read(file, &app->arena, &text, &why) == ERR_OK)
        connector_load(file, text, app->catalog, &connector, &why);
    check_row(report, file, &why, good);
    if (connector)
        connector_free(connector);
}

/* The home may not exist yet: manifests can be checked without one. */
static enum err_class connectors_open(struct app *app, const struct cli *cli, struct err *err)
{
    enum err_class class_ = home_find(cli->home, &app->arena, &app->home, err);
    if (class_ == ERR_OK && home_is_there(app->home))
        class_ = app_open_home(app, err);
    return class_ == ERR_OK ? app_open_connectors(app, err) : class_;
}

enum exit_code cmd_connector_check(struct app *app, const struct cli *cli, struct err *err)
{
    struct report report;
    bool good = true;
    enum err_class class_ = connectors_open(app, cli, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    report_init(&report, check_columns, 3, NULL, &app->arena);
    for (size_t i = 0; cli->args_len == 0 && i < app->connectors_len; i++)
        check_row(&report, app->connectors[i].file, &app->connectors[i].err, &good);
    for (size_t i = 0; i < cli->args_len; i++) {
        struct str word = cli_arg(cli, i);
        const struct app_connector *slot = NULL;
        for (size_t k = 0; k < app->connectors_len; k++) {
            if (str_eq(app->connectors[k].platform, word))
                slot = &app->connectors[k];
        }
        if (slot)
            check_row(&report, slot->file, &slot->err, &good);
        else
            check_file(app, word, &report, &good);
    }
    class_ = app_print_report(app, &report, "manifests", err);
    return class_ == ERR_OK && !good ? EXIT_FAILED : exit_of(class_);
}

/* --- test --- */

enum exit_code cmd_connector_test(struct app *app, const struct cli *cli, struct err *err)
{
    struct str folder = cli_has(cli, "fixtures") ? cli_text(cli, "fixtures")
                                                 : STR("connectors/fixtures");
    struct fixture_counts counts = {0};
    struct report report;
    enum err_class class_ = connectors_open(app, cli, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    report_init(&report, check_columns, 3, NULL, &app->arena);
    for (size_t i = 0; class_ == ERR_OK && i < app->connectors_len; i++) {
        const struct app_connector *slot = &app->connectors[i];
        bool asked = cli->args_len == 0;
        for (size_t k = 0; k < cli->args_len; k++)
            asked |= str_eq(cli_arg(cli, k), slot->platform);
        if (asked && slot->connector)
            class_ = fixtures_run(slot->connector, folder, &app->arena, &report, &counts, err);
    }
    if (class_ == ERR_OK && counts.run == 0)
        class_ = err_say(err, ERR_NOT_FOUND, "fixtures_none", MSG_FIXTURES_NONE, M_STR(folder),
                         M_END);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "fixtures", err);
    return class_ == ERR_OK && counts.failed > 0 ? EXIT_FAILED : exit_of(class_);
}

/* --- trace --- */

static void trace_text(const struct request *request, struct buf *out)
{
    buf_printf(out, "%.*s %.*s\n", STR_ARG(request->method), STR_ARG(request->url_shown));
    for (size_t i = 0; i < request->headers_len; i++) {
        const struct request_header *header = &request->headers[i];
        buf_printf(out, "%.*s: %.*s\n", STR_ARG(header->name),
                   STR_ARG(header->secret ? STR("***") : header->value));
    }
    if (request->body.len > 0)
        buf_printf(out, "\n%.*s\n", STR_ARG(request->body_shown));
    if (request->signed_text_shown.len == 0)
        return;
    buf_add_char(out, '\n');
    message_write(out, MSG_TRACE_SIGNED, M_STR(request->signed_text_shown),
                  M_STR(request->signature_shown), M_END);
    buf_add_char(out, '\n');
}

static void trace_json(const struct request *request, struct buf *out)
{
    struct emit emit = emit_to(out);
    emit_open(&emit, NULL, '{');
    emit_str(&emit, "method", request->method);
    emit_str(&emit, "url", request->url_shown);
    emit_open(&emit, "headers", '[');
    for (size_t i = 0; i < request->headers_len; i++) {
        const struct request_header *header = &request->headers[i];
        emit_open(&emit, NULL, '{');
        emit_str(&emit, "name", header->name);
        emit_str(&emit, "value", header->secret ? STR("***") : header->value);
        emit_close(&emit, '}');
    }
    emit_close(&emit, ']');
    emit_str(&emit, "body", request->body_shown);
    emit_str(&emit, "signed_text", request->signed_text_shown);
    emit_str(&emit, "signature", request->signature_shown);
    emit_close(&emit, '}');
    buf_add_char(out, '\n');
}

/* The facts of the first page of a window, with a token that stands for the real one. */
static enum err_class trace_facts(const struct app *app, const struct cli *cli,
                                  const struct app_shop *shop, const struct stream *stream,
                                  struct facts *facts, struct err *err)
{
    *facts = shop->sync.facts;
    facts->now_ms = clock_now_ms();
    facts->nonce = STR("0123456789abcdef0123456789abcdef");
    facts->access_token = STR("TOKEN");
    facts->page.number = stream->pages.first;
    if (facts->page.size == 0)
        facts->page.size = stream->pages.size;
    bool updated = cli_has(cli, "by") ? str_eq(cli_text(cli, "by"), STR("updated"))
                                      : stream->window.pull_by_updated;
    facts->window.by = updated ? STR("updated") : STR("created");
    if (cli_has(cli, "from"))
        return range_of_flags(cli, app_shop_zone(app, shop), stream->window.step_ms, facts->now_ms,
                              &facts->window.from_ms, &facts->window.to_ms, err);
    int64_t step_ms = stream->window.step_ms;
    facts->window.to_ms = facts->now_ms - facts->now_ms % step_ms;
    facts->window.from_ms = facts->window.to_ms - stream->window.span_ms + step_ms;
    return ERR_OK;
}

enum exit_code cmd_connector_trace(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    const struct stream *stream;
    struct facts facts;
    struct request request;
    struct buf out;
    enum err_class class_ = app_shop_ready(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        class_ = app_stream_of(shop->sync.connector, cli_arg(cli, 1), &stream, err);
    if (class_ == ERR_OK)
        class_ = trace_facts(app, cli, shop, stream, &facts, err);
    if (class_ == ERR_OK)
        class_ = connector_request(shop->sync.connector, stream->request, &facts, true, &app->arena,
                                   &request, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    buf_init(&out, 4 * 1024 * 1024);
    if (app->json)
        trace_json(&request, &out);
    else
        trace_text(&request, &out);
    return exit_of(print_buf(&out, err));
}

/* --- docs --- */

static const char *schema_type_name(const struct yaml_schema *schema)
{
    static const char *const names[] = {
        [YAML_T_TEXT] = "text",
        [YAML_T_INT] = "number",
        [YAML_T_BOOL] = "true or false",
        [YAML_T_DURATION] = "duration",
        [YAML_T_DECIMAL] = "decimal",
        [YAML_T_WORD] = "word",
        [YAML_T_ANY] = "anything",
        [YAML_T_LIST] = "list",
        [YAML_T_MAP] = "map",
        [YAML_T_NAMED] = "named map",
        [YAML_T_EITHER] = "one of several forms",
    };
    return names[schema->type];
}

/* Depth-first over the schema; `path` grows and shrinks with it. A schema that contains itself ends
 * at the depth that no manifest passes. */
static void schema_write(struct buf *out, const struct yaml_schema *schema, struct buf *path,
                         unsigned depth)
{
    enum { DEPTH_MAX = 8 };
    if (depth == DEPTH_MAX)
        return;
    size_t len = path->len;
    for (const struct yaml_key *key = schema->keys; key && key->key; key++) {
        buf_printf(path, "%s%s", len > 0 ? "." : "", key->key);
        buf_printf(out, "%.*s  (%s%s)%s%s\n", STR_ARG(buf_str(path)), schema_type_name(key->schema),
                   key->required ? ", required" : "", key->help ? "  " : "",
                   key->help ? key->help : "");
        schema_write(out, key->schema, path, depth + 1);
        path->len = len;
    }
    if (schema->each && schema->type == YAML_T_NAMED) {
        buf_printf(path, "%sNAME", len > 0 ? "." : "");
        schema_write(out, schema->each, path, depth + 1);
        path->len = len;
    } else if (schema->each) {
        buf_add(path, STR("[]"));
        schema_write(out, schema->each, path, depth + 1);
        path->len = len;
    }
    for (const struct yaml_schema *const *one = schema->either; one && *one; one++)
        schema_write(out, *one, path, depth + 1);
}

static void needs_write(struct buf *out, const struct connector *connector, bool of_app)
{
    const struct need *needs;
    size_t needs_len = connector_needs(connector, of_app, &needs);
    for (size_t i = 0; i < needs_len; i++)
        buf_printf(out, "  %s.%.*s%s  %.*s\n", of_app ? "app" : "shop", STR_ARG(needs[i].name),
                   needs[i].required ? "" : "?",
                   STR_ARG(language_now() == LANGUAGE_ZH ? needs[i].zh : needs[i].en));
}

static void stream_write(struct buf *out, const struct stream *stream)
{
    buf_printf(out, "\n%.*s → ", STR_ARG(stream->name));
    for (size_t i = 0; i < stream->tables_len; i++)
        buf_printf(out, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(stream->tables[i]->name));
    buf_printf(out, "\n  windows: %s%s%s\n", stream->window.pull_by_updated ? "updated" : "",
               stream->window.pull_by_updated && stream->window.has_created ? ", " : "",
               stream->window.has_created ? "created" : "");
    for (size_t i = 0; i < stream->options_len; i++) {
        const struct stream_option *option = &stream->options[i];
        buf_printf(out, "  --set %.*s=", STR_ARG(option->name));
        for (size_t k = 0; k < option->values_len; k++)
            buf_printf(out, "%s%.*s", k == 0 ? "" : "|", STR_ARG(option->values[k]));
        buf_printf(out, "  %.*s\n",
                   STR_ARG(language_now() == LANGUAGE_ZH ? option->zh : option->en));
    }
    for (size_t t = 0; t < stream->tables_len; t++) {
        for (size_t i = 0; i < stream->tables[t]->columns_len; i++) {
            const struct column *column = &stream->tables[t]->columns[i];
            buf_printf(out, "  %.*s.%.*s (%s)  %.*s\n", STR_ARG(stream->tables[t]->name),
                       STR_ARG(column->name), column_type_name(column->type),
                       STR_ARG(column->comment));
        }
    }
}

enum exit_code cmd_connector_docs(struct app *app, const struct cli *cli, struct err *err)
{
    const struct connector *connector;
    struct buf out, path;
    enum err_class class_ = connectors_open(app, cli, err);
    if (class_ == ERR_OK && cli->args_len > 0)
        class_ = app_connector_of(app, cli_arg(cli, 0), &connector, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    buf_init(&out, 4 * 1024 * 1024);
    if (cli->args_len > 0) {
        buf_printf(&out, "%.*s (%.*s)\n", STR_ARG(connector_platform(connector)),
                   STR_ARG(connector_title(connector, language_now() == LANGUAGE_ZH)));
        needs_write(&out, connector, true);
        needs_write(&out, connector, false);
        for (size_t i = 0; i < connector_streams(connector); i++)
            stream_write(&out, connector_stream_at(connector, i));
    } else {
        buf_init(&path, 4096);
        schema_write(&out, connector_manifest_schema(), &path, 0);
        buf_fini(&path);
    }
    return exit_of(print_page(app, &out, err));
}

/* --- replay --- */

static const struct report_column difference_columns[] = {
    {"key", REPORT_TEXT, MSG_COL_KEY},
    {"column", REPORT_TEXT, MSG_COL_COLUMN},
    {"before", REPORT_TEXT, MSG_COL_BEFORE},
    {"after", REPORT_TEXT, MSG_COL_AFTER},
};

static void difference_add(void *context, struct str key, struct str column, struct str before,
                           struct str after)
{
    struct report *report = context;
    if (report->rows_len == REPORT_ROWS_MAX)
        return; /* counted, but nobody reads more lines than these */
    report_row(report);
    report_text(report, key);
    report_text(report, column);
    report_text(report, before);
    report_text(report, after);
}

static void replay_tell(const struct app *app, const struct replay_counts *counts, bool apply,
                        const struct report *report, struct buf *out)
{
    if (app->json) {
        struct emit emit = emit_to(out);
        emit_open(&emit, NULL, '{');
        emit_i64(&emit, "rows", counts->rows);
        emit_i64(&emit, "differing", counts->differing);
        emit_i64(&emit, "rejected", counts->rejected);
        emit_bool(&emit, "applied", apply);
        report_write_json(report, &emit, "differences");
        emit_close(&emit, '}');
        buf_add_char(out, '\n');
        return;
    }
    if (report->rows_len > 0)
        report_write_table(report, out);
    message_write(out, apply ? MSG_REPLAY_APPLIED : MSG_REPLAY_DIFF, M_I64(counts->rows),
                  M_I64(counts->differing), M_I64(counts->rejected), M_END);
    buf_add_char(out, '\n');
}

/* A stream of the shop's platform, or a kind of file: then the shop goes by that manifest. */
static enum err_class replay_stream(struct app *app, struct sync_shop *shop, struct str name,
                                    const struct stream **out, struct err *err)
{
    const struct connector *form;
    if (connector_stream(shop->connector, name) ||
        sync_form(app->sync, name, &form, NULL) != ERR_OK)
        return app_stream_of(shop->connector, name, out, err);
    shop->connector = form;
    *out = connector_file(form)->stream;
    return ERR_OK;
}

enum exit_code cmd_connector_replay(struct app *app, const struct cli *cli, struct err *err)
{
    struct app_shop *shop;
    struct sync_shop of_stream;
    const struct stream *stream;
    struct replay_counts counts = {0};
    struct report report;
    struct buf out;
    bool apply = cli_has(cli, "apply");
    enum err_class class_ = cli_exclude(cli, "apply", "diff", err);
    if (class_ == ERR_OK)
        class_ = app_shop_ready(app, cli_arg(cli, 0), &shop, err);
    if (class_ == ERR_OK)
        of_stream = shop->sync;
    if (class_ == ERR_OK)
        class_ = replay_stream(app, &of_stream, cli_arg(cli, 1), &stream, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    report_init(&report, difference_columns, 4, NULL, &app->arena);
    class_ = sync_replay(app->sync, &of_stream, stream, apply, difference_add, &report, &counts,
                         err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    buf_init(&out, 256 * 1024 * 1024);
    replay_tell(app, &counts, apply, &report, &out);
    return exit_of(print_buf(&out, err));
}
