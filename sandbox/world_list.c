/* The state of a shop's orders at a moment, and lists of them.
 *
 * The list by update time is an index that moves with time: what has changed since the last look is
 * taken out and put at the end, one pass over four bytes an order. */
#include <assert.h>
#include <stdlib.h>

#include "sandbox/world_internal.h"

enum { MINUTE_S = 60 };

static struct order_view order_view_at(const struct shop *shop, uint32_t position)
{
    const struct order *order = &shop->orders[position];
    struct order_view view = {
        .order = *order,
        .id = shop_id_of(shop, order->number),
        .hash = order_hash(shop, order->number),
        .updated_s = order->created_s,
    };
    while (view.step < order->steps && order->step_s[view.step] <= shop->at_s)
        view.updated_s = order->step_s[view.step++];
    view.churned = order->churns > 0 && order->churned_s >= view.updated_s;
    if (view.churned)
        view.updated_s = order->churned_s;
    return view;
}

static struct sort_key updated_key(const struct shop *shop, uint32_t position)
{
    struct order_view view = order_view_at(shop, position);
    return (struct sort_key){view.updated_s, position, view.id};
}

static struct sort_key created_key(const struct shop *shop, uint32_t position)
{
    const struct order *order = &shop->orders[position];
    return (struct sort_key){order->created_s, position, shop_id_of(shop, order->number)};
}

/* Orders created at or before a moment. */
static uint32_t created_until(const struct shop *shop, uint32_t at_s)
{
    size_t low = 0, high = shop->orders_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (shop->orders[middle].created_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static int event_compare(const void *left, const void *right)
{
    const struct order_event *a = left, *b = right;
    if (a->at_s != b->at_s)
        return a->at_s < b->at_s ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

/* Sorted keys of `positions` in `keys`. */
static void keys_fill(const struct shop *shop, const uint32_t *positions, size_t len,
                      struct sort_key *keys)
{
    for (size_t i = 0; i < len; i++)
        keys[i] = updated_key(shop, positions[i]);
    qsort(keys, len, sizeof *keys, key_compare);
}

/* Steps that lie ahead of the shop's time, oldest first: what will move orders in the list. */
static enum err_class events_collect(struct shop *shop, struct err *err)
{
    size_t len = 0;
    free(shop->events);
    shop->events = NULL;
    shop->events_len = shop->events_at = 0;
    for (int pass = 0; pass < 2; pass++) {
        len = 0;
        for (uint32_t i = 0; i < shop->orders_len; i++)
            for (uint8_t s = 0; s < shop->orders[i].steps; s++) {
                if (shop->orders[i].step_s[s] <= shop->at_s)
                    continue;
                if (pass == 1)
                    shop->events[len] = (struct order_event){shop->orders[i].step_s[s], i};
                len++;
            }
        if (pass == 0 && len > 0 && !(shop->events = calloc(len, sizeof *shop->events)))
            return err_no_memory(err);
    }
    shop->events_len = len;
    if (len > 0)
        qsort(shop->events, len, sizeof *shop->events, event_compare);
    return ERR_OK;
}

static enum err_class index_build(struct shop *shop, struct err *err)
{
    uint32_t *index = malloc((shop->orders_len + 1) * sizeof *index);
    struct sort_key *keys = malloc((shop->visible + 1U) * sizeof *keys);
    enum err_class class_ = index && keys ? events_collect(shop, err) : err_no_memory(err);
    if (class_ == ERR_OK) {
        for (uint32_t i = 0; i < shop->visible; i++)
            index[i] = i;
        keys_fill(shop, index, shop->visible, keys);
        for (uint32_t i = 0; i < shop->visible; i++)
            index[i] = keys[i].position;
        shop->by_updated = index;
        index = NULL;
    }
    free(index);
    free(keys);
    return class_;
}

/* What has changed between two moments: positions, each once, marked in `moved`. */
struct move_list {
    uint32_t *positions;
    size_t len;
    uint8_t *moved;
};

static void move_add(struct move_list *list, uint32_t position)
{
    if (list->moved[position])
        return;
    list->moved[position] = 1;
    list->positions[list->len++] = position;
}

static uint64_t churn_ticks_until(const struct shop *shop, uint32_t at_s)
{
    if (at_s < shop->plan.churn_from_s)
        return 0;
    return (uint64_t)(at_s - shop->plan.churn_from_s) * shop->plan.churn_per_minute / MINUTE_S;
}

static void churn_apply(struct shop *shop, uint32_t at_s, struct move_list *moves)
{
    for (uint64_t until = churn_ticks_until(shop, at_s); shop->churn_ticks < until;) {
        uint64_t tick = ++shop->churn_ticks; /* the first comes one interval after the start */
        uint32_t tick_s = shop->plan.churn_from_s +
                          (uint32_t)((tick * MINUTE_S + shop->plan.churn_per_minute - 1) /
                                     shop->plan.churn_per_minute);
        uint32_t existing = created_until(shop, tick_s);
        if (existing == 0)
            continue;
        uint64_t random = world_mix(shop->seed ^ 0x636875726e, tick + shop->plan.churn_from_s);
        uint32_t position = (uint32_t)(random % existing);
        struct order *order = &shop->orders[position];
        /* 0 would mean that the order never changed. */
        order->churns = order->churns == UINT16_MAX ? 1 : (uint16_t)(order->churns + 1);
        order->churned_s = tick_s;
        move_add(moves, position);
    }
}

/* The index without what moved, and behind it what moved: its times all lie after the shop's old
 * time, and everybody else's before. */
static void index_move(struct shop *shop, uint32_t visible_before, const struct move_list *moves,
                       const struct sort_key *keys)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < visible_before; i++)
        if (!moves->moved[shop->by_updated[i]])
            shop->by_updated[out++] = shop->by_updated[i];
    for (size_t k = 0; k < moves->len; k++)
        shop->by_updated[out++] = keys[k].position;
    assert(out == shop->visible);
}

static bool nothing_due(const struct shop *shop, uint32_t at_s)
{
    if (!shop->by_updated)
        return false;
    if (at_s <= shop->at_s)
        return true;
    bool step = shop->events_at < shop->events_len && shop->events[shop->events_at].at_s <= at_s;
    bool creation = shop->visible < shop->orders_len &&
                    shop->orders[shop->visible].created_s <= at_s;
    return !step && !creation && churn_ticks_until(shop, at_s) == shop->churn_ticks;
}

/* Brings the shop from its time to at_s. After a failure there is no index, and the next call makes
 * it anew. */
static enum err_class shop_advance(struct shop *shop, uint32_t at_s, struct err *err)
{
    at_s = at_s < shop->stands_s ? shop->stands_s : at_s;
    if (nothing_due(shop, at_s))
        return ERR_OK;
    bool first = !shop->by_updated;
    size_t len = shop->orders_len;
    struct move_list moves = {.positions = malloc((len + 1) * sizeof(uint32_t)),
                              .moved = calloc(len + 1, 1)};
    struct sort_key *keys = NULL;
    uint32_t visible_before = shop->visible;
    enum err_class class_ = moves.positions && moves.moved ? ERR_OK : err_no_memory(err);
    if (class_ != ERR_OK)
        goto out;
    shop->at_s = at_s;
    shop->visible = created_until(shop, at_s);
    for (uint32_t i = visible_before; !first && i < shop->visible; i++)
        move_add(&moves, i);
    while (shop->events_at < shop->events_len && shop->events[shop->events_at].at_s <= at_s)
        move_add(&moves, shop->events[shop->events_at++].position);
    if (shop->plan.churn_per_minute > 0)
        churn_apply(shop, at_s, &moves);
    if (first) {
        class_ = index_build(shop, err);
    } else if (moves.len > 0) {
        keys = malloc(moves.len * sizeof *keys);
        /* Half a move cannot be taken back. */
        if (!keys) {
            free(shop->by_updated);
            shop->by_updated = NULL;
            class_ = err_no_memory(err);
            goto out;
        }
        keys_fill(shop, moves.positions, moves.len, keys);
        index_move(shop, visible_before, &moves, keys);
    }
    shop->changes += first || moves.len > 0;
out:
    free(moves.positions);
    free(moves.moved);
    free(keys);
    return class_;
}

void shop_set_churn(struct shop *shop, uint32_t per_minute, uint32_t now_s)
{
    pthread_mutex_lock(&shop->lock);
    struct err ignored;
    /* Ticks of the old rate up to now belong to the past; without memory they are left out. */
    (void)shop_advance(shop, now_s, &ignored);
    now_s = now_s < shop->at_s ? shop->at_s : now_s;
    shop->plan.churn_per_minute = per_minute;
    shop->plan.churn_from_s = now_s;
    shop->churn_ticks = 0;
    pthread_mutex_unlock(&shop->lock);
}

/* A run of positions in the order of a query: the index itself, or a filtered copy. */
struct run {
    const uint32_t *positions; /* NULL: position i is i */
    size_t len;
    bool by_updated;
};

static uint32_t run_position(const struct run *run, size_t i)
{
    return run->positions ? run->positions[i] : (uint32_t)i;
}

/* Rows of the run whose key lies before (at_s, id), or up to it when `inclusive`. */
static size_t run_rank(const struct shop *shop, const struct run *run, uint32_t at_s, uint64_t id,
                       bool inclusive)
{
    struct sort_key wanted = {.at_s = at_s, .id = id};
    size_t low = 0, high = run->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t position = run_position(run, middle);
        struct sort_key key = run->by_updated ? updated_key(shop, position)
                                              : created_key(shop, position);
        int order = key_compare(&key, &wanted);
        if (order < 0 || (inclusive && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int id_compare(const void *left, const void *right, void *context)
{
    const struct shop *shop = context;
    uint64_t a = shop_id_of(shop, shop->orders[*(const uint32_t *)left].number);
    uint64_t b = shop_id_of(shop, shop->orders[*(const uint32_t *)right].number);
    return a < b ? -1 : a > b;
}

/* The query's rows as a run of their own, when a filter or the id order asks for it. */
static enum err_class run_filter(struct shop *shop, const struct list_query *query, struct run *run,
                                 size_t low, size_t high, struct arena *arena, struct err *err)
{
    uint32_t *kept = arena_array(arena, high - low + 1, sizeof *kept);
    size_t len = 0;
    if (!kept)
        return err_no_memory(err);
    for (size_t i = low; i < high; i++) {
        uint32_t position = run_position(run, i);
        struct order_view view = order_view_at(shop, position);
        if (!query->accept || query->accept(query->context, &view))
            kept[len++] = position;
    }
    if (query->sort == LIST_BY_ID)
        qsort_r(kept, len, sizeof *kept, id_compare, shop);
    run->positions = kept;
    run->len = len;
    return ERR_OK;
}

static enum err_class list_slice(struct shop *shop, const struct list_query *query,
                                 const struct run *run, size_t low, size_t high,
                                 struct arena *arena, struct list_page *out, struct err *err)
{
    size_t total = high - low, start = query->offset;
    if (query->after) {
        size_t rank = run_rank(shop, run, query->after_s, query->after_id, true);
        start += rank > low ? rank - low : 0;
    }
    start = start < total ? start : total;
    size_t right_end = total - start < query->limit ? total : start + query->limit;
    *out = (struct list_page){
        .total = total, .start = start, .more = right_end < total, .changes = shop->changes};
    int64_t from = (int64_t)start + query->shift;
    from = from < 0 ? 0 : from > (int64_t)total ? (int64_t)total : from;
    size_t first = (size_t)from;
    size_t len = total - first < query->limit ? total - first : query->limit;
    out->rows = arena_array(arena, len + 1, sizeof *out->rows);
    if (!out->rows)
        return err_no_memory(err);
    for (size_t i = 0; i < len; i++) {
        size_t at = query->descending ? high - 1 - (first + i) : low + first + i;
        out->rows[i] = order_view_at(shop, run_position(run, at));
    }
    out->rows_len = len;
    if (right_end > start && !query->descending) {
        struct order_view last = order_view_at(shop, run_position(run, low + right_end - 1));
        out->last_s = run->by_updated ? last.updated_s : last.order.created_s;
        out->last_id = last.id;
    }
    return ERR_OK;
}

enum err_class shop_list(struct shop *shop, const struct list_query *query, uint32_t now_s,
                         struct arena *arena, struct list_page *out, struct err *err)
{
    assert(!(query->after && (query->descending || query->sort == LIST_BY_ID)));
    pthread_mutex_lock(&shop->lock);
    enum err_class class_ = shop_advance(shop, now_s, err);
    if (class_ == ERR_OK) {
        bool by_updated = query->sort == LIST_BY_UPDATED;
        struct run run = {by_updated ? shop->by_updated : NULL, shop->visible, by_updated};
        size_t low = run_rank(shop, &run, query->from_s, 0, false);
        size_t high = run_rank(shop, &run, query->to_s, UINT64_MAX, true);
        high = high < low ? low : high;
        if (query->accept || query->sort == LIST_BY_ID) {
            class_ = run_filter(shop, query, &run, low, high, arena, err);
            low = 0;
            high = run.len;
        }
        if (class_ == ERR_OK)
            class_ = list_slice(shop, query, &run, low, high, arena, out, err);
    }
    pthread_mutex_unlock(&shop->lock);
    return class_;
}

/* The place of an order that is known to exist. */
static uint32_t position_of(const struct shop *shop, uint32_t number)
{
    struct order order;
    order_make(shop, number, &order);
    struct run all = {NULL, shop->orders_len, false};
    return (uint32_t)run_rank(shop, &all, order.created_s, shop_id_of(shop, number), false);
}

static bool position_find(const struct shop *shop, uint64_t id, uint32_t *position)
{
    uint32_t number;
    if (shop->given_ids) {
        /* Recorded shops are small (thousands): no index is worth its lines. */
        for (uint32_t i = 0; i < shop->orders_len; i++)
            if (shop->given_ids[shop->orders[i].number] == id) {
                *position = i;
                return true;
            }
        return false;
    }
    if (!shop_number_of(shop, id, &number))
        return false;
    *position = position_of(shop, number);
    return true;
}

bool shop_find(struct shop *shop, uint64_t id, uint32_t now_s, struct order_view *out)
{
    uint32_t position;
    struct err ignored;
    pthread_mutex_lock(&shop->lock);
    bool found = shop_advance(shop, now_s, &ignored) == ERR_OK &&
                 position_find(shop, id, &position) && position < shop->visible;
    if (found)
        *out = order_view_at(shop, position);
    pthread_mutex_unlock(&shop->lock);
    return found;
}
