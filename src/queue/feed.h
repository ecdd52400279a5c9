/* feed: what happened, of every process, in one line of time: events (store/event.h) and recorded tries of
 * tasks. First what is there, then what comes, for `huiliu logs --follow` and whoever shows it live.
 *
 *     feed_open(store, &filter, &feed, err);
 *     for (;;) {
 *         feed_read(feed, &arena, &lines, &len, err);   first the newest `most`, then whatever is new
 *         … print …
 *         feed_wait(feed, &stop);                       until something may be new
 *     }
 *     feed_close(feed);
 *
 * Nothing is left out and nothing comes twice: rows get their number when they are written and show when
 * they are committed, so on a server a smaller number may show later; what was written up to FEED_OVERLAP_MS
 * ago is looked at again. (A transaction that takes longer is none of ours: the server ends it.)
 *
 * Memory: the ids of the overlap. Threads: one. Under the test clock feed_wait lets time go by like any wait. */
#ifndef HUILIU_QUEUE_FEED_H
#define HUILIU_QUEUE_FEED_H

#include "base/base.h"
#include "store/store.h"

enum {
    /* How late something may be seen where nothing is heard of others. */
    FEED_POLL_MS = 500,
    FEED_OVERLAP_MS = 40 * 1000,
    /* Lines of one reading; the next one brings the rest. */
    FEED_LINES_MAX = 5000,
};

struct feed_filter {
    int64_t shop_id, task_id; /* 0: any */
    enum event_level level;   /* the least */
    int64_t since_ms;         /* what is there: not before */
    size_t most;              /* of what is there: the newest; at most FEED_LINES_MAX */
    struct str position;      /* goes on from there (feed_position); empty: begins */
    bool deaf;                /* feed_wait is not used: whoever reads looks when he wants to */
};
struct feed_line {
    int64_t id; /* of its table */
    bool try_;  /* of table `execution`; else of `event` */
    int64_t at_ms;
    int64_t shop_id, task_id; /* 0: of none */
    enum event_level level;
    struct str kind, process, stream, args; /* as in table `event` */
};

struct feed;
/* ERR_USAGE "feed_position": it is none. */
enum err_class feed_open(struct store *store, const struct feed_filter *filter, struct feed **out,
                         struct err *err);
/* The oldest first; lines and texts live in `arena`. */
enum err_class feed_read(struct feed *feed, struct arena *arena, struct feed_line **lines,
                         size_t *len, struct err *err);
/* False when *stop is true. */
bool feed_wait(struct feed *feed, const volatile bool *stop);
void feed_close(struct feed *feed);

/* Where it stands, for another feed, of another process and after a restart, to go on from: nothing is left out and
 * nothing comes twice. "e120:131-140_142.t77": up to 120 all events are done with, and of those behind it these were
 * seen; the same of tries. Of a feed without shop, task and level, else what it left out counts as not seen. Beyond
 * FEED_POSITION_BYTES_MAX (hundreds of gaps within FEED_OVERLAP_MS) the oldest gaps count as seen. */
enum { FEED_POSITION_BYTES_MAX = 2048 };
void feed_position(const struct feed *feed, struct buf *out);
/* A deaf one reads from this store next: the one before may be closed. */
void feed_store(struct feed *feed, struct store *store);

#endif
