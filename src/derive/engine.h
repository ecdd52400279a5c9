/* What the files of this room share beside maker.h. Private. */
#ifndef HUILIU_DERIVE_ENGINE_H
#define HUILIU_DERIVE_ENGINE_H

#include "derive/maker.h"

/* Statements of a result table, made from its definition. */
struct result_sql {
    const struct table *table;
    size_t key;
    enum sql_kind *kinds;                     /* of its columns */
    const char *read, *insert, *write, *drop; /* insert: of rows that are new */
};
enum { RESULT_TABLES = 2 };
struct derive {
    struct derive_options options;
    struct arena arena;
    struct metric_catalog *metrics;
    struct result_sql results[RESULT_TABLES];
    /* For how long sums may wait while more orders do; and then for as many times what reading them took. */
    int64_t sums_wait_ms;
};
enum err_class result_sql_make(struct derive *derive, struct err *err);

/* --- touched.c --- */
enum { MAKER_TABLES_MAX = 8 };
/* What a unit takes of a maker. */
struct touched_list {
    struct touched_row *rows;
    size_t len, room;
    /* The lists that the rows come from; of each table the keys that the unit leaves to another. */
    int64_t *lists;
    size_t lists_len, lists_room;
    struct {
        struct str *keys;
        size_t len;
    } left[MAKER_TABLES_MAX];
};
/* Tables `from` … `to` of a maker, and what of them a unit takes. */
struct touched_part {
    const struct maker *maker;
    size_t from, to;
    int64_t up_to[MAKER_TABLES_MAX]; /* the last list of each that is taken; 0: none */
    bool more;                       /* there are others */
};
/* Whole lists of each table, until they have so many keys. */
enum err_class touched_find(const struct derive_work *work, struct touched_part *part,
                            size_t keys_max, struct err *err);
/* Their keys, each once, go behind what the list has. */
enum err_class touched_read(const struct derive_work *work, const struct touched_part *part,
                            struct touched_list *list, struct err *err);
/* Of the rows from `from` on those of each table beyond `most` are left to another unit. */
enum err_class touched_leave(const struct derive_work *work, struct touched_part *part,
                             struct touched_list *list, size_t from, size_t most, struct err *err);
/* In the unit: the lists that were read go, and what of them is left is touched again. */
enum err_class touched_take(const struct derive_work *work, const struct maker *maker,
                            const struct touched_list *list, struct err *err);
/* Touches what a statement gives (bound ?1 shop ?2 behind this key ?3 most, in order), all of it. */
enum err_class touched_walk(struct tx *tx, int64_t shop_id, const char *name, const char *sql,
                            struct err *err);

/* --- unit.c --- */
/* What a unit takes of a maker, and what it comes to. */
struct maker_part {
    const struct maker *maker;
    struct touched_list list;
    struct results results;
    bool sums_later;
};

struct derivation {
    struct derive *derive;
    const struct task *task;
    struct task_outcome *outcome;
    const struct derive_shop *shop;
    int64_t unit_number; /* units of this try that are committed */
    int64_t derived;     /* touched rows of them */
    /* Of the unit that runs, as its snapshot shows. */
    struct arena arena;
    struct maker_part parts[MAKERS];
    int64_t taken;
    bool more_found; /* than it takes */
    bool sums_left;  /* sums or ranges were taken, so that there may be others */
    bool more;       /* set anew by each run of its transaction */
    /* While more orders wait: sums and ranges are done now, since summing_ms; the next time they are due. */
    bool summing;
    int64_t summing_ms, sums_due_ms;
};
/* Works a unit out: nothing is written. */
enum err_class derive_unit_read(struct derivation *d, struct err *err);
/* Writes it (store_work; the context is the derivation), and ends the task where nothing is left. */
enum err_class derive_unit_write(struct tx *tx, void *context, struct err *err);

/* The kind and key of the task that derives what is touched in a lane. */
#define DERIVE_KIND STR("derive")
/* As part of a transaction: what was touched in it is derived. */
enum err_class derive_ask(struct tx *tx, int64_t shop_id, enum task_class class_, struct str run,
                          int64_t now_ms, struct err *err);

#endif
