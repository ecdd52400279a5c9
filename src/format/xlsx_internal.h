/* What the files that read xlsx share. xlsx.c opens the package, xlsx_part.c reads a part of it as XML within
 * bounds, xlsx_parts.c the list of sheets, strings and styles, xlsx_rows.c rows, xlsx_value.c values. Private. */
#ifndef HUILIU_FORMAT_XLSX_INTERNAL_H
#define HUILIU_FORMAT_XLSX_INTERNAL_H

#include <expat.h>
#include <zip.h>

#include "format/xlsx.h"

struct xlsx_sheet {
    struct str name, relation, path;
    bool hidden;
};
struct xlsx {
    struct arena arena; /* names, strings, styles */
    struct str bytes;
    zip_t *zip;
    uint64_t unfolded; /* of all parts read so far */
    struct str workbook, strings_path, styles_path;
    struct xlsx_sheet sheets[XLSX_SHEETS_MAX];
    size_t sheets_len;
    bool from_1904;
    struct str *strings;
    size_t strings_len, strings_room, strings_bytes;
    bool *dates; /* of each cell style */
    size_t dates_len, dates_room;
    struct rows *rows; /* of the sheet that is selected */
};

/* --- a part, read as XML --- */
struct part_tags { /* names come without their prefix; attributes as expat has them */
    void (*open)(void *context, const char *name, const char **attributes);
    void (*close)(void *context, const char *name);
    void (*text)(void *context, struct str text); /* may be NULL */
};
struct part {
    struct xlsx *book;
    struct str path;
    zip_file_t *file;
    XML_Parser parser;
    const struct part_tags *tags;
    void *context;
    uint64_t packed, unfolded;
    unsigned depth;
    bool
        ended; /* its last piece is in the parser; what is left of it may still come after a pause */
    bool paused;
    struct err err; /* of the first thing that went wrong within a callback */
};
/* A part that is not there: ERR_NOT_FOUND (not an error of the file where it is optional). */
enum err_class part_open(struct part *part, struct xlsx *book, struct str path,
                         const struct part_tags *tags, void *context, struct err *err);
void part_close(struct part *part);
/* Goes on until a callback paused it (part->paused), or to the end. */
enum err_class part_run(struct part *part, struct err *err);
/* Of callbacks. */
void part_pause(struct part *part);
void part_fail(struct part *part, enum err_class class_, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Opens, runs, closes. */
enum err_class part_read(struct xlsx *book, struct str path, const struct part_tags *tags,
                         void *context, struct part *part, struct err *err);
const char *local_name(const char *name);
/* Value of an attribute by its name without prefix, or empty. */
struct str attribute(const char **attributes, const char *name);

/* --- parts --- */
enum err_class xlsx_parts_read(struct xlsx *book, struct err *err);

/* --- rows --- */
enum err_class rows_open(struct xlsx *book, size_t sheet, struct err *err);
enum err_class rows_next(struct rows *rows, struct xlsx_row *row, struct err *err);
void rows_close(struct rows *rows);

/* --- values --- */
/* "_x000D_" stands for the character of that number. In place; returns the new length. */
size_t text_unescape(char *text, size_t len);
bool format_is_date(struct str code);
bool format_number_is_date(unsigned number);

#endif
