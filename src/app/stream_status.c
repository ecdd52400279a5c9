/* Several queries, one stream. */
#include "app/stream_status.h"

#include <stdio.h>

#include "app/sql.h"

static enum err_class state_read(struct app *app, const struct sql_value key[2],
                                 struct stream_status *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(app->store, SQL_STATUS, key, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        out->frontier_ms = reader_int(row, 0);
        out->complete_ms = reader_int(row, 1);
        out->success_ms = reader_int(row, 2);
        out->error = arena_dup(&app->arena, reader_text(row, 3));
        out->since_ms = reader_int(row, 4);
    }
    return reader_close(row, err);
}

static enum err_class windows_read(struct app *app, const struct sql_value key[2],
                                   struct stream_status *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(app->store, SQL_STATUS_WINDOWS, key, 2, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row)) {
        /* An unproved window is a hole: no grade of the others speaks for it. */
        out->unproved = reader_int(row, 1);
        out->grade = out->unproved > 0 ? STR("C") : arena_dup(&app->arena, reader_text(row, 0));
        out->open = reader_int(row, 3);
        out->sealed = reader_int(row, 4);
    }
    return reader_close(row, err);
}

/* The main table's rows. Its name is the catalogue's. */
static enum err_class rows_count(struct app *app, const struct stream *stream,
                                 const struct sql_value key[2], int64_t *out, struct err *err)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.*s WHERE shop_id = ?1",
             STR_ARG(stream->table->name));
    return store_read_int(app->store, sql, key, 1, 0, out, err);
}

enum err_class stream_status_read(struct app *app, const struct app_shop *shop,
                                  const struct stream *stream, struct stream_status *out,
                                  struct err *err)
{
    const struct sql_value key[] = {sql_int(shop->sync.id), sql_text(stream->name)};
    *out = (struct stream_status){0};
    enum err_class class_ = rows_count(app, stream, key, &out->rows, err);
    if (class_ == ERR_OK)
        class_ = state_read(app, key, out, err);
    if (class_ == ERR_OK)
        class_ = windows_read(app, key, out, err);
    if (class_ == ERR_OK)
        class_ = store_read_int(app->store, SQL_STATUS_REJECTS, key, 2, 0, &out->rejects, err);
    if (class_ == ERR_OK)
        class_ = store_read_int(app->store, SQL_STATUS_DECRYPT, key, 1, 0, &out->decrypt, err);
    if (out->error.len == 0 && !shop->sync.enabled)
        out->error = shop->sync.state_reason.len > 0 ? shop->sync.state_reason : shop->state;
    return class_;
}

bool shop_is_by_files(const struct app_shop *shop)
{
    return shop->sync.connector && connector_streams(shop->sync.connector) == 0;
}

enum err_class file_status_read(struct app *app, const struct app_shop *shop,
                                struct file_status out[FILE_KINDS_MAX], size_t *len,
                                struct err *err)
{
    struct reader *row;
    const struct sql_value id = sql_int(shop->sync.id);
    enum err_class class_ = store_read(app->store, SQL_STATUS_FILES, &id, 1, &row, err);
    *len = 0;
    if (class_ != ERR_OK)
        return class_;
    while (reader_next(row) && *len < FILE_KINDS_MAX)
        out[(*len)++] = (struct file_status){
            .kind = arena_dup(&app->arena, reader_text(row, 0)),
            .rows = reader_int(row, 1),
            .as_of_ms = reader_int(row, 2),
            .finished_ms = reader_int(row, 3),
            .refused = reader_int(row, 4),
        };
    return reader_close(row, err);
}
