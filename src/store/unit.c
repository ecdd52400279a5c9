/* One commit unit: fence, rows, rejects, what follows, in this order. What undoes it when it is refused
 * (its group as a whole, or its savepoint when the group runs again) is the writer's business. */
#include "store/internal.h"
#include "store/sql.h"

/* Values that stand for the outcome of the unit's rows become numbers. */
static enum err_class values_fill(const struct step *step, const struct unit_counts *counts,
                                  struct sql_value values[STEP_VALUES_MAX], struct err *err)
{
    if (step->values_len > STEP_VALUES_MAX)
        return err_set(err, ERR_INTERNAL, "store_sql", "a step has more than %d values",
                       STEP_VALUES_MAX);
    for (size_t i = 0; i < step->values_len; i++) {
        values[i] = step->values[i];
        for (int outcome = 0; outcome < ROW_OUTCOMES; outcome++)
            if (values[i].kind == sql_outcome((enum row_outcome)outcome).kind)
                values[i] = sql_int(values[i].number + counts->rows[outcome]);
    }
    return ERR_OK;
}

static enum err_class fence_unmet(const void *context, int64_t rows, struct err *err)
{
    const struct step *step = context;
    return err_set(err, ERR_CONFLICT, "fence",
                   "a step changed %lld rows instead of %lld: somebody else holds the lease",
                   (long long)rows, (long long)step->rows_expected);
}

/* How many rows it touched must be known before the unit goes on. */
static enum err_class step_touch(struct tx *tx, const struct step *step,
                                 const struct sql_value *values, struct unit_counts *counts,
                                 struct err *err)
{
    int64_t rows = 0;
    enum err_class class_ = conn_exec(tx->conn, step->sql, values, step->values_len, &rows, err);
    counts->touched += rows;
    return class_;
}

static enum err_class steps_run(struct tx *tx, const struct step *steps, size_t steps_len,
                                struct unit_counts *counts, struct err *err)
{
    struct sql_value values[STEP_VALUES_MAX];
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; !class_ && i < steps_len; i++) {
        const struct step *step = &steps[i];
        const struct expected expected = {step->rows_expected, fence_unmet, step};
        class_ = values_fill(step, counts, values, err);
        if (!class_ && step->rows_expected == STEP_TOUCHES)
            class_ = step_touch(tx, step, values, counts, err);
        else if (!class_)
            class_ = conn_later(tx->conn, step->sql, values, step->values_len, &expected, err);
        tx_say(tx, step->topics);
    }
    return class_;
}

static const struct expected anything = {.rows = ROWS_ANY};

static enum err_class reject_write(struct tx *tx, const struct unit *unit,
                                   const struct reject *reject, struct err *err)
{
    bool in_window = reject->from_ms || reject->to_ms;
    const struct sql_value values[] = {
        sql_int(unit->shop_id),
        sql_text(reject->table),
        sql_text(reject->key),
        sql_text(reject->id),
        sql_text(reject->field),
        sql_text(str_of(reject->code)),
        sql_text(reject->message),
        reject->original.len ? sql_bytes(reject->original) : sql_null(),
        sql_text(reject->stream),
        sql_int_or_null(reject->from_ms, in_window),
        sql_int_or_null(reject->to_ms, in_window),
        sql_int(unit->now_ms),
    };
    return conn_later(tx->conn, SQL_REJECT_PUT, values, sizeof(values) / sizeof(values[0]),
                      &anything, err);
}

static bool refused_again(const struct unit *unit, const struct table *table, struct str key)
{
    for (size_t i = 0; i < unit->rejects_len; i++)
        if (str_eq(unit->rejects[i].table, table->name) && str_eq(unit->rejects[i].key, key))
            return true;
    return false;
}

/* A list of a further table that could not be read was refused under its record's key: once the record
 * comes with a good one, nobody waits for it. */
static enum err_class lists_clear(struct tx *tx, const struct unit *unit, const struct table *table,
                                  struct err *err)
{
    const struct batch *main = unit->batches[0];
    bool waiting = false;
    enum err_class class_ = rejects_wait(tx, unit->shop_id, table, &waiting, err);
    for (size_t row = 0; !class_ && waiting && row < main->rows_len; row++) {
        struct str key;
        class_ = batch_key(main, row, &tx->scratch, &key, err);
        const struct sql_value values[] = {sql_int(unit->shop_id), sql_text(table->name),
                                           sql_text(key)};
        if (!class_ && main->outcomes[row] != ROW_OLDER && !refused_again(unit, table, key))
            class_ = conn_later(tx->conn, SQL_REJECT_CLEAR, values, 3, &anything, err);
    }
    return class_;
}

static enum err_class fail_point_error(const char *name, struct err *err)
{
    return err_set(err, ERR_STORE, "store_io", "fail point %s", name);
}

enum err_class unit_apply(struct tx *tx, struct unit *unit, struct err *err)
{
    struct unit_counts counts = {.touched = 0};
    struct touches touches;
    touches_init(&touches);
    enum err_class class_ = steps_run(tx, unit->before, unit->before_len, &counts, err);
    if (!class_ && FAIL_POINT("store.unit.fence"))
        class_ = fail_point_error("store.unit.fence", err);
    for (size_t i = 0; !class_ && i < unit->batches_len; i++)
        class_ = batch_write(tx, unit, unit->batches[i], &touches, &counts, err);
    if (!class_)
        class_ = touches_write(&touches, tx, unit->shop_id, err);
    touches_fini(&touches);
    for (size_t i = 1; !class_ && i < unit->batches_len; i++)
        class_ = lists_clear(tx, unit, unit->batches[i]->table, err);
    for (size_t i = 0; !class_ && i < unit->rejects_len; i++)
        class_ = reject_write(tx, unit, &unit->rejects[i], err);
    if (!class_ && FAIL_POINT("store.unit.rows"))
        class_ = fail_point_error("store.unit.rows", err);
    if (!class_)
        class_ = steps_run(tx, unit->after, unit->after_len, &counts, err);
    if (!class_ && counts.touched > 0)
        class_ = steps_run(tx, unit->touched, unit->touched_len, &counts, err);
    if (!class_)
        class_ = tx->conn->ops->settle(tx->conn, err);
    if (!class_ && FAIL_POINT("store.unit.steps"))
        class_ = fail_point_error("store.unit.steps", err);
    if (!class_)
        unit->counts = counts;
    return class_;
}
