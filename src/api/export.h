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

/* The rows of another route's answer as a file, what stands under `items`: for rows that are no declared list. It is asked page
 * after page by `next`, each of its own commit, so a file shows what the answer shows, figure by figure. Parameters:
 * EXPORT_ITEMS_PARAMS and those of `base` that choose rows. family: of metrics, whose words are the headings. */
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
enum err_class export_items(struct call *call, const struct route *base, const char *family,
                            struct err *err);

/* --- the parts of it --- */
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
/* export_layout.c */
enum err_class export_layout_make(struct call *call, const struct list_query *query,
                                  struct export_layout *out, struct err *err);
/* export_row.c: the cells of a row; texts live in `arena` or in the row. */
enum err_class export_cells(const struct api_host *host, const struct export_layout *layout,
                            const struct list_row *row, struct arena *arena,
                            struct sheet_cell cells[SHEET_COLUMNS_MAX], struct err *err);

#endif
