/* Sheets: the common part, CSV and lines of JSON. xlsx_write.c has the third. */
#include "format/sheet.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/codec.h"
#include "format/json.h"
#include "format/sheet_internal.h"

enum {
    FLUSH_BYTES = 64 * 1024,
    /* Rows are handed on as soon as there is a piece; one row may be as large as all its texts. */
    OUT_BYTES_MAX = 32 * 1024 * 1024,
    DECIMALS_MAX = 18,
};

static const char *const form_names[SHEET_FORMS] = {"xlsx", "csv", "ndjson"};

bool sheet_form_parse(struct str word, enum sheet_form *out)
{
    for (size_t i = 0; i < SHEET_FORMS; i++) {
        if (!str_eq(word, str_of(form_names[i])))
            continue;
        *out = (enum sheet_form)i;
        return true;
    }
    return false;
}

const char *sheet_form_name(enum sheet_form form)
{
    return form_names[form];
}

const char *sheet_content_type(enum sheet_form form)
{
    static const char *const types[SHEET_FORMS] = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv; charset=utf-8", "application/x-ndjson"};
    return types[form];
}

/* --- values as text --- */

void sheet_decimal_write(struct buf *out, int64_t number, int decimals)
{
    uint64_t size = number < 0 ? UINT64_C(0) - (uint64_t)number : (uint64_t)number, unit = 1;
    assert(decimals >= 0 && decimals <= DECIMALS_MAX);
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    buf_printf(out, "%s%llu", number < 0 ? "-" : "", (unsigned long long)(size / unit));
    if (decimals > 0)
        buf_printf(out, ".%0*llu", decimals, (unsigned long long)(size % unit));
}

int sheet_decimals(const struct sheet_column *column, const struct sheet_cell *cell)
{
    int exponent = 0;
    switch (column->kind) {
    case SHEET_MONEY:
        exponent = currency_exponent(cell->text);
        return exponent < 0 ? 2 : exponent;
    case SHEET_NUMBER:
    case SHEET_SHARE:
        return column->decimals;
    case SHEET_TEXT:
    case SHEET_ID:
    case SHEET_INTEGER:
    case SHEET_BOOL:
    case SHEET_TIME:
    case SHEET_DAY:
        break;
    }
    return 0;
}

static bool is_text(enum sheet_kind kind)
{
    return kind == SHEET_TEXT || kind == SHEET_ID || kind == SHEET_DAY;
}

bool sheet_text_is_formula(struct str text)
{
    static const char *const starts[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                         "\n", "＝", "＋", "－", "＠", NULL};
    for (size_t i = 0; starts[i]; i++)
        if (str_starts(text, str_of(starts[i])))
            return true;
    return false;
}

/* --- CSV --- */

static void csv_text(struct buf *out, struct str text, bool first)
{
    if (!sheet_text_is_formula(text)) {
        csv_write_field(out, text, first);
        return;
    }
    struct buf safe;
    buf_init(&safe, text.len + 1);
    buf_add_char(&safe, '\'');
    buf_add(&safe, text);
    csv_write_field(out, buf_str(&safe), first);
    out->failed |= safe.failed;
    buf_fini(&safe);
}

static enum err_class csv_cell(struct sheet *sheet, const struct sheet_column *column,
                               const struct sheet_cell *cell, bool first, struct err *err)
{
    struct buf *out = &sheet->out;
    if (!cell->known || is_text(column->kind)) {
        csv_text(out, cell->known ? cell->text : STR(""), first);
        return ERR_OK;
    }
    if (!first)
        buf_add_char(out, ',');
    if (column->kind == SHEET_TIME)
        return time_format(STR("%Y-%m-%d %H:%M:%S"), sheet->options.zone, cell->number, out, err);
    sheet_decimal_write(out, cell->number, sheet_decimals(column, cell));
    return ERR_OK;
}

static enum err_class csv_begin(struct sheet *sheet, struct err *err)
{
    (void)err;
    buf_add(&sheet->out, STR("\xEF\xBB\xBF")); /* or spreadsheets read it in the local code page */
    for (size_t i = 0; i < sheet->options.columns_len; i++)
        csv_text(&sheet->out, sheet->options.columns[i].heading, i == 0);
    buf_add(&sheet->out, STR("\r\n"));
    return ERR_OK;
}

static enum err_class csv_row(struct sheet *sheet, const struct sheet_cell *cells, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < sheet->options.columns_len; i++)
        class_ = csv_cell(sheet, &sheet->options.columns[i], &cells[i], i == 0, err);
    buf_add(&sheet->out, STR("\r\n"));
    return class_;
}

/* --- NDJSON --- */

static enum err_class json_cell(struct sheet *sheet, const struct sheet_column *column,
                                const struct sheet_cell *cell, struct err *err)
{
    struct buf *out = &sheet->out;
    enum err_class class_ = ERR_OK;
    json_write_string(out, str_of(column->name));
    buf_add_char(out, ':');
    if (!cell->known) {
        buf_add(out, STR("null"));
    } else if (is_text(column->kind)) {
        json_write_string(out, cell->text);
    } else if (column->kind == SHEET_TIME) {
        buf_add_char(out, '"');
        class_ = time_format(STR("%Y-%m-%dT%H:%M:%S.%LZ"), zone_utc(), cell->number, out, err);
        buf_add_char(out, '"');
    } else if (column->kind == SHEET_BOOL) {
        buf_add(out, cell->number ? STR("true") : STR("false"));
    } else if (column->kind == SHEET_MONEY) {
        buf_printf(out, "{\"minor\":%lld,\"currency\":", (long long)cell->number);
        json_write_string(out, cell->text);
        buf_add(out, STR(",\"text\":\""));
        sheet_decimal_write(out, cell->number, sheet_decimals(column, cell));
        buf_add(out, STR("\"}"));
    } else {
        sheet_decimal_write(out, cell->number, sheet_decimals(column, cell));
    }
    return class_;
}

static enum err_class json_begin(struct sheet *sheet, struct err *err)
{
    (void)sheet, (void)err;
    return ERR_OK;
}

static enum err_class json_row(struct sheet *sheet, const struct sheet_cell *cells, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < sheet->options.columns_len; i++) {
        buf_add_char(&sheet->out, i == 0 ? '{' : ',');
        class_ = json_cell(sheet, &sheet->options.columns[i], &cells[i], err);
    }
    buf_add(&sheet->out, STR("}\n"));
    return class_;
}

/* --- both --- */

enum err_class sheet_hand_on(struct sheet *sheet, struct str bytes, struct err *err)
{
    sheet->counts.bytes += (int64_t)bytes.len;
    return bytes.len > 0 ? sheet->options.sink(sheet->options.context, bytes, err) : ERR_OK;
}

static enum err_class text_flush(struct sheet *sheet, struct err *err)
{
    enum err_class class_ = sheet_hand_on(sheet, buf_str(&sheet->out), err);
    buf_reset(&sheet->out);
    return class_;
}

static const struct sheet_ops csv_ops = {csv_begin, csv_row, text_flush, text_flush};
static const struct sheet_ops json_ops = {json_begin, json_row, text_flush, text_flush};

/* --- life cycle --- */

static enum err_class sheet_checked(struct sheet *sheet, enum err_class class_, struct err *err)
{
    return class_ == ERR_OK && sheet->out.failed ? err_no_memory(err) : class_;
}

enum err_class sheet_open(const struct sheet_options *options, struct sheet **out, struct err *err)
{
    static const struct sheet_ops *const ops[SHEET_FORMS] = {&sheet_xlsx_ops, &csv_ops, &json_ops};
    struct sheet *sheet = calloc(1, sizeof *sheet);
    *out = NULL;
    if (!sheet)
        return err_no_memory(err);
    sheet->options = *options;
    if (!sheet->options.zone)
        sheet->options.zone = zone_utc();
    sheet->ops = ops[options->form];
    sheet->counts.sheets = 1;
    sheet->title = str_utf8_head(options->title, sizeof sheet->title_bytes);
    memcpy(sheet->title_bytes, sheet->title.ptr ? sheet->title.ptr : "", sheet->title.len);
    sheet->title.ptr = sheet->title_bytes;
    buf_init(&sheet->out, OUT_BYTES_MAX);
    enum err_class class_ = sheet_checked(sheet, sheet->ops->begin(sheet, err), err);
    if (class_ == ERR_OK)
        *out = sheet;
    else
        sheet_abandon(sheet);
    return class_;
}

enum err_class sheet_row(struct sheet *sheet, const struct sheet_cell *cells, struct err *err)
{
    enum err_class class_ = sheet_checked(sheet, sheet->ops->row(sheet, cells, err), err);
    sheet->counts.rows++;
    if (class_ == ERR_OK && sheet->out.len >= FLUSH_BYTES)
        class_ = sheet->ops->flush(sheet, err);
    return class_;
}

enum err_class sheet_close(struct sheet *sheet, struct sheet_counts *counts, struct err *err)
{
    enum err_class class_ = sheet_checked(sheet, sheet->ops->end(sheet, err), err);
    if (counts)
        *counts = sheet->counts;
    sheet_abandon(sheet);
    return class_;
}

void sheet_abandon(struct sheet *sheet)
{
    if (!sheet)
        return;
    zip_writer_free(sheet->zip);
    buf_fini(&sheet->out);
    free(sheet);
}

enum err_class sheet_sink_fd(void *context, struct str bytes, struct err *err)
{
    int fd = *(const int *)context;
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.ptr, bytes.len);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return err_set(err, ERR_STORE, "file_write", "the sheet cannot be written: %s",
                           strerror(errno));
        bytes = str_sub(bytes, (size_t)len, bytes.len);
    }
    return ERR_OK;
}
