/* Reading and writing of one unit of work. */
#include "derive/engine.h"

#include <string.h>

#include "derive/sql.h"

enum { IDS_BYTES_MAX = 8 * 1024 * 1024 };

enum err_class work_query(const struct derive_work *work, const char *sql,
                          const struct sql_value *values, size_t values_len, tx_row *each,
                          void *context, struct err *err)
{
    if (work->tx)
        return tx_query(work->tx, sql, values, values_len, each, context, err);
    enum err_class class_ = snapshot_read(work->snapshot, sql, values, values_len, err);
    while (!class_ && reader_next(work->snapshot))
        class_ = each(work->snapshot, context, err);
    return class_;
}

enum err_class work_later(const struct derive_work *work, const char *sql,
                          const struct sql_value *values, size_t values_len, struct err *err)
{
    return tx_later(work->tx, sql, values, values_len, err);
}

struct sql_value ids_json(const struct str *ids, size_t len, struct arena *arena)
{
    struct buf text;
    buf_init(&text, IDS_BYTES_MAX);
    json_write_strings(&text, ids, len);
    struct str json = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return sql_text(json);
}

enum sql_kind value_kind(enum column_type type)
{
    return type == COLUMN_ID || type == COLUMN_TEXT ? SQL_TEXT : SQL_INT;
}

enum err_class value_read(const struct reader *row, int column, enum column_type type,
                          struct arena *arena, struct sql_value *out, struct err *err)
{
    if (reader_is_null(row, column)) {
        *out = sql_null();
    } else if (value_kind(type) == SQL_TEXT) {
        struct str text = arena_dup(arena, reader_text(row, column));
        if (!text.ptr)
            return err_no_memory(err);
        *out = sql_text(text);
    } else {
        *out = sql_int(reader_int(row, column));
    }
    return ERR_OK;
}

struct str work_day(const struct derive_work *work, int64_t at_ms)
{
    struct civil day;
    zone_from_utc_ms(work->shop->zone, at_ms, &day);
    return arena_printf(work->arena, "%04d-%02u-%02u", (int)day.year, day.month, day.day);
}
