/* Two tables read as one line of time, and going on from where the last reading ended. */
#include "queue/feed.h"

#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/sql.h"

enum {
    SOURCES = 2,
    /* When it begins what was written just before may not be committed: so many rows back from the newest are
     * looked at again. */
    BACK_ROWS = 1000,
    MARK_MS = 1000,
    MARKS = FEED_OVERLAP_MS / MARK_MS + 2,
    STOP_LOOK_MS = 100,
};

/* Where a table has been read to. */
struct source {
    int64_t low;   /* up to here everything is settled */
    int64_t *seen; /* above: in order */
    size_t seen_len, seen_max;
    struct {
        int64_t at_ms, id;
    } marks[MARKS]; /* the newest id at a time, the oldest first */
    size_t marks_len;
};

struct feed {
    struct store *store;
    struct feed_filter filter;
    bool begun, server;
    struct source sources[SOURCES]; /* events, tries */
    struct ear *ear;
    pthread_mutex_t lock;
    struct wait changed;
    bool heard;
};

/* --- what was seen --- */

static int64_t real_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

static int id_order(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static bool is_seen(const struct source *source, int64_t id)
{
    return source->seen_len > 0 &&
           bsearch(&id, source->seen, source->seen_len, sizeof(id), id_order) != NULL;
}

static enum err_class seen_add(struct source *source, int64_t id, struct err *err)
{
    if (source->seen_len == source->seen_max) {
        size_t max = source->seen_max ? source->seen_max * 2 : 256;
        int64_t *grown = realloc(source->seen, max * sizeof(*grown));
        if (!grown)
            return err_no_memory(err);
        source->seen = grown;
        source->seen_max = max;
    }
    size_t at = source->seen_len++;
    for (; at > 0 && source->seen[at - 1] > id; at--)
        source->seen[at] = source->seen[at - 1];
    source->seen[at] = id;
    return ERR_OK;
}

static void low_set(struct source *source, int64_t low)
{
    size_t gone = 0;
    if (low <= source->low)
        return;
    source->low = low;
    while (gone < source->seen_len && source->seen[gone] <= low)
        gone++;
    source->seen_len -= gone;
    if (source->seen_len > 0)
        memmove(source->seen, source->seen + gone, source->seen_len * sizeof(*source->seen));
}

/* `newest`: every id up to it that will ever show has been given out by now. */
static void mark_add(struct source *source, int64_t newest, int64_t now_ms)
{
    size_t old = 0;
    if (source->marks_len == 0 || now_ms - source->marks[source->marks_len - 1].at_ms >= MARK_MS) {
        if (source->marks_len == MARKS)
            memmove(source->marks, source->marks + 1, --source->marks_len * sizeof(*source->marks));
        source->marks[source->marks_len].at_ms = now_ms;
        source->marks[source->marks_len++].id = newest;
    }
    while (old < source->marks_len && now_ms - source->marks[old].at_ms > FEED_OVERLAP_MS)
        old++;
    if (old == 0)
        return;
    low_set(source, source->marks[old - 1].id);
    source->marks_len -= old;
    memmove(source->marks, source->marks + old, source->marks_len * sizeof(*source->marks));
}

/* --- rows as lines --- */

static bool texts_take(struct feed_line *line, struct arena *arena, struct str kind,
                       struct str process, struct str stream, struct str args)
{
    line->kind = arena_dup(arena, kind);
    line->process = arena_dup(arena, process);
    line->stream = arena_dup(arena, stream);
    line->args = args;
    return line->kind.ptr && line->process.ptr && line->stream.ptr && line->args.ptr;
}

static bool event_line(const struct reader *row, struct arena *arena, struct feed_line *out)
{
    *out = (struct feed_line){.id = reader_int(row, 0),
                              .at_ms = reader_int(row, 1),
                              .shop_id = reader_int(row, 3),
                              .task_id = reader_int(row, 4),
                              .level = (enum event_level)reader_int(row, 7)};
    return texts_take(out, arena, reader_text(row, 6), reader_text(row, 2), reader_text(row, 5),
                      arena_dup(arena, reader_text(row, 8)));
}

static enum event_kind try_kind(struct str result)
{
    return str_eq(result, STR("done"))        ? EVENT_TRY_DONE
           : str_eq(result, STR("again"))     ? EVENT_TRY_AGAIN
           : str_eq(result, STR("cancelled")) ? EVENT_TASK_CANCELLED
                                              : EVENT_TRY_FAILED;
}

static bool try_line(const struct reader *row, struct arena *arena, struct feed_line *out)
{
    enum event_kind kind = try_kind(reader_text(row, 6));
    struct str error = reader_text(row, 14);
    const struct event_arg args[EVENT_ARGS_MAX] = {
        EVENT_TEXT("kind", reader_text(row, 5)),
        EVENT_NUMBER("took", reader_int(row, 1) - reader_int(row, 7)),
        EVENT_NUMBER("pages", reader_int(row, 8)),
        EVENT_NUMBER("new", reader_int(row, 9)),
        EVENT_NUMBER("changed", reader_int(row, 10)),
        EVENT_NUMBER("rejects", reader_int(row, 12)),
        EVENT_NUMBER("calls", reader_int(row, 13)),
        EVENT_TEXT("reason", error),
    };
    *out = (struct feed_line){.id = reader_int(row, 0),
                              .try_ = true,
                              .at_ms = reader_int(row, 1),
                              .shop_id = reader_int(row, 2),
                              .task_id = reader_int(row, 3),
                              .level = event_level_of(kind)};
    return texts_take(out, arena, event_word(kind), STR(""), reader_text(row, 4),
                      event_args_write(args, arena));
}

/* --- reading --- */

/* One text for each index that may serve it; the newest, or all that is behind an id. */
static const char *text_of(size_t source, const struct feed_filter *filter, bool newest)
{
    static const char *const texts[SOURCES][3][2] = {
        {{SQL_EVENTS("", ""), SQL_EVENTS("", " DESC LIMIT ?6")},
         {SQL_EVENTS(" AND shop_id = ?2", ""), SQL_EVENTS(" AND shop_id = ?2", " DESC LIMIT ?6")},
         {SQL_EVENTS(" AND task_id = ?3", ""), SQL_EVENTS(" AND task_id = ?3", " DESC LIMIT ?6")}},
        {{SQL_TRIES("", ""), SQL_TRIES("", " DESC LIMIT ?6")},
         {SQL_TRIES(" AND lane = ?2", ""), SQL_TRIES(" AND lane = ?2", " DESC LIMIT ?6")},
         {SQL_TRIES(" AND task_id = ?3", ""), SQL_TRIES(" AND task_id = ?3", " DESC LIMIT ?6")}},
    };
    return texts[source][filter->task_id ? 2 : filter->shop_id ? 1 : 0][newest];
}

struct reading {
    struct feed *feed;
    struct reader *snapshot;
    struct arena *arena;
    struct feed_line *lines; /* FEED_LINES_MAX of each source */
    size_t len;
};

static enum err_class lines_read(struct reading *r, size_t which, bool newest, struct err *err)
{
    const struct feed *feed = r->feed;
    const struct feed_filter *filter = &feed->filter;
    struct source *source = &r->feed->sources[which];
    const struct sql_value values[] = {sql_int(newest ? 0 : source->low),
                                       sql_int(filter->shop_id),
                                       sql_int(filter->task_id),
                                       sql_int(filter->level),
                                       sql_int(newest ? filter->since_ms : 0),
                                       sql_int((int64_t)filter->most)};
    enum err_class class_ = snapshot_read(r->snapshot, text_of(which, filter, newest), values,
                                          newest ? 6 : 5, err);
    size_t most = r->len + (newest ? filter->most : FEED_LINES_MAX);
    while (!class_ && r->len < most && reader_next(r->snapshot)) {
        struct feed_line *line = &r->lines[r->len];
        if (!newest && is_seen(source, reader_int(r->snapshot, 0)))
            continue;
        if (!(which == 0 ? event_line : try_line)(r->snapshot, r->arena, line))
            return err_no_memory(err);
        r->len++;
        if (!newest)
            class_ = seen_add(source, line->id, err);
    }
    return class_;
}

/* From where it goes on: all that can be seen by now is seen. */
static enum err_class source_begin(struct reading *r, size_t which, struct err *err)
{
    struct source *source = &r->feed->sources[which];
    int64_t newest;
    enum err_class class_ = snapshot_read_int(
        r->snapshot, which == 0 ? SQL_EVENT_LAST : SQL_TRY_LAST, NULL, 0, 0, &newest, err);
    if (class_)
        return class_;
    source->low = r->feed->server && newest > BACK_ROWS ? newest - BACK_ROWS
                  : r->feed->server                     ? 0
                                                        : newest;
    const struct sql_value after[] = {sql_int(source->low)};
    class_ = snapshot_read(r->snapshot, which == 0 ? SQL_EVENT_IDS : SQL_TRY_IDS, after, 1, err);
    while (!class_ && reader_next(r->snapshot))
        class_ = seen_add(source, reader_int(r->snapshot, 0), err);
    return class_;
}

/* One writer gives out numbers in the order of its commits: what is seen is all there is. */
static enum err_class source_settle(struct reading *r, size_t which, struct err *err)
{
    struct source *source = &r->feed->sources[which];
    int64_t newest;
    if (!r->feed->server) {
        if (source->seen_len > 0)
            low_set(source, source->seen[source->seen_len - 1]);
        return ERR_OK;
    }
    enum err_class class_ = snapshot_read_int(
        r->snapshot, which == 0 ? SQL_EVENT_LAST : SQL_TRY_LAST, NULL, 0, 0, &newest, err);
    if (!class_ && r->len < FEED_LINES_MAX)
        mark_add(source, newest, real_ms());
    return class_;
}

static int line_order(const void *a, const void *b)
{
    const struct feed_line *one = a, *other = b;
    if (one->at_ms != other->at_ms)
        return one->at_ms < other->at_ms ? -1 : 1;
    if (one->try_ != other->try_)
        return one->try_ ? -1 : 1; /* a try ends, and what follows from it is said */
    return (one->id > other->id) - (one->id < other->id);
}

enum err_class feed_read(struct feed *feed, struct arena *arena, struct feed_line **lines,
                         size_t *len, struct err *err)
{
    struct reading r = {.feed = feed, .arena = arena};
    bool newest = !feed->begun;
    *len = 0;
    r.lines = arena_array(arena, (size_t)FEED_LINES_MAX * SOURCES, sizeof(*r.lines));
    if (!r.lines)
        return err_no_memory(err);
    enum err_class class_ = store_snapshot(feed->store, &r.snapshot, err);
    if (class_)
        return class_;
    for (size_t i = 0; !class_ && i < SOURCES; i++) {
        class_ = lines_read(&r, i, newest, err);
        if (!class_)
            class_ = newest ? source_begin(&r, i, err) : source_settle(&r, i, err);
    }
    enum err_class closed = reader_close(r.snapshot, class_ ? NULL : err);
    class_ = class_ ? class_ : closed;
    if (class_)
        return class_;
    feed->begun = true;
    qsort(r.lines, r.len, sizeof(*r.lines), line_order);
    size_t from = newest && r.len > feed->filter.most ? r.len - feed->filter.most : 0;
    *lines = r.lines + from;
    *len = r.len - from;
    return ERR_OK;
}

/* --- waiting --- */

static void feed_heard(void *context, unsigned topics)
{
    struct feed *feed = context;
    (void)topics;
    pthread_mutex_lock(&feed->lock);
    feed->heard = true;
    wait_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

bool feed_wait(struct feed *feed, const volatile bool *stop)
{
    int64_t until_ms = clock_now_ms() + FEED_POLL_MS;
    pthread_mutex_lock(&feed->lock);
    /* In parts, because a signal wakes nobody. */
    while (!feed->heard && !__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        int64_t next_ms = min_i64(until_ms, clock_now_ms() + STOP_LOOK_MS);
        if (!wait_for(&feed->changed, &feed->lock, next_ms) && next_ms == until_ms)
            break;
    }
    feed->heard = false;
    pthread_mutex_unlock(&feed->lock);
    return !__atomic_load_n(stop, __ATOMIC_ACQUIRE);
}

/* --- where it stands --- */

/* Runs of ids as FROM-TO, the newest last. `skip`: so many of the oldest runs are left out and count as settled. */
static void runs_write(const struct source *source, char letter, size_t skip, struct buf *out)
{
    int64_t low = source->low;
    size_t at = 0;
    for (; skip > 0 && at < source->seen_len; skip--) {
        while (at + 1 < source->seen_len && source->seen[at + 1] == source->seen[at] + 1)
            at++;
        low = source->seen[at++];
    }
    buf_printf(out, "%c%lld", letter, (long long)low);
    for (char before = ':'; at < source->seen_len; before = '_') {
        size_t first = at;
        while (at + 1 < source->seen_len && source->seen[at + 1] == source->seen[at] + 1)
            at++;
        buf_printf(out, "%c%lld", before, (long long)source->seen[first]);
        if (at > first)
            buf_printf(out, "-%lld", (long long)source->seen[at]);
        at++;
    }
}

static size_t runs_count(const struct source *source)
{
    size_t runs = 0;
    for (size_t i = 0; i < source->seen_len; i++)
        runs += i == 0 || source->seen[i] != source->seen[i - 1] + 1;
    return runs;
}

void feed_position(const struct feed *feed, struct buf *out)
{
    /* Two ids of nineteen digits and their signs. */
    enum { RUN_BYTES = 40, RUNS_MAX = FEED_POSITION_BYTES_MAX / SOURCES / RUN_BYTES - 1 };
    for (size_t i = 0; i < SOURCES; i++) {
        const struct source *source = &feed->sources[i];
        size_t runs = runs_count(source);
        if (i > 0)
            buf_add_char(out, '.');
        runs_write(source, i == 0 ? 'e' : 't', runs > RUNS_MAX ? runs - RUNS_MAX : 0, out);
    }
}

static bool id_take(struct str text, int64_t *out)
{
    return str_to_i64(text, out) && *out >= 0;
}

enum { POSITION_IDS_MAX = 200000 };

static enum err_class runs_read(struct source *source, struct str text, struct err *err)
{
    while (text.len > 0) {
        struct str run, first, last;
        int64_t from, to;
        str_cut(text, '_', &run, &text);
        str_cut(run, '-', &first, &last);
        bool good = id_take(first, &from) && id_take(last.len > 0 ? last : first, &to) &&
                    from > source->low && to >= from && to - from < POSITION_IDS_MAX &&
                    source->seen_len < POSITION_IDS_MAX;
        if (!good || (source->seen_len > 0 && from <= source->seen[source->seen_len - 1]))
            return err_set(err, ERR_USAGE, "feed_position", "this is no position of a feed");
        enum err_class class_ = ERR_OK;
        for (int64_t id = from; class_ == ERR_OK && id <= to; id++)
            class_ = seen_add(source, id, err);
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

static enum err_class position_read(struct feed *feed, struct str text, struct err *err)
{
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < SOURCES; i++) {
        struct str part, low;
        str_cut(text, '.', &part, &text);
        if (!str_starts(part, i == 0 ? STR("e") : STR("t")))
            return err_set(err, ERR_USAGE, "feed_position", "this is no position of a feed");
        str_cut(str_sub(part, 1, part.len), ':', &low, &part);
        if (!id_take(low, &feed->sources[i].low))
            return err_set(err, ERR_USAGE, "feed_position", "this is no position of a feed");
        class_ = runs_read(&feed->sources[i], part, err);
    }
    feed->begun = true;
    return class_;
}

void feed_store(struct feed *feed, struct store *store)
{
    feed->store = store;
}

/* --- life --- */

enum err_class feed_open(struct store *store, const struct feed_filter *filter, struct feed **out,
                         struct err *err)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return err_no_memory(err);
    feed->store = store;
    feed->filter = *filter;
    if (feed->filter.most > FEED_LINES_MAX)
        feed->filter.most = FEED_LINES_MAX;
    feed->server = strcmp(store_kind(store), "sqlite") != 0;
    pthread_mutex_init(&feed->lock, NULL);
    wait_init(&feed->changed);
    enum err_class class_ = ERR_OK;
    if (filter->position.len > 0)
        class_ = position_read(feed, filter->position, err);
    if (!class_ && !filter->deaf)
        class_ = ear_open(store, TOPIC_EVENT, feed_heard, feed, &feed->ear, err);
    if (class_)
        feed_close(feed);
    else
        *out = feed;
    return class_;
}

void feed_close(struct feed *feed)
{
    if (!feed)
        return;
    if (feed->ear)
        ear_close(feed->ear);
    for (size_t i = 0; i < SOURCES; i++)
        free(feed->sources[i].seen);
    wait_fini(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}
