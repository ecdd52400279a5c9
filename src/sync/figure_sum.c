#include "sync/figure_sum.h"

#include <stdio.h>

enum { ROW_TEXT_BYTES_MAX = 16 * 1024 };

static bool is_figure(const struct table *table, size_t column)
{
    enum column_type type = table->columns[column].type;
    bool number = type == COLUMN_INT || type == COLUMN_MONEY || type == COLUMN_RATIO;
    return number && !table_key_has(table, column) &&
           !str_eq(table->columns[column].name, STR("ads"));
}

static size_t figure_find(const struct figure_layout *layout, const struct table *table,
                          size_t column)
{
    for (size_t i = 0; column != SIZE_MAX && i < layout->len; i++)
        if (str_eq(layout->figures[i].name, table->columns[column].name))
            return i;
    return SIZE_MAX;
}

enum err_class figure_layout_make(const struct table *table, struct figure_layout *out,
                                  struct err *err)
{
    *out = (struct figure_layout){.len = 0};
    for (size_t i = 0; i < table->columns_len; i++) {
        if (!is_figure(table, i))
            continue;
        if (out->len == FIGURES_MAX)
            return err_set(err, ERR_CONFIG, "figures", "table %.*s has more than %d figures",
                           STR_ARG(table->name), FIGURES_MAX);
        out->figures[out->len++] = (struct figure){.name = table->columns[i].name,
                                                   .type = table->columns[i].type};
    }
    for (size_t i = 0; i < out->len; i++) {
        struct figure *figure = &out->figures[i];
        const struct column *column = &table->columns[table_column(table, figure->name)];
        figure->weight = figure_find(out, table, column->weight);
        figure->over = figure_find(out, table, column->quotient[0]);
        figure->under = figure_find(out, table, column->quotient[1]);
        if (figure->type == COLUMN_RATIO && figure->weight == SIZE_MAX)
            return err_set(err, ERR_CONFIG, "figures",
                           "%.*s.%.*s is a ratio without \"weight\": it cannot be added up",
                           STR_ARG(table->name), STR_ARG(figure->name));
    }
    return ERR_OK;
}

/* --- adding --- */

static enum err_class range_error(const struct figure *figure, struct err *err)
{
    return err_set(err, ERR_BAD_REPLY, "figure_range", "%.*s is too large to be added up",
                   STR_ARG(figure->name));
}

static enum err_class currency_add(struct figure_sum *sum, struct str currency, struct err *err)
{
    if (currency.len == 0)
        return ERR_OK;
    if (sum->currency.len > 0 && !str_eq(sum->currency, currency))
        return err_set(err, ERR_BAD_REPLY, "figure_currency",
                       "one order's figures come in %.*s and in %.*s; they are not added up",
                       STR_ARG(sum->currency), STR_ARG(currency));
    sum->currency = currency;
    return ERR_OK;
}

static enum err_class value_add(const struct figure *figure, int64_t value, int64_t *sum,
                                struct err *err)
{
    return __builtin_add_overflow(*sum, value, sum) ? range_error(figure, err) : ERR_OK;
}

/* What one row, or one range, brings. */
static enum err_class addend_add(const struct figure_layout *layout, const struct figure_sum *other,
                                 struct figure_sum *sum, struct err *err)
{
    enum err_class class_ = currency_add(sum, other->currency, err);
    for (size_t i = 0; class_ == ERR_OK && i < layout->len; i++) {
        const struct figure *figure = &layout->figures[i];
        if (!other->set[i])
            continue;
        sum->set[i] = true;
        class_ = figure->type == COLUMN_RATIO
                     ? value_add(figure, other->weighted[i], &sum->weighted[i], err)
                     : value_add(figure, other->values[i], &sum->values[i], err);
        /* Alone it stays as the platform gave it; of more than one it is made when it is written. */
        if (figure->type == COLUMN_RATIO) {
            sum->values[i] = other->values[i];
            if (class_ == ERR_OK)
                class_ = value_add(figure, other->weights[i], &sum->weights[i], err);
        }
    }
    sum->rows += other->rows;
    return class_;
}

static enum err_class weights_fill(const struct figure_layout *layout, struct figure_sum *one,
                                   struct err *err)
{
    for (size_t i = 0; i < layout->len; i++) {
        const struct figure *figure = &layout->figures[i];
        if (figure->type != COLUMN_RATIO || !one->set[i])
            continue;
        one->weights[i] = one->values[figure->weight];
        if (__builtin_mul_overflow(one->values[i], one->weights[i], &one->weighted[i]))
            return range_error(figure, err);
    }
    return ERR_OK;
}

enum err_class figure_sum_row(const struct figure_layout *layout, const struct batch *batch,
                              size_t row, struct figure_sum *sum, struct err *err)
{
    const struct table *table = batch->table;
    struct figure_sum one = {.rows = 1};
    for (size_t i = 0; i < layout->len; i++) {
        size_t column = table_column(table, layout->figures[i].name);
        one.set[i] = batch_state(batch, row, column) == CELL_SET;
        if (one.set[i])
            one.values[i] = batch->columns[column].numbers[row];
    }
    size_t currency = table_column(table, STR("currency"));
    if (currency != SIZE_MAX && batch_state(batch, row, currency) == CELL_SET)
        one.currency = batch->columns[currency].texts[row];
    enum err_class class_ = weights_fill(layout, &one, err);
    if (class_ == ERR_OK)
        class_ = addend_add(layout, &one, sum, err);
    sum->ads++;
    return class_;
}

enum err_class figure_sum_add(const struct figure_layout *layout, const struct figure_sum *other,
                              struct figure_sum *sum, struct err *err)
{
    sum->ads = other->ads > sum->ads ? other->ads : sum->ads;
    return addend_add(layout, other, sum, err);
}

bool figure_money_fell(const struct figure_layout *layout, const struct figure_sum *before,
                       const struct figure_sum *now)
{
    for (size_t i = 0; i < layout->len; i++) {
        const struct figure *figure = &layout->figures[i];
        bool adds_up = figure->type == COLUMN_MONEY && figure->over == SIZE_MAX;
        if (adds_up && before->set[i] && now->set[i] && now->values[i] < before->values[i])
            return true;
    }
    return false;
}

/* --- the database's side --- */

void figure_columns_write(const struct figure_layout *layout, struct buf *out)
{
    buf_add(out, STR("ads, currency"));
    for (size_t i = 0; i < layout->len; i++)
        buf_printf(out, ", %.*s", STR_ARG(layout->figures[i].name));
}

enum err_class figure_sum_read(const struct figure_layout *layout, const struct reader *reader,
                               int column, struct arena *arena, struct figure_sum *out,
                               struct err *err)
{
    *out = (struct figure_sum){.rows = 1, .ads = reader_int(reader, column)};
    out->currency = arena_dup(arena, reader_text(reader, column + 1));
    if (!out->currency.ptr)
        return err_no_memory(err);
    for (size_t i = 0; i < layout->len; i++) {
        int at = column + 2 + (int)i;
        out->set[i] = !reader_is_null(reader, at);
        out->values[i] = out->set[i] ? reader_int(reader, at) : 0;
    }
    return weights_fill(layout, out, err);
}

/* --- writing --- */

/* To the nearest, halves to the even neighbour; `under` is above 0. */
static int64_t divide_half_even(int64_t over, int64_t under)
{
    int64_t quotient = over / under, rest = over % under;
    int64_t size = rest < 0 ? -rest : rest;
    if (size > under - size || (size == under - size && quotient % 2 != 0))
        quotient += over < 0 ? -1 : 1;
    return quotient;
}

static int64_t figure_value(const struct figure_layout *layout, const struct figure_sum *sum,
                            size_t at)
{
    const struct figure *figure = &layout->figures[at];
    int64_t over = sum->values[at], under = 0;
    if (sum->rows < 2 || (figure->type != COLUMN_RATIO && figure->over == SIZE_MAX))
        return sum->values[at];
    if (figure->type == COLUMN_RATIO) {
        over = sum->weighted[at];
        under = sum->weights[at];
    } else {
        over = sum->values[figure->over];
        under = sum->values[figure->under];
    }
    return under > 0 ? divide_half_even(over, under) : 0;
}

/* All cells of a row as text, in the table's order; what is not set leaves its place empty. */
static void row_text(const struct batch *batch, size_t row, struct buf *out)
{
    const struct table *table = batch->table;
    for (size_t i = 0; i < table->columns_len; i++) {
        if (batch_state(batch, row, i) == CELL_SET && batch->columns[i].numbers)
            buf_printf(out, "%lld", (long long)batch->columns[i].numbers[row]);
        else if (batch_state(batch, row, i) == CELL_SET)
            buf_add(out, batch->columns[i].texts[row]);
        buf_add_char(out, '\x1f');
    }
}

enum err_class figure_row_write(const struct figure_layout *layout, const struct figure_sum *sum,
                                const struct keyring *keyring, int64_t received_ms,
                                struct batch *batch, size_t row, struct err *err)
{
    const struct table *table = batch->table;
    for (size_t i = 0; i < layout->len; i++)
        if (sum->set[i])
            batch_set_number(batch, row, table_column(table, layout->figures[i].name),
                             figure_value(layout, sum, i));
    batch_set_number(batch, row, table_column(table, STR("ads")), sum->ads);
    if (sum->currency.len > 0)
        batch_set_text(batch, row, table_column(table, STR("currency")), sum->currency);
    struct buf text;
    buf_init(&text, ROW_TEXT_BYTES_MAX);
    row_text(batch, row, &text);
    bool good = !text.failed;
    if (good)
        record_hash(keyring, buf_str(&text), batch->guards[row].hash);
    buf_fini(&text);
    batch->guards[row].received_ms = batch->guards[row].updated_ms = received_ms;
    return good ? ERR_OK : err_no_memory(err);
}
