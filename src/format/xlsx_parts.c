/* The parts that say what rows mean: where the workbook is, its sheets, shared strings, styles. */
#include <stdlib.h>
#include <string.h>

#include "format/xlsx_internal.h"

enum {
    STYLES_MAX = 65536,
    FORMATS_MAX = 1024,
};

/* --- growing --- */

static bool grow(void **items, size_t len, size_t *room, size_t bytes_each)
{
    if (len < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 256;
    void *bigger = realloc(*items, wanted * bytes_each);
    if (!bigger)
        return false;
    *items = bigger;
    *room = wanted;
    return true;
}

static void no_memory(struct part *part)
{
    part_fail(part, ERR_INTERNAL, "no_memory", "out of memory");
}

static struct str keep(struct part *part, struct str text)
{
    struct str copy = arena_dup(&part->book->arena, text);
    if (!copy.ptr)
        no_memory(part);
    return copy;
}

/* --- relations: which part is meant by a number or a type --- */

struct relations {
    struct part part;
    struct str folder; /* targets are relative to it */
    void (*each)(struct relations *relations, struct str id, struct str type, struct str target);
};

static void relation_open(void *context, const char *name, const char **attributes)
{
    struct relations *relations = context;
    if (strcmp(name, "Relationship") != 0 ||
        str_eq(attribute(attributes, "TargetMode"), STR("External")))
        return;
    struct str target = attribute(attributes, "Target");
    if (str_find(target, STR("..")) != SIZE_MAX || str_find_char(target, '\\') != SIZE_MAX) {
        part_fail(&relations->part, ERR_BAD_REQUEST, "xlsx_path",
                  "the file names a part that lies outside of it");
        return;
    }
    struct str path = str_starts(target, STR("/"))
                          ? keep(&relations->part, str_sub(target, 1, target.len))
                          : arena_printf(&relations->part.book->arena, "%.*s%.*s",
                                         STR_ARG(relations->folder), STR_ARG(target));
    if (!path.ptr)
        no_memory(&relations->part);
    else
        relations->each(relations, attribute(attributes, "Id"), attribute(attributes, "Type"),
                        path);
}

static void nothing_close(void *context, const char *name)
{
    (void)context, (void)name;
}

static const struct part_tags relation_tags = {relation_open, nothing_close, NULL};

static void root_relation(struct relations *relations, struct str id, struct str type,
                          struct str target)
{
    (void)id;
    struct xlsx *book = relations->part.book;
    if (str_ends(type, STR("/officeDocument")) && book->workbook.len == 0)
        book->workbook = target;
}

static void book_relation(struct relations *relations, struct str id, struct str type,
                          struct str target)
{
    struct xlsx *book = relations->part.book;
    if (str_ends(type, STR("/sharedStrings")))
        book->strings_path = target;
    if (str_ends(type, STR("/styles")))
        book->styles_path = target;
    if (!str_ends(type, STR("/worksheet")))
        return;
    for (size_t i = 0; i < book->sheets_len; i++)
        if (str_eq(book->sheets[i].relation, id))
            book->sheets[i].path = target;
}

/* --- the workbook: sheets and the first year of its days --- */

struct workbook {
    struct part part;
};

static void sheet_add(struct part *part, const char **attributes)
{
    struct xlsx *book = part->book;
    if (book->sheets_len == XLSX_SHEETS_MAX) {
        part_fail(part, ERR_BAD_REQUEST, "xlsx_large", "the file has more than %d sheets",
                  XLSX_SHEETS_MAX);
        return;
    }
    struct str state = attribute(attributes, "state");
    /* "id" once with the prefix of relations, once (sheetId) by its own name. */
    book->sheets[book->sheets_len++] = (struct xlsx_sheet){
        .name = keep(part, attribute(attributes, "name")),
        .relation = keep(part, attribute(attributes, "id")),
        .hidden = state.len > 0 && !str_eq(state, STR("visible"))};
}

static void workbook_open(void *context, const char *name, const char **attributes)
{
    struct workbook *workbook = context;
    struct str date1904 = attribute(attributes, "date1904");
    if (strcmp(name, "sheet") == 0)
        sheet_add(&workbook->part, attributes);
    if (strcmp(name, "workbookPr") == 0)
        workbook->part.book->from_1904 = str_eq(date1904, STR("1")) ||
                                         str_eq(date1904, STR("true"));
}

static const struct part_tags workbook_tags = {workbook_open, nothing_close, NULL};

/* --- shared strings --- */

struct strings {
    struct part part;
    struct buf text;
    unsigned phonetic; /* within readings, which are no part of the text */
    bool in_text;
};

static void string_open(void *context, const char *name, const char **attributes)
{
    struct strings *strings = context;
    (void)attributes;
    if (strcmp(name, "si") == 0)
        buf_reset(&strings->text);
    if (strcmp(name, "rPh") == 0)
        strings->phonetic++;
    strings->in_text = strcmp(name, "t") == 0 && strings->phonetic == 0;
}

static void string_close(void *context, const char *name)
{
    struct strings *strings = context;
    struct xlsx *book = strings->part.book;
    void *items = book->strings;
    if (strcmp(name, "rPh") == 0 && strings->phonetic > 0)
        strings->phonetic--;
    if (strcmp(name, "t") == 0)
        strings->in_text = false;
    if (strcmp(name, "si") != 0)
        return;
    if (strings->text.failed || book->strings_len == XLSX_STRINGS_MAX ||
        book->strings_bytes + strings->text.len > XLSX_STRINGS_BYTES_MAX) {
        part_fail(&strings->part, ERR_BAD_REQUEST, "xlsx_large",
                  "the file has more than %d texts, more than %d MB of them, or one of more than "
                  "%d bytes",
                  XLSX_STRINGS_MAX, XLSX_STRINGS_BYTES_MAX >> 20, XLSX_CELL_BYTES_MAX);
        return;
    }
    if (!grow(&items, book->strings_len, &book->strings_room, sizeof *book->strings)) {
        no_memory(&strings->part);
        return;
    }
    book->strings = items;
    book->strings_bytes += strings->text.len;
    if (strings->text.len > 0)
        strings->text.len = text_unescape(strings->text.ptr, strings->text.len);
    book->strings[book->strings_len++] = keep(&strings->part, buf_str(&strings->text));
}

static void string_text(void *context, struct str text)
{
    struct strings *strings = context;
    if (strings->in_text)
        buf_add(&strings->text, text);
}

static const struct part_tags string_tags = {string_open, string_close, string_text};

/* --- styles: which cells are dates --- */

struct styles {
    struct part part;
    bool in_cells; /* cellXfs, not cellStyleXfs */
    unsigned formats[FORMATS_MAX];
    size_t formats_len; /* those that are dates */
};

static unsigned small_number(struct str text)
{
    int64_t number;
    return str_to_i64(text, &number) && number >= 0 && number <= UINT16_MAX ? (unsigned)number
                                                                            : UINT16_MAX;
}

static void style_add(struct styles *styles, unsigned format)
{
    struct xlsx *book = styles->part.book;
    void *items = book->dates;
    bool date = format_number_is_date(format);
    for (size_t i = 0; i < styles->formats_len && !date; i++)
        date = styles->formats[i] == format;
    if (book->dates_len == STYLES_MAX) {
        part_fail(&styles->part, ERR_BAD_REQUEST, "xlsx_large",
                  "the file has more than %d cell styles", STYLES_MAX);
    } else if (!grow(&items, book->dates_len, &book->dates_room, sizeof *book->dates)) {
        no_memory(&styles->part);
    } else {
        book->dates = items;
        book->dates[book->dates_len++] = date;
    }
}

static void style_open(void *context, const char *name, const char **attributes)
{
    struct styles *styles = context;
    unsigned format = small_number(attribute(attributes, "numFmtId"));
    if (strcmp(name, "cellXfs") == 0)
        styles->in_cells = true;
    if (strcmp(name, "numFmt") == 0 && styles->formats_len < FORMATS_MAX &&
        format_is_date(attribute(attributes, "formatCode")))
        styles->formats[styles->formats_len++] = format;
    if (strcmp(name, "xf") == 0 && styles->in_cells)
        style_add(styles, format);
}

static void style_close(void *context, const char *name)
{
    struct styles *styles = context;
    if (strcmp(name, "cellXfs") == 0)
        styles->in_cells = false;
}

static const struct part_tags style_tags = {style_open, style_close, NULL};

/* --- all of them --- */

/* "xl/workbook.xml" -> "xl/" and "xl/_rels/workbook.xml.rels". */
static enum err_class relations_read(struct xlsx *book, struct str path,
                                     void (*each)(struct relations *, struct str, struct str,
                                                  struct str),
                                     struct err *err)
{
    size_t slash = 0;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '/')
            slash = i + 1;
    struct relations relations = {.each = each, .folder = str_sub(path, 0, slash)};
    struct str file = arena_printf(&book->arena, "%.*s_rels/%.*s.rels", STR_ARG(relations.folder),
                                   STR_ARG(str_sub(path, slash, path.len)));
    if (!file.ptr)
        return err_no_memory(err);
    return part_read(book, file, &relation_tags, &relations, &relations.part, err);
}

/* A part that need not be there. */
static enum err_class optional(enum err_class class_, struct err *err)
{
    if (class_ != ERR_NOT_FOUND)
        return class_;
    if (err)
        err_clear(err);
    return ERR_OK;
}

static enum err_class strings_read(struct xlsx *book, struct err *err)
{
    struct strings strings = {.phonetic = 0};
    if (book->strings_path.len == 0)
        return ERR_OK;
    buf_init(&strings.text, XLSX_CELL_BYTES_MAX);
    enum err_class class_ = part_read(book, book->strings_path, &string_tags, &strings,
                                      &strings.part, err);
    buf_fini(&strings.text);
    return optional(class_, err);
}

static enum err_class styles_read(struct xlsx *book, struct err *err)
{
    struct styles *styles = arena_alloc(&book->arena, sizeof *styles);
    if (!styles)
        return err_no_memory(err);
    if (book->styles_path.len == 0)
        return ERR_OK;
    enum err_class class_ = part_read(book, book->styles_path, &style_tags, styles, &styles->part,
                                      err);
    return optional(class_, err);
}

/* A part that must be there: one that is not makes the file no workbook. */
static enum err_class needed(enum err_class class_, struct err *err)
{
    if (class_ != ERR_NOT_FOUND)
        return class_;
    return err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt",
                   "this is no xlsx file: it has no workbook");
}

enum err_class xlsx_parts_read(struct xlsx *book, struct err *err)
{
    struct workbook workbook = {.part = {.book = book}};
    enum err_class class_ = optional(relations_read(book, STR(""), root_relation, err), err);
    if (book->workbook.len == 0)
        book->workbook = STR("xl/workbook.xml");
    if (class_ == ERR_OK)
        class_ = needed(
            part_read(book, book->workbook, &workbook_tags, &workbook, &workbook.part, err), err);
    if (class_ == ERR_OK)
        class_ = needed(relations_read(book, book->workbook, book_relation, err), err);
    if (class_ == ERR_OK && book->sheets_len == 0)
        class_ = err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "the file has no sheet");
    if (class_ == ERR_OK)
        class_ = styles_read(book, err);
    return class_ == ERR_OK ? strings_read(book, err) : class_;
}
