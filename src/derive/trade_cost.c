/* What a piece of a SKU cost on a day, in the currency of the order. */
#include "derive/trade.h"
#include "derive/trade_sql.h"

enum { RATE_DECIMALS = 9, EXPONENT_MAX = 4 };

__extension__ typedef __int128 wide;

static wide power_of_ten(int exponent)
{
    wide power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

bool cost_convert(int64_t minor, int from_exponent, int64_t rate_billionths, int to_exponent,
                  int64_t *out)
{
    if (from_exponent < 0 || from_exponent > EXPONENT_MAX || to_exponent < 0 ||
        to_exponent > EXPONENT_MAX || minor < -TRADE_AMOUNT_MAX || minor > TRADE_AMOUNT_MAX)
        return false;
    /* 10^15 × 10^19 × 10^4 is 10^38, just inside of 128 bits. */
    wide above = (wide)minor * rate_billionths * power_of_ten(to_exponent);
    wide below = power_of_ten(RATE_DECIMALS + from_exponent);
    wide whole = above / below, rest = above % below;
    wide twice = (rest < 0 ? -rest : rest) * 2;
    if (twice > below || (twice == below && whole % 2 != 0))
        whole += above < 0 ? -1 : 1;
    if (whole > TRADE_AMOUNT_MAX || whole < -TRADE_AMOUNT_MAX)
        return false;
    *out = (int64_t)whole;
    return true;
}

/* --- costs --- */
static bool text_keep(const struct derive_work *work, struct str text, struct str *out)
{
    *out = arena_dup(work->arena, text);
    return out->ptr != NULL;
}

static struct cost_line *line_of(struct cost_book *book, struct str sku_id)
{
    if (book->lines_len > 0 && str_eq(book->lines[book->lines_len - 1].sku_id, sku_id))
        return &book->lines[book->lines_len - 1];
    void *items = arena_grow(book->work->arena, book->lines, book->lines_len, &book->lines_room,
                             sizeof *book->lines);
    if (!items)
        return NULL;
    book->lines = items;
    struct cost_line *line = &book->lines[book->lines_len];
    *line = (struct cost_line){.entries = NULL};
    if (!text_keep(book->work, sku_id, &line->sku_id))
        return NULL;
    book->lines_len++;
    return line;
}

static enum err_class cost_row(struct reader *row, void *context, struct err *err)
{
    struct cost_book *book = context;
    struct cost_line *line = line_of(book, reader_text(row, 0));
    if (!line)
        return err_no_memory(err);
    void *items = arena_grow(book->work->arena, line->entries, line->len, &line->room,
                             sizeof *line->entries);
    if (!items)
        return err_no_memory(err);
    line->entries = items;
    struct cost_entry *entry = &line->entries[line->len];
    *entry = (struct cost_entry){.cost = {!reader_is_null(row, 2), reader_int(row, 2)}};
    if (!text_keep(book->work, reader_text(row, 1), &entry->from_day) ||
        !text_keep(book->work, reader_text(row, 3), &entry->currency))
        return err_no_memory(err);
    line->len++;
    return ERR_OK;
}

enum err_class cost_book_read(struct cost_book *book, const struct derive_work *work,
                              const struct str *skus, size_t skus_len, struct err *err)
{
    *book = (struct cost_book){.work = work};
    const struct sql_value values[] = {sql_int(work->shop_id),
                                       ids_json(skus, skus_len, work->arena)};
    if (!values[1].text.ptr)
        return err_no_memory(err);
    return skus_len > 0 ? work_query(work, SQL_TRADE_COSTS, values, 2, cost_row, book, err)
                        : ERR_OK;
}

static const struct cost_line *line_find(const struct cost_book *book, struct str sku_id)
{
    size_t low = 0, high = book->lines_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(book->lines[middle].sku_id, sku_id);
        if (order == 0)
            return &book->lines[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- rates --- */
struct rate_reading {
    const struct derive_work *work;
    struct rate_line *line;
};
static enum err_class rate_row(struct reader *row, void *context, struct err *err)
{
    struct rate_reading *r = context;
    void *items = arena_grow(r->work->arena, r->line->entries, r->line->len, &r->line->room,
                             sizeof *r->line->entries);
    if (!items)
        return err_no_memory(err);
    r->line->entries = items;
    struct rate_entry *entry = &r->line->entries[r->line->len];
    entry->billionths = reader_int(row, 1);
    if (!text_keep(r->work, reader_text(row, 0), &entry->day))
        return err_no_memory(err);
    r->line->len++;
    return ERR_OK;
}

static enum err_class rates_of(struct cost_book *book, struct str base, struct str quote,
                               const struct rate_line **out, struct err *err)
{
    for (size_t i = 0; i < book->rates_len; i++)
        if (str_eq(book->rates[i].base, base) && str_eq(book->rates[i].quote, quote)) {
            *out = &book->rates[i];
            return ERR_OK;
        }
    void *items = arena_grow(book->work->arena, book->rates, book->rates_len, &book->rates_room,
                             sizeof *book->rates);
    if (!items)
        return err_no_memory(err);
    book->rates = items;
    struct rate_line *line = &book->rates[book->rates_len];
    *line = (struct rate_line){.entries = NULL};
    if (!text_keep(book->work, base, &line->base) || !text_keep(book->work, quote, &line->quote))
        return err_no_memory(err);
    struct rate_reading reading = {book->work, line};
    const struct sql_value values[] = {sql_text(base), sql_text(quote)};
    enum err_class class_ = work_query(book->work, SQL_TRADE_RATES, values, 2, rate_row, &reading,
                                       err);
    book->rates_len += class_ == ERR_OK;
    *out = line;
    return class_;
}

enum err_class cost_at(struct cost_book *book, struct str sku_id, struct str day,
                       struct str currency, struct trade_value *out, struct err *err)
{
    const struct cost_line *line = line_find(book, sku_id);
    const struct cost_entry *entry = NULL;
    const struct rate_line *rates = NULL;
    int64_t rate = 0;
    *out = (struct trade_value){.known = false};
    for (size_t i = 0; line && i < line->len && str_cmp(line->entries[i].from_day, day) <= 0; i++)
        entry = &line->entries[i];
    if (!entry || !entry->cost.known)
        return ERR_OK;
    if (str_eq(entry->currency, currency)) {
        *out = entry->cost;
        return ERR_OK;
    }
    enum err_class class_ = rates_of(book, entry->currency, currency, &rates, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < rates->len && str_cmp(rates->entries[i].day, day) <= 0; i++)
        rate = rates->entries[i].billionths;
    /* A rate may make of a cost one that nobody could enter, whose product with the pieces would not fit. */
    out->known = rate > 0 &&
                 cost_convert(entry->cost.number, currency_exponent(entry->currency), rate,
                              currency_exponent(currency), &out->number) &&
                 out->number <= COST_MAX;
    return ERR_OK;
}
