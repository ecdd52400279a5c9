/* Opening a workbook: what kind of file it is, what is in the package, which sheets there are. */
#include "format/xlsx.h"

#include <stdlib.h>
#include <string.h>

#include "format/xlsx_internal.h"

bool xlsx_is_zip(struct str bytes)
{
    return str_starts(bytes, STR("PK\x03\x04"));
}

bool xlsx_is_old(struct str bytes)
{
    return str_starts(bytes, STR("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"));
}

/* Workbooks with a password, and those of before 2007, are kept in the same container. */
static enum err_class old_refuse(struct str bytes, struct err *err)
{
    static const char package[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    if (str_find(bytes, (struct str){package, sizeof package - 1}) != SIZE_MAX)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_encrypted",
                       "the file is protected by a password: save it without one");
    return err_set(err, ERR_BAD_REQUEST, "xls_old",
                   "this is a workbook of before 2007: save it as .xlsx or .csv");
}

static enum err_class corrupt(struct err *err, const char *why)
{
    return err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "this is no xlsx file: %s", why);
}

/* --- the package --- */

static bool path_leaves(struct str path)
{
    return path.len == 0 || path.ptr[0] == '/' || str_find_char(path, '\\') != SIZE_MAX ||
           str_find(path, STR("../")) != SIZE_MAX || str_ends(path, STR("..")) ||
           str_find_char(path, ':') != SIZE_MAX;
}

/* Nothing of the package is ever written anywhere; a file that tries to leave it is not one that anybody exported. */
static enum err_class entries_check(struct xlsx *book, struct err *err)
{
    zip_int64_t len = zip_get_num_entries(book->zip, 0);
    if (len > XLSX_ENTRIES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_large", "the file has %lld parts, more than %d",
                       (long long)len, XLSX_ENTRIES_MAX);
    for (zip_int64_t i = 0; i < len; i++) {
        const char *name = zip_get_name(book->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (!name || path_leaves(str_of(name)))
            return err_set(err, ERR_BAD_REQUEST, "xlsx_path",
                           "the file has a part whose name leads out of it");
    }
    return ERR_OK;
}

static enum err_class package_open(struct xlsx *book, struct err *err)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(book->bytes.ptr, book->bytes.len, 0, &error);
    if (source)
        book->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (source && !book->zip)
        zip_source_free(source);
    bool no_memory = zip_error_code_zip(&error) == ZIP_ER_MEMORY;
    enum err_class class_ = book->zip   ? ERR_OK
                            : no_memory ? err_no_memory(err)
                                        : corrupt(err, zip_error_strerror(&error));
    zip_error_fini(&error);
    return class_ == ERR_OK ? entries_check(book, err) : class_;
}

enum err_class xlsx_open(struct str bytes, struct xlsx **out, struct err *err)
{
    *out = NULL;
    if (bytes.len > XLSX_FILE_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_large", "the file has more than %d MB",
                       XLSX_FILE_BYTES_MAX >> 20);
    if (xlsx_is_old(bytes))
        return old_refuse(bytes, err);
    if (!xlsx_is_zip(bytes))
        return corrupt(err, "it does not begin as one");
    struct xlsx *book = calloc(1, sizeof *book);
    if (!book)
        return err_no_memory(err);
    arena_init(&book->arena);
    book->bytes = bytes;
    enum err_class class_ = package_open(book, err);
    if (class_ == ERR_OK)
        class_ = xlsx_parts_read(book, err);
    if (class_ == ERR_OK)
        *out = book;
    else
        xlsx_close(book);
    return class_;
}

void xlsx_close(struct xlsx *book)
{
    if (!book)
        return;
    rows_close(book->rows);
    if (book->zip)
        zip_discard(book->zip);
    free(book->dates);
    free(book->strings);
    arena_fini(&book->arena);
    free(book);
}

/* --- sheets --- */

size_t xlsx_sheets(const struct xlsx *book)
{
    return book->sheets_len;
}

struct str xlsx_sheet_name(const struct xlsx *book, size_t sheet)
{
    return book->sheets[sheet].name;
}

bool xlsx_sheet_visible(const struct xlsx *book, size_t sheet)
{
    return !book->sheets[sheet].hidden;
}

size_t xlsx_first_visible(const struct xlsx *book)
{
    for (size_t i = 0; i < book->sheets_len; i++)
        if (!book->sheets[i].hidden)
            return i;
    return 0;
}

enum err_class xlsx_select(struct xlsx *book, size_t sheet, struct err *err)
{
    rows_close(book->rows);
    book->rows = NULL;
    return rows_open(book, sheet, err);
}

enum err_class xlsx_next(struct xlsx *book, struct xlsx_row *row, struct err *err)
{
    return rows_next(book->rows, row, err);
}
