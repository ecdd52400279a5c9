/* Tables for people and programs. */
#include "app/report.h"

#include <assert.h>

struct report_row {
    struct report_row *next;
    const struct zone *zone;
    struct report_cell cells[];
};

void report_init(struct report *report, const struct report_column *columns, size_t columns_len,
                 const struct zone *zone, struct arena *arena)
{
    assert(columns_len <= REPORT_COLUMNS_MAX);
    *report = (struct report){
        .columns = columns, .columns_len = columns_len, .zone = zone, .arena = arena};
}

void report_row(struct report *report)
{
    size_t bytes = sizeof(struct report_row) + report->columns_len * sizeof(struct report_cell);
    struct report_row *row = report->rows_len < REPORT_ROWS_MAX ? arena_alloc(report->arena, bytes)
                                                                : NULL;
    report->at = 0;
    if (!row) {
        report->failed = true;
        return;
    }
    row->zone = report->zone;
    if (report->last)
        report->last->next = row;
    else
        report->first = row;
    report->last = row;
    report->rows_len++;
}

static void cell_add(struct report *report, enum report_kind kind, struct report_cell cell)
{
    if (report->failed)
        return;
    assert(report->at < report->columns_len);
    assert(cell.absent || report->columns[report->at].kind == kind);
    report->last->cells[report->at++] = cell;
}

void report_text(struct report *report, struct str text)
{
    struct str copy = arena_dup(report->arena, text);
    report->failed |= !copy.ptr;
    cell_add(report, REPORT_TEXT, (struct report_cell){.text = copy});
}

void report_number(struct report *report, int64_t number)
{
    cell_add(report, REPORT_NUMBER, (struct report_cell){.number = number});
}

void report_time(struct report *report, int64_t utc_ms)
{
    cell_add(report, REPORT_TIME, (struct report_cell){.number = utc_ms});
}

void report_truth(struct report *report, bool truth)
{
    cell_add(report, REPORT_TRUTH, (struct report_cell){.number = truth});
}

void report_absent(struct report *report)
{
    cell_add(report, REPORT_TEXT, (struct report_cell){.absent = true});
}

/* Decodes one character; malformed bytes count as one place each. */
static uint32_t character_at(struct str text, size_t at, size_t *bytes)
{
    const unsigned char *p = (const unsigned char *)text.ptr + at;
    *bytes = str_utf8_at(text, at);
    switch (*bytes) {
    case 2:
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    case 3:
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
               (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    default:
        *bytes = 1;
        return p[0];
    }
}

/* The blocks of Unicode's East Asian Wide and Fullwidth that our languages use, and emoji. */
static bool character_is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
           (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
           (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f9ff) ||
           (c >= 0x20000 && c <= 0x3fffd);
}

size_t text_width(struct str text)
{
    size_t width = 0;
    for (size_t at = 0, bytes; at < text.len; at += bytes)
        width += character_is_wide(character_at(text, at, &bytes)) ? 2 : 1;
    return width;
}

void time_write(struct buf *out, const struct zone *zone, int64_t utc_ms)
{
    struct civil at;
    zone_from_utc_ms(zone ? zone : zone_utc(), utc_ms, &at);
    buf_printf(out, "%04d-%02u-%02u %02u:%02u:%02u", at.year, at.month, at.day, at.hour, at.minute,
               at.second);
}

/* A text of a platform or a person may hold line ends; a table's row is one line. */
static void line_write(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(out, (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
}

static void cell_write(struct buf *out, const struct report_column *column,
                       const struct report_cell *cell, const struct zone *zone)
{
    if (cell->absent || (column->kind == REPORT_TEXT && cell->text.len == 0)) {
        buf_add_char(out, '-');
        return;
    }
    switch (column->kind) {
    case REPORT_TEXT:
        line_write(out, cell->text);
        break;
    case REPORT_NUMBER:
        buf_printf(out, "%lld", (long long)cell->number);
        break;
    case REPORT_TIME:
        time_write(out, zone, cell->number);
        break;
    case REPORT_TRUTH:
        message_write(out, cell->number ? MSG_YES : MSG_NO, M_END);
        break;
    }
}

static void pad(struct buf *out, size_t places)
{
    while (places-- > 0)
        buf_add_char(out, ' ');
}

/* Numbers stand right, everything else left; the last column has no blanks behind it. */
static void aligned_write(struct buf *out, struct str text, size_t width, bool right, bool last)
{
    size_t places = width - text_width(text);
    if (right)
        pad(out, places);
    buf_add(out, text);
    if (!right && !last)
        pad(out, places);
    buf_add(out, last ? STR("\n") : STR("  "));
}

void report_write_table(const struct report *report, struct buf *out)
{
    size_t widths[REPORT_COLUMNS_MAX];
    struct buf text;
    buf_init(&text, 1024 * 1024);
    for (size_t i = 0; i < report->columns_len; i++) {
        widths[i] = text_width(message_text(report->columns[i].title, language_now()));
        for (const struct report_row *row = report->first; row; row = row->next) {
            buf_reset(&text);
            cell_write(&text, &report->columns[i], &row->cells[i], row->zone);
            size_t width = text_width(buf_str(&text));
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (size_t i = 0; i < report->columns_len; i++)
        aligned_write(out, message_text(report->columns[i].title, language_now()), widths[i],
                      report->columns[i].kind == REPORT_NUMBER, i + 1 == report->columns_len);
    for (const struct report_row *row = report->first; row; row = row->next) {
        for (size_t i = 0; i < report->columns_len; i++) {
            buf_reset(&text);
            cell_write(&text, &report->columns[i], &row->cells[i], row->zone);
            aligned_write(out, buf_str(&text), widths[i], report->columns[i].kind == REPORT_NUMBER,
                          i + 1 == report->columns_len);
        }
    }
    out->failed |= text.failed || report->failed;
    buf_fini(&text);
}

void report_write_line(const struct report *report, struct buf *out)
{
    for (const struct report_row *row = report->first; row; row = row->next) {
        for (size_t i = 0; i < report->columns_len; i++) {
            if (row != report->first || i > 0)
                buf_add(out, i == 0 ? STR(", ") : STR(" "));
            cell_write(out, &report->columns[i], &row->cells[i], row->zone);
        }
    }
}

static void cell_emit(struct emit *emit, const struct report_column *column,
                      const struct report_cell *cell)
{
    if (cell->absent) {
        emit_null(emit, column->key);
        return;
    }
    switch (column->kind) {
    case REPORT_TEXT:
        emit_str(emit, column->key, cell->text);
        break;
    case REPORT_NUMBER:
        emit_i64(emit, column->key, cell->number);
        break;
    case REPORT_TIME:
        emit_time(emit, column->key, cell->number);
        break;
    case REPORT_TRUTH:
        emit_bool(emit, column->key, cell->number != 0);
        break;
    }
}

void report_write_json(const struct report *report, struct emit *emit, const char *key)
{
    emit_open(emit, key, '[');
    for (const struct report_row *row = report->first; row; row = row->next) {
        emit_open(emit, NULL, '{');
        for (size_t i = 0; i < report->columns_len; i++)
            cell_emit(emit, &report->columns[i], &row->cells[i]);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit->out->failed |= report->failed;
}
