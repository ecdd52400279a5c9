/* The audit: a sample of results and sums is worked out again from what is stored, in one snapshot a shop, and compared.
 * What differs is said, and derived again. Rows that are touched are being derived anyway. */
#include "derive/audit.h"

#include <stdlib.h>

#include "derive/engine.h"
#include "derive/sql.h"

enum {
    /* Of all shops together; each shop that is looked at has at least one of each. */
    RESULTS = 200,
    SUMS = 20,
    SHOPS_MAX = 200,
    FURTHER_MAX = 8,
    ROWS_BYTES_MAX = 64 * 1024 * 1024,
    EVENT_KEY_BYTES = 400,
};

void audit_differs(struct audit *audit, const char *table, struct str key, struct str column)
{
    audit->differing++;
    if (audit->drifts_len < AUDIT_DRIFTS_MAX)
        audit->drifts[audit->drifts_len++] = (struct audit_drift){table, key, column};
}

/* --- sampling --- */

struct bounds {
    int64_t from, to;
    bool found;
};

static enum err_class bounds_take(struct reader *row, void *context, struct err *err)
{
    (void)err;
    struct bounds *bounds = context;
    bounds->found = !reader_is_null(row, 0);
    bounds->from = reader_int(row, 0);
    bounds->to = reader_int(row, 1);
    return ERR_OK;
}

struct one_text {
    struct arena *arena;
    struct str text;
};

static enum err_class text_take(struct reader *row, void *context, struct err *err)
{
    struct one_text *one = context;
    one->text = arena_dup(one->arena, reader_text(row, 0));
    return one->text.ptr ? ERR_OK : err_no_memory(err);
}

enum err_class audit_sample(const struct derive_work *work, struct audit *audit, const char *bounds,
                            const char *one, size_t len, struct str **out, size_t *out_len,
                            struct err *err)
{
    struct bounds between = {.found = false};
    struct sql_value values[] = {sql_int(work->shop_id), sql_null(), sql_null()};
    *out_len = 0;
    *out = arena_array(work->arena, len + 1, sizeof(**out));
    if (!*out)
        return err_no_memory(err);
    enum err_class class_ = work_query(work, bounds, values, 1, bounds_take, &between, err);
    for (size_t i = 0; !class_ && between.found && i < len; i++) {
        struct one_text found = {work->arena, STR_NONE};
        uint64_t span = (uint64_t)(between.to - between.from) + 1;
        values[1] = sql_int(between.from + (int64_t)rng_below(audit->rng, span));
        /* Some rows further on, so that rows of one instant are met, too. */
        values[2] = sql_int((int64_t)rng_below(audit->rng, FURTHER_MAX));
        class_ = work_query(work, one, values, 3, text_take, &found, err);
        values[2] = sql_int(0);
        if (!class_ && !found.text.ptr)
            class_ = work_query(work, one, values, 3, text_take, &found, err);
        if (!class_ && found.text.ptr)
            (*out)[(*out_len)++] = found.text;
    }
    return class_;
}

static enum err_class rows_take(struct reader *row, void *context, struct err *err)
{
    struct buf *text = context;
    (void)err;
    for (int i = 0; i < reader_columns(row); i++) {
        buf_add_char(text, reader_is_null(row, i) ? '-' : '=');
        if (!reader_is_null(row, i))
            buf_add(text, reader_text(row, i));
        buf_add_char(text, '\x1f');
    }
    return text->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class audit_rows_differ(const struct derive_work *work, const char *stored,
                                 const struct sql_value *stored_values, size_t stored_len,
                                 const char *made, const struct sql_value *made_values,
                                 size_t made_len, bool *differ, struct err *err)
{
    struct buf is, ought;
    buf_init(&is, ROWS_BYTES_MAX);
    buf_init(&ought, ROWS_BYTES_MAX);
    enum err_class class_ = work_query(work, stored, stored_values, stored_len, rows_take, &is,
                                       err);
    if (!class_)
        class_ = work_query(work, made, made_values, made_len, rows_take, &ought, err);
    *differ = !class_ && !str_eq(buf_str(&is), buf_str(&ought));
    buf_fini(&is);
    buf_fini(&ought);
    return class_;
}

/* --- a shop --- */

struct mending {
    const struct derive_work *work;
    const struct audit *audit;
};

/* Said and touched in one transaction, so that what was said is mended. */
static enum err_class mend_work(struct tx *tx, void *context, struct err *err)
{
    const struct mending *mending = context;
    const struct audit *audit = mending->audit;
    const struct derive_work *work = mending->work;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < audit->drifts_len; i++) {
        class_ = tx_touch(tx, work->shop_id, str_of(audit->drifts[i].table), &audit->drifts[i].key,
                          1, err);
    }
    const struct audit_drift *first = &audit->drifts[0];
    const struct event event = {
        .kind = EVENT_DERIVE_DRIFT,
        .shop_id = work->shop_id,
        .args = {EVENT_NUMBER("differing", audit->differing), EVENT_NUMBER("looked", audit->looked),
                 EVENT_TEXT("table", str_of(first->table)),
                 EVENT_TEXT("key", str_utf8_head(first->key, EVENT_KEY_BYTES)),
                 EVENT_TEXT("column", first->column)}};
    if (!class_)
        class_ = event_add(tx, &event, work->now_ms, err);
    return class_ ? class_ : derive_ask(tx, work->shop_id, TASK_REPAIR, STR(""), work->now_ms, err);
}

static enum err_class shop_audit(struct derive *derive, struct audit *audit, int64_t shop_id,
                                 struct err *err)
{
    const struct derive_shop *shop = derive->options.shop_of(derive->options.context, shop_id);
    struct arena arena;
    if (!shop)
        return ERR_OK;
    arena_init(&arena);
    struct derive_work work = {.derive = derive,
                               .arena = &arena,
                               .shop_id = shop_id,
                               .shop = shop,
                               .now_ms = clock_now_ms()};
    enum err_class class_ = store_snapshot(derive->options.store, &work.snapshot, err);
    for (size_t i = 0; !class_ && makers[i]; i++)
        if (makers[i]->audit)
            class_ = makers[i]->audit(&work, audit, err);
    enum err_class closed = work.snapshot ? reader_close(work.snapshot, class_ ? NULL : err)
                                          : ERR_OK;
    class_ = class_ ? class_ : closed;
    struct mending mending = {&work, audit};
    if (!class_ && audit->drifts_len > 0)
        class_ = store_write(derive->options.store, mend_work, &mending, err);
    arena_fini(&arena);
    return class_;
}

/* --- all shops --- */

/* As many shops as are looked at, in random order. */
static enum err_class shops_choose(const struct derive *derive, struct rng *rng, int64_t *shops,
                                   size_t *len, struct err *err)
{
    struct reader *row;
    uint64_t seen = 0;
    *len = 0;
    enum err_class class_ = store_read(derive->options.store, SQL_AUDIT_SHOPS, NULL, 0, &row, err);
    if (class_)
        return class_;
    while (reader_next(row)) {
        uint64_t at = rng_below(rng, ++seen);
        if (*len < SHOPS_MAX)
            at = (*len)++;
        if (at < SHOPS_MAX)
            shops[at] = reader_int(row, 0);
    }
    return reader_close(row, err);
}

static enum err_class audit_keep(struct derive *derive, const struct derive_audit *audit,
                                 struct err *err)
{
    const struct sql_value values[] = {sql_int(audit->at_ms), sql_int((int64_t)audit->seed),
                                       sql_int(audit->looked), sql_int(audit->differing)};
    const struct step step = {
        .sql = SQL_AUDIT_KEEP, .values = values, .values_len = 4, .rows_expected = -1};
    struct unit unit = {.after = &step, .after_len = 1, .now_ms = audit->at_ms};
    return store_commit(derive->options.store, &unit, err);
}

enum err_class derive_audit_run(struct derive *derive, uint64_t seed, struct derive_audit *out,
                                struct err *err)
{
    int64_t shops[SHOPS_MAX];
    size_t len = 0;
    struct rng rng;
    rng_seed(&rng, seed);
    /* Numbers of the database have a sign. */
    *out = (struct derive_audit){.at_ms = clock_now_ms(), .seed = seed & INT64_MAX};
    log_event(LOG_INFO, "derive_audit", LOG_I64("seed", (int64_t)out->seed), LOG_END);
    enum err_class class_ = shops_choose(derive, &rng, shops, &len, err);
    for (size_t i = 0; !class_ && i < len; i++) {
        struct audit *audit = calloc(1, sizeof(*audit));
        if (!audit)
            return err_no_memory(err);
        *audit = (struct audit){
            .rng = &rng, .results = (RESULTS + len - 1) / len, .sums = (SUMS + len - 1) / len};
        class_ = shop_audit(derive, audit, shops[i], err);
        out->looked += audit->looked;
        out->differing += audit->differing;
        free(audit);
    }
    return class_ ? class_ : audit_keep(derive, out, err);
}

enum err_class derive_audit_last(struct derive *derive, struct derive_audit *out, struct err *err)
{
    struct reader *row;
    *out = (struct derive_audit){.at_ms = 0};
    enum err_class class_ = store_read(derive->options.store, SQL_AUDIT_LAST, NULL, 0, &row, err);
    if (class_)
        return class_;
    if (reader_next(row))
        *out = (struct derive_audit){.at_ms = reader_int(row, 0),
                                     .seed = (uint64_t)reader_int(row, 1),
                                     .looked = reader_int(row, 2),
                                     .differing = reader_int(row, 3)};
    return reader_close(row, err);
}
