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

/* Of one shop's stream: where proof ends and begins. */
struct cover {
    struct reader *snapshot;
    struct window_id like;
    int64_t step_ms, to_ms;
};

static enum err_class instant_read(const struct cover *cover, const char *sql, int64_t at_ms,
                                   int64_t absent_ms, int64_t *out_ms, struct err *err)
{
    const struct sql_value values[] = {sql_int(cover->like.shop_id), sql_text(cover->like.stream),
                                       sql_int(at_ms)};
    return snapshot_read_int(cover->snapshot, sql, values, 3, absent_ms, out_ms, err);
}

/* The first instant from at_ms on that is not proved: no sealed audit window covers it, or a later reading
 * of it could not be proved, whatever older seal lies below. */
static enum err_class hole_first(const struct cover *cover, int64_t at_ms, int64_t *out_ms,
                                 struct err *err)
{
    int64_t covered_ms, unproved_ms;
    enum err_class class_ = window_cover(cover->snapshot, &cover->like, at_ms - cover->step_ms,
                                         cover->step_ms, true, NULL, &covered_ms, err);
    if (class_ == ERR_OK)
        class_ = instant_read(cover, SQL_UNPROVED_AFTER, at_ms, INT64_MAX, &unproved_ms, err);
    if (class_ != ERR_OK)
        return class_;
    *out_ms = covered_ms + cover->step_ms;
    if (unproved_ms < *out_ms)
        *out_ms = unproved_ms > at_ms ? unproved_ms : at_ms;
    return ERR_OK;
}

/* How far the hole that begins at at_ms goes on: over unproved windows and over what no seal covers, as
 * often as one follows the other. */
static enum err_class hole_last(const struct cover *cover, int64_t at_ms, int64_t *out_ms,
                                struct err *err)
{
    int64_t end_ms = at_ms, step_ms = cover->step_ms;
    for (int64_t next_ms = at_ms; next_ms <= cover->to_ms; next_ms = end_ms + step_ms) {
        int64_t covered_ms, sealed_ms, unproved_ms;
        enum err_class class_ = instant_read(cover, SQL_UNPROVED_AT, next_ms, next_ms - step_ms,
                                             &unproved_ms, err);
        if (class_ == ERR_OK)
            class_ = window_cover(cover->snapshot, &cover->like, next_ms - step_ms, step_ms, true,
                                  NULL, &covered_ms, err);
        if (class_ == ERR_OK)
            class_ = instant_read(cover, SQL_SEALED_AFTER, next_ms, cover->to_ms + step_ms,
                                  &sealed_ms, err);
        if (class_ != ERR_OK)
            return class_;
        bool covered = covered_ms >= next_ms;
        if (covered && unproved_ms < next_ms)
            break;
        end_ms = covered ? unproved_ms : sealed_ms - step_ms;
        if (unproved_ms > end_ms)
            end_ms = unproved_ms;
    }
    *out_ms = end_ms < cover->to_ms ? end_ms : cover->to_ms;
    return ERR_OK;
}

static enum err_class holes_write(struct reader *snapshot, const struct sync_shop *shop,
                                  const struct stream *stream, int64_t from_ms, int64_t to_ms,
                                  struct buf *json, struct err *err)
{
    const struct cover cover = {
        .snapshot = snapshot,
        .like = {.shop_id = shop->id, .stream = stream->name, .kind = WINDOW_AUDIT},
        .step_ms = stream->window.step_ms,
        .to_ms = to_ms,
    };
    int64_t at_ms = from_ms, end_ms;
    for (bool first = true;; first = false) {
        enum err_class class_ = hole_first(&cover, at_ms, &at_ms, err);
        if (class_ != ERR_OK || at_ms > to_ms)
            return class_;
        class_ = hole_last(&cover, at_ms, &end_ms, err);
        if (class_ != ERR_OK)
            return class_;
        buf_add(json, first ? STR("{") : STR(",{"));
        json_time(json, "from", at_ms);
        buf_add(json, STR(","));
        json_time(json, "to", end_ms);
        buf_add(json, STR("}"));
        at_ms = end_ms + cover.step_ms;
    }
}

static enum err_class holes_json(struct sync *sync, const struct sync_shop *shop,
                                 const struct stream *stream, int64_t from_ms, int64_t to_ms,
                                 struct buf *json, struct err *err)
{
    struct reader *snapshot;
    enum err_class class_ = store_snapshot(sync->options.store, &snapshot, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = holes_write(snapshot, shop, stream, from_ms, to_ms, json, err);
    enum err_class closed = reader_close(snapshot, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
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

enum err_class sync_stream_since(struct sync *sync, const struct sync_shop *shop,
                                 const struct stream *stream, int64_t now_ms, int64_t *out,
                                 struct err *err)
{
    struct stream_state state;
    enum err_class class_ = plan_state_load(sync->options.store, shop, stream, now_ms, &state, err);
    *out = class_ == ERR_OK ? state.since_ms : 0;
    return class_;
}

enum err_class sync_prove(struct sync *sync, const struct sync_shop *shop,
                          const struct stream *stream, int64_t from_ms, int64_t to_ms,
                          struct buf *json, struct err *err)
{
    struct stream_state state;
    if (stream->figures.of)
        return err_set(
            err, ERR_USAGE, "no_windows",
            "stream %.*s has figures, not records: there is nothing to count; prove %.*s",
            STR_ARG(stream->name), STR_ARG(stream->figures.of->name));
    enum err_class class_ = plan_state_load(sync->options.store, shop, stream, clock_now_ms(),
                                            &state, err);
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
    if (state.complete_up_to_ms >= state.since_ms)
        json_time(json, "complete_up_to", state.complete_up_to_ms);
    else
        buf_add(json, STR("\"complete_up_to\":null,\"complete_up_to_ms\":null"));
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
