/* huiliu budget: what each platform allows us, what a person allows in its place, and how it is used. */
#include <assert.h>
#include <stdlib.h>

#include "app/cmd.h"
#include "app/coordinator.h"
#include "app/sql.h"

enum { BUDGETS_MAX = 20000 };

/* One line of the list. The manifest, the table and the coordinator each know a part. */
struct line {
    struct str key;
    const struct budget_rule *rule; /* NULL: no manifest has it any more */
    bool is_set, told;
    struct budget_limit limit; /* that holds */
    struct budget_state state;
    int64_t told_ms;
};
struct lines {
    struct app *app;
    struct line *lines;
    size_t len;
    struct map by_key;
};

/* --- which there are --- */

static enum err_class line_put(struct lines *lines, struct str key, struct line **out,
                               struct err *err)
{
    bool added;
    struct map_entry *entry = map_find(&lines->by_key, key);
    if (entry) {
        *out = entry->value.ptr;
        return ERR_OK;
    }
    if (lines->len == BUDGETS_MAX)
        return err_set(err, ERR_INTERNAL, "budgets_full", "more than %d budgets", BUDGETS_MAX);
    struct line *line = &lines->lines[lines->len];
    *line = (struct line){.key = arena_dup(&lines->app->arena, key)};
    entry = line->key.ptr ? map_put(&lines->by_key, line->key, &added) : NULL;
    if (!entry)
        return err_no_memory(err);
    entry->value.ptr = line;
    lines->len++;
    *out = line;
    return ERR_OK;
}

static enum err_class rule_put(struct lines *lines, struct str platform, const char *owner,
                               int64_t id, const struct budget_rule *rule, struct err *err)
{
    struct line *line = NULL;
    struct arena *arena = &lines->app->arena;
    struct str key = owner
                         ? arena_printf(arena, "%.*s/%s:%lld/%.*s", STR_ARG(platform), owner,
                                        (long long)id, STR_ARG(rule->name))
                         : arena_printf(arena, "%.*s/%.*s", STR_ARG(platform), STR_ARG(rule->name));
    enum err_class class_ = key.ptr ? line_put(lines, key, &line, err) : err_no_memory(err);
    if (class_ == ERR_OK) {
        line->rule = rule;
        line->limit = (struct budget_limit){.kind = rule->window ? BUDGET_WINDOW : BUDGET_BUCKET,
                                            .calls = rule->calls,
                                            .per_ms = rule->per_ms,
                                            .burst = rule->burst};
    }
    return class_;
}

/* A rule's budget of each who has one of his own: the platform, its apps or its shops. */
static enum err_class rule_lines(struct lines *lines, struct str platform,
                                 const struct budget_rule *rule, struct err *err)
{
    const struct app *app = lines->app;
    enum err_class class_ = ERR_OK;
    struct reader *row;
    if (rule->scope == BUDGET_PLATFORM)
        return rule_put(lines, platform, NULL, 0, rule, err);
    for (size_t i = 0; rule->scope == BUDGET_SHOP && i < app->shops_len && class_ == ERR_OK; i++)
        if (str_eq(app->shops[i].platform, platform))
            class_ = rule_put(lines, platform, "shop", app->shops[i].sync.id, rule, err);
    if (rule->scope == BUDGET_SHOP)
        return class_;
    class_ = store_read(app->store, SQL_APPS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row))
        if (str_eq(reader_text(row, 1), platform))
            class_ = rule_put(lines, platform, "app", reader_int(row, 0), rule, err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class manifest_lines(struct lines *lines, struct err *err)
{
    const struct app *app = lines->app;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; i < app->connectors_len && class_ == ERR_OK; i++) {
        size_t len = 0;
        const struct connector *connector = app->connectors[i].connector;
        const struct budget_rule *rules = connector ? connector_budgets(connector, &len) : NULL;
        for (size_t k = 0; k < len && class_ == ERR_OK; k++)
            class_ = rule_lines(lines, app->connectors[i].platform, &rules[k], err);
    }
    return class_;
}

/* --- what is set, and what is told --- */

/* "PLATFORM/RULE" of "PLATFORM/app:1/RULE"; empty for a platform's own. */
static struct str key_general(struct arena *arena, struct str key)
{
    struct str platform, rest, owner, rule;
    if (!str_cut(key, '/', &platform, &rest) || !str_cut(rest, '/', &owner, &rule))
        return STR_NONE;
    return arena_printf(arena, "%.*s/%.*s", STR_ARG(platform), STR_ARG(rule));
}

static void row_read(struct line *line, const struct reader *row)
{
    if (!reader_is_null(row, 1)) {
        line->is_set = true;
        line->limit.calls = reader_int(row, 1);
        line->limit.per_ms = reader_int(row, 2);
        line->limit.burst = reader_int(row, 3);
    }
    if (!reader_is_null(row, 9)) {
        line->told = true;
        line->state = (struct budget_state){.rate_milli_per_s = reader_int(row, 4),
                                            .tokens_milli = reader_int(row, 5),
                                            .blocked_until_ms = reader_int(row, 6),
                                            .taken = reader_int(row, 7),
                                            .refused = reader_int(row, 8)};
        line->told_ms = reader_int(row, 9);
    }
}

/* Rows for all apps or shops come before those of one: a line is set by the nearest. */
static enum err_class table_lines(struct lines *lines, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(lines->app->store, SQL_BUDGETS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row)) {
        struct str name = reader_text(row, 0);
        struct line *line;
        bool any = false;
        for (size_t i = 0; i < lines->len; i++) {
            if (str_eq(key_general(&lines->app->arena, lines->lines[i].key), name)) {
                row_read(&lines->lines[i], row);
                any = true;
            }
        }
        if (!any)
            class_ = line_put(lines, name, &line, err);
        if (!any && class_ == ERR_OK)
            row_read(line, row);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

static enum err_class coordinator_ready(struct app *app, struct err *err)
{
    uint64_t seed;
    enum err_class class_ = crypt_random(&seed, sizeof(seed), err);
    return class_ == ERR_OK ? coordinator_open(app, seed, err) : class_;
}

static enum err_class shared_lines(struct lines *lines, struct err *err)
{
    struct app *app = lines->app;
    enum err_class class_ = coordinator_ready(app, err);
    if (class_ != ERR_OK || !coord_is_shared(app->coord))
        return class_;
    int64_t now_ms = clock_now_ms();
    if (coord_is_degraded(app->coord, now_ms))
        return err_say(err, ERR_LATER, "coord_down", MSG_BUDGET_DOWN, M_END);
    struct budget_state *states = arena_array(&app->arena, BUDGETS_MAX, sizeof(*states));
    if (!states)
        return err_no_memory(err);
    size_t len = budget_list(app->coord, now_ms, &app->arena, states, BUDGETS_MAX);
    for (size_t i = 0; i < lines->len; i++)
        lines->lines[i].told = false; /* what one process told when it was alone */
    for (size_t i = 0; i < len && i < BUDGETS_MAX && class_ == ERR_OK; i++) {
        struct line *line;
        class_ = line_put(lines, states[i].key, &line, err);
        if (class_ != ERR_OK)
            break;
        line->state = states[i];
        line->told = true;
        line->told_ms = now_ms;
        if (!line->rule && !line->is_set)
            line->limit = states[i].limit;
    }
    return class_;
}

static int line_cmp(const void *a, const void *b)
{
    return str_cmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

static enum err_class lines_collect(struct lines *lines, struct app *app, bool states,
                                    struct err *err)
{
    *lines = (struct lines){.app = app};
    lines->lines = arena_array(&app->arena, BUDGETS_MAX, sizeof(*lines->lines));
    map_init(&lines->by_key, BUDGETS_MAX);
    enum err_class class_ = lines->lines ? manifest_lines(lines, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = table_lines(lines, err);
    if (class_ == ERR_OK && states)
        class_ = shared_lines(lines, err);
    map_fini(&lines->by_key);
    if (class_ == ERR_OK && lines->len > 0)
        qsort(lines->lines, lines->len, sizeof(*lines->lines), line_cmp);
    return class_;
}

/* --- the list --- */

static void limit_write(struct report *report, const struct line *line, struct arena *arena)
{
    const struct budget_limit *limit = &line->limit;
    if (limit->per_ms == 0) {
        report_absent(report);
        return;
    }
    bool whole = limit->per_ms % 1000 == 0;
    struct str text = arena_printf(arena, "%lld/%lld%s", (long long)limit->calls,
                                   (long long)(whole ? limit->per_ms / 1000 : limit->per_ms),
                                   whole ? "s" : "ms");
    report_text(report, limit->calls == 0 ? STR("0") : text);
}

enum exit_code cmd_budget_list(struct app *app, const struct cli *cli, struct err *err)
{
    (void)cli;
    static const struct report_column columns[] = {
        {"key", REPORT_TEXT, MSG_COL_KEY},
        {"limit", REPORT_TEXT, MSG_COL_LIMIT},
        {"burst", REPORT_NUMBER, MSG_COL_BURST},
        {"set", REPORT_TRUTH, MSG_COL_SET},
        {"rate_milli_per_s", REPORT_NUMBER, MSG_COL_RATE},
        {"tokens_milli", REPORT_NUMBER, MSG_COL_TOKENS},
        {"blocked_until", REPORT_TIME, MSG_COL_BLOCKED},
        {"taken", REPORT_NUMBER, MSG_COL_TAKEN},
        {"refused", REPORT_NUMBER, MSG_COL_REFUSED},
        {"as_of", REPORT_TIME, MSG_COL_AS_OF},
    };
    struct lines lines;
    struct report report;
    enum err_class class_ = lines_collect(&lines, app, true, err);
    report_init(&report, columns, 10, app->zone, &app->arena);
    for (size_t i = 0; class_ == ERR_OK && i < lines.len; i++) {
        const struct line *line = &lines.lines[i];
        report_row(&report);
        report_text(&report, line->key);
        limit_write(&report, line, &app->arena);
        report_number(&report, line->limit.burst);
        report_truth(&report, line->is_set);
        if (!line->told) {
            for (int k = 0; k < 6; k++)
                report_absent(&report);
            continue;
        }
        report_number(&report, line->state.rate_milli_per_s);
        report_number(&report, line->state.tokens_milli);
        if (line->state.blocked_until_ms > line->told_ms)
            report_time(&report, line->state.blocked_until_ms);
        else
            report_absent(&report);
        report_number(&report, line->state.taken);
        report_number(&report, line->state.refused);
        report_time(&report, line->told_ms);
    }
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "budgets", err);
    return exit_of(class_);
}

/* --- set, reset --- */

/* A key of the list, or that of all apps or shops at once. */
static enum err_class key_check(struct app *app, struct str key, const struct line **out,
                                struct err *err)
{
    struct lines lines;
    enum err_class class_ = lines_collect(&lines, app, false, err);
    if (class_ != ERR_OK)
        return class_;
    struct str *names = arena_array(&app->arena, lines.len + 1, sizeof(*names));
    if (!names)
        return err_no_memory(err);
    for (size_t i = 0; i < lines.len; i++) {
        names[i] = lines.lines[i].key;
        if (str_eq(key, names[i]) || str_eq(key, key_general(&app->arena, names[i]))) {
            *out = &lines.lines[i];
            return ERR_OK;
        }
    }
    size_t near = str_nearest(key, names, lines.len);
    return near == SIZE_MAX
               ? err_say(err, ERR_USAGE, "budget_unknown", MSG_BUDGET_UNKNOWN, M_STR(key), M_END)
               : err_say(err, ERR_USAGE, "budget_unknown", MSG_BUDGET_NEAR, M_STR(key),
                         M_STR(names[near]), M_END);
}

/* "10/1s", or "0" for nothing at all. */
static enum err_class rate_parse(const struct cli *cli, struct budget_limit *out, struct err *err)
{
    struct str text = cli_arg(cli, 1), calls, per;
    int64_t burst;
    bool closed = str_eq(text, STR("0"));
    bool good = closed || (str_cut(text, '/', &calls, &per) && str_to_i64(calls, &out->calls) &&
                           duration_parse(per, &out->per_ms));
    if (closed) {
        *out = (struct budget_limit){.kind = out->kind, .calls = 0, .per_ms = 1000, .burst = 1};
        return ERR_OK;
    }
    burst = cli_int(cli, "burst", good ? out->calls : 0);
    out->burst = burst;
    if (good && budget_limit_valid(out))
        return ERR_OK;
    return err_say(err, ERR_USAGE, "budget_rate", MSG_BUDGET_RATE, M_STR(text), M_END);
}

struct budget_work {
    struct str key;
    bool set;
    struct budget_limit limit;
    int64_t now_ms;
};

static enum err_class budget_write(struct tx *tx, void *context, struct err *err)
{
    const struct budget_work *work = context;
    const struct sql_value values[] = {sql_text(work->key), sql_int(work->limit.calls),
                                       sql_int(work->limit.per_ms), sql_int(work->limit.burst)};
    return tx_exec(tx, work->set ? SQL_BUDGET_SET : SQL_BUDGET_RESET, values, work->set ? 4 : 1,
                   NULL, err);
}

enum exit_code cmd_budget_set(struct app *app, const struct cli *cli, struct err *err)
{
    const struct line *line = NULL;
    struct budget_work work = {.key = cli_arg(cli, 0), .set = true};
    enum err_class class_ = key_check(app, work.key, &line, err);
    if (class_ == ERR_OK) {
        work.limit.kind = line->limit.kind;
        class_ = rate_parse(cli, &work.limit, err);
    }
    if (class_ == ERR_OK)
        class_ = store_write(app->store, budget_write, &work, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, work.limit.calls == 0 ? MSG_BUDGET_CLOSED : MSG_BUDGET_SET, M_STR(work.key),
            M_STR(cli_arg(cli, 1)), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "key", work.key);
    emit_i64(&answer.emit, "calls", work.limit.calls);
    emit_i64(&answer.emit, "per_ms", work.limit.per_ms);
    emit_i64(&answer.emit, "burst", work.limit.burst);
    return exit_of(answer_end(&answer, err));
}

/* Running processes do the same as soon as they see the row; this is for when there is none. */
static enum err_class shared_reset(struct app *app, struct str key, struct err *err)
{
    enum err_class class_ = coordinator_ready(app, err);
    struct budget_state *states = arena_array(&app->arena, BUDGETS_MAX, sizeof(*states));
    if (class_ != ERR_OK || !states)
        return class_ == ERR_OK ? err_no_memory(err) : class_;
    size_t len = budget_list(app->coord, clock_now_ms(), &app->arena, states, BUDGETS_MAX);
    for (size_t i = 0; i < len && i < BUDGETS_MAX; i++)
        if (str_eq(states[i].key, key) || str_eq(key_general(&app->arena, states[i].key), key))
            budget_reset(app->coord, states[i].key);
    return ERR_OK;
}

enum exit_code cmd_budget_reset(struct app *app, const struct cli *cli, struct err *err)
{
    const struct line *line = NULL;
    struct budget_work work = {.key = cli_arg(cli, 0)};
    enum err_class class_ = key_check(app, work.key, &line, err);
    if (class_ == ERR_OK)
        class_ = store_write(app->store, budget_write, &work, err);
    if (class_ == ERR_OK)
        class_ = shared_reset(app, work.key, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_BUDGET_RESET, M_STR(work.key), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "key", work.key);
    return exit_of(answer_end(&answer, err));
}
