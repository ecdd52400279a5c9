/* One question about figures: what a list of orders comes to over a range of days. All pages of its
 * answer are taken before any of it counts. */
#include "sync/figure_pass.h"

#include <string.h>

enum { ROWS_MAX = 20000 /* ads in the answer to one question */ };

void question_add(struct question *q, struct figure_order *order)
{
    order->answered = order->refused = false;
    order->sum = (struct figure_sum){.rows = 0};
    q->orders[q->len] = order;
    q->ids[q->len++] = order->id;
}

static struct figure_order *question_order(const struct question *q, struct str id)
{
    for (size_t i = 0; i < q->len; i++)
        if (str_eq(q->ids[i], id))
            return q->orders[i];
    return NULL;
}

static enum err_class ad_add(struct figure_pass *p, struct question *q, const struct batch *batch,
                             size_t row, struct err *err)
{
    const struct table *table = batch->table;
    struct str id = batch->columns[table->key[0]].texts[row];
    struct figure_order *order = question_order(q, id);
    if (!order)
        return err_set(err, ERR_BAD_REPLY, "other_record",
                       "the platform answered with %.*s, which was not asked for", STR_ARG(id));
    size_t ad = table_column(table, STR("ad_id"));
    struct str ad_id = ad != SIZE_MAX && batch_state(batch, row, ad) == CELL_SET
                           ? batch->columns[ad].texts[row]
                           : STR("");
    struct str both = arena_printf(&p->arena, "%.*s\x1f%.*s", STR_ARG(id), STR_ARG(ad_id));
    order->ad_id = arena_dup(&p->arena, ad_id);
    if (!both.ptr || !order->ad_id.ptr)
        return err_no_memory(err);
    uint64_t hash = id_hash(both);
    enum err_class class_ = id_set_add(&q->ads, &hash, 1, err);
    if (class_ == ERR_OK)
        class_ = figure_sum_row(&p->layout, batch, row, &order->sum, err);
    if (class_ == ERR_OK && order->sum.currency.len > 0) {
        order->sum.currency = arena_dup(&p->arena, order->sum.currency);
        class_ = order->sum.currency.ptr ? ERR_OK : err_no_memory(err);
    }
    order->answered = true;
    return class_;
}

/* An order of which one ad cannot be read is not the sum of the others. */
static enum err_class rejects_keep(struct figure_pass *p, struct question *q,
                                   const struct facts *facts, struct mapped *mapped,
                                   struct err *err)
{
    if (mapped->rejects_len == 0)
        return ERR_OK;
    enum err_class class_ = rejects_seal(p->run, facts, mapped, &p->arena, err);
    if (class_ == ERR_OK && !rejects_own(mapped, &p->arena))
        class_ = err_no_memory(err);
    size_t len = q->rejects_len + mapped->rejects_len;
    struct reject *all = arena_array(&p->arena, len, sizeof *all);
    if (!all)
        return err_no_memory(err);
    if (q->rejects_len > 0)
        memcpy(all, q->rejects, q->rejects_len * sizeof *all);
    memcpy(all + q->rejects_len, mapped->rejects, mapped->rejects_len * sizeof *all);
    for (size_t i = 0; i < mapped->rejects_len; i++) {
        struct figure_order *order = question_order(q, mapped->rejects[i].key);
        /* One that does not say whose it is may be anybody's. */
        for (size_t k = 0; k < q->len; k++)
            q->orders[k]->refused |= !order || q->orders[k] == order;
    }
    q->rejects = all;
    q->rejects_len = len;
    return class_;
}

static enum err_class page_add(struct figure_pass *p, struct question *q, struct facts *facts,
                               const struct page *page, struct err *err)
{
    struct mapped mapped;
    enum err_class class_ = connector_map(p->run->shop->connector, p->stream, facts, page,
                                          &p->arena, &mapped, err);
    const struct batch *batch = class_ == ERR_OK ? mapped.batches[0] : NULL;
    for (size_t row = 0; class_ == ERR_OK && row < batch->rows_len; row++)
        class_ = ad_add(p, q, batch, row, err);
    return class_ == ERR_OK ? rejects_keep(p, q, facts, &mapped, err) : class_;
}

/* Records that were counted twice, or a total that says something else: a page was not what it should
 * have been. All of them are asked again. */
static enum err_class answer_check(struct question *q, int64_t records, int64_t total,
                                   struct err *err)
{
    size_t added = q->ads.len;
    id_set_settle(&q->ads);
    if (total >= 0 && records != total)
        return err_set(err, ERR_BAD_REPLY, "figures_total",
                       "the platform says %lld rows of figures and gave %lld; they are asked again",
                       (long long)total, (long long)records);
    if (q->ads.len != added)
        return err_set(err, ERR_BAD_REPLY, "figures_twice",
                       "the platform gave the figures of an ad twice; they are asked again");
    return ERR_OK;
}

static enum err_class question_pages(struct figure_pass *p, struct question *q, struct err *err)
{
    struct call_ask ask = task_ask(p->run, p->stream->request, NULL);
    ask.facts.window.from_ms = day_start_ms(p->stream, q->from_day);
    ask.facts.window.to_ms = day_start_ms(p->stream, q->to_day + 1) - 1;
    ask.facts.ids = q->ids;
    ask.facts.ids_len = q->len;
    ask.facts.page.number = p->stream->pages.first;
    ask.facts.page.size = p->stream->pages.size;
    int64_t records = 0, total = -1;
    bool more = true;
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && more) {
        struct page page;
        class_ = gateway_call(p->run->sync->options.gateway, &ask, &p->arena, &page,
                              &ask.facts.received_ms, err);
        if (class_ != ERR_OK)
            return class_;
        p->run->outcome->calls++;
        p->run->outcome->pages++;
        atomic_fetch_add(&p->run->sync->counts.pages, 1);
        class_ = page_add(p, q, &ask.facts, &page, err);
        records += page.records;
        total = page.total;
        more = page.next == PAGE_MORE;
        if (class_ == ERR_OK && more && (page.records == 0 || records > ROWS_MAX))
            class_ = err_set(err, ERR_BAD_REPLY, "page_empty",
                             "the pages of one question come to no end; they are asked again");
        page_fini(&page);
        ask.facts.page.number++;
    }
    q->received_ms = ask.facts.received_ms;
    return class_ == ERR_OK ? answer_check(q, records, total, err) : class_;
}

enum err_class question_ask(struct figure_pass *p, struct question *q, struct err *err)
{
    id_set_init(&q->ads);
    p->asked = q;
    enum err_class class_ = question_pages(p, q, err);
    id_set_fini(&q->ads);
    /* An answer that is refused as a whole is none. */
    for (size_t i = 0; i < q->len; i++)
        q->orders[i]->answered = class_ == ERR_OK && q->orders[i]->answered &&
                                 !q->orders[i]->refused;
    if (class_ == ERR_OK && FAIL_POINT("sync.figures.asked"))
        class_ = err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.figures.asked");
    return class_;
}
