/* What the files of the replay share: a trace under way, its units, and how a difference is told. */
#ifndef HUILIU_TESTS_MODEL_REPLAY_H
#define HUILIU_TESTS_MODEL_REPLAY_H

#include "queue/queue.h"
#include "sync/window.h"

enum {
    WORKERS = 2,
    IN_FLIGHT_MAX = 4,
    IDS_MAX = 8,     /* records of a world */
    LEASES_MAX = 16, /* claims in one trace */
    QUEUED_MAX = 16,
    FROM_MS = 1000000,
    TO_MS = 1999000,
    STEP_MS = 1000,
    LONG_MS = 1000000000, /* the next window's task waits beyond every trace */
};

struct page_seen {
    int64_t ids[IDS_MAX];
    size_t ids_len;
    bool last;
    int64_t total, position;
};

enum unit_kind { UNIT_PAGE, UNIT_AGAIN, UNIT_END };

struct held {
    struct unit unit;
    struct steps steps;
    struct step fence;
    enum unit_kind kind;
    int worker; /* -1: whoever sent it is dead */
};

/* A worker's memory: what is lost when it dies. */
struct hand {
    struct task task;
    struct window window;
    int64_t unit_number;
    int64_t number_first; /* page number of ring[0] */
    struct page_seen ring[IN_FLIGHT_MAX];
    bool received[IN_FLIGHT_MAX];
    size_t ring_len;
    struct held *flights[IN_FLIGHT_MAX];
    size_t flights_len;
    int64_t count; /* rows counted, or the total read last */
    struct str digest;
    bool splitting, failing;
};

struct replay {
    struct store *store;
    const struct table *table;
    struct arena arena; /* of the trace */
    char name[64];
    int64_t lane, step, now_ms;
    bool in_place;
    struct hand hands[WORKERS];
    struct held *queue[QUEUED_MAX];
    size_t queue_len;
    struct str leases[LEASES_MAX];
    size_t leases_len;
};

/* Prints `not ok` with the trace and step, and ends the program. */
_Noreturn void lose(const struct replay *replay, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void must(const struct replay *replay, enum err_class class_, const struct err *err);

/* replay_commit.c: the first `size` waiting units become one group of the writer, whose COMMIT goes
 * well ("ok"), fails ("fail"), or goes well and is reported as failed ("unknown"). */
void group_commit(struct replay *replay, size_t size, struct str outcome);

/* replay_see.c: the trace's rows as the model writes its states; `no_task`: none is expected. */
void database_write(struct replay *replay, bool no_task, struct buf *out);

#endif
