/* Makers: what turns touched rows into results and sums. Private to derive; a file of this room adds one (ad.c,
 * trade.c) and stands in the table of engine.c.
 *
 * A maker listens to tables. A unit reads lists of touched keys of them (unit.c), and in the same snapshot the maker
 * reads what is stored and works out the results of those ids. In the transaction that takes the lists away it writes
 * those that differ, and reads the days again that they belong to or did. Whatever is written that results follow from
 * must be touched by the transaction that writes it: rows of data tables with `derived:` are by the store, everything
 * else touches by itself (tx_touch).
 *
 * Memory: work->arena, until the unit is over. Threads: the queue's workers and the audit; a work belongs to one. */
#ifndef HUILIU_DERIVE_MAKER_H
#define HUILIU_DERIVE_MAKER_H

#include "derive/derive.h"

/* One unit of work in a shop: in a transaction, or only looking, in a snapshot. */
struct derive_work {
    const struct derive *derive;
    struct tx *tx;           /* NULL: nothing is written */
    struct reader *snapshot; /* where tx is NULL */
    struct arena *arena;
    int64_t shop_id;
    const struct derive_shop *shop;
    int64_t now_ms;
    /* Sums of what changed are not read now but touched (work_touch): more orders wait, and each sum is read once when
     * they are done. */
    bool sums_later;
    bool *
        more; /* set by a maker that touched rows itself: another unit takes them. NULL where tx is */
};

/* A touched key. It is cut at the first U+001F: `id` is what results are of. */
struct touched_row {
    size_t table; /* in the maker's tables */
    struct str key;
    struct str id, rest;
};
/* What a rebuild touches as keys of `table`, a few thousand a transaction: `keys` reads the next, in order. Bound: ?1 shop
 * ?2 behind this key ?3 most; unless by WALK_ALL ?4 from and ?5 to, both included. `behind` is put behind each. */
enum walk_by { WALK_ALL, WALK_MS, WALK_DAYS };
struct rebuild_walk {
    const char *table, *keys;
    enum walk_by by;
    const char *behind;
};
struct audit;
struct results;
struct maker {
    const char *name;
    const char *const *tables; /* NULL ends them */
    /* From these on: ranges (what people said; orders they change are found by the sums, so that they wait until no sum
     * is touched), and its sums, which are read anew where they are touched. */
    size_t ranges_from, sums_from;
    /* The results of orders, whose table is the first: as they are stored and as they are now. Nothing is written. */
    enum err_class (*results)(const struct derive_work *work, const struct str *ids, size_t ids_len,
                              struct results *out, struct err *err);
    /* In a transaction: writes them, and does what else was touched. It may run twice. */
    enum err_class (*make)(const struct derive_work *work, const struct touched_row *rows,
                           size_t rows_len, const struct results *results, struct err *err);
    const struct rebuild_walk *walks;
    size_t walks_len;
    /* Works a sample out again and tells what differs (audit_differs); NULL: nothing is sampled. */
    enum err_class (*audit)(const struct derive_work *work, struct audit *audit, struct err *err);
};
extern const struct maker ad_maker, trade_maker;
enum { MAKERS = 2 };
/* NULL ends them. */
extern const struct maker *const makers[MAKERS + 1];

/* --- reading and writing --- */
/* Every row is handed to `each`; columns through reader_*, borrowed until it returns. */
enum err_class work_query(const struct derive_work *work, const char *sql,
                          const struct sql_value *values, size_t values_len, tx_row *each,
                          void *context, struct err *err);
/* Done at the latest with the commit. */
enum err_class work_later(const struct derive_work *work, const char *sql,
                          const struct sql_value *values, size_t values_len, struct err *err);
/* These keys are derived by a later unit of this task. */
enum err_class work_touch(const struct derive_work *work, const char *table, const struct str *keys,
                          size_t keys_len, struct err *err);
/* Texts as one value of a statement: a JSON list (sql.h, FROM_LISTED). NULL text: no memory. */
struct sql_value ids_json(const struct str *ids, size_t len, struct arena *arena);
/* What a column's values are in a statement. */
enum sql_kind value_kind(enum column_type type);
/* A column of the row, kept in the arena. */
enum err_class value_read(const struct reader *row, int column, enum column_type type,
                          struct arena *arena, struct sql_value *out, struct err *err);
/* "YYYY-MM-DD" of an instant in the shop's zone, in the arena; NULL text: no memory. */
struct str work_day(const struct derive_work *work, int64_t at_ms);

/* --- result.c: rows of result tables (key: shop_id and an id) --- */
struct result_row {
    struct str id;
    struct sql_value *stored; /* in the order of the table's columns; NULL: none */
    struct sql_value *values; /* what it is now; NULL: it is gone */
    bool changed;             /* filled by results_write */
};
struct order_name;
struct results {
    const struct table *table;
    size_t key; /* column of the id */
    struct result_row *rows;
    size_t len;                     /* sorted by id, each once */
    const struct order_name *names; /* of these orders, not kept yet (names_end) */
    size_t names_len;
};
/* The results of these ids as they are stored; `ids` may hold an id several times. */
enum err_class results_read(const struct derive_work *work, struct str table, const struct str *ids,
                            size_t ids_len, struct results *out, struct err *err);
struct result_row *results_find(const struct results *results, struct str id);
/* Gives the row values: its key is set, changed_ms is now, all others are NULL. */
enum err_class result_make(const struct derive_work *work, const struct results *results,
                           struct result_row *row, struct err *err);
void result_set(const struct results *results, struct result_row *row, const char *column,
                struct sql_value value);
struct sql_value result_get(const struct results *results, const struct sql_value *values,
                            const char *column);
/* Columns that are named like a quotient or a sum of the family are worked out from those that its metrics add up. A
 * value that does not fit stays unknown. */
void result_metrics(const struct derive_work *work, const struct results *results,
                    struct result_row *row, struct str family);
/* Is it to be written? *column: the first that differs; the key where the row as a whole is new or gone. */
bool result_differs(const struct results *results, const struct result_row *row, size_t *column);
/* Writes those that differ from what is stored, and removes those that are gone. */
enum err_class results_write(const struct derive_work *work, const struct results *results,
                             struct err *err);

/* --- names.c: what SKUs and videos are called in orders (order_name) --- */
struct order_name {
    const char *kind; /* sku item */
    struct str id;    /* the SKU or the video; may be empty, as code and name may */
    struct str code;  /* of a SKU */
    struct str name;
    struct str order_id; /* one that says so */
    struct str digest;   /* made by names_add */
};
/* Names of a unit, each once; texts are borrowed from the arena of the work. */
struct names {
    const struct derive_work *work;
    struct map seen; /* by digest */
    struct order_name *list;
    size_t len, room;
};
void names_init(struct names *names, const struct derive_work *work);
/* One without a code and a name is none. */
enum err_class names_add(struct names *names, struct order_name name, struct err *err);
/* Gives `results` those that are not kept yet, unless something failed before (`class_`). Always called: it frees. */
enum err_class names_end(struct names *names, enum err_class class_, struct results *results,
                         struct err *err);
/* In a transaction. Nothing ever removes a name: that nobody is called so any more is seen at the orders. */
enum err_class names_write(const struct derive_work *work, const struct results *results,
                           struct err *err);

/* --- cells.c: a set of texts, each once --- */
struct cells {
    struct arena arena;
    struct map map;
    struct str *items;
    size_t len, room;
};
void cells_init(struct cells *cells);
void cells_fini(struct cells *cells);
/* `a` and `b` joined with U+001F. */
enum err_class cells_add(struct cells *cells, struct str a, struct str b, struct err *err);
/* The parts of a cell. */
void cell_cut(struct str cell, struct str *a, struct str *b);

#endif
