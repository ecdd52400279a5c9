/* huiliu derive: everything again, a sample audited, and what the numbers mean. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/role.h"

enum {
    LOOK_MS = 500,
    PLAIN_LINE_MS = 30 * 1000,
};

static volatile bool stop_asked;

static void on_signal(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

static void signals_take(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* --- rebuild --- */

struct rebuild {
    struct str run;
    int64_t shops, rows;
    int64_t line_due_ms;
    bool follows; /* a service does the work */
};

static enum err_class shop_rebuild(struct app *app, const struct cli *cli,
                                   const struct app_shop *shop, struct rebuild *rebuild,
                                   struct err *err)
{
    int64_t rows;
    enum err_class class_ = derive_rebuild(app->derive, shop->sync.id, cli_text(cli, "from"),
                                           cli_text(cli, "to"), rebuild->run, &stop_asked, &rows,
                                           err);
    if (class_ == ERR_STOPPED)
        err_say(err, ERR_STOPPED, "stopped", MSG_DERIVE_STOPPED, M_END);
    rebuild->shops += class_ == ERR_OK;
    rebuild->rows += class_ == ERR_OK ? rows : 0;
    return class_;
}

/* Shops without a manifest have nothing that could be derived; one that is named says so. */
static enum err_class shops_rebuild(struct app *app, const struct cli *cli, struct rebuild *rebuild,
                                    struct err *err)
{
    struct str word;
    size_t at = 0;
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && cli_next(cli, "shop", &at, &word)) {
        struct app_shop *shop;
        class_ = app_shop_of(app, word, &shop, err);
        if (class_ == ERR_OK)
            class_ = shop_rebuild(app, cli, shop, rebuild, err);
    }
    for (size_t i = 0; class_ == ERR_OK && !cli_has(cli, "shop") && i < app->shops_len; i++)
        if (app->shops[i].derive.zone)
            class_ = shop_rebuild(app, cli, &app->shops[i], rebuild, err);
    return class_;
}

static enum err_class progress_show(struct app *app, struct rebuild *rebuild, struct err *err)
{
    bool terminal = isatty(STDERR_FILENO) && !app->json;
    int64_t now_ms = clock_now_ms(), left = 0;
    if (app->json || (!terminal && now_ms < rebuild->line_due_ms))
        return ERR_OK;
    rebuild->line_due_ms = now_ms + PLAIN_LINE_MS;
    enum err_class class_ = store_read_int(app->store, "SELECT sum(key_count) FROM touched", NULL,
                                           0, 0, &left, err);
    struct buf line;
    buf_init(&line, 4096);
    message_write(&line, MSG_DERIVE_LEFT, M_I64(left), M_END);
    fprintf(stderr, terminal ? "\r%.*s\033[K" : "%.*s\n", STR_ARG(buf_str(&line)));
    buf_fini(&line);
    return class_;
}

/* Is anything of the run left? Says so now and then. */
static enum err_class rebuild_look(struct app *app, struct rebuild *rebuild, bool *over,
                                   struct err *err)
{
    struct queue_depth depth;
    enum err_class class_ = queue_depth_read(app->store, rebuild->run, clock_now_ms(), &depth, err);
    if (class_ == ERR_OK && depth.dead > 0)
        return err_say(err, ERR_RETRY, "derive_dead", MSG_DERIVE_DEAD, M_END);
    *over = class_ == ERR_OK && depth.ready + depth.running + depth.waiting == 0;
    return class_ == ERR_OK && !*over ? progress_show(app, rebuild, err) : class_;
}

static enum err_class look_wait(struct err *err)
{
    return clock_sleep_until(clock_now_ms() + LOOK_MS, &stop_asked)
               ? ERR_OK
               : err_say(err, ERR_STOPPED, "stopped", MSG_DERIVE_STOPPED, M_END);
}

/* Where other processes may be at work a lane, or a task of the run, may be another's: one that dies leaves it, and
 * somebody has to look for leases that have run out. */
static enum err_class rebuild_await(struct app *app, struct rebuild *rebuild,
                                    struct workers *workers, struct err *err)
{
    bool over = false;
    enum err_class class_ = workers_fault_read(workers, err);
    if (class_ == ERR_OK)
        class_ = rebuild_look(app, rebuild, &over, err);
    while (class_ == ERR_OK && !over) {
        if (!role_is_single(app))
            workers_nudge(workers);
        class_ = look_wait(err);
        if (class_ == ERR_OK)
            class_ = workers_fault_read(workers, err);
        if (class_ == ERR_OK)
            class_ = rebuild_look(app, rebuild, &over, err);
    }
    if (class_ == ERR_OK && isatty(STDERR_FILENO) && !app->json)
        fprintf(stderr, "\r\033[K");
    return class_;
}

static enum err_class rebuild_work(struct app *app, struct rebuild *rebuild, struct err *err)
{
    struct task_handler handlers[8];
    size_t len = 0;
    struct workers *workers;
    struct str name;
    for (const char *const *kind = derive_task_kinds; *kind && len < 8; kind++)
        handlers[len++] = (struct task_handler){*kind, derive_handle, app->derive};
    enum err_class class_ = worker_name(&app->arena, "derive", &name, err);
    if (class_ != ERR_OK)
        return class_;
    const struct workers_options options = {
        .store = app->store,
        .name = name,
        .run = rebuild->run,
        .threads = (unsigned)option_int(&app->options, OPTION_WORKERS),
        .task_ms = option_int(&app->options, OPTION_TASK_SECONDS) * 1000,
        .connections = store_connections(app->store),
        .handlers = handlers,
        .handlers_len = len,
    };
    class_ = workers_start(&options, &workers, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = rebuild_await(app, rebuild, workers, err);
    workers_stop(workers);
    return class_;
}

/* A service does the work. One that ends leaves it to this command. */
static enum err_class rebuild_follow(struct app *app, struct rebuild *rebuild, struct role *role,
                                     struct err *err)
{
    int64_t released;
    bool over = false;
    enum err_class class_ = rebuild_look(app, rebuild, &over, err);
    while (class_ == ERR_OK && !over) {
        if (role_take(role, app, "derive", NULL) == ERR_OK) {
            class_ = queue_release_all(app->store, clock_now_ms(), &released, err);
            return class_ == ERR_OK ? rebuild_work(app, rebuild, err) : class_;
        }
        class_ = look_wait(err);
        if (class_ == ERR_OK)
            class_ = rebuild_look(app, rebuild, &over, err);
    }
    return class_;
}

static enum err_class role_or_follow(struct app *app, struct rebuild *rebuild, struct role *role,
                                     struct err *err)
{
    int64_t released;
    enum err_class class_ = role_take(role, app, "derive", err);
    if (class_ == ERR_CONFLICT && role->serves) {
        err_clear(err);
        rebuild->follows = true;
        app_say(app, MSG_FOLLOWS, M_STR(str_of(role->holder)), M_END);
        fflush(stdout);
        return ERR_OK;
    }
    if (class_ == ERR_OK && role_is_single(app))
        class_ = queue_release_all(app->store, clock_now_ms(), &released, err);
    return class_;
}

enum exit_code cmd_derive_rebuild(struct app *app, const struct cli *cli, struct err *err)
{
    uint32_t random;
    struct rebuild rebuild = {.line_due_ms = clock_now_ms() + PLAIN_LINE_MS};
    struct role role = {.fd = -1};
    enum err_class class_ = crypt_random(&random, sizeof(random), err);
    rebuild.run = arena_printf(&app->arena, "derive-%lld-%08x", (long long)clock_now_ms(), random);
    if (class_ == ERR_OK && !rebuild.run.ptr)
        class_ = err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = role_or_follow(app, &rebuild, &role, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    signals_take();
    class_ = shops_rebuild(app, cli, &rebuild, err);
    if (class_ == ERR_OK)
        class_ = rebuild.follows ? rebuild_follow(app, &rebuild, &role, err)
                                 : rebuild_work(app, &rebuild, err);
    role_leave(&role);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_DERIVE_REBUILT, M_I64(rebuild.rows), M_I64(rebuild.shops), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "shops", rebuild.shops);
    emit_i64(&answer.emit, "rows", rebuild.rows);
    return exit_of(answer_end(&answer, err));
}

/* --- audit --- */

enum exit_code cmd_derive_audit(struct app *app, const struct cli *cli, struct err *err)
{
    uint64_t seed;
    struct derive_audit audit;
    enum err_class class_ = crypt_random(&seed, sizeof(seed), err);
    if (cli_has(cli, "seed"))
        seed = (uint64_t)cli_int(cli, "seed", 0);
    if (class_ == ERR_OK)
        class_ = derive_audit_run(app->derive, seed, &audit, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    app_say(app, MSG_DERIVE_AUDITED, M_I64(audit.looked), M_I64(audit.differing),
            M_I64((int64_t)audit.seed), M_END);
    struct answer answer;
    answer_begin(&answer, app);
    emit_i64(&answer.emit, "looked", audit.looked);
    emit_i64(&answer.emit, "differing", audit.differing);
    emit_i64(&answer.emit, "seed", (int64_t)audit.seed);
    class_ = answer_end(&answer, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    return audit.differing > 0 ? EXIT_UNPROVED : EXIT_DONE;
}

/* --- metrics --- */

static void formula_write(struct buf *out, const struct metric_family *family,
                          const struct metric *metric)
{
    switch (metric->kind) {
    case METRIC_ADD:
        buf_printf(out, "Σ %.*s", STR_ARG(metric->column));
        break;
    case METRIC_WEIGH:
        buf_printf(out, "Σ(%.*s × %.*s) ÷ Σ %.*s", STR_ARG(metric->column), STR_ARG(metric->weight),
                   STR_ARG(metric->weight));
        break;
    case METRIC_SUM:
        for (size_t i = 0; i < metric->parts_len; i++)
            buf_printf(out, "%s%.*s",
                       metric->parts[i].minus ? (i > 0 ? " − " : "−") : (i > 0 ? " + " : ""),
                       STR_ARG(family->metrics[metric->parts[i].metric].name));
        break;
    case METRIC_DIVIDE:
        buf_printf(out, "%.*s ÷ %.*s", STR_ARG(family->metrics[metric->parts[0].metric].name),
                   STR_ARG(family->metrics[metric->parts[1].metric].name));
        if (metric->times != 1)
            buf_printf(out, " × %lld", (long long)metric->times);
        break;
    }
}

static void reference_write(struct buf *out, const struct metric_catalog *catalog)
{
    buf_add(out, STR("# Metrics\n\nMade by `huiliu derive metrics --reference`; edit"
                     " `schema/metrics.yaml` instead. How the formulas are worked out stands in"
                     " [derive.md](derive.md).\n"));
    for (size_t i = 0; i < catalog->families_len; i++) {
        const struct metric_family *family = &catalog->families[i];
        buf_printf(out,
                   "\n## %.*s\n\n| name | 中文 | English | unit | formula | decimals | through 0 "
                   "|\n|---|---|---|---|---|---|---|\n",
                   STR_ARG(family->name));
        for (size_t k = 0; k < family->metrics_len; k++) {
            const struct metric *metric = &family->metrics[k];
            buf_printf(out, "| `%.*s` | %.*s | %.*s | %s | ", STR_ARG(metric->name),
                       STR_ARG(metric->zh), STR_ARG(metric->en), metric_unit_word(metric->unit));
            formula_write(out, family, metric);
            if (metric->unit == METRIC_MONEY)
                buf_add(out, STR(" | the currency's | "));
            else
                buf_printf(out, " | %d | ", metric->decimals);
            buf_printf(out, "%s |\n",
                       metric->kind != METRIC_DIVIDE ? ""
                       : metric->zero_known          ? "0"
                                                     : "unknown");
        }
    }
}

enum exit_code cmd_derive_metrics(struct app *app, const struct cli *cli, struct err *err)
{
    static const struct report_column columns[] = {
        {"family", REPORT_TEXT, MSG_COL_FAMILY}, {"name", REPORT_TEXT, MSG_COL_NAME},
        {"zh", REPORT_TEXT, MSG_COL_CHINESE},    {"en", REPORT_TEXT, MSG_COL_ENGLISH},
        {"unit", REPORT_TEXT, MSG_COL_UNIT},     {"formula", REPORT_TEXT, MSG_COL_FORMULA},
    };
    struct metric_catalog *catalog;
    struct report report;
    enum err_class class_ = metrics_own(&app->arena, &catalog, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    if (cli_has(cli, "reference")) {
        struct buf out;
        buf_init(&out, 1024 * 1024);
        reference_write(&out, catalog);
        return exit_of(print_page(app, &out, err));
    }
    report_init(&report, columns, 6, NULL, &app->arena);
    for (size_t i = 0; i < catalog->families_len; i++) {
        const struct metric_family *family = &catalog->families[i];
        for (size_t k = 0; k < family->metrics_len; k++) {
            struct buf formula;
            buf_init(&formula, 4096);
            formula_write(&formula, family, &family->metrics[k]);
            report_row(&report);
            report_text(&report, family->name);
            report_text(&report, family->metrics[k].name);
            report_text(&report, family->metrics[k].zh);
            report_text(&report, family->metrics[k].en);
            report_text(&report, str_of(metric_unit_word(family->metrics[k].unit)));
            report_text(&report, buf_str(&formula));
            buf_fini(&formula);
        }
    }
    return exit_of(app_print_report(app, &report, "metrics", err));
}
