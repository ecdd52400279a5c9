/* export: every row of a list as a file, however many there are. A thread reads the list (of one commit) and writes the sheet
 * into a small buffer; the reply takes it from there as fast as its client reads. A client that goes ends the thread.
 *
 * Which columns: those of the list, or the ones that `columns` names; or a sheet of compat/sheets.yaml (`sheet`), whose
 * columns, order and words others rely on. A route's parameters are EXPORT_PARAMS and the filters of its list.
 *
 * Errors: ERR_USAGE "column_unknown", "sheet_unknown"; ERR_THROTTLED "exports_busy" beyond EXPORTS_MAX at once. */
#ifndef HUILIU_API_EXPORT_H
#define HUILIU_API_EXPORT_H

#include "api/list.h"

enum { EXPORTS_MAX = 4 };
extern const char *const export_formats[], *const export_languages[];

#define EXPORT_PARAMS                                                                              \
    {"format",           PARAM_QUERY,          PARAM_WORD, .words = export_formats,                \
     .standard = "xlsx", .help = "Of the file"},                                                   \
        {"columns", PARAM_QUERY, PARAM_TEXT, .many = true,                                         \
         .help = "Only these, in this order; without: all"},                                       \
        {"sheet", PARAM_QUERY, PARAM_TEXT, .max = 64,                                              \
         .help =                                                                                   \
             "A sheet of fixed columns and words, as the old systems had it: compat/sheets.yaml"}, \
        {"lang",           PARAM_QUERY,                                                            \
         PARAM_WORD,       .words = export_languages,                                              \
         .standard = "zh", .help = "Of the headings"},                                             \
    {                                                                                              \
        "sort", PARAM_QUERY, PARAM_TEXT,                                                           \
            .help = "Columns, the first counts most; `-` before a name: downwards"                 \
    }

enum err_class export_answer(struct call *call, const struct list *list, struct err *err);

/* The rows of another route's answer as a file: for rows that are no declared list, or say more than its columns. It is asked
 * page after page by `next`, each of its own commit, so a file shows what the answer shows, figure by figure. Columns are what
 * the answer's form (schema/answers) says of a row: what every row has, and of the rest, where one page is all, what rows of
 * it have; with more pages all of them, for nobody knows yet what later rows have. An object within a row is its members, `shop.name`; a text in two languages the one that is asked for; what has no form, JSON;
 * lists of objects are left out, but for the one that `each` names, and the columns that are asked for by name of the one that `joins` names. Parameters: EXPORT_ITEMS_PARAMS and those of `base` that
 * choose rows. */
#define EXPORT_ITEMS_PARAMS                                                                        \
    {"format",           PARAM_QUERY,          PARAM_WORD, .words = export_formats,                \
     .standard = "xlsx", .help = "Of the file"},                                                   \
        {"columns", PARAM_QUERY, PARAM_TEXT, .many = true,                                         \
         .help = "Only these, in this order; without: all"},                                       \
        {"lang",           PARAM_QUERY,                                                            \
         PARAM_WORD,       .words = export_languages,                                              \
         .standard = "zh", .help = "Of the headings"},                                             \
    {                                                                                              \
        "sort", PARAM_QUERY, PARAM_TEXT, .help = "As the list's"                                   \
    }
enum { EXPORT_PARTS_MAX = 6 };
/* A list that has a file (export_routes.c). */
struct export_list {
    const char *name; /* huiliu export NAME */
    const char *path; /* of the list's route */
    const char *zh, *en;
    const struct list
        *list; /* declared: rows of one commit by its columns; NULL: the items of its answers */
    const char *family; /* of metrics, whose words and decimals the columns have; NULL: none */
    bool both;          /* figures of other families too */
    const char *each;   /* a list within a row: a row for each of its members, or one without */
    /* A list within a row, whose columns (`parts.sku_name`) are there for who names them: a cell has what all members say, a
     * line each. */
    const char *joins;
    const char *parts[EXPORT_PARTS_MAX +
                      1]; /* lists of the answer, instead of `items`; a column names the part */
};
enum err_class export_items(struct call *call, const struct route *base,
                            const struct export_list *list, struct err *err);

/* --- the parts of it --- */
/* Every file, however it is made, has one of EXPORTS_MAX turns from its first row to its last. */
enum err_class export_turn_take(struct call *call, struct err *err);
void export_turn_give(void);
/* Content-Disposition: a name with the time. */
enum err_class export_name(struct call *call, struct str ascii, struct str title,
                           enum sheet_form form, const struct zone *zone, struct err *err);
struct str export_heading(struct str name, bool chinese);
enum sheet_kind export_metric_kind(const struct metric *metric);
enum export_how { EXPORT_PLAIN, EXPORT_SHOP, EXPORT_STATUS, EXPORT_TIME };
struct export_column {
    enum export_how how;
    size_t column; /* of the list */
    size_t metric; /* of the family, or SIZE_MAX */
    int times;     /* digits that the point moves to the right */
    struct str form;
    bool zero; /* stands for what is unknown */
};
struct export_layout {
    struct str title;
    struct sheet_column sheet[SHEET_COLUMNS_MAX];
    struct export_column columns[SHEET_COLUMNS_MAX];
    size_t len;
    const struct zone *zone;
};
/* export_columns.c: the columns of an answer's rows, by its form and by what the first page has. */
struct json;
struct export_columns {
    struct arena *arena;
    const struct export_list *list;
    const struct metric_catalog *metrics;
    bool chinese;
    bool all;   /* those too that no row of the page has */
    bool named; /* who asks says which */
    struct sheet_column columns[SHEET_COLUMNS_MAX];
    size_t len;
};
enum err_class export_columns_make(struct export_columns *out, struct str answer,
                                   const struct json *page, struct err *err);
/* Whether a column is one of what the list's `joins` names. */
bool export_is_joined(const struct export_list *list, struct str name);
/* What a column says of a row, and of the member of its `each` (NULL: none). */
const struct json *export_value(const struct json *row, const struct json *member, struct str name);
/* The rows of a page: `part` is the list's name. */
typedef enum err_class export_row_take(void *context, struct str part, const struct json *row,
                                       const struct json *member, struct err *err);
enum err_class export_rows(const struct export_list *list, const struct json *page,
                           export_row_take *take, void *context, struct err *err);
/* export_layout.c */
enum err_class export_layout_make(struct call *call, const struct list_query *query,
                                  struct export_layout *out, struct err *err);
/* export_row.c: the cells of a row; texts live in `arena` or in the row. */
enum err_class export_cells(const struct api_host *host, const struct export_layout *layout,
                            const struct list_row *row, struct arena *arena,
                            struct sheet_cell cells[SHEET_COLUMNS_MAX], struct err *err);

#endif
