/* A sheet as xlsx (ECMA-376), written from front to back: the parts that are known beforehand, then sheet after
 * sheet, then the list of them. What kind of number a cell holds is a style, one a kind. */
#include <stdio.h>
#include <string.h>

#include "format/codec.h"
#include "format/sheet_internal.h"

enum {
    CELL_UNITS_MAX = 32767, /* UTF-16 units that a cell may hold */
    TITLE_CHARACTERS_MAX = 31,
    DAY_MS = 86400000,
    SERIAL_DIGITS = 10, /* behind the point of a date: 9 microseconds */
};
/* Below the 4 GB of an entry, with room for the row that is being written. */
static const uint64_t SHEET_XML_BYTES_MAX = UINT64_C(3) << 30;
/* Days from 1899-12-30, where Excel's days begin, to 1970-01-01. */
static const int64_t DAYS_BEFORE_1970 = 25569;

/* Positions in cellXfs of STYLES. */
enum style {
    STYLE_PLAIN,
    STYLE_HEADING,
    STYLE_TEXT,
    STYLE_INTEGER,
    STYLE_MONEY, /* and one for each number of decimals up to 4 */
    STYLE_SHARE = STYLE_MONEY + 5,
    STYLE_TIME,
};

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE_RELATIONS "http://schemas.openxmlformats.org/package/2006/relationships"
#define SHEET_TYPES "application/vnd.openxmlformats-officedocument.spreadsheetml"

/* How many sheets there will be is not known yet: every part of type xml is one unless it is named. */
static const char CONTENT_TYPES[] = HEAD
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
    "<Default Extension=\"rels\""
    " ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Default Extension=\"xml\" ContentType=\"" SHEET_TYPES ".worksheet+xml\"/>"
    "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" SHEET_TYPES ".sheet.main+xml\"/>"
    "<Override PartName=\"/xl/styles.xml\" ContentType=\"" SHEET_TYPES ".styles+xml\"/>"
    "</Types>";
static const char ROOT_RELATIONS[] = HEAD
    "<Relationships xmlns=\"" PACKAGE_RELATIONS "\"><Relationship Id=\"rId1\" Type=\"" RELATIONS
    "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
static const char STYLES[] = HEAD
    "<styleSheet xmlns=\"" MAIN "\">"
    "<numFmts count=\"4\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ hh:mm:ss\"/>"
    "<numFmt numFmtId=\"165\" formatCode=\"0.0\"/><numFmt numFmtId=\"166\" formatCode=\"0.000\"/>"
    "<numFmt numFmtId=\"167\" formatCode=\"0.0000\"/></numFmts>"
    "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
    "<font><b/><sz val=\"11\"/><color rgb=\"FFFFFFFF\"/><name val=\"Calibri\"/></font></fonts>"
    "<fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill>"
    "<fill><patternFill patternType=\"gray125\"/></fill><fill><patternFill patternType=\"solid\">"
    "<fgColor rgb=\"FF4472C4\"/><bgColor indexed=\"64\"/></patternFill></fill></fills>"
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>"
    "</cellStyleXfs><cellXfs count=\"11\">"
    "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>"
    "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyFont=\"1\""
    " applyFill=\"1\" applyAlignment=\"1\"><alignment horizontal=\"center\" vertical=\"center\"/>"
    "</xf>"
#define NUMBER_STYLE(format)                                                                       \
    "<xf numFmtId=\"" format "\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\""              \
    " applyNumberFormat=\"1\"/>"
    NUMBER_STYLE("49") NUMBER_STYLE("1") NUMBER_STYLE("1") NUMBER_STYLE("165") NUMBER_STYLE("2")
        NUMBER_STYLE("166") NUMBER_STYLE("167") NUMBER_STYLE("10") NUMBER_STYLE(
            "164") "</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/>"
                   "</cellStyles></styleSheet>";

/* --- text as XML --- */

/* "_x000D_" in a text would be read as what it stands for: its own underscore is written so then. */
static bool is_escape(struct str text, size_t at)
{
    if (text.len - at < 7 || text.ptr[at + 1] != 'x' || text.ptr[at + 6] != '_')
        return false;
    for (size_t i = at + 2; i < at + 6; i++)
        if (!strchr("0123456789abcdefABCDEF", text.ptr[i]))
            return false;
    return true;
}

static void character_write(struct buf *out, struct str text, size_t at)
{
    unsigned char c = (unsigned char)text.ptr[at];
    if (c == '&')
        buf_add(out, STR("&amp;"));
    else if (c == '<')
        buf_add(out, STR("&lt;"));
    else if (c == '>')
        buf_add(out, STR("&gt;"));
    else if (c == '"')
        buf_add(out, STR("&quot;"));
    else if ((c < 0x20 && c != '\t' && c != '\n') || (c == '_' && is_escape(text, at)))
        buf_printf(out, "_x%04X_", c);
    else
        buf_add_char(out, (char)c);
}

/* What XML cannot hold (bytes that are no UTF-8, U+FFFE, U+FFFF) becomes U+FFFD. */
static void text_write(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = str_utf8_at(text, at);
        struct str one = str_sub(text, at, at + len);
        if (len == 0 || str_eq(one, STR("\xEF\xBF\xBE")) || str_eq(one, STR("\xEF\xBF\xBF")))
            buf_add(out, STR("\xEF\xBF\xBD"));
        else if (len == 1)
            character_write(out, text, at);
        else
            buf_add(out, one);
        at += len > 0 ? len : 1;
    }
}

/* The head of a text that has at most so many UTF-16 units. */
static struct str units_head(struct str text, size_t units_max)
{
    size_t units = 0, at = 0;
    while (at < text.len) {
        size_t len = str_utf8_at(text, at);
        units += len == 4 ? 2 : 1;
        if (units > units_max)
            return str_sub(text, 0, at);
        at += len > 0 ? len : 1;
    }
    return text;
}

static void text_cell(struct sheet *sheet, struct str text, enum style style)
{
    struct buf *out = &sheet->out;
    struct str head = units_head(text, CELL_UNITS_MAX);
    if (head.len < text.len) {
        head = units_head(text, CELL_UNITS_MAX - 1);
        sheet->counts.cut++;
    }
    buf_printf(out, "<c s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", style);
    text_write(out, head);
    buf_add(out, head.len < text.len ? STR("…</t></is></c>") : STR("</t></is></c>"));
}

/* --- cells --- */

/* The instant as Excel counts days, in the zone's own time. */
static void time_write(struct buf *out, const struct zone *zone, int64_t utc_ms)
{
    struct civil civil;
    zone_from_utc_ms(zone, utc_ms, &civil);
    int64_t local_ms = civil_to_utc_ms(&civil), days = local_ms / DAY_MS, rest = local_ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int64_t unit = 1;
    for (int i = 0; i < SERIAL_DIGITS; i++)
        unit *= 10;
    sheet_decimal_write(out, (days + DAYS_BEFORE_1970) * unit + (rest * unit + DAY_MS / 2) / DAY_MS,
                        SERIAL_DIGITS);
}

static enum style number_style(const struct sheet_column *column, int decimals)
{
    switch (column->kind) {
    case SHEET_INTEGER:
        return STYLE_INTEGER;
    case SHEET_MONEY:
        return (enum style)(STYLE_MONEY + (decimals > 4 ? 4 : decimals));
    case SHEET_SHARE:
        return STYLE_SHARE;
    case SHEET_TIME:
        return STYLE_TIME;
    case SHEET_TEXT:
    case SHEET_ID:
    case SHEET_DAY:
    case SHEET_NUMBER:
    case SHEET_BOOL:
        break;
    }
    return STYLE_PLAIN;
}

/* Dates before March 1900 are no dates to a spreadsheet. */
static bool time_fits(int64_t utc_ms)
{
    return utc_ms > -(DAYS_BEFORE_1970 - 61) * DAY_MS && utc_ms < INT64_C(253402300799999) - DAY_MS;
}

static enum err_class cell_write(struct sheet *sheet, const struct sheet_column *column,
                                 const struct sheet_cell *cell, struct err *err)
{
    struct buf *out = &sheet->out;
    if (!cell->known) {
        buf_add(out, STR("<c/>"));
        return ERR_OK;
    }
    if (column->kind == SHEET_TEXT || column->kind == SHEET_ID || column->kind == SHEET_DAY) {
        text_cell(sheet, cell->text, STYLE_TEXT);
        return ERR_OK;
    }
    if (column->kind == SHEET_TIME && !time_fits(cell->number)) {
        buf_printf(out, "<c s=\"%d\" t=\"inlineStr\"><is><t>", STYLE_TEXT);
        enum err_class class_ = time_format(STR("%Y-%m-%d %H:%M:%S"), sheet->options.zone,
                                            cell->number, out, err);
        buf_add(out, STR("</t></is></c>"));
        return class_;
    }
    int decimals = sheet_decimals(column, cell);
    buf_printf(out, "<c s=\"%d\"%s><v>", number_style(column, decimals),
               column->kind == SHEET_BOOL ? " t=\"b\"" : "");
    if (column->kind == SHEET_TIME)
        time_write(out, sheet->options.zone, cell->number);
    else
        sheet_decimal_write(out, cell->number, decimals);
    buf_add(out, STR("</v></c>"));
    return ERR_OK;
}

/* --- sheets --- */

/* Eye measure: headings fit, ids of 19 digits and times too. */
static unsigned column_width(const struct sheet_column *column)
{
    size_t units = 0;
    for (size_t at = 0; at < column->heading.len;) {
        size_t len = str_utf8_at(column->heading, at);
        units += len > 2 ? 2 : 1;
        at += len > 0 ? len : 1;
    }
    size_t least = column->kind == SHEET_ID || column->kind == SHEET_TIME ? 21
                   : column->kind == SHEET_TEXT                           ? 24
                                                                          : 11;
    units += 3;
    return (unsigned)(units > least ? (units < 60 ? units : 60) : least);
}

static enum err_class entry_begin(struct sheet *sheet, struct err *err)
{
    struct buf *out = &sheet->out;
    char name[ZIP_NAME_BYTES_MAX];
    snprintf(name, sizeof name, "xl/worksheets/sheet%lld.xml", (long long)sheet->counts.sheets);
    enum err_class class_ = zip_entry_begin(sheet->zip, name, err);
    if (class_ != ERR_OK)
        return class_;
    sheet->open = true;
    buf_add(out,
            STR(HEAD "<worksheet xmlns=\"" MAIN "\"><sheetViews><sheetView workbookViewId=\"0\">"
                     "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\""
                     " state=\"frozen\"/></sheetView></sheetViews><cols>"));
    for (size_t i = 0; i < sheet->options.columns_len; i++)
        buf_printf(out, "<col min=\"%zu\" max=\"%zu\" width=\"%u\" customWidth=\"1\"/>", i + 1,
                   i + 1, column_width(&sheet->options.columns[i]));
    buf_add(out, STR("</cols><sheetData><row>"));
    for (size_t i = 0; i < sheet->options.columns_len; i++)
        text_cell(sheet, sheet->options.columns[i].heading, STYLE_HEADING);
    buf_add(out, STR("</row>"));
    sheet->rows_here = 1;
    return ERR_OK;
}

static enum err_class xlsx_flush(struct sheet *sheet, struct err *err)
{
    if (sheet->out.failed)
        return err_no_memory(err);
    enum err_class class_ = zip_entry_write(sheet->zip, buf_str(&sheet->out), err);
    buf_reset(&sheet->out);
    return class_;
}

static enum err_class entry_end(struct sheet *sheet, struct err *err)
{
    buf_add(&sheet->out, STR("</sheetData></worksheet>"));
    sheet->open = false;
    enum err_class class_ = xlsx_flush(sheet, err);
    return class_ == ERR_OK ? zip_entry_end(sheet->zip, err) : class_;
}

static enum err_class xlsx_row(struct sheet *sheet, const struct sheet_cell *cells, struct err *err)
{
    enum err_class class_ = ERR_OK;
    if (sheet->rows_here == SHEET_ROWS_MAX || zip_entry_bytes(sheet->zip) > SHEET_XML_BYTES_MAX) {
        class_ = entry_end(sheet, err);
        sheet->counts.sheets++;
        if (class_ == ERR_OK)
            class_ = entry_begin(sheet, err);
    }
    buf_add(&sheet->out, STR("<row>"));
    for (size_t i = 0; class_ == ERR_OK && i < sheet->options.columns_len; i++)
        class_ = cell_write(sheet, &sheet->options.columns[i], &cells[i], err);
    buf_add(&sheet->out, STR("</row>"));
    sheet->rows_here++;
    return class_;
}

/* --- package --- */

static enum err_class zip_out(void *context, struct str bytes, struct err *err)
{
    return sheet_hand_on(context, bytes, err);
}

static enum err_class part_write(struct sheet *sheet, const char *name, struct str text,
                                 struct err *err)
{
    enum err_class class_ = zip_entry_begin(sheet->zip, name, err);
    if (class_ == ERR_OK)
        class_ = zip_entry_write(sheet->zip, text, err);
    return class_ == ERR_OK ? zip_entry_end(sheet->zip, err) : class_;
}

static enum err_class xlsx_begin(struct sheet *sheet, struct err *err)
{
    enum err_class class_ = zip_writer_new(zip_out, sheet, &sheet->zip, err);
    if (class_ == ERR_OK)
        class_ = part_write(sheet, "[Content_Types].xml", str_of(CONTENT_TYPES), err);
    if (class_ == ERR_OK)
        class_ = part_write(sheet, "_rels/.rels", str_of(ROOT_RELATIONS), err);
    if (class_ == ERR_OK)
        class_ = part_write(sheet, "xl/styles.xml", str_of(STYLES), err);
    return class_ == ERR_OK ? entry_begin(sheet, err) : class_;
}

/* Sheet names know no []:*?/\ and no two are the same. */
static void title_write(struct sheet *sheet, int64_t number)
{
    char tail[24] = "", name[sizeof sheet->title_bytes];
    size_t len = 0;
    if (number > 1)
        snprintf(tail, sizeof tail, " (%lld)", (long long)number);
    struct str title = sheet->title.len > 0 ? sheet->title : STR("Sheet1");
    title = units_head(title, TITLE_CHARACTERS_MAX - strlen(tail));
    for (size_t i = 0; i < title.len; i++)
        name[len++] = memchr("[]:*?/\\'", title.ptr[i], 8) ? '_' : title.ptr[i];
    text_write(&sheet->out, (struct str){name, len});
    buf_add(&sheet->out, str_of(tail));
}

static enum err_class workbook_write(struct sheet *sheet, struct err *err)
{
    struct buf *out = &sheet->out;
    buf_add(out, STR(HEAD "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets>"));
    for (int64_t i = 1; i <= sheet->counts.sheets; i++) {
        buf_add(out, STR("<sheet name=\""));
        title_write(sheet, i);
        buf_printf(out, "\" sheetId=\"%lld\" r:id=\"rId%lld\"/>", (long long)i, (long long)i);
    }
    buf_add(out, STR("</sheets></workbook>"));
    enum err_class class_ = part_write(sheet, "xl/workbook.xml", buf_str(out), err);
    buf_reset(out);
    return class_;
}

static enum err_class relations_write(struct sheet *sheet, struct err *err)
{
    struct buf *out = &sheet->out;
    buf_add(out, STR(HEAD "<Relationships xmlns=\"" PACKAGE_RELATIONS "\">"));
    for (int64_t i = 1; i <= sheet->counts.sheets; i++)
        buf_printf(out,
                   "<Relationship Id=\"rId%lld\" Type=\"" RELATIONS
                   "/worksheet\" Target=\"worksheets/sheet%lld.xml\"/>",
                   (long long)i, (long long)i);
    buf_printf(out,
               "<Relationship Id=\"rId%lld\" Type=\"" RELATIONS
               "/styles\" Target=\"styles.xml\"/></Relationships>",
               (long long)sheet->counts.sheets + 1);
    enum err_class class_ = part_write(sheet, "xl/_rels/workbook.xml.rels", buf_str(out), err);
    buf_reset(out);
    return class_;
}

static enum err_class xlsx_end(struct sheet *sheet, struct err *err)
{
    enum err_class class_ = entry_end(sheet, err);
    if (class_ == ERR_OK)
        class_ = workbook_write(sheet, err);
    if (class_ == ERR_OK)
        class_ = relations_write(sheet, err);
    return class_ == ERR_OK ? zip_finish(sheet->zip, err) : class_;
}

const struct sheet_ops sheet_xlsx_ops = {xlsx_begin, xlsx_row, xlsx_flush, xlsx_end};
