/* The evidence of a range as JSON. docs/proof.md says how anybody recomputes it. */
#include "sync/sql.h"
#include "sync/sync_internal.h"

static void json_time(struct buf *out, const char *name, int64_t at_ms)
{
    buf_printf(out, "\"%s\":\"", name);
    time_format(STR("%Y-%m-%dT%H:%M:%S.%LZ"), zone_utc(), at_ms, out, NULL);
    buf_printf(out, "\",\"%s_ms\":%lld", name, (long long)at_ms);
}

static void json_number(struct buf *out, const char *name, const struct reader *row, int column)
{
    if (reader_is_null(row, column))
        buf_printf(out, ",\"%s\":null", name);
    else
        buf_printf(out, ",\"%s\":%lld", name, (long long)reader_int(row, column));
}

static void json_string(struct buf *out, const char *name, const struct reader *row, int column)
{
    buf_printf(out, ",\"%s\":", name);
    if (reader_is_null(row, column))
        buf_add(out, STR("null"));
    else
        json_write_string(out, reader_text(row, column));
}

/* Columns as in WINDOW_COLUMNS. */
static void window_json(struct buf *out, const struct reader *row)
{
    buf_add(out, STR("{"));
    json_time(out, "from", reader_int(row, 3));
    buf_add(out, STR(","));
    json_time(out, "to", reader_int(row, 4));
    json_string(out, "kind", row, 2);
    json_string(out, "state", row, 5);
    json_string(out, "grade", row, 6);
    json_string(out, "reason", row, 7);
    json_number(out, "total_first", row, 8);
    json_number(out, "total_last", row, 9);
    json_number(out, "distinct_ids", row, 10);
    json_number(out, "rejects", row, 11);
    json_number(out, "stored", row, 12);
    json_string(out, "digest", row, 13);
    json_number(out, "pages_read", row, 16);
    json_number(out, "readings", row, 18);
    json_number(out, "closed_ms", row, 22);
    buf_add(out, STR("}"));
}

static enum err_class windows_json(struct sync *sync, const struct sync_shop *shop,
                                   const struct stream *stream, int64_t from_ms, int64_t to_ms,
                                   struct buf *json, struct err *err)
{
    const struct sql_value values[] = {sql_int(shop->id), sql_text(stream->name), sql_int(from_ms),
                                       sql_int(to_ms)};
    struct reader *row;
    enum err_class class_ = store_read(sync->options.store, SQL_PROVE_WINDOWS, values, 4, &row,
                                       err);
    if (class_ != ERR_OK)
        return class_;
    for (bool first = true; reader_next(row); first = false) {
        if (!first)
            buf_add(json, STR(","));
        window_json(json, row);
    }
    return reader_close(row, err);
}

/* What of [from, to] no sealed audit window covers: the holes in "complete". */
static enum err_class holes_json(struct sync *sync, const struct sync_shop *shop,
                                 const struct stream *stream, int64_t from_ms, int64_t to_ms,
                                 struct buf *json, struct err *err)
{
    struct window_id like = {.shop_id = shop->id, .stream = stream->name, .kind = WINDOW_AUDIT};
    int64_t step_ms = stream->window.step_ms;
    int64_t at_ms = from_ms;
    for (bool first = true; at_ms <= to_ms;) {
        int64_t covered_ms, next_ms;
        enum err_class class_ = window_cover(sync->options.store, &like, at_ms - step_ms, step_ms,
                                             true, NULL, &covered_ms, err);
        if (class_ != ERR_OK)
            return class_;
        at_ms = covered_ms + step_ms;
        if (at_ms > to_ms)
            break;
        const struct sql_value values[] = {sql_int(shop->id), sql_text(stream->name),
                                           sql_int(at_ms)};
        class_ = store_read_int(sync->options.store, SQL_SEALED_AFTER, values, 3, to_ms + step_ms,
                                &next_ms, err);
        if (class_ != ERR_OK)
            return class_;
        int64_t end_ms = next_ms - step_ms < to_ms ? next_ms - step_ms : to_ms;
        buf_add(json, first ? STR("{") : STR(",{"));
        json_time(json, "from", at_ms);
        buf_add(json, STR(","));
        json_time(json, "to", end_ms);
        buf_add(json, STR("}"));
        first = false;
        at_ms = end_ms + step_ms;
    }
    return ERR_OK;
}

static enum err_class stored_json(struct sync *sync, const struct sync_shop *shop,
                                  const struct stream *stream, int64_t from_ms, int64_t to_ms,
                                  struct buf *json, struct err *err)
{
    struct id_set ids;
    id_set_init(&ids);
    int64_t rows;
    char digest[DIGEST_HEX_ROOM];
    enum err_class class_ = rows_created_ids(sync->options.store, stream->table, shop->id, from_ms,
                                             to_ms, &ids, &rows, err);
    if (class_ == ERR_OK)
        class_ = id_set_digest(&ids, digest, err);
    if (class_ == ERR_OK)
        buf_printf(json, ",\"stored\":{\"rows\":%lld,\"digest\":\"%s\"}", (long long)rows, digest);
    /* A range of more rows than one digest holds is told window by window only. */
    if (class_ == ERR_SPLIT_WINDOW) {
        class_ = ERR_OK;
        err_clear(err);
        buf_add(json, STR(",\"stored\":null"));
    }
    id_set_fini(&ids);
    return class_;
}

enum err_class sync_prove(struct sync *sync, const struct sync_shop *shop,
                          const struct stream *stream, int64_t from_ms, int64_t to_ms,
                          struct buf *json, struct err *err)
{
    struct stream_state state;
    enum err_class class_ = plan_state_load(sync->options.store, shop, stream, clock_now_ms(), NULL,
                                            false, &state, err);
    if (class_ != ERR_OK)
        return class_;
    buf_add(json, STR("{\"shop\":"));
    json_write_string(json, shop->facts.shop.name);
    buf_add(json, STR(",\"stream\":"));
    json_write_string(json, stream->name);
    buf_add(json, STR(",\"table\":"));
    json_write_string(json, stream->table->name);
    buf_add(json, STR(","));
    json_time(json, "from", from_ms);
    buf_add(json, STR(","));
    json_time(json, "to", to_ms);
    buf_add(json, STR(","));
    json_time(json, "complete_up_to", state.complete_up_to_ms);
    buf_add(json, STR(",\"windows\":["));
    class_ = windows_json(sync, shop, stream, from_ms, to_ms, json, err);
    if (class_ == ERR_OK && stream->window.has_created) {
        buf_add(json, STR("],\"not_proved\":["));
        class_ = holes_json(sync, shop, stream, from_ms, to_ms, json, err);
    }
    buf_add(json, STR("]"));
    if (class_ == ERR_OK && stream->table->created != SIZE_MAX)
        class_ = stored_json(sync, shop, stream, from_ms, to_ms, json, err);
    buf_add(json, STR("}"));
    return class_ == ERR_OK && json->failed ? err_no_memory(err) : class_;
}
