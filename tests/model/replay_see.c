/* The database in the words and order of traces.py: `abstract` there, `database_write` here. */
#include <string.h>

#include "replay.h"

static struct reader *rows(struct replay *replay, const char *sql)
{
    const struct sql_value values[] = {sql_int(replay->lane), sql_int(FROM_MS)};
    struct reader *reader;
    struct err err = {0};
    must(replay, store_read(replay->store, sql, values, strstr(sql, "?2") ? 2 : 1, &reader, &err),
         &err);
    return reader;
}

static void rows_end(struct replay *replay, struct reader *reader)
{
    struct err err = {0};
    must(replay, reader_close(reader, &err), &err);
}

static size_t lease_number(const struct replay *replay, struct str lease)
{
    size_t number = lease.len == 0 ? 0 : replay->leases_len;
    while (number > 0 && !str_eq(lease, replay->leases[number - 1]))
        number--;
    return number;
}

/* A dead task stays for a person; what counts is the newest that is alive, else the dead one. */
static void task_write(struct replay *replay, bool none, struct buf *out)
{
    struct reader *row = rows(replay, none
                                          ? "SELECT state, lease, unit_number FROM task WHERE "
                                            "lane = ?1 AND run = 'trace' AND state <> 'dead'"
                                          : "SELECT state, lease, unit_number FROM task WHERE "
                                            "lane = ?1 AND run = 'trace' ORDER BY id DESC LIMIT 1");
    if (reader_next(row))
        buf_printf(out, "[\"%.*s\",%zu,%lld]", STR_ARG(reader_text(row, 0)),
                   lease_number(replay, reader_text(row, 1)), (long long)reader_int(row, 2));
    else
        buf_add(out, STR("null"));
    rows_end(replay, row);
}

static void data_write(struct replay *replay, struct buf *out)
{
    struct reader *row = rows(replay,
                              "SELECT order_id FROM ad_order WHERE shop_id = ?1 ORDER BY order_id");
    for (const char *comma = ""; reader_next(row); comma = ",")
        buf_printf(out, "%s%.*s", comma, STR_ARG(reader_text(row, 0)));
    rows_end(replay, row);
}

static void page_ids_write(struct str ids, struct buf *out)
{
    const unsigned char *bytes = (const unsigned char *)ids.ptr;
    for (size_t i = 7; i < ids.len; i += 8) /* big endian, and every id is less than 256 */
        buf_printf(out, "%s%d", i > 7 ? "," : "", bytes[i]);
}

static void pages_write(struct replay *replay, struct buf *out)
{
    struct reader *row = rows(replay, "SELECT pass, page_number, ids FROM window_page WHERE "
                                      "shop_id = ?1 AND from_ms = ?2 ORDER BY pass, page_number");
    for (const char *comma = ""; reader_next(row); comma = ",") {
        buf_printf(out, "%s[%lld,%lld,[", comma, (long long)reader_int(row, 0),
                   (long long)reader_int(row, 1));
        page_ids_write(reader_text(row, 2), out);
        buf_add(out, STR("]]"));
    }
    rows_end(replay, row);
}

/* True while the window is open. */
static bool window_write(struct replay *replay, struct buf *out)
{
    struct reader *row = rows(
        replay, "SELECT state, coalesce(grade, ''), pass, page_number, position, ended, "
                "coalesce(total_first, -1), coalesce(first_digest, '') FROM sync_window WHERE "
                "shop_id = ?1 AND from_ms = ?2 ORDER BY to_ms DESC LIMIT 1");
    if (!reader_next(row))
        lose(replay, "the window is gone");
    bool open = str_eq(reader_text(row, 0), STR("open"));
    bool sealed = str_eq(reader_text(row, 0), STR("sealed"));
    buf_printf(out, "\"%.*s%s%.*s\"", STR_ARG(reader_text(row, 0)), sealed ? " " : "",
               sealed ? 1 : 0, reader_text(row, 1).ptr);
    if (open)
        buf_printf(out, ",%lld,%lld,%.*s,%s,%lld,\"%.*s\"", (long long)reader_int(row, 2),
                   (long long)reader_int(row, 3),
                   STR_ARG(reader_text(row, 4).len > 0 ? reader_text(row, 4) : STR("0")),
                   reader_int(row, 5) ? "true" : "false", (long long)reader_int(row, 6),
                   STR_ARG(reader_text(row, 7)));
    rows_end(replay, row);
    return open;
}

void database_write(struct replay *replay, bool no_task, struct buf *out)
{
    int64_t next;
    const struct sql_value values[] = {sql_int(replay->lane)};
    struct err err = {0};
    must(replay,
         store_read_int(replay->store, "SELECT count(*) FROM task WHERE lane = ?1 AND run = 'next'",
                        values, 1, -1, &next, &err),
         &err);
    buf_add(out, STR("{\"task\":"));
    task_write(replay, no_task, out);
    buf_printf(out, ",\"next\":%s,\"data\":[", next > 0 ? "true" : "false");
    data_write(replay, out);
    buf_add(out, STR("],\"window\":["));
    bool open = window_write(replay, out);
    buf_add(out, open ? STR("],\"pages\":[") : STR("]"));
    if (open) {
        pages_write(replay, out);
        buf_add(out, STR("]"));
    }
    buf_add(out, STR("}"));
}
