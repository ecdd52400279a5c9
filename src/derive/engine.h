/* What the files of this room share beside maker.h. Private. */
#ifndef HUILIU_DERIVE_ENGINE_H
#define HUILIU_DERIVE_ENGINE_H

#include "derive/maker.h"

/* Statements of a result table, made from its definition. */
struct result_sql {
    const struct table *table;
    size_t key;
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

/* The kind and key of the task that derives what is touched in a lane. */
#define DERIVE_KIND STR("derive")
/* As part of a transaction: what was touched in it is derived. */
enum err_class derive_ask(struct tx *tx, int64_t shop_id, enum task_class class_, struct str run,
                          int64_t now_ms, struct err *err);

#endif
