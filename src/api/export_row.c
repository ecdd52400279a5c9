/* A row of a list as the cells of a sheet. */
#include "api/export.h"
#include "api/host.h"

/* Text in an arena. */
static enum err_class time_text(struct str form, const struct zone *zone, int64_t ms,
                                struct arena *arena, struct str *out, struct err *err)
{
    char memory[64];
    struct buf text;
    buf_init_lent(&text, memory, sizeof(memory));
    enum err_class class_ = time_format(form, zone, ms, &text, err);
    *out = class_ ? STR_NONE : arena_dup(arena, buf_str(&text));
    return class_ ? class_ : out->ptr ? ERR_OK : err_no_memory(err);
}

static struct str currency_of(const struct list_row *row)
{
    const struct list *list = row->query->list;
    for (size_t i = 0; list->columns[i].name; i++)
        if (str_eq(str_of(list->columns[i].name), STR("currency")))
            return list_text(row, i);
    return STR("");
}

static const struct api_shop *shop_of(const struct api_host *host, const struct list_row *row)
{
    const struct list *list = row->query->list;
    for (size_t i = 0; list->columns[i].name; i++)
        if (str_eq(str_of(list->columns[i].name), STR("shop")))
            return host_shop(host, list_int(row, i));
    return NULL;
}

static void figure_cell(const struct export_column *column, struct figure figure,
                        const struct list_row *row, struct sheet_cell *cell)
{
    cell->known = figure.known || column->zero;
    cell->number = figure.known ? figure.number : 0;
    cell->text = currency_of(row);
}

static enum err_class plain_cell(const struct export_column *column, const struct list_row *row,
                                 struct arena *arena, struct sheet_cell *cell, struct err *err)
{
    enum list_kind kind = row->query->list->columns[column->column].kind;
    cell->known = !list_is_null(row, column->column);
    switch (kind) {
    case LIST_ID:
    case LIST_TEXT:
    case LIST_DAY:
        cell->text = list_text(row, column->column);
        cell->known = cell->known && (kind != LIST_ID || cell->text.len > 0);
        return ERR_OK;
    case LIST_NUMBER:
        cell->text = arena_printf(arena, "%lld", (long long)list_int(row, column->column));
        return cell->text.ptr ? ERR_OK : err_no_memory(err);
    case LIST_MONEY:
        cell->text = currency_of(row);
        break;
    case LIST_INT:
    case LIST_BOOL:
    case LIST_TIME:
    case LIST_METRIC:
        break;
    }
    cell->number = list_int(row, column->column);
    return ERR_OK;
}

static enum err_class cell_make(const struct api_host *host, const struct export_column *column,
                                const struct list_row *row, struct arena *arena,
                                struct sheet_cell *cell, struct err *err)
{
    const struct api_shop *shop = column->how == EXPORT_PLAIN ? NULL : shop_of(host, row);
    *cell = (struct sheet_cell){.known = !list_is_null(row, column->column)};
    switch (column->how) {
    case EXPORT_PLAIN:
        return plain_cell(column, row, arena, cell, err);
    case EXPORT_SHOP:
        cell->text = shop ? shop->name : STR("");
        return ERR_OK;
    case EXPORT_STATUS:
        cell->text = list_text(row, column->column);
        if (shop && shop->connector)
            cell->text = connector_status_name(shop->connector, cell->text);
        return ERR_OK;
    case EXPORT_TIME:
        break;
    }
    return cell->known ? time_text(column->form, shop && shop->zone ? shop->zone : zone_utc(),
                                   list_int(row, column->column), arena, &cell->text, err)
                       : ERR_OK;
}

enum err_class export_cells(const struct api_host *host, const struct export_layout *layout,
                            const struct list_row *row, struct arena *arena,
                            struct sheet_cell cells[SHEET_COLUMNS_MAX], struct err *err)
{
    struct figure figures[METRICS_MAX];
    enum err_class class_ = row->query->family ? list_figures(row, figures, err) : ERR_OK;
    for (size_t i = 0; !class_ && i < layout->len; i++) {
        const struct export_column *column = &layout->columns[i];
        if (column->metric == SIZE_MAX) {
            class_ = cell_make(host, column, row, arena, &cells[i], err);
            continue;
        }
        cells[i] = (struct sheet_cell){.known = false};
        figure_cell(column, figures[column->metric], row, &cells[i]);
    }
    return class_;
}
