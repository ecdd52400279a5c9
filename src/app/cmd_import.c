/* huiliu import: a file of rows is looked at, or taken: read and judged at once, stored by the shop's lane, which is this
 * command where no service runs. */
#include <signal.h>
#include <unistd.h>

#include "api/api.h"
#include "app/cmd.h"
#include "app/date.h"
#include "app/file.h"
#include "app/role.h"
#include "app/sql.h"

enum {
    HANDLERS_MAX = 16,
    FOLLOW_MS = 300,
    FAULTS_SHOWN_MAX = 200,
    PARTS_MAX = 1000,
    LIST_MAX = 1000,
};

static volatile bool stop_asked;

static void on_signal(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELEASE);
}

static const struct report_column fault_columns[] = {
    {"sheet", REPORT_TEXT, MSG_COL_SHEET},    {"row", REPORT_NUMBER, MSG_COL_ROW},
    {"column", REPORT_TEXT, MSG_COL_COLUMN},  {"code", REPORT_TEXT, MSG_COL_CODE},
    {"message", REPORT_TEXT, MSG_COL_REASON},
};

static const struct report_column change_columns[] = {
    {"sheet", REPORT_TEXT, MSG_COL_SHEET},
    {"row", REPORT_NUMBER, MSG_COL_ROW},
    {"key", REPORT_TEXT, MSG_COL_KEY},
    {"outcome", REPORT_TEXT, MSG_COL_STATE},
};
static const char *const outcome_names[] = {
    [ROW_NEW] = "new", [ROW_CHANGED] = "changed", [ROW_SAME] = "same", [ROW_OLDER] = "older"};

struct import {
    struct app *app;
    struct app_shop *shop;
    struct import_ask ask;
    struct import_counts counts;
    struct report faults, changes;
    int64_t id;
    int64_t stored[4]; /* new changed same older */
    bool previews, done, refused, known;
};

static void fault_show(void *context, const struct import_fault *fault)
{
    struct import *import = context;
    if (import->faults.rows_len == FAULTS_SHOWN_MAX)
        return;
    report_row(&import->faults);
    report_text(&import->faults, arena_dup(&import->app->arena, fault->sheet));
    report_number(&import->faults, fault->line);
    report_text(&import->faults, arena_dup(&import->app->arena, fault->column));
    report_text(&import->faults, arena_dup(&import->app->arena, fault->code));
    report_text(&import->faults, arena_dup(&import->app->arena, fault->message));
}

static void change_show(void *context, const struct import_change *change)
{
    struct import *import = context;
    if (import->changes.rows_len == FAULTS_SHOWN_MAX)
        return;
    report_row(&import->changes);
    report_text(&import->changes, arena_dup(&import->app->arena, change->sheet));
    report_number(&import->changes, change->line);
    report_text(&import->changes, arena_dup(&import->app->arena, change->key));
    report_text(&import->changes, str_of(outcome_names[change->outcome]));
}

/* --- what came of it --- */

static const char *state_of(const struct import *import)
{
    return import->known      ? "known"
           : import->previews ? "preview"
           : import->refused  ? "refused"
           : import->done     ? "done"
                              : "waiting";
}

/* Of lines that are known by what they say only: whoever hands in files that do not overlap must hear of it. */
static int64_t lines_known(const struct import *import)
{
    if (connector_file(import->ask.form)->content == SIZE_MAX)
        return 0;
    if (import->previews)
        return import->counts.outcomes[ROW_SAME] + import->counts.outcomes[ROW_CHANGED] +
               import->counts.outcomes[ROW_OLDER];
    return import->stored[1] + import->stored[2] + import->stored[3];
}

static void json_write_import(const struct import *import, struct emit *to)
{
    struct emit emit = *to;
    const struct import_counts *counts = &import->counts;
    emit_open(&emit, NULL, '{');
    emit_str(&emit, "state", str_of(state_of(import)));
    if (import->id > 0)
        emit_i64(&emit, "import", import->id);
    emit_str(&emit, "kind", connector_file(import->ask.form)->kind);
    emit_str(&emit, "shop", import->shop->sync.facts.shop.name);
    emit_str(&emit, "digest", str_of(counts->digest));
    emit_str(&emit, "charset", str_of(counts->charset));
    emit_i64(&emit, "rows", counts->rows);
    emit_i64(&emit, "errors", counts->errors);
    for (size_t i = 0; i < 4; i++)
        emit_i64(&emit, outcome_names[i],
                 import->previews ? counts->outcomes[i] : import->stored[i]);
    if (connector_file(import->ask.form)->content != SIZE_MAX)
        emit_i64(&emit, "as_in_earlier_files", lines_known(import));
    if (counts->before_id > 0) {
        emit_i64(&emit, "imported_before", counts->before_id);
        emit_time(&emit, "imported_before_at", counts->before_ms);
    }
    if (import->previews)
        report_write_json(&import->changes, &emit, "changes");
    report_write_json(&import->faults, &emit, "faults");
    emit_close(&emit, '}');
    *to = emit;
}

static void text_write_import(const struct import *import)
{
    struct app *app = import->app;
    const struct import_counts *counts = &import->counts;
    if (import->known) {
        app_say(app, MSG_IMPORT_KNOWN, M_END);
        return;
    }
    app_say(app, MSG_IMPORT_READ, M_I64(counts->rows), M_STR(str_of(counts->charset)),
            M_I64(counts->errors), M_END);
    if (import->previews)
        app_say(app, MSG_IMPORT_PREVIEW, M_I64(counts->outcomes[ROW_NEW]),
                M_I64(counts->outcomes[ROW_CHANGED]), M_I64(counts->outcomes[ROW_SAME]),
                M_I64(counts->outcomes[ROW_OLDER]), M_END);
    else if (import->done)
        app_say(app, MSG_IMPORT_DONE, M_I64(import->id), M_I64(import->stored[0]),
                M_I64(import->stored[1]), M_I64(import->stored[2]), M_I64(import->stored[3]),
                M_END);
    else
        app_say(app, MSG_IMPORT_WAITS, M_I64(import->id), M_END);
    if (lines_known(import) > 0)
        app_say(app, MSG_IMPORT_LINES_KNOWN, M_I64(lines_known(import)), M_END);
    if (import->refused)
        app_say(app, MSG_IMPORT_REFUSED, M_END);
    if (counts->before_id > 0)
        app_say(app, MSG_IMPORT_BEFORE, M_I64(counts->before_id), M_END);
}

/* One file may be of several shops, each an import of its own: then they are told one behind the other, as a list. */
static enum err_class imports_tell(const struct import *imports, size_t len, bool in_parts,
                                   struct err *err)
{
    struct buf out;
    struct emit emit = emit_to(&out);
    struct app *app = imports->app;
    buf_init(&out, 16 * 1024 * 1024);
    if (app->json && in_parts) {
        emit_open(&emit, NULL, '{');
        emit_open(&emit, "imports", '[');
    }
    for (size_t i = 0; i < len; i++) {
        if (app->json) {
            json_write_import(&imports[i], &emit);
            continue;
        }
        if (in_parts)
            app_say(app, MSG_IMPORT_SHOP, M_STR(imports[i].shop->sync.facts.shop.name), M_END);
        text_write_import(&imports[i]);
        if (imports[i].changes.rows_len > 0)
            report_write_table(&imports[i].changes, &out);
        if (imports[i].faults.rows_len > 0)
            report_write_table(&imports[i].faults, &out);
    }
    if (app->json && in_parts) {
        emit_close(&emit, ']');
        emit_close(&emit, '}');
    }
    if (app->json)
        buf_add_char(&out, '\n');
    return print_buf(&out, err);
}

/* --- the work --- */

static enum err_class import_audited(struct tx *tx, void *context, struct err *err)
{
    return audit_add(tx, context, err);
}

static enum err_class import_look(struct import *import, struct err *err)
{
    const struct sql_value id = sql_int(import->id);
    struct reader *row;
    enum err_class class_ = store_read(import->app->store, SQL_IMPORT_STATE, &id, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        import->refused = str_eq(reader_text(row, 0), STR("refused"));
        import->done = import->refused || str_eq(reader_text(row, 0), STR("done"));
        for (int i = 0; i < 4; i++)
            import->stored[i] = reader_int(row, i + 1);
    }
    return reader_close(row, err);
}

/* Whether somebody still works on the file. What a person has paused is waited for by nobody. */
static enum err_class import_goes_on(struct import *import, bool *goes_on, struct err *err)
{
    struct queue_depth depth;
    enum err_class class_ = queue_depth_read(import->app->store, import->ask.run, clock_now_ms(),
                                             &depth, err);
    *goes_on = class_ == ERR_OK && depth.ready - depth.held + depth.waiting + depth.running > 0;
    return class_;
}

/* Until nothing of the run is left, also not with a worker of another process, which may have its lane. */
static enum err_class run_empty(struct import *import, struct workers *workers, struct err *err)
{
    bool goes_on = true;
    enum err_class class_;
    do {
        class_ = workers_wait_idle(workers, clock_now_ms() + FOLLOW_MS, &stop_asked, err);
        if (class_ == ERR_LATER)
            class_ = ERR_OK;
        else if (class_ == ERR_OK)
            class_ = import_goes_on(import, &goes_on, err);
        if (class_ == ERR_OK && goes_on &&
            !clock_sleep_until(clock_now_ms() + FOLLOW_MS, &stop_asked))
            class_ = ERR_STOPPED;
        workers_nudge(workers);
    } while (class_ == ERR_OK && goes_on);
    return class_ == ERR_STOPPED ? ERR_OK : class_;
}

static enum err_class import_work(struct import *import, struct err *err)
{
    struct app *app = import->app;
    struct task_handler handlers[HANDLERS_MAX];
    size_t len = 0;
    struct workers *workers;
    struct str name;
    int64_t released;
    for (const char *const *kind = sync_task_kinds; *kind && len < HANDLERS_MAX; kind++)
        handlers[len++] = (struct task_handler){*kind, sync_handle, app->sync};
    for (const char *const *kind = derive_task_kinds; *kind && len < HANDLERS_MAX; kind++)
        handlers[len++] = (struct task_handler){*kind, derive_handle, app->derive};
    enum err_class class_ = worker_name(&app->arena, "import", &name, err);
    if (class_ == ERR_OK && role_is_single(app))
        class_ = queue_release_all(app->store, clock_now_ms(), &released, err);
    if (class_ != ERR_OK)
        return class_;
    const struct workers_options options = {
        .store = app->store,
        .name = name,
        .run = import->ask.run,
        .threads = 1,
        .connections = store_connections(app->store),
        .handlers = handlers,
        .handlers_len = len,
    };
    class_ = workers_start(&options, &workers, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = run_empty(import, workers, err);
    workers_stop(workers);
    return class_;
}

/* The lane may be another's: then its worker stores the rows, and this command waits for it. */
static enum err_class import_follow(struct import *import, struct role *role, struct err *err)
{
    bool goes_on = true;
    enum err_class class_ = import_look(import, err);
    while (class_ == ERR_OK && !import->done && goes_on) {
        if (role_take(role, import->app, "import", NULL) == ERR_OK)
            return import_work(import, err);
        if (!clock_sleep_until(clock_now_ms() + FOLLOW_MS, &stop_asked))
            return ERR_OK;
        class_ = import_goes_on(import, &goes_on, err);
        if (class_ == ERR_OK)
            class_ = import_look(import, err);
    }
    return class_;
}

static enum err_class import_take(struct import *import, struct err *err)
{
    struct role role = {.fd = -1};
    char run[SYNC_RUN_ID_ROOM];
    enum err_class class_ = sync_run_id(clock_now_ms(), run, err);
    import->ask.run = str_of(run);
    if (class_ == ERR_OK)
        class_ = sync_import(import->app->sync, &import->ask, fault_show, import, &import->counts,
                             &import->id, err);
    if (class_ == ERR_OK)
        class_ = import_follow(import, &role, err);
    role_leave(&role);
    if (class_ == ERR_OK)
        class_ = import_look(import, err);
    return class_;
}

/* --- what is asked --- */

static enum err_class kinds_print(struct app *app, struct err *err)
{
    static const struct report_column columns[] = {{"kind", REPORT_TEXT, MSG_COL_KIND},
                                                   {"name", REPORT_TEXT, MSG_COL_TITLE},
                                                   {"table", REPORT_TEXT, MSG_COL_TABLE},
                                                   {"columns", REPORT_TEXT, MSG_COL_COLUMN}};
    const struct connector *const *forms;
    size_t len;
    struct report report;
    enum err_class class_ = sync_forms(app->sync, &forms, &len, err);
    report_init(&report, columns, 4, app->zone, &app->arena);
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct file_form *form = connector_file(forms[i]);
        struct buf text;
        buf_init(&text, 16384);
        for (size_t j = 0; j < form->columns_len; j++)
            if (form->columns[j].required)
                buf_printf(&text, "%s%.*s", text.len > 0 ? " " : "",
                           STR_ARG(form->columns[j].headers[0]));
        report_row(&report);
        report_text(&report, form->kind);
        report_text(&report, connector_title(forms[i], language_now() == LANGUAGE_ZH));
        report_text(&report, form->stream->table->name);
        report_text(&report, arena_dup(&app->arena, buf_str(&text)));
        buf_fini(&text);
    }
    return class_ == ERR_OK ? app_print_report(app, &report, "kinds", err) : class_;
}

/* Which shop a word of the file's own column means. */
static int64_t shop_named(void *context, struct str word)
{
    struct app_shop *shop;
    return app_shop_of(context, word, &shop, NULL) == ERR_OK ? shop->sync.id : 0;
}

static enum err_class file_ask(struct import *import, const struct cli *cli, struct str kind,
                               struct err *err)
{
    struct app *app = import->app;
    struct str path = cli_arg(cli, 0);
    const char *slash = NULL;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '/')
            slash = path.ptr + i + 1;
    if (kind.len == 0 || path.len == 0)
        return err_say(err, ERR_USAGE, "import_which", MSG_IMPORT_WHICH, M_END);
    enum err_class class_ = sync_form(app->sync, kind, &import->ask.form, err);
    if (class_ == ERR_OK)
        class_ = file_read(path, &app->arena, &import->ask.bytes, err);
    import->ask.name = slash ? str_sub(path, (size_t)(slash - path.ptr), path.len) : path;
    import->ask.who = STR("command line");
    import->ask.again = cli_has(cli, "again");
    import->ask.change = change_show;
    import->ask.shop_named = shop_named;
    import->ask.shops_context = app;
    import->previews = cli_has(cli, "preview");
    return class_;
}

static enum err_class shop_ask(struct import *import, const struct cli *cli, struct app_shop *shop,
                               struct err *err)
{
    struct app *app = import->app;
    struct str as_of = cli_text(cli, "as-of");
    enum err_class class_ = ERR_OK;
    import->shop = shop;
    import->ask.shop = &shop->sync;
    import->ask.platform = shop->platform;
    report_init(&import->faults, fault_columns, 5, app->zone, &app->arena);
    report_init(&import->changes, change_columns, 4, app->zone, &app->arena);
    if (as_of.len > 0)
        class_ = date_parse(as_of, app_shop_zone(app, shop), DATE_START, clock_now_ms(),
                            &import->ask.received_ms, err);
    if (class_ == ERR_OK && import->ask.received_ms > clock_now_ms())
        return err_say(err, ERR_USAGE, "import_future", MSG_IMPORT_FUTURE, M_STR(as_of), M_END);
    return class_;
}

/* Shops that a file names, each once. */
struct parts {
    struct app *app;
    struct app_shop *shops[PARTS_MAX];
    size_t len;
};

static enum err_class part_add(void *context, struct str word, struct err *err)
{
    struct parts *parts = context;
    struct app_shop *shop;
    (void)err;
    if (word.len == 0 || app_shop_of(parts->app, word, &shop, NULL) != ERR_OK)
        return ERR_OK; /* each of its rows is refused */
    for (size_t i = 0; i < parts->len; i++)
        if (parts->shops[i] == shop)
            return ERR_OK;
    if (parts->len < PARTS_MAX)
        parts->shops[parts->len++] = shop;
    return ERR_OK;
}

static enum err_class parts_find(const struct import *asked, const struct cli *cli,
                                 struct parts *parts, struct err *err)
{
    parts->app = asked->app;
    if (cli_has(cli, "shop")) {
        parts->len = 1;
        return app_shop_of(asked->app, cli_text(cli, "shop"), &parts->shops[0], err);
    }
    if (connector_file(asked->ask.form)->shop == SIZE_MAX)
        return err_say(err, ERR_USAGE, "import_which", MSG_IMPORT_WHICH, M_END);
    enum err_class class_ = sync_import_shops(asked->app->sync, asked->ask.form, asked->ask.bytes,
                                              part_add, parts, err);
    if (class_ == ERR_OK && parts->len == 0)
        return err_say(err, ERR_USAGE, "import_shops", MSG_IMPORT_SHOPS, M_END);
    return class_;
}

/* What was taken before stays so: of a file that was cut off between two shops the others are taken now. */
static enum err_class part_do(struct import *import, struct err *err)
{
    struct audit line = audit_of_console("import", connector_file(import->ask.form)->kind);
    line.shop_id = import->shop->sync.id;
    import->ask.also = import_audited;
    import->ask.also_context = &line;
    if (import->previews)
        return sync_import_preview(import->app->sync, &import->ask, fault_show, import,
                                   &import->counts, err);
    enum err_class class_ = import_take(import, err);
    import->known = class_ == ERR_CONFLICT && import->ask.part;
    return import->known ? ERR_OK : class_;
}

static enum exit_code imports_exit(const struct import *imports, size_t len)
{
    enum exit_code code = EXIT_DONE;
    for (size_t i = 0; i < len && code != EXIT_FAILED; i++) {
        if (imports[i].refused)
            code = EXIT_UNPROVED;
        else if (!imports[i].previews && !imports[i].done && !imports[i].known)
            code = EXIT_FAILED;
    }
    return code;
}

static enum err_class imports_do(const struct import *asked, const struct cli *cli,
                                 const struct parts *parts, struct import *imports, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < parts->len; i++) {
        imports[i] = *asked;
        imports[i].ask.part = !cli_has(cli, "shop");
        imports[i].ask.part_behind = i > 0;
        class_ = shop_ask(&imports[i], cli, parts->shops[i], err);
        if (class_ == ERR_OK)
            class_ = part_do(&imports[i], err);
        if (class_ != ERR_OK && imports[i].ask.part)
            err_prefix(err, "%.*s", STR_ARG(parts->shops[i]->sync.facts.shop.name));
    }
    return class_;
}

static enum exit_code import_file(struct app *app, const struct cli *cli, struct str kind,
                                  struct err *err)
{
    struct import asked = {.app = app}, *imports;
    struct parts *parts = arena_alloc(&app->arena, sizeof *parts);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    enum err_class class_ = parts ? file_ask(&asked, cli, kind, err) : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = parts_find(&asked, cli, parts, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    imports = arena_array(&app->arena, parts->len, sizeof *imports);
    if (!imports)
        return exit_of(err_no_memory(err));
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    class_ = imports_do(&asked, cli, parts, imports, err);
    if (class_ == ERR_OK)
        class_ = imports_tell(imports, parts->len, !cli_has(cli, "shop"), err);
    return class_ == ERR_OK ? imports_exit(imports, parts->len) : exit_of(class_);
}

enum exit_code cmd_import(struct app *app, const struct cli *cli, struct err *err)
{
    if (cli_has(cli, "kinds"))
        return exit_of(kinds_print(app, err));
    return import_file(app, cli, cli_text(cli, "as"), err);
}

enum exit_code cmd_cost_import(struct app *app, const struct cli *cli, struct err *err)
{
    return import_file(app, cli, STR("costs"), err);
}

enum exit_code cmd_person_import(struct app *app, const struct cli *cli, struct err *err)
{
    return import_file(app, cli, STR("persons"), err);
}

/* --- what was imported --- */

static const struct report_column list_columns[] = {
    {"import", REPORT_NUMBER, MSG_COL_ID}, {"shop", REPORT_TEXT, MSG_COL_SHOP},
    {"kind", REPORT_TEXT, MSG_COL_KIND},   {"file", REPORT_TEXT, MSG_COL_FILE},
    {"state", REPORT_TEXT, MSG_COL_STATE}, {"created", REPORT_TIME, MSG_COL_CREATED},
    {"rows", REPORT_NUMBER, MSG_COL_ROWS}, {"errors", REPORT_NUMBER, MSG_COL_REJECTS},
    {"new", REPORT_NUMBER, MSG_COL_NEW},   {"changed", REPORT_NUMBER, MSG_COL_CHANGED},
    {"same", REPORT_NUMBER, MSG_COL_SAME}, {"older", REPORT_NUMBER, MSG_COL_OLDER},
};

enum exit_code cmd_import_list(struct app *app, const struct cli *cli, struct err *err)
{
    struct reader *row;
    struct report report;
    struct app_shop *shop = NULL;
    enum err_class class_ = ERR_OK;
    if (cli_has(cli, "shop"))
        class_ = app_shop_of(app, cli_text(cli, "shop"), &shop, err);
    const struct sql_value values[] = {sql_int(shop ? shop->sync.id : 0),
                                       sql_int(cli_int(cli, "limit", LIST_MAX))};
    report_init(&report, list_columns, 12, app->zone, &app->arena);
    if (class_ == ERR_OK)
        class_ = store_read(app->store, SQL_IMPORTS, values, 2, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_number(&report, reader_int(row, 0));
        report_text(&report, app_shop_name(app, reader_int(row, 1)));
        for (int i = 2; i < 5; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
        report_time(&report, reader_int(row, 5));
        for (int i = 6; i < 12; i++)
            report_number(&report, reader_int(row, i));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "imports", err);
    return exit_of(class_);
}

enum exit_code cmd_import_show(struct app *app, const struct cli *cli, struct err *err)
{
    int64_t id;
    struct reader *row;
    struct report report;
    enum err_class class_ = row_number(cli_arg(cli, 0), &id, err);
    const struct sql_value value = sql_int(id);
    report_init(&report, fault_columns, 5, app->zone, &app->arena);
    if (class_ == ERR_OK)
        class_ = store_read(app->store, SQL_IMPORT_FAULTS, &value, 1, &row, err);
    if (class_ != ERR_OK)
        return exit_of(class_);
    while (reader_next(row)) {
        report_row(&report);
        report_text(&report, arena_dup(&app->arena, reader_text(row, 0)));
        report_number(&report, reader_int(row, 1));
        for (int i = 2; i < 5; i++)
            report_text(&report, arena_dup(&app->arena, reader_text(row, i)));
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK)
        class_ = app_print_report(app, &report, "faults", err);
    return exit_of(class_);
}
