/* Which orders a pass over figures asks about, and the calendar it counts days by. */
#include "sync/figure_pass.h"

enum {
    LASTS_DEFAULT_H = 24,
    LASTS_MAX_H = 24 * 366 * 10,
};

/* --- days --- */

int64_t day_of(const struct stream *stream, int64_t utc_ms)
{
    struct civil civil;
    zone_from_utc_ms(stream->zone, utc_ms, &civil);
    return civil_days(civil.year, civil.month, civil.day);
}

int64_t day_start_ms(const struct stream *stream, int64_t day)
{
    struct civil civil;
    civil_from_utc_ms(day * DAY_MS, &civil);
    return zone_to_utc_ms(stream->zone, &civil);
}

struct str day_text(int64_t day, struct arena *arena)
{
    struct civil civil;
    civil_from_utc_ms(day * DAY_MS, &civil);
    return arena_printf(arena, "%04d-%02u-%02u", civil.year, civil.month, civil.day);
}

static int64_t day_parse(struct str text)
{
    int64_t utc_ms;
    bool date_only;
    if (text.len == 0 || time_parse_any(text, zone_utc(), &utc_ms, &date_only, NULL) != ERR_OK)
        return NO_DAY;
    return utc_ms / DAY_MS;
}

/* --- which orders --- */

/* What a pass wants to know of each order that is due. Orders that were set aside have a reject of table
 * `refused`. */
static enum err_class columns_write(struct figure_pass *p, const struct table *refused,
                                    struct buf *out, struct err *err)
{
    const struct stream *of = p->stream->figures.of;
    const struct table *table = of->table, *days = p->stream->figures.day;
    const struct table *life = p->stream->table;
    struct str key = table->columns[table->key[0]].name;
    struct str day_key = days->columns[days->key[0]].name;
    struct str life_key = life->columns[life->key[0]].name;
    size_t lasts = p->stream->figures.lasts;
    struct str hours = STR("NULL");
    if (lasts != SIZE_MAX)
        hours = arena_printf(&p->texts, "o.%.*s", STR_ARG(table->columns[lasts].name));
    struct str status = arena_printf(&p->texts, "o.%.*s",
                                     STR_ARG(table->columns[table->status].name));
    struct str now_final = status_in_final_sql(of, status, &p->texts);
    struct str final = status_in_final_sql(of, STR("h.status"), &p->texts);
    struct str other = status_in_final_sql(of, STR("n.status"), &p->texts);
    struct str aside = aside_sql(refused, key, &p->texts);
    if (!hours.ptr || !now_final.ptr || !final.ptr || !other.ptr || !aside.ptr)
        return err_no_memory(err);
    buf_printf(out, "SELECT d.id, d.created, o.first_seen_ms, o.changed_ms, %.*s,", STR_ARG(hours));
    buf_printf(out,
               " CASE WHEN %.*s THEN (SELECT min(h.at_ms) FROM status_history h WHERE"
               " h.shop_id = o.shop_id AND h.table_name = '%.*s' AND h.key_text = d.id AND %.*s"
               " AND h.at_ms > coalesce((SELECT max(n.at_ms) FROM status_history n WHERE"
               " n.shop_id = o.shop_id AND n.table_name = '%.*s' AND n.key_text = d.id"
               " AND NOT %.*s), 0)) END,",
               STR_ARG(now_final), STR_ARG(table->name), STR_ARG(final), STR_ARG(table->name),
               STR_ARG(other));
    buf_printf(out,
               " p.base_to, coalesce(p.missing, 0), p.days_to, p.day_next,"
               " coalesce(p.base_missing, 0), %.*s, (SELECT min(f.day) FROM %.*s f"
               " WHERE f.shop_id = o.shop_id AND f.%.*s = d.id), (SELECT max(f.day) FROM %.*s f"
               " WHERE f.shop_id = o.shop_id AND f.%.*s = d.id), p.days_past_ms,"
               " coalesce(p.days_closing, 0), (SELECT f.changed_ms FROM %.*s f"
               " WHERE f.shop_id = o.shop_id AND f.%.*s = d.id AND f.changed_ms > f.first_seen_ms)",
               STR_ARG(aside), STR_ARG(days->name), STR_ARG(day_key), STR_ARG(days->name),
               STR_ARG(day_key), STR_ARG(life->name), STR_ARG(life_key));
    return ERR_OK;
}

/* Which orders are due is found first, so that what is asked of each is asked of a batch only. `find`:
 * FROM …, with the order of rows in the place of a column: what stands first in it. */
static enum err_class query_make(struct figure_pass *p, const struct table *refused,
                                 const char *first, struct str find, struct str *out,
                                 struct err *err)
{
    const struct table *table = p->stream->figures.of->table;
    struct str key = table->columns[table->key[0]].name;
    struct str created = table->columns[table->created].name;
    struct buf text;
    buf_init(&text, QUERY_BYTES_MAX);
    buf_printf(&text,
               "WITH due (id, created, first) AS (SELECT o.%.*s, o.%.*s, %s %.*s AND"
               " o.%.*s BETWEEN ?4 AND ?5 ORDER BY 3, 2, 1 LIMIT ?6 OFFSET ?7) ",
               STR_ARG(key), STR_ARG(created), first, STR_ARG(find), STR_ARG(created));
    enum err_class class_ = columns_write(p, refused, &text, err);
    buf_printf(&text,
               " FROM due d JOIN %.*s o ON o.shop_id = ?1 AND o.%.*s = d.id LEFT JOIN ask_plan p ON"
               " p.shop_id = ?1 AND p.stream = ?2 AND p.key_text = d.id"
               " ORDER BY d.first, d.created, d.id",
               STR_ARG(table->name), STR_ARG(key));
    *out = text.failed ? STR_NONE : arena_dup(&p->texts, buf_str(&text));
    buf_fini(&text);
    return class_ == ERR_OK && !out->ptr ? err_no_memory(err) : class_;
}

/* Those that are due by the plan, which holds every order that was stored (due.c). What was never asked for
 * is due though it was stored since the pass began. */
static enum err_class due_query(struct figure_pass *p, struct err *err)
{
    const struct table *table = p->stream->figures.of->table;
    struct str find = arena_printf(
        &p->texts,
        "FROM ask_plan p CROSS JOIN %.*s o WHERE p.shop_id = ?1 AND p.stream = ?2 AND"
        " p.next_ms <= ?8 AND (p.next_ms <= ?3 OR p.asked_ms = 0) AND o.shop_id = ?1 AND"
        " o.%.*s = p.key_text",
        STR_ARG(table->name), STR_ARG(table->columns[table->key[0]].name));
    return find.ptr ? query_make(p, p->stream->table, "p.asked_ms", find, &p->orders_sql, err)
                    : err_no_memory(err);
}

/* Those that were not asked since the pass was wanted: that is seen by walking all orders. */
static enum err_class again_query(struct figure_pass *p, struct err *err)
{
    const struct table *table = p->stream->figures.of->table;
    struct str find = arena_printf(
        &p->texts,
        "FROM %.*s o LEFT JOIN ask_plan p ON p.shop_id = ?1 AND p.stream = ?2 AND"
        " p.key_text = o.%.*s WHERE o.shop_id = ?1 AND (p.key_text IS NULL OR p.asked_ms < ?8 OR"
        " p.next_ms <= ?3 OR (o.changed_ms > p.asked_ms AND o.changed_ms <= ?3))",
        STR_ARG(table->name), STR_ARG(table->columns[table->key[0]].name));
    return find.ptr ? query_make(p, p->stream->table, "coalesce(p.asked_ms, 0)", find,
                                 &p->orders_sql, err)
                    : err_no_memory(err);
}

/* A cross join keeps SQLite to the index of days that are due. */
static enum err_class days_query(struct figure_pass *p, struct err *err)
{
    const struct table *table = p->stream->figures.of->table;
    struct str find = arena_printf(
        &p->texts,
        "FROM ask_plan p CROSS JOIN %.*s o WHERE p.shop_id = ?1 AND p.stream = ?2 AND"
        " p.days_next_ms <= ?3 AND o.shop_id = ?1 AND o.%.*s = p.key_text",
        STR_ARG(table->name), STR_ARG(table->columns[table->key[0]].name));
    /* As order_read sees it: days before today that are due again come first. */
    return find.ptr
               ? query_make(p, p->stream->figures.day,
                            "CASE WHEN p.days_past_ms <= ?3 THEN p.days_to ELSE p.day_next END",
                            find, &p->days_sql, err)
               : err_no_memory(err);
}

enum err_class orders_queries(struct figure_pass *p, struct err *err)
{
    enum err_class class_ = p->pass.since_ms > 0 ? again_query(p, err) : due_query(p, err);
    return class_ == ERR_OK ? days_query(p, err) : class_;
}

/* How long an order runs, in whole hours, rounded up; 0: as long as the platform lets it. */
static int64_t hours_of(struct str text)
{
    int64_t hours = 0;
    size_t dot = str_find_char(text, '.');
    struct str whole = dot == SIZE_MAX ? text : str_sub(text, 0, dot);
    if (!str_to_i64(whole, &hours) || hours < 0 || hours > LASTS_MAX_H)
        return LASTS_DEFAULT_H;
    for (size_t i = dot; i < text.len; i++)
        if (text.ptr[i] > '0')
            return hours + 1;
    return hours;
}

/* When the order ended: the time at which it was first seen in the final status it has; where it was so
 * from the start, its creation and what it lasts; later, if it or its figures changed since it was met. One
 * that still runs will end what it lasts after its creation or last change, INT64_MAX where that is not
 * known. */
static int64_t order_end_ms(const struct figure_pass *p, const struct reader *row, bool *final)
{
    int64_t created_ms = reader_int(row, 1), first_seen_ms = reader_int(row, 2);
    int64_t changed_ms = reader_int(row, 3);
    int64_t lasts_ms = hours_of(reader_text(row, 4)) * HOUR_MS;
    *final = !reader_is_null(row, 5);
    if (!*final)
        return lasts_ms == 0 ? INT64_MAX : max_i64(created_ms, changed_ms) + lasts_ms;
    int64_t final_ms = reader_int(row, 5);
    if (final_ms <= first_seen_ms)
        final_ms = min_i64(created_ms + lasts_ms, p->now_ms);
    if (changed_ms > first_seen_ms)
        final_ms = max_i64(final_ms, changed_ms);
    return max_i64(final_ms, reader_int(row, 16));
}

static enum err_class order_read(struct figure_pass *p, const struct reader *row,
                                 struct figure_order *out, struct err *err)
{
    *out = (struct figure_order){
        .id = arena_dup(&p->arena, reader_text(row, 0)),
        .created_day = day_of(p->stream, reader_int(row, 1)),
        .based = !reader_is_null(row, 6),
        .first_ms = reader_int(row, 2),
        .changed_ms = reader_int(row, 3),
        .missing = reader_int(row, 7),
        .days_to = day_parse(reader_text(row, 8)),
        .day_next = day_parse(reader_text(row, 9)),
        .base_missing = reader_int(row, 10),
        .aside = reader_int(row, 11) != 0,
        .day_first = day_parse(reader_text(row, 12)),
        .day_last = day_parse(reader_text(row, 13)),
        .closing = reader_int(row, 15) != 0,
    };
    out->end_ms = order_end_ms(p, row, &out->final);
    out->open_day = out->based ? day_parse(reader_text(row, 6)) + 1 : out->created_day;
    out->days_done = out->day_next == NO_DAY && out->days_to != NO_DAY;
    /* An order that is met late is asked day by day as far back as the manifest says, or nobody would ever
     * know when it spent its money. */
    if (out->days_to == NO_DAY)
        out->days_to = max_i64(out->created_day, p->today - p->stream->figures.past_days) - 1;
    bool past_due = !reader_is_null(row, 14) && reader_int(row, 14) <= p->due_ms;
    if (out->day_next == NO_DAY || past_due)
        out->day_next = out->days_to + 1;
    return out->id.ptr ? ERR_OK : err_no_memory(err);
}

/* Orders that one question can be about: it begins where the first of them does, and an order with a
 * base must begin exactly behind it. */
static bool order_fits(const struct figure_pass *p, const struct figure_order *order)
{
    const struct figure_order *first = &p->orders[0];
    return order->open_day == first->open_day ||
           (!order->based && order->open_day > first->open_day);
}

typedef bool order_fits_one(const struct figure_pass *p, const struct figure_order *order);

/* The batch may hold it. One that was set aside is asked alone, so that the others are answered. */
static bool order_joins(const struct figure_pass *p, order_fits_one *fits,
                        const struct figure_order *order)
{
    return p->len == 0 || (!p->orders[0].aside && !order->aside && fits(p, order));
}

/* `sql` takes the first `values_len` of the values. */
static enum err_class batch_read(struct figure_pass *p, struct str sql, size_t values_len,
                                 size_t offset, size_t rows, order_fits_one *fits, struct err *err)
{
    int64_t max = min_i64(p->stream->figures.batch, FIGURE_BATCH_MAX);
    const struct sql_value values[] = {
        sql_int(p->run->shop->id),
        sql_text(p->stream->name),
        sql_int(p->due_ms),
        sql_int(p->pass.from_ms),
        sql_int(p->pass.to_ms),
        sql_int(min_i64(max, (int64_t)rows)),
        sql_int((int64_t)offset),
        sql_int(p->pass.since_ms > 0 ? p->pass.since_ms : max_i64(p->now_ms, p->due_ms)),
    };
    struct reader *row;
    int64_t read = 0;
    p->len = 0;
    enum err_class class_ = store_read(p->run->sync->options.store, sql.ptr, values, values_len,
                                       &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (class_ == ERR_OK && reader_next(row)) {
        struct figure_order order;
        read++;
        class_ = order_read(p, row, &order, err);
        if (class_ == ERR_OK && order_joins(p, fits, &order))
            p->orders[p->len++] = order;
    }
    p->whole = offset == 0 && read < values[5].number && read == (int64_t)p->len;
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

enum err_class orders_read(struct figure_pass *p, size_t offset, size_t rows, struct err *err)
{
    return batch_read(p, p->orders_sql, 8, offset, rows, order_fits, err);
}

static bool same_day(const struct figure_pass *p, const struct figure_order *order)
{
    return order->day_next == p->orders[0].day_next;
}

enum err_class day_orders_read(struct figure_pass *p, size_t offset, size_t rows, struct err *err)
{
    return batch_read(p, p->days_sql, 7, offset, rows, same_day, err);
}
