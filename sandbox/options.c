/* The command line of huiliu-sandbox: one table drives reading, checking and --help. */
#include <stddef.h>
#include <string.h>

#include "format/format.h"
#include "sandbox/sandbox.h"

enum { DAY_S = 86400, BEIJING_S = 8 * 3600, SETTLE_S = 30 * DAY_S, REST_BEFORE_S = 3600 };

/* An option of a number has an offset and bounds; another one reads itself. */
struct option_row {
    const char *name, *argument, *help;
    size_t offset;
    int64_t min, max;
    enum err_class (*read)(struct options *options, struct str text, struct err *err);
};

static enum err_class value_wrong(const char *expected, struct str text, struct err *err)
{
    return err_set(err, ERR_USAGE, "option", "\"%.*s\": expected %s", STR_ARG(text), expected);
}

bool totals_parse(struct str text, enum totals *out)
{
    static const struct str NAMES[] = {{"exact", 5}, {"omit", 4}, {"cap", 3}};
    for (int i = 0; i < 3; i++)
        if (str_eq(text, NAMES[i])) {
            *out = (enum totals)i;
            return true;
        }
    return false;
}

bool error_place_parse(struct str text, enum error_place *out)
{
    static const struct str NAMES[] = {{"data", 4}, {"root", 4}, {"extra", 5}, {"mixed", 5}};
    for (int i = 0; i < 4; i++)
        if (str_eq(text, NAMES[i])) {
            *out = (enum error_place)i;
            return true;
        }
    return false;
}

static enum err_class read_listen(struct options *options, struct str text, struct err *err)
{
    (void)err;
    options->listen = text;
    return ERR_OK;
}

static enum err_class read_port_file(struct options *options, struct str text, struct err *err)
{
    (void)err;
    options->port_file = text;
    return ERR_OK;
}

static enum err_class read_douplus_file(struct options *options, struct str text, struct err *err)
{
    (void)err;
    options->douplus_file = text;
    return ERR_OK;
}

static enum err_class read_sheets(struct options *options, struct str text, struct err *err)
{
    options->sheets = text;
    return text.len > 0 ? ERR_OK : value_wrong("a folder", text, err);
}

static enum err_class read_seed(struct options *options, struct str text, struct err *err)
{
    return str_to_u64(text, &options->plan.seed) ? ERR_OK : value_wrong("a number", text, err);
}

/* Beijing time; a date alone means its first second, or with `end` the second after its last. */
static enum err_class read_time(struct str text, bool end, uint32_t *out, struct err *err)
{
    const struct zone *beijing;
    int64_t utc_ms;
    bool date_only;
    if (zone_find(STR("+08:00"), &beijing, NULL) != ERR_OK ||
        time_parse_any(text, beijing, &utc_ms, &date_only, NULL) != ERR_OK || utc_ms <= 0 ||
        utc_ms / 1000 >= UINT32_MAX - SETTLE_S)
        return value_wrong("a date such as 2026-01-28 or 2026-01-28 07:00:00", text, err);
    *out = (uint32_t)(utc_ms / 1000) + (end && date_only ? DAY_S : 0);
    return ERR_OK;
}

static enum err_class read_from(struct options *options, struct str text, struct err *err)
{
    return read_time(text, false, &options->plan.from_s, err);
}

static enum err_class read_to(struct options *options, struct str text, struct err *err)
{
    return read_time(text, true, &options->plan.to_s, err);
}

static enum err_class read_big_day(struct options *options, struct str text, struct err *err)
{
    uint64_t orders;
    if (!str_to_u64(text, &orders) || orders >= SHOP_ORDERS_MAX)
        return value_wrong("a number of orders", text, err);
    options->plan.big_day_orders = (uint32_t)orders;
    return ERR_OK;
}

static enum err_class read_churn(struct options *options, struct str text, struct err *err)
{
    uint64_t rate;
    if (!str_to_u64(text, &rate) || rate > QUOTA_CALLS_MAX)
        return value_wrong("a number of changes per minute", text, err);
    options->plan.churn_per_minute = (uint32_t)rate;
    return ERR_OK;
}

static enum err_class read_enc_share(struct options *options, struct str text, struct err *err)
{
    uint64_t share;
    if (!str_to_u64(text, &share) || share > 100)
        return value_wrong("a percentage", text, err);
    options->enc_share = (uint32_t)share;
    return ERR_OK;
}

static enum err_class read_order_bytes(struct options *options, struct str text, struct err *err)
{
    uint64_t bytes;
    bool number = str_to_u64(text, &bytes);
    if (!number || (bytes != 0 && bytes != LIFE_BRIEF_BYTES &&
                    (bytes < LIFE_ORDER_BYTES_MIN || bytes > LIFE_ORDER_BYTES_MAX)))
        return value_wrong("0, 300, or a number from 600 to 65536", text, err);
    options->life_order_bytes = (uint32_t)bytes;
    return ERR_OK;
}

static enum err_class read_totals(struct options *options, struct str text, struct err *err)
{
    return totals_parse(text, &options->settings.totals)
               ? ERR_OK
               : value_wrong("exact, omit or cap", text, err);
}

static enum err_class read_end(struct options *options, struct str text, struct err *err)
{
    options->settings.end_same = str_eq(text, STR("same"));
    return options->settings.end_same || str_eq(text, STR("extra"))
               ? ERR_OK
               : value_wrong("extra or same", text, err);
}

static enum err_class read_error_place(struct options *options, struct str text, struct err *err)
{
    return error_place_parse(text, &options->settings.error_place)
               ? ERR_OK
               : value_wrong("data, root, extra or mixed", text, err);
}

static enum err_class read_quota(struct options *options, struct str text, struct err *err)
{
    if (options->quota_len == QUOTA_RULES_MAX)
        return value_wrong("at most 8 rules", text, err);
    return quota_rule_parse(text, &options->quota[options->quota_len++], err);
}

static enum err_class read_faults(struct options *options, struct str text, struct err *err)
{
    return fault_plan_parse(text, &options->faults, err);
}

static enum err_class read_live(struct options *options, struct str text, struct err *err)
{
    (void)text;
    (void)err;
    options->live = true;
    return ERR_OK;
}

static enum err_class read_at_rest(struct options *options, struct str text, struct err *err)
{
    (void)text;
    (void)err;
    options->live = false;
    return ERR_OK;
}

#define NUMBER(member, min_, max_) offsetof(struct options, member), (min_), (max_), NULL
#define READER(function) 0, 0, 0, (function)

static const struct option_row ROWS[] = {
    {"--listen", "ADDRESS", "where to listen; port 0 picks one (127.0.0.1:0)", READER(read_listen)},
    {"--port-file", "PATH", "write the port there once the sandbox answers",
     READER(read_port_file)},
    {"--threads", "N", "threads that serve (64)", NUMBER(threads, 1, 128)},
    {"--seed", "N", "the world and the faults follow from it (1)", READER(read_seed)},
    {"--life-shops", "N", "Douyin Life shops (2)", NUMBER(life_shops, 0, 10000)},
    {"--life-orders", "M", "orders of each of them (200)", NUMBER(life_orders, 0, 10000000)},
    {"--life-order-bytes", "N", "JSON bytes of each order, about; 0: as they come (0)",
     READER(read_order_bytes)},
    {"--life-apps", "N", "apps that the shops share in turn (1)", NUMBER(life_apps, 1, 1000)},
    {"--big-day", "K", "K orders of the first Life shop are created on one day",
     READER(read_big_day)},
    {"--enc-share", "PERCENT", "orders whose phone only the platform decrypts (0)",
     READER(read_enc_share)},
    {"--decrypt-quota", "N", "cipher texts an app may have decrypted a Beijing day (1000000)",
     NUMBER(settings.decrypt_quota, 0, INT64_MAX)},
    {"--douplus-shops", "N", "DOU+ accounts (1; 0 with --douplus-file)",
     NUMBER(douplus_shops, 0, 10000)},
    {"--douplus-orders", "M", "orders of each of them (100)", NUMBER(douplus_orders, 0, 10000000)},
    {"--douplus-file", "PATH", "recorded DOU+ orders (CSV) to serve beside them",
     READER(read_douplus_file)},
    {"--douplus-token-s", "S", "seconds that a DOU+ access token lives (86400)",
     NUMBER(douplus_token_s, 1, INT32_MAX)},
    {"--douplus-refresh-s", "S", "seconds that a DOU+ refresh token lives (2592000)",
     NUMBER(douplus_refresh_s, 1, INT32_MAX)},
    {"--report-omit", "PERCENT",
     "orders that a DOU+ report leaves out although they have figures (0)",
     NUMBER(settings.report_omit, 0, OMIT_MAX)},
    {"--corrections", "PERCENT", "DOU+ orders whose figures fall once, hours after their end (0)",
     NUMBER(corrections, 0, 100)},
    {"--sheets", "FOLDER", "write there what a Temu seller's pages export, and costs",
     READER(read_sheets)},
    {"--sheet-orders", "N", "orders in them (600)", NUMBER(sheet_orders, 0, 1000000)},
    {"--from", "DATE", "first creation time, Beijing (30 days before --to)", READER(read_from)},
    {"--to", "DATE", "last creation time (8 days ago; --live: in 30 days)", READER(read_to)},
    {"--at-rest", NULL, "nothing happens after the start (default)", READER(read_at_rest)},
    {"--live", NULL, "orders are created and change as time goes on", READER(read_live)},
    {"--churn", "RATE", "changes per minute and shop, as time goes on (0)", READER(read_churn)},
    {"--totals", "FORM", "exact, omit, or cap (10,000 at most are said)", READER(read_totals)},
    {"--end", "FORM", "extra: an empty page ends a cursor list; same: its last page does",
     READER(read_end)},
    {"--error-place", "PLACE", "Life errors stand in data, root, extra, or mixed (data)",
     READER(read_error_place)},
    {"--quota", "RULE", "[PLATFORM:]shop|app=CALLS/SECONDS[,burst=B][,kind=bucket|window]; repeat",
     READER(read_quota)},
    {"--faults", "PLAN", "all=20% or KIND=PERCENT,...; the kinds stand below", READER(read_faults)},
    {"--timeout-ms", "MS", "real time that the fault timeout lasts (3000)",
     NUMBER(settings.timeout_ms, 0, 600000)},
    {"--delay-ms", "MS", "real time that each reply of a platform is held back (0)",
     NUMBER(settings.delay_ms, 0, 60000)},
    {"--slow-ms", "MS", "real time between two pieces of the fault slow_body (50)",
     NUMBER(settings.slow_ms, 1, 60000)},
    {"--huge-mb", "MB", "size of the fault huge_reply (200)", NUMBER(huge_mb, 1, 1024)},
    {"--prebuilt", "MB", "keep up to MB of rendered pages, for benches (0)",
     NUMBER(prebuilt_mb, 0, 65536)},
    {"--help", NULL, "this text", READER(NULL)},
};
enum { ROWS_LEN = sizeof ROWS / sizeof *ROWS };

void options_help(struct buf *out)
{
    buf_add(out, STR("huiliu-sandbox: simulated platforms on loopback, for tests and the demo.\n\n"
                     "usage: huiliu-sandbox [OPTION]...\n\n"));
    for (size_t i = 0; i < ROWS_LEN; i++) {
        char left[64];
        size_t len = strlen(ROWS[i].name);
        memcpy(left, ROWS[i].name, len + 1);
        if (ROWS[i].argument) {
            left[len++] = ' ';
            memcpy(left + len, ROWS[i].argument, strlen(ROWS[i].argument) + 1);
        }
        buf_printf(out, "  %-25s %s\n", left, ROWS[i].help);
    }
    buf_add(out, STR("\nFaults:\n"));
    for (int k = FAULT_NONE + 1; k < FAULT_KINDS; k++) {
        const struct fault_info *info = fault_info((enum fault_kind)k);
        buf_printf(out, "  %-25s %s%s\n", info->name, info->what,
                   info->where & FAULT_ON_ASKING ? " (never by all=)" : "");
    }
    buf_add(out, STR("\nOn start one line of JSON names the address, the apps and the shops.\n"
                     "docs/sandbox.md explains every option, endpoint and field.\n"));
}

static enum err_class row_unknown(struct str word, struct err *err)
{
    struct str names[ROWS_LEN];
    for (size_t i = 0; i < ROWS_LEN; i++)
        names[i] = str_of(ROWS[i].name);
    size_t nearest = str_nearest(word, names, ROWS_LEN);
    if (nearest == SIZE_MAX)
        return err_set(err, ERR_USAGE, "option", "%.*s is unknown; --help lists the options",
                       STR_ARG(word));
    return err_set(err, ERR_USAGE, "option", "%.*s is unknown; did you mean %s?", STR_ARG(word),
                   ROWS[nearest].name);
}

static enum err_class row_read(const struct option_row *row, struct options *options,
                               struct str text, struct err *err)
{
    int64_t number;
    enum err_class class_ = ERR_OK;
    if (row->read)
        class_ = row->read(options, text, err);
    else if (!str_to_i64(text, &number) || number < row->min || number > row->max)
        class_ = err_set(err, ERR_USAGE, "option", "\"%.*s\": expected a number from %lld to %lld",
                         STR_ARG(text), (long long)row->min, (long long)row->max);
    else
        *(int64_t *)(void *)((char *)options + row->offset) = number;
    if (class_ != ERR_OK)
        err_prefix(err, "%s: ", row->name);
    return class_;
}

/* Times that were not given, and what follows from them. */
static enum err_class plan_complete(struct options *options, struct err *err)
{
    struct world_plan *plan = &options->plan;
    uint32_t now_s = (uint32_t)(clock_now_ms() / 1000);
    if (now_s < 365U * DAY_S)
        return err_set(err, ERR_USAGE, "clock", "the clock stands before 1971");
    if (plan->to_s == 0)
        plan->to_s = options->live ? now_s + 30 * DAY_S : now_s - 8 * DAY_S;
    plan->rest_s = UINT32_MAX;
    if (!options->live) {
        plan->rest_s = plan->to_s + SETTLE_S;
        if (plan->rest_s > now_s - REST_BEFORE_S)
            plan->rest_s = now_s - REST_BEFORE_S;
        if (plan->to_s > plan->rest_s)
            plan->to_s = plan->rest_s;
    }
    if (plan->from_s == 0)
        plan->from_s = plan->to_s - (options->live ? 60U : 30U) * DAY_S;
    if (plan->from_s >= plan->to_s)
        return err_set(err, ERR_USAGE, "option",
                       "--from lies at or after --to (without --live no order is created in the "
                       "last hour or later)");
    uint32_t middle_s = plan->from_s + (plan->to_s - plan->from_s) / 2;
    plan->big_day_s = middle_s - (middle_s + BEIJING_S) % DAY_S;
    if (plan->big_day_orders > 0 &&
        (plan->big_day_s < plan->from_s || plan->big_day_s + DAY_S > plan->to_s))
        return err_set(err, ERR_USAGE, "option", "--big-day needs --from and --to 3 days apart");
    plan->churn_from_s = now_s;
    return ERR_OK;
}

enum err_class options_parse(int argc, char **argv, struct options *out, bool *help,
                             struct err *err)
{
    *help = false;
    *out = (struct options){
        .listen = STR("127.0.0.1:0"),
        .threads = 64,
        .plan.seed = 1,
        .life_shops = 2,
        .life_orders = 200,
        .life_apps = 1,
        .douplus_shops = -1,
        .douplus_orders = 100,
        .sheet_orders = 600,
        .douplus_token_s = 86400,
        .douplus_refresh_s = 30 * DAY_S,
        .settings = {.decrypt_quota = 1000000, .timeout_ms = 3000, .slow_ms = 50},
        .huge_mb = 200,
    };
    for (int i = 1; i < argc; i++) {
        struct str word, value;
        bool joined = str_cut(str_of(argv[i]), '=', &word, &value);
        size_t r = 0;
        while (r < ROWS_LEN && !str_eq(word, str_of(ROWS[r].name)))
            r++;
        if (r == ROWS_LEN)
            return row_unknown(word, err);
        if (!ROWS[r].argument && !ROWS[r].read) {
            *help = true;
            return ERR_OK;
        }
        if (ROWS[r].argument && !joined && i + 1 == argc)
            return err_set(err, ERR_USAGE, "option", "%s needs %s", ROWS[r].name, ROWS[r].argument);
        if (ROWS[r].argument && !joined)
            value = str_of(argv[++i]);
        enum err_class class_ = row_read(&ROWS[r], out, value, err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (out->douplus_shops < 0)
        out->douplus_shops = out->douplus_file.len > 0 ? 0 : 1;
    return plan_complete(out, err);
}
