/* What the files of this room share beside maker.h. Private. */
#ifndef HUILIU_DERIVE_ENGINE_H
#define HUILIU_DERIVE_ENGINE_H

#include "derive/maker.h"

/* Statements of a result table, made from its definition. */
struct result_sql {
    const struct table *table;
    size_t key;
    enum sql_kind *kinds; /* of its columns */
    const char *read, *write, *drop;
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
struct touched_list {
    struct touched_row *rows;
    size_t len, room;
};
/* Tables `from` … `to` of a maker, and what of them a unit takes. */
enum { MAKER_TABLES_MAX = 8 };
struct touched_part {
    const struct maker *maker;
    size_t from, to;
    int64_t up_to[MAKER_TABLES_MAX]; /* the last list of each that is taken; 0: none */
    bool more;                       /* there are others */
};
/* Whole lists of each table, until they have so many keys. */
enum err_class touched_find(const struct derive_work *work, struct touched_part *part,
                            size_t keys_max, struct err *err);
/* Takes them away; their keys, each once, go behind what the list has. */
enum err_class touched_take(const struct derive_work *work, const struct touched_part *part,
                            struct touched_list *list, struct err *err);
/* Of the rows from `from` on those of each table beyond `most` are touched again. */
enum err_class touched_leave(const struct derive_work *work, struct touched_part *part,
                             struct touched_list *list, size_t from, size_t most, struct err *err);
/* Touches what a statement gives (bound ?1 shop ?2 behind this key ?3 most, in order), all of it. */
enum err_class touched_walk(struct tx *tx, int64_t shop_id, const char *name, const char *sql,
                            struct err *err);

/* The kind and key of the task that derives what is touched in a lane. */
#define DERIVE_KIND STR("derive")
/* As part of a transaction: what was touched in it is derived. */
enum err_class derive_ask(struct tx *tx, int64_t shop_id, enum task_class class_, struct str run,
                          int64_t now_ms, struct err *err);

#endif
