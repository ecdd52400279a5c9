/* What may be called: the limit that holds of each budget, and what processes tell of its use. */
#include "api/control.h"
#include "api/control_sql.h"
#include "api/tables.h"

enum { BUDGETS_SHOWN_MAX = 10000 };

/* A row of the table: a limit that a person has set, what a process told, or both. */
struct budget {
    struct str name;
    bool is_set, told;
    int64_t limit[3]; /* calls, per_ms, burst */
    int64_t state[5]; /* rate_milli, tokens_milli, blocked_ms, taken, refused */
    int64_t told_ms;
};
struct budgets {
    struct budget *items;
    size_t len;
    const struct api_platform *platforms;
    size_t platforms_len;
};

bool call_sees_budget(const struct call *call, struct str name)
{
    static const struct str SHOP = {"/shop:", 6};
    struct str number, rest;
    int64_t id;
    size_t at = str_find(name, SHOP);
    if (at == SIZE_MAX)
        return true;
    str_cut(str_sub(name, at + SHOP.len, name.len), '/', &number, &rest);
    return str_to_i64(number, &id) && call_sees_shop(call, id);
}

static enum err_class rows_read(struct call *call, struct budgets *budgets, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(call->host->store, SQL_BUDGET_LIST, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && budgets->len < BUDGETS_SHOWN_MAX && reader_next(row)) {
        struct budget *budget = &budgets->items[budgets->len++];
        *budget = (struct budget){.name = arena_dup(call->arena, reader_text(row, 0)),
                                  .is_set = !reader_is_null(row, 1),
                                  .told = !reader_is_null(row, 9),
                                  .told_ms = reader_int(row, 9)};
        for (int i = 0; i < 3; i++)
            budget->limit[i] = reader_int(row, 1 + i);
        for (int i = 0; i < 5; i++)
            budget->state[i] = reader_int(row, 4 + i);
        if (!budget->name.ptr)
            class_ = err_no_memory(err);
    }
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

/* "PLATFORM/RULE" or "PLATFORM/OWNER/RULE". */
static void name_split(struct str name, struct str *platform, struct str *rule)
{
    struct str rest, owner, last;
    str_cut(name, '/', platform, &rest);
    *rule = str_cut(rest, '/', &owner, &last) ? last : rest;
}

/* What holds: set for this one, set for every app or shop, or the manifest's. NULL: none says it any more. */
static const int64_t *limit_of(const struct budgets *budgets, const struct budget *budget,
                               int64_t room[3])
{
    struct str platform, rule, of_platform, of_rule;
    if (budget->is_set)
        return budget->limit;
    name_split(budget->name, &platform, &rule);
    for (size_t i = 0; i < budgets->len; i++) {
        const struct budget *general = &budgets->items[i];
        name_split(general->name, &of_platform, &of_rule);
        if (general->is_set && general->name.len == platform.len + 1 + rule.len &&
            str_eq(platform, of_platform) && str_eq(rule, of_rule))
            return general->limit;
    }
    for (size_t i = 0; i < budgets->platforms_len; i++) {
        const struct connector *connector = budgets->platforms[i].connector;
        size_t len = 0;
        const struct budget_rule *rules = connector && str_eq(budgets->platforms[i].name, platform)
                                              ? connector_budgets(connector, &len)
                                              : NULL;
        for (size_t k = 0; k < len; k++) {
            if (!str_eq(rules[k].name, rule))
                continue;
            room[0] = rules[k].calls;
            room[1] = rules[k].per_ms;
            room[2] = rules[k].window ? 1 : rules[k].burst;
            return room;
        }
    }
    return NULL;
}

static void int_or_null(struct out *out, const char *key, int64_t value, bool there)
{
    if (there)
        out_int(out, key, value);
    else
        out_null(out, key);
}

static void budget_out(struct out *out, const struct call *call, const struct budgets *budgets,
                       const struct budget *budget)
{
    static const char *const limits[] = {"calls", "per_ms", "burst"};
    int64_t room[3];
    const int64_t *limit = limit_of(budgets, budget, room);
    bool limited = budget->told && limit && limit[1] > 0;
    out_object(out, NULL);
    out_text(out, "name", budget->name);
    for (int i = 0; i < 3; i++)
        int_or_null(out, limits[i], limit ? limit[i] : 0, limit != NULL);
    out_bool(out, "set_by_person", limit && limit != room);
    int_or_null(out, "rate_milli", budget->state[0], budget->told);
    /* What is learned of what is allowed: a refusal halves it, successes give it back. */
    out_share(out, "rate_share", budget->state[0], limited ? limit[0] * 1000000 / limit[1] : 0);
    int_or_null(out, "tokens_milli", budget->state[1], budget->told);
    out_time_or_null(out, "blocked_until", budget->state[2],
                     budget->told && budget->state[2] > call->now_ms);
    int_or_null(out, "taken", budget->state[3], budget->told);
    int_or_null(out, "refused", budget->state[4], budget->told);
    out_time_or_null(out, "told", budget->told_ms, budget->told);
    out_end_object(out);
}

static enum err_class budgets_tell(struct call *call, struct err *err)
{
    struct budgets budgets = {
        .items = arena_array(call->arena, BUDGETS_SHOWN_MAX, sizeof(*budgets.items))};
    const struct api_home *home = call->host->home;
    struct api_platform *platforms = NULL;
    struct out out;
    enum err_class class_ = budgets.items ? rows_read(call, &budgets, err) : err_no_memory(err);
    if (class_ == ERR_OK && home)
        class_ = home->platforms(home->context, call->arena, &platforms, &budgets.platforms_len,
                                 err);
    if (class_ != ERR_OK)
        return class_;
    budgets.platforms = platforms;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; i < budgets.len; i++)
        if (call_sees_budget(call, budgets.items[i].name))
            budget_out(&out, call, &budgets, &budgets.items[i]);
    out_end_list(&out);
    out_end_object(&out);
    return ERR_OK;
}

const struct route budget_routes[] = {
    {ROUTE_GET, "/api/v1/budgets", "budgetList", RIGHT_READ, NULL, budgets_tell,
     .summary = "Calls that platforms allow, and what processes tell of their use",
     .answer = "BudgetList"},
    {0},
};
