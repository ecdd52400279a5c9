/* Recorded DOU+ orders: a CSV file of real ones, served as it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"
#include "sandbox/douplus.h"

enum {
    FILE_BYTES_MAX = 64 * 1024 * 1024,
    /* 2026-01-28 00:00 Beijing, the day of the record. */
    FILE_STANDS_S = 1769529600,
};

static enum err_class file_read(struct str path, struct buf *out, struct err *err)
{
    char name[1024], chunk[16384];
    snprintf(name, sizeof name, "%.*s", STR_ARG(path));
    FILE *file = fopen(name, "rb");
    if (!file)
        return err_set(err, ERR_CONFIG, "douplus_file", "%s: %s", name, strerror(errno));
    for (size_t len; (len = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_add_bytes(out, chunk, len);
    bool good = !ferror(file) && !out->failed;
    fclose(file);
    return good ? ERR_OK
                : err_set(err, ERR_CONFIG, "douplus_file",
                          "%s cannot be read, or is larger than %d", name, FILE_BYTES_MAX);
}

enum column {
    C_ORDER,
    C_ITEM,
    C_STATUS,
    C_BUDGET,
    C_TITLE,
    C_ACCOUNT,
    C_CREATED,
    C_COST,
    C_PLAY,
    C_LIKE,
    C_COMMENT,
    C_SHARE,
    C_FOLLOW,
    C_CONVERT,
    C_RATE_5S,
    COLUMNS
};
static const char *const COLUMN_NAMES[COLUMNS] = {
    "order_id", "item_id", "status",    "budget_yuan", "title",
    "account",  "created", "cost_yuan", "play",        "like",
    "comment",  "share",   "follow",    "convert",     "rate_5s_pct",
};
/* Columns that are figures, and their decimals: fen of a yuan, millionths of a percentage's one. */
static const struct {
    enum column column;
    enum douplus_figure figure;
    int decimals;
} FIGURE_COLUMNS[] = {
    {C_COST, FIGURE_COST, 2},       {C_PLAY, FIGURE_PLAY, 0},   {C_LIKE, FIGURE_LIKE, 0},
    {C_COMMENT, FIGURE_COMMENT, 0}, {C_SHARE, FIGURE_SHARE, 0}, {C_FOLLOW, FIGURE_FOLLOW, 0},
    {C_CONVERT, FIGURE_CONVERT, 0},
};
enum { RATE_5S_DECIMALS = 4 };

/* A recorded account while its file is read. */
struct recording {
    struct douplus_account *account;
    struct order *orders;
    size_t len, room;
};

static enum err_class recording_grow(struct recording *recording, struct err *err)
{
    if (recording->len < recording->room)
        return ERR_OK;
    size_t room = recording->room ? recording->room * 2 : 1024;
    struct douplus_account *account = recording->account;
    void *orders = realloc(recording->orders, room * sizeof *recording->orders);
    recording->orders = orders ? orders : recording->orders;
    void *ids = realloc(account->ids, room * sizeof *account->ids);
    account->ids = ids ? ids : account->ids;
    void *recorded = realloc(account->recorded, room * sizeof *account->recorded);
    account->recorded = recorded ? recorded : account->recorded;
    if (!orders || !ids || !recorded)
        return err_no_memory(err);
    recording->room = room;
    return ERR_OK;
}

static struct recording *recording_of(struct douplus *douplus, struct recording *recordings,
                                      struct str name)
{
    size_t i = 0;
    while (i < douplus->file_accounts_len && !str_eq(name, str_of(recordings[i].account->name)))
        i++;
    if (i == DOUPLUS_ACCOUNTS_MAX)
        return NULL;
    if (i == douplus->file_accounts_len) {
        struct douplus_account *account = &douplus->accounts[i];
        snprintf(account->name, sizeof account->name, "%.*s", STR_ARG(name));
        snprintf(account->sec_uid, sizeof account->sec_uid, "sec-%.40s", account->name);
        recordings[i].account = account;
        douplus->file_accounts_len++;
    }
    return &recordings[i];
}

static bool figures_parse(const struct str cells[COLUMNS], struct douplus_figures *out)
{
    for (size_t i = 0; i < sizeof FIGURE_COLUMNS / sizeof *FIGURE_COLUMNS; i++) {
        int64_t *figure = &out->of[FIGURE_COLUMNS[i].figure];
        if (money_parse(cells[FIGURE_COLUMNS[i].column], FIGURE_COLUMNS[i].decimals, figure, NULL,
                        NULL) != ERR_OK ||
            *figure < 0)
            return false;
    }
    if (money_parse(cells[C_RATE_5S], RATE_5S_DECIMALS, &out->rate_ppm, NULL, NULL) != ERR_OK ||
        out->rate_ppm < 0 || out->of[FIGURE_PLAY] > INT32_MAX)
        return false;
    out->of[FIGURE_PLAY_5S] = out->of[FIGURE_PLAY] * out->rate_ppm / 1000000;
    return true;
}

static bool row_parse(const struct str cells[COLUMNS], struct douplus_recorded *recorded,
                      uint64_t *id, uint32_t *created_s)
{
    const struct zone *beijing;
    int64_t created_ms;
    bool date_only;
    for (int s = 0; s < DOUPLUS_STATUSES; s++)
        if (str_eq(cells[C_STATUS], str_of(douplus_statuses[s])))
            recorded->status = douplus_statuses[s];
    bool good = recorded->status && str_to_u64(cells[C_ORDER], id) &&
                str_to_u64(cells[C_ITEM], &recorded->item) &&
                money_parse(cells[C_BUDGET], 2, &recorded->budget_fen, NULL, NULL) == ERR_OK &&
                figures_parse(cells, &recorded->figures) &&
                zone_find(STR("+08:00"), &beijing, NULL) == ERR_OK &&
                time_parse_any(cells[C_CREATED], beijing, &created_ms, &date_only, NULL) == ERR_OK;
    if (good)
        *created_s = (uint32_t)(created_ms / 1000);
    return good;
}

static enum err_class row_add(struct douplus *douplus, struct recording *recordings,
                              const struct str cells[COLUMNS], size_t line, struct err *err)
{
    struct douplus_recorded recorded = {0};
    uint64_t id;
    uint32_t created_s;
    struct recording *recording = recording_of(douplus, recordings, cells[C_ACCOUNT]);
    if (!recording || !row_parse(cells, &recorded, &id, &created_s))
        return err_set(err, ERR_CONFIG, "douplus_file", "line %zu: %s", line,
                       recording ? "a value is not what its column promises"
                                 : "more accounts than expected");
    recorded.title = arena_dup(&douplus->texts, cells[C_TITLE]);
    enum err_class class_ = recorded.title.ptr ? recording_grow(recording, err)
                                               : err_no_memory(err);
    if (class_ != ERR_OK)
        return class_;
    size_t number = recording->len++;
    recording->account->ids[number] = id;
    recording->account->recorded[number] = recorded;
    recording->orders[number] = (struct order){.number = (uint32_t)number, .created_s = created_s};
    return ERR_OK;
}

/* Positions of our columns in the file's first row. */
static enum err_class header_read(const struct str *fields, size_t len, size_t at[COLUMNS],
                                  struct err *err)
{
    for (int c = 0; c < COLUMNS; c++) {
        at[c] = 0;
        while (at[c] < len && !str_eq(fields[at[c]], str_of(COLUMN_NAMES[c])))
            at[c]++;
        if (at[c] == len)
            return err_set(err, ERR_CONFIG, "douplus_file", "column %s is missing",
                           COLUMN_NAMES[c]);
    }
    return ERR_OK;
}

static enum err_class rows_read(struct douplus *douplus, struct recording *recordings,
                                struct str text, struct err *err)
{
    struct csv csv;
    struct str fields[CSV_FIELDS_MAX], cells[COLUMNS];
    size_t len, at[COLUMNS], columns = 0;
    csv_init(&csv, text);
    enum err_class class_ = csv_next(&csv, fields, &columns, err);
    if (class_ == ERR_OK)
        class_ = header_read(fields, columns, at, err);
    while (class_ == ERR_OK && (class_ = csv_next(&csv, fields, &len, err)) == ERR_OK && len > 0) {
        for (int c = 0; c < COLUMNS; c++)
            cells[c] = at[c] < len ? fields[at[c]] : STR("");
        class_ = row_add(douplus, recordings, cells, csv.line, err);
    }
    csv_fini(&csv);
    return class_;
}

enum err_class douplus_file_load(struct platform *platform, const struct options *options,
                                 struct err *err)
{
    struct douplus *douplus = platform->state;
    struct recording recordings[DOUPLUS_ACCOUNTS_MAX] = {0};
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    enum err_class class_ = file_read(options->douplus_file, &text, err);
    if (class_ == ERR_OK)
        class_ = rows_read(douplus, recordings, buf_str(&text), err);
    for (uint32_t i = 0; i < douplus->file_accounts_len; i++) {
        struct recording *recording = &recordings[i];
        if (class_ == ERR_OK) {
            class_ = shop_init_given(&platform->shops[i], &douplus_kind, &options->plan, i,
                                     recording->orders, recording->len, recording->account->ids,
                                     err);
            platform->shops[i].plan.churn_per_minute = 0;
            platform->shops[i].stands_s = FILE_STANDS_S;
            platform->shops_len++;
        } else {
            free(recording->orders);
        }
    }
    buf_fini(&text);
    return class_;
}
