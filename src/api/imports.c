/* Files that people hand in: looked at first, taken when that is confirmed; what came in, and what of it was refused. */
#include <stdio.h>

#include "api/change.h"
#include "api/control.h"
#include "api/host.h"
#include "api/items.h"
#include "api/lists.h"
#include "api/sql.h"
#include "api/tables.h"

enum { FAULTS_MAX = 1000 };

/* --- handing in --- */

static const struct param import_params[] = {
    {"shop", PARAM_QUERY, PARAM_TEXT, .required = true, .many = true,
     .help = "Whose rows they are: one shop"},
    {"kind", PARAM_QUERY, PARAM_TEXT, .required = true, .max = 64,
     .help = "What it is; /api/v1/import-kinds"},
    {"name", PARAM_QUERY, PARAM_TEXT, .help = "What the client calls it: shown, never used"},
    {"as_of", PARAM_QUERY, PARAM_TIME,
     .help = "When it was exported: what is stored and newer stays; now"},
    {"confirm", PARAM_QUERY, PARAM_BOOL, .help = "Take it; without: only read and judge it"},
    {"again", PARAM_QUERY, PARAM_BOOL, .help = "Also a file that was imported before"},
    {0},
};

struct faults {
    struct call *call;
    struct import_fault items[FAULTS_MAX];
    size_t len;
    struct import_change changes[FAULTS_MAX];
    size_t changes_len;
    bool failed;
};

static const char *const outcome_names[ROW_OUTCOMES] = {
    [ROW_NEW] = "new", [ROW_CHANGED] = "changed", [ROW_SAME] = "same", [ROW_OLDER] = "older"};

static void change_keep(void *context, const struct import_change *change)
{
    struct faults *faults = context;
    struct arena *arena = faults->call->arena;
    if (faults->changes_len == FAULTS_MAX)
        return;
    struct import_change *kept = &faults->changes[faults->changes_len++];
    *kept = (struct import_change){arena_dup(arena, change->sheet), change->line,
                                   arena_dup(arena, change->key), change->outcome};
    faults->failed |= !kept->sheet.ptr || !kept->key.ptr;
}

static void changes_write(struct out *out, const struct faults *faults)
{
    out_list(out, "changes");
    for (size_t i = 0; i < faults->changes_len; i++) {
        const struct import_change *change = &faults->changes[i];
        out_object(out, NULL);
        out_text(out, "sheet", change->sheet);
        out_int(out, "row", change->line);
        out_text(out, "key", change->key);
        out_text(out, "outcome", str_of(outcome_names[change->outcome]));
        out_end_object(out);
    }
    out_end_list(out);
}

static void fault_keep(void *context, const struct import_fault *fault)
{
    struct faults *faults = context;
    struct arena *arena = faults->call->arena;
    if (faults->len == FAULTS_MAX)
        return;
    struct import_fault *kept = &faults->items[faults->len++];
    *kept = (struct import_fault){arena_dup(arena, fault->sheet), fault->line,
                                  arena_dup(arena, fault->column), arena_dup(arena, fault->code),
                                  arena_dup(arena, fault->message)};
    faults->failed |= !kept->sheet.ptr || !kept->column.ptr || !kept->code.ptr ||
                      !kept->message.ptr;
}

static void faults_write(struct out *out, const struct faults *faults)
{
    out_list(out, "faults");
    for (size_t i = 0; i < faults->len; i++) {
        const struct import_fault *fault = &faults->items[i];
        out_object(out, NULL);
        out_text(out, "sheet", fault->sheet);
        out_int(out, "row", fault->line);
        out_text(out, "column", fault->column);
        out_text(out, "code", fault->code);
        out_text(out, "message", fault->message);
        out_end_object(out);
    }
    out_end_list(out);
}

static enum err_class one_shop(struct call *call, const struct sync_shop **shop,
                               struct str *platform, struct err *err)
{
    struct shop_scope scope;
    const struct arg *wanted = call_arg(call, "shop");
    enum err_class class_ = call_shops(call, &scope, err);
    if (class_ == ERR_OK && (scope.all || scope.len != 1 || !wanted->given))
        return call_refuse(call, "shop", "import_shop", err, "a file belongs to one shop: name it");
    if (class_ != ERR_OK)
        return class_;
    const struct api_shop *known = host_shop(call->host, scope.ids[0]);
    *shop = call->host->sync ? sync_shop_known(call->host->sync, scope.ids[0]) : NULL;
    if (!known || !*shop)
        return err_set(err, ERR_STOPPED, "starting", "the home is being opened; try again");
    *platform = known->platform;
    return ERR_OK;
}

static void counts_write(struct out *out, const struct import_counts *counts, bool taken,
                         bool by_content)
{
    out_text(out, "state", taken ? STR("waiting") : STR("preview"));
    out_text(out, "digest", str_of(counts->digest));
    out_text(out, "charset", str_of(counts->charset));
    out_int(out, "rows", counts->rows);
    out_int(out, "errors", counts->errors);
    if (!taken) {
        for (size_t i = 0; i < ROW_OUTCOMES; i++)
            out_int(out, outcome_names[i], counts->outcomes[i]);
        if (by_content)
            out_int(out, "as_in_earlier_files",
                    counts->outcomes[ROW_SAME] + counts->outcomes[ROW_CHANGED] +
                        counts->outcomes[ROW_OLDER]);
    }
    if (counts->before_id > 0) {
        out_id(out, "imported_before", counts->before_id);
        out_time(out, "imported_before_at", counts->before_ms);
    }
}

static enum err_class import_do(struct call *call, struct import_ask *ask, struct faults *faults,
                                struct err *err)
{
    struct import_counts counts;
    int64_t id = 0;
    bool taken = call_given(call, "confirm") && call_int(call, "confirm");
    enum err_class class_ =
        taken ? sync_import(call->host->sync, ask, fault_keep, faults, &counts, &id, err)
              : sync_import_preview(call->host->sync, ask, fault_keep, faults, &counts, err);
    if (class_ == ERR_OK && faults->failed)
        class_ = err_no_memory(err);
    if (class_ != ERR_OK)
        return class_;
    struct out out;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    if (taken)
        out_id(&out, "import", id);
    counts_write(&out, &counts, taken, connector_file(ask->form)->content != SIZE_MAX);
    if (!taken)
        changes_write(&out, faults);
    faults_write(&out, faults);
    out_end_object(&out);
    return ERR_OK;
}

/* Which shop a word of the file's own column means: only of those that the asker may see. */
static int64_t shop_named(void *context, struct str word)
{
    struct call *call = context;
    const struct api_shop *shop;
    const char *parameter = call->parameter;
    bool known = call_shop_of(call, "shop", word, &shop, NULL) == ERR_OK;
    call->parameter = parameter; /* it is no parameter that is wrong, but a row */
    return known ? shop->id : 0;
}

static enum err_class import_post(struct call *call, struct err *err)
{
    struct faults *faults = arena_alloc(call->arena, sizeof(*faults));
    struct import_ask ask = {.bytes = call->upload,
                             .name = call_text(call, "name"),
                             .who = call->person->name,
                             .change = change_keep,
                             .shop_named = shop_named,
                             .shops_context = call,
                             .again = call_given(call, "again") && call_int(call, "again")};
    if (!faults)
        return err_no_memory(err);
    faults->call = call;
    if (call_given(call, "as_of"))
        ask.received_ms = call_int(call, "as_of");
    if (ask.received_ms > call->now_ms)
        return call_refuse(call, "as_of", "import_future", err, "a file is not newer than now");
    enum err_class class_ = one_shop(call, &ask.shop, &ask.platform, err);
    if (class_ == ERR_OK)
        class_ = sync_form(call->host->sync, call_text(call, "kind"), &ask.form, err);
    if (class_ != ERR_OK)
        return class_;
    struct audit line = audit_of(call, "import", call_text(call, "kind"));
    line.shop_id = ask.shop->id;
    ask.also = change_also;
    ask.also_context = &line;
    return import_do(call, &ask, faults, err);
}

/* --- kinds --- */

static enum err_class kinds_get(struct call *call, struct err *err)
{
    const struct connector *const *forms;
    size_t len;
    struct out out;
    if (!call->host->sync)
        return err_set(err, ERR_STOPPED, "starting", "this process takes no files");
    enum err_class class_ = sync_forms(call->host->sync, &forms, &len, err);
    out_init(&out, &call->out);
    out_object(&out, NULL);
    out_list(&out, "items");
    for (size_t i = 0; class_ == ERR_OK && i < len; i++) {
        const struct file_form *form = connector_file(forms[i]);
        out_object(&out, NULL);
        out_text(&out, "kind", form->kind);
        out_text(&out, "zh", connector_title(forms[i], true));
        out_text(&out, "en", connector_title(forms[i], false));
        out_list(&out, "platforms");
        for (size_t j = 0; j < form->platforms_len; j++)
            out_text(&out, NULL, form->platforms[j]);
        out_end_list(&out);
        out_list(&out, "columns");
        for (size_t j = 0; j < form->columns_len; j++) {
            out_object(&out, NULL);
            out_text(&out, "heading", form->columns[j].headers[0]);
            out_bool(&out, "required", form->columns[j].required);
            out_end_object(&out);
        }
        out_end_list(&out);
        out_end_object(&out);
    }
    out_end_list(&out);
    out_end_object(&out);
    return class_;
}

/* --- what came in --- */

static const struct list_column import_columns[] = {
    {"import", "f.id", .kind = LIST_NUMBER, .sorts = true},
    {"shop", "f.shop_id", .kind = LIST_NUMBER},
    {"kind", "f.kind", .kind = LIST_TEXT},
    {"file", "f.name", .kind = LIST_TEXT},
    {"digest", "f.digest", .kind = LIST_TEXT},
    {"bytes", "f.bytes", .kind = LIST_INT},
    {"charset", "f.charset", .kind = LIST_TEXT},
    {"who", "f.who", .kind = LIST_TEXT},
    {"state", "f.state", .kind = LIST_TEXT},
    {"created_at", "f.created_ms", .kind = LIST_TIME},
    {"as_of", "f.received_ms", .kind = LIST_TIME},
    {"finished_at", "f.finished_ms", .kind = LIST_TIME, .unknown = true},
    {"rows", "f.rows_read", .kind = LIST_INT},
    {"errors", "f.errors", .kind = LIST_INT},
    {"pages", "f.pages", .kind = LIST_INT},
    {"pages_done", "f.pages_done", .kind = LIST_INT},
    {"new", "f.rows_new", .kind = LIST_INT},
    {"changed", "f.rows_changed", .kind = LIST_INT},
    {"same", "f.rows_same", .kind = LIST_INT},
    {"older", "f.rows_older", .kind = LIST_INT},
    {0},
};
const struct list import_list = {
    .name = "imports",
    .from = "import_file f",
    .columns = import_columns,
    .key = {"import"},
    .sort = "-import",
    .shop = "f.shop_id",
};
static const struct param list_params[] = {
    LIST_PARAMS,
    {"shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Numbers or names of shops"},
    {"kind", PARAM_QUERY, PARAM_TEXT, .many = true, .filter = LIST_ANY_OF, .column = "kind",
     .help = "Kinds of files"},
    {"state", PARAM_QUERY, PARAM_TEXT, .filter = LIST_EQUAL, .column = "state",
     .help = "loading waiting done refused"},
    {0},
};
static const struct param one_params[] = {
    {"id", PARAM_PATH, PARAM_ID, .required = true, .help = "Its number"},
    {0},
};

static enum err_class imports_get(struct call *call, struct err *err)
{
    return list_answer(call, &import_list, err);
}

static void fault_write(struct call *call, struct out *out, const struct reader *row)
{
    (void)call;
    out_text(out, "sheet", reader_text(row, 0));
    out_int(out, "row", reader_int(row, 1));
    out_text(out, "column", reader_text(row, 2));
    out_text(out, "code", reader_text(row, 3));
    out_text(out, "message", reader_text(row, 4));
}

static enum err_class faults_read(struct call *call, struct out *out, int64_t id, struct err *err)
{
    const struct sql_value value = sql_int(id);
    return items_list(call, out, "faults", SQL_IMPORT_FAULTS, &value, 1, fault_write, err);
}

static enum err_class import_get(struct call *call, struct err *err)
{
    struct list_row row;
    struct out out;
    int64_t id;
    enum err_class class_ = control_id(call, "id", &id, err);
    if (class_ == ERR_OK)
        class_ = list_find(call, &import_list, "import", id, "import", &row, err);
    if (class_ != ERR_OK)
        return class_;
    out_init(&out, &call->out);
    out_object(&out, NULL);
    class_ = list_row_write(&out, &row, err);
    if (class_ == ERR_OK)
        class_ = faults_read(call, &out, id, err);
    out_end_object(&out);
    return class_;
}

/* clang-format off */
const struct route import_routes[] = {
    {ROUTE_GET, "/api/v1/imports", "imports", RIGHT_READ, list_params, imports_get,
     .summary = "Files that were handed in", .answer = "Imports"},
    {ROUTE_POST, "/api/v1/imports", "importPost", RIGHT_OPERATE, import_params, import_post,
     .summary = "Look at a file of rows (xlsx, CSV), or take it", .raw_body = true, .form = true,
     .body_bytes_max = HTTP_BODY_BYTES_MAX, .answer = "ImportTaken"},
    {ROUTE_GET, "/api/v1/imports/{id}", "import", RIGHT_READ, one_params, import_get,
     .summary = "One file, with its rows that were refused", .answer = "Import"},
    {ROUTE_GET, "/api/v1/import-kinds", "importKinds", RIGHT_READ, NULL, kinds_get,
     .summary = "Kinds of files, and their headings", .answer = "ImportKinds"},
    {0},
};
/* clang-format on */
