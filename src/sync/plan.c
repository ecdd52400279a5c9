/* Which window is due next. */
#include "sync/plan.h"

#include "sync/sql.h"
#include "sync/sync_internal.h"

/* Machines that share a database, and one machine whose clock is being trimmed, differ by less. */
enum { CLOCK_SLACK_MS = 1000 };

/* The last instant of the filter's grid that lies at or before `at_ms`. */
static int64_t grid_floor(int64_t at_ms, int64_t step_ms)
{
    int64_t rest = at_ms % step_ms;
    return at_ms - (rest < 0 ? rest + step_ms : rest);
}

int64_t plan_since_ms(const struct sync_shop *shop, const struct stream *stream, int64_t now_ms)
{
    int64_t reach_ms = now_ms - stream->window.history_ms;
    int64_t since_ms = shop->since_ms > 0 ? max_i64(shop->since_ms, reach_ms) : reach_ms;
    return grid_floor(since_ms, stream->window.step_ms);
}

int64_t plan_newest_ms(const struct stream *stream, enum window_kind kind, int64_t now_ms)
{
    int64_t lag_ms = kind == WINDOW_AUDIT ? stream->window.lag_ms : stream->window.pull_lag_ms;
    /* The instant that is still running is left for the next window: a row may yet arrive in it. */
    return grid_floor(now_ms - lag_ms, stream->window.step_ms) - stream->window.step_ms;
}

int64_t plan_grid_start_ms(const struct stream *stream, int64_t since_ms, int64_t now_ms)
{
    int64_t reach_ms = now_ms - stream->window.history_ms;
    if (since_ms >= reach_ms)
        return since_ms;
    int64_t span_ms = stream->window.audit_span_ms;
    return since_ms + (reach_ms - since_ms + span_ms - 1) / span_ms * span_ms;
}

bool plan_pull(const struct stream *stream, const struct stream_state *state, int64_t now_ms,
               struct window_id *out)
{
    int64_t step_ms = stream->window.step_ms;
    int64_t newest_ms = plan_newest_ms(stream, WINDOW_PULL, now_ms);
    if (newest_ms <= state->frontier_ms)
        return false;
    int64_t from_ms = max_i64(state->since_ms,
                              state->frontier_ms + step_ms - stream->window.overlap_ms);
    out->kind = WINDOW_PULL;
    out->from_ms = from_ms;
    /* Never wider than the platform allows, overlap included (a manifest's overlap is below its
     * span, so the frontier always moves). */
    out->to_ms = min_i64(newest_ms, from_ms + stream->window.span_ms - step_ms);
    return out->to_ms >= from_ms;
}

bool plan_audit(const struct stream *stream, const struct stream_state *state, int64_t now_ms,
                struct window_id *out)
{
    if (!stream->window.has_created)
        return false;
    int64_t step_ms = stream->window.step_ms;
    int64_t mature_ms = plan_newest_ms(stream, WINDOW_AUDIT, now_ms);
    /* Never ahead of the pulls: an audit of what has not been pulled would read it all itself. */
    int64_t newest_ms = min_i64(mature_ms, state->frontier_ms);
    if (newest_ms <= state->audited_ms)
        return false;
    out->kind = WINDOW_AUDIT;
    out->from_ms = state->audited_ms + step_ms;
    out->to_ms = min_i64(newest_ms, state->audited_ms + stream->window.audit_span_ms);
    return true;
}

size_t plan_cut(int64_t from_ms, int64_t to_ms, int64_t span_ms, int64_t step_ms,
                struct window_id *out, size_t max)
{
    size_t count = 0;
    for (int64_t at_ms = from_ms; at_ms <= to_ms; count++) {
        int64_t end_ms = min_i64(to_ms, at_ms + span_ms - step_ms);
        if (count < max) {
            out[count].from_ms = at_ms;
            out[count].to_ms = end_ms;
        }
        at_ms = end_ms + step_ms;
    }
    return count;
}

bool plan_halves(const struct window_id *window, int64_t step_ms, struct window_id out[2])
{
    int64_t steps = (window->to_ms - window->from_ms) / step_ms + 1;
    if (steps < 2)
        return false;
    out[0] = out[1] = *window;
    out[0].to_ms = window->from_ms + (steps / 2 - 1) * step_ms;
    out[1].from_ms = out[0].to_ms + step_ms;
    return true;
}

/* "Complete up to" never passes a window without proof, even where an older seal covers it: the later
 * reading has the word until it is read again. */
static enum err_class complete_hold_back(struct reader *snapshot, const struct sql_value key[2],
                                         int64_t step_ms, const struct window_id *closing,
                                         bool sealed, int64_t *complete_up_to_ms, struct err *err)
{
    int64_t unproved_ms;
    /* A sealed window takes the unproved readings inside it along (window_steps_close). */
    bool takes = closing && sealed;
    const struct sql_value values[] = {key[0], key[1], sql_int(takes ? closing->from_ms : 1),
                                       sql_int(takes ? closing->to_ms : 0)};
    enum err_class class_ = snapshot_read_int(snapshot, SQL_UNPROVED_FIRST, values, 4, INT64_MAX,
                                              &unproved_ms, err);
    if (class_ != ERR_OK)
        return class_;
    if (closing && !sealed)
        unproved_ms = min_i64(unproved_ms, closing->from_ms);
    if (unproved_ms <= *complete_up_to_ms)
        *complete_up_to_ms = unproved_ms - step_ms;
    return ERR_OK;
}

/* Nothing is complete, nor was anything asked for, beyond what may be known now: a clock that was ahead
 * has said otherwise. */
static void state_clamp(const struct stream *stream, int64_t now_ms, struct stream_state *state)
{
    state->frontier_ms = min_i64(state->frontier_ms, plan_newest_ms(stream, WINDOW_PULL, now_ms));
    state->complete_up_to_ms = min_i64(state->complete_up_to_ms,
                                       plan_newest_ms(stream, WINDOW_AUDIT, now_ms));
    state->until_ms = min_i64(state->until_ms, now_ms);
}

static enum err_class state_read(struct reader *snapshot, const struct sync_shop *shop,
                                 const struct stream *stream, int64_t now_ms,
                                 const struct window_id *closing, bool closing_sealed,
                                 struct stream_state *out, struct err *err)
{
    const struct sql_value key[] = {sql_int(shop->id), sql_text(stream->name)};
    enum err_class class_ = snapshot_read(snapshot, SQL_STATE_LOAD, key, 2, err);
    if (class_ != ERR_OK)
        return class_;
    int64_t step_ms = stream->window.step_ms;
    out->until_ms = 0;
    out->since_ms = plan_since_ms(shop, stream, now_ms);
    out->frontier_ms = out->complete_up_to_ms = out->since_ms - step_ms;
    if (reader_next(snapshot)) {
        out->since_ms = reader_int(snapshot, 0);
        out->frontier_ms = reader_int(snapshot, 1);
        out->complete_up_to_ms = reader_int(snapshot, 2);
        out->until_ms = reader_is_null(snapshot, 3) ? 0 : reader_int(snapshot, 3);
    }
    struct window_id like = {.shop_id = shop->id, .stream = stream->name, .kind = WINDOW_PULL};
    const struct window_id *pull = closing && closing->kind == WINDOW_PULL ? closing : NULL;
    class_ = window_cover(snapshot, &like, out->frontier_ms, step_ms, false, pull,
                          &out->frontier_ms, err);
    if (class_ != ERR_OK)
        return class_;
    like.kind = WINDOW_AUDIT;
    const struct window_id *audit = closing && closing->kind == WINDOW_AUDIT ? closing : NULL;
    class_ = window_cover(snapshot, &like, out->complete_up_to_ms, step_ms, true,
                          closing_sealed ? audit : NULL, &out->complete_up_to_ms, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = window_cover(snapshot, &like, out->complete_up_to_ms, step_ms, false, audit,
                          &out->audited_ms, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = complete_hold_back(snapshot, key, step_ms, audit, closing_sealed,
                                &out->complete_up_to_ms, err);
    state_clamp(stream, now_ms, out);
    return class_;
}

enum err_class plan_state_load(struct store *store, const struct sync_shop *shop,
                               const struct stream *stream, int64_t now_ms,
                               struct stream_state *out, struct err *err)
{
    struct reader *snapshot;
    enum err_class class_ = store_snapshot(store, &snapshot, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = state_read(snapshot, shop, stream, now_ms, NULL, false, out, err);
    enum err_class closed = reader_close(snapshot, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}

/* Windows that were closed later than now or reach beyond it, and how far back they are forgotten. */
struct ahead {
    int64_t windows, pull_from_ms, audit_from_ms;
};

static enum err_class ahead_read(struct store *store, const struct sql_value key[3],
                                 struct ahead *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(store, SQL_AHEAD_FIRST, key, 3, &row, err);
    if (class_ != ERR_OK)
        return class_;
    *out = (struct ahead){0, INT64_MAX, INT64_MAX};
    if (reader_next(row)) {
        out->windows = reader_int(row, 0);
        if (!reader_is_null(row, 1))
            out->pull_from_ms = reader_int(row, 1);
        if (!reader_is_null(row, 2))
            out->audit_from_ms = reader_int(row, 2);
    }
    return reader_close(row, err);
}

/* The chain of windows ends before the first that is forgotten; cover finds what holds behind it. */
static enum err_class ahead_forget(struct store *store, const struct stream *stream,
                                   const struct sql_value key[3], const struct ahead *ahead,
                                   struct err *err)
{
    int64_t now_ms = key[2].number, step_ms = stream->window.step_ms;
    int64_t frontier_ms = min_i64(plan_newest_ms(stream, WINDOW_PULL, now_ms),
                                  ahead->pull_from_ms - step_ms);
    int64_t complete_ms = min_i64(plan_newest_ms(stream, WINDOW_AUDIT, now_ms),
                                  ahead->audit_from_ms - step_ms);
    const struct sql_value back[] = {key[0], key[1], key[2], sql_int(frontier_ms),
                                     sql_int(complete_ms)};
    const struct step steps[] = {
        {.sql = SQL_AHEAD_UNPROVED, .values = key, .values_len = 3, .rows_expected = -1},
        {.sql = SQL_AHEAD_PAGES_DELETE, .values = key, .values_len = 3, .rows_expected = -1},
        {.sql = SQL_AHEAD_DELETE, .values = key, .values_len = 3, .rows_expected = -1},
        {.sql = SQL_STATE_BACK, .values = back, .values_len = 5, .rows_expected = -1},
    };
    return steps_store(store, key[0].number, steps, sizeof steps / sizeof *steps, now_ms, err);
}

/* Ranges that were closed later than now are open again. */
static enum err_class bases_mend(struct store *store, const struct stream *stream,
                                 const struct sql_value key[3], struct err *err)
{
    const struct table *base = stream->figures.base;
    struct str id = base->columns[base->key[0]].name;
    struct arena arena;
    arena_init(&arena);
    struct str gone = arena_printf(
        &arena, "DELETE FROM %.*s WHERE shop_id = ?1 AND first_seen_ms > ?2", STR_ARG(base->name));
    struct str back = arena_printf(
        &arena,
        "UPDATE ask_plan SET base_to = (SELECT max(b.to_day) FROM %.*s b WHERE b.shop_id = ?1"
        " AND b.%.*s = ask_plan.key_text) WHERE shop_id = ?1 AND stream = ?2 AND asked_ms > ?3",
        STR_ARG(base->name), STR_ARG(id));
    const struct sql_value of_base[] = {key[0], key[2]};
    const struct step steps[] = {
        {.sql = gone.ptr, .values = of_base, .values_len = 2, .rows_expected = -1},
        {.sql = back.ptr, .values = key, .values_len = 3, .rows_expected = -1},
    };
    enum err_class class_ = ERR_OK;
    if (!gone.ptr || !back.ptr)
        class_ = err_no_memory(err);
    else
        class_ = steps_store(store, key[0].number, steps, 2, key[2].number, err);
    arena_fini(&arena);
    return class_;
}

/* What the stream's state says of the clock under which it was made. */
struct state_clock {
    int64_t since_ms, planned_ms;
    bool doubtful; /* rows may have been asked for later than now: they are looked at */
};

static enum err_class state_clock_read(struct store *store, const struct sql_value key[3],
                                       struct state_clock *out, struct err *err)
{
    struct reader *row;
    enum err_class class_ = store_read(store, SQL_STATE_CLOCK, key, 3, &row, err);
    if (class_ != ERR_OK)
        return class_;
    *out = (struct state_clock){.since_ms = INT64_MIN};
    if (reader_next(row)) {
        out->since_ms = reader_int(row, 0);
        out->planned_ms = reader_int(row, 1);
        out->doubtful = reader_int(row, 2) != 0 || !plan_is_fresh(out->planned_ms, key[2].number);
    }
    return reader_close(row, err);
}

/* The first instant wanted never lies later than by the clock as it is now, and a row that was asked
 * for later than now is due. */
static enum err_class since_and_asked_mend(struct store *store, const struct sync_shop *shop,
                                           const struct stream *stream, int64_t now_ms,
                                           const struct state_clock *clock, struct str run,
                                           struct err *err)
{
    const struct stream *of = stream->figures.of ? stream->figures.of : stream;
    int64_t since_ms = plan_since_ms(shop, of, now_ms + CLOCK_SLACK_MS);
    int64_t asked = 0;
    const struct sql_value key[] = {sql_int(shop->id), sql_text(stream->name),
                                    sql_int(now_ms + CLOCK_SLACK_MS)};
    const struct sql_value since[] = {key[0], key[1], sql_int(since_ms),
                                      sql_int(since_ms - stream->window.step_ms)};
    enum err_class class_ = ERR_OK;
    if (clock->doubtful)
        class_ = store_read_int(store, SQL_ASKED_AHEAD, key, 3, 0, &asked, err);
    if (class_ != ERR_OK || (!clock->doubtful && clock->since_ms <= since_ms))
        return class_;
    struct arena arena;
    struct steps steps = {.len = 0};
    arena_init(&arena);
    if (asked > 0 && stream->figures.of) {
        class_ = bases_mend(store, stream, key, err);
        if (class_ == ERR_OK)
            class_ = steps_ahead_touched(stream, key, &arena, &steps, err);
    }
    if (class_ == ERR_OK)
        class_ = steps_add(&steps, SQL_SINCE_BACK, since, 4, -1, &arena, err);
    if (class_ == ERR_OK)
        class_ = steps_add(&steps, SQL_ASKED_BACK, key, 3, -1, &arena, err);
    if (class_ == ERR_OK)
        class_ = steps_add(&steps, SQL_PLAN_BACK, key, 3, -1, &arena, err);
    struct unit unit = {.shop_id = shop->id,
                        .order_key = (uint64_t)shop->id,
                        .after = steps.items,
                        .after_len = steps.len,
                        .now_ms = now_ms};
    if (class_ == ERR_OK)
        class_ = unit_derives(&unit, shop->id, run, &arena, err);
    if (class_ == ERR_OK)
        class_ = store_commit(store, &unit, err);
    arena_fini(&arena);
    return class_;
}

enum err_class plan_clock_mend(struct store *store, const struct sync_shop *shop,
                               const struct stream *stream, int64_t now_ms, struct str run,
                               int64_t *planned_ms, struct err *err)
{
    const struct sql_value key[] = {sql_int(shop->id), sql_text(stream->name),
                                    sql_int(now_ms + CLOCK_SLACK_MS)};
    struct ahead ahead;
    struct state_clock clock = {.planned_ms = 0};
    enum err_class class_ = state_clock_read(store, key, &clock, err);
    *planned_ms = clock.planned_ms;
    if (class_ == ERR_OK)
        class_ = since_and_asked_mend(store, shop, stream, now_ms, &clock, run, err);
    if (class_ == ERR_OK)
        class_ = queue_clock_mend(store, shop->id, now_ms, err);
    if (class_ == ERR_OK)
        class_ = ahead_read(store, key, &ahead, err);
    if (class_ != ERR_OK || ahead.windows == 0)
        return class_;
    log_event(LOG_WARN, "clock_was_ahead", LOG_STR("shop", shop->facts.shop.name),
              LOG_STR("stream", stream->name), LOG_I64("windows", ahead.windows),
              LOG_STR("next", STR("these windows were closed at a time that has not come yet; they "
                                  "are read again now")),
              LOG_END);
    return ahead_forget(store, stream, key, &ahead, err);
}

/* The first window a query gives that is not the one being closed. */
static enum err_class window_first(struct reader *snapshot, const char *sql,
                                   const struct sql_value *values, size_t values_len,
                                   const struct window_id *closing, struct window_id *out,
                                   bool *found, struct err *err)
{
    enum err_class class_ = snapshot_read(snapshot, sql, values, values_len, err);
    if (class_ != ERR_OK)
        return class_;
    while (!*found && reader_next(snapshot)) {
        enum window_kind kind;
        if (!window_kind_parse(reader_text(snapshot, 0), &kind))
            continue;
        int64_t from_ms = reader_int(snapshot, 1);
        int64_t to_ms = reader_int(snapshot, 2);
        if (closing && closing->kind == kind && closing->from_ms == from_ms &&
            closing->to_ms == to_ms)
            continue;
        out->kind = kind;
        out->from_ms = from_ms;
        out->to_ms = to_ms;
        *found = true;
    }
    return ERR_OK;
}

static enum err_class next_read(struct reader *snapshot, const struct sync_shop *shop,
                                const struct stream *stream, const struct stream_state *state,
                                const struct window_id *closing, int64_t until_ms,
                                struct window_plan *out, bool *found, struct err *err)
{
    *found = false;
    *out = (struct window_plan){
        .id = {.shop_id = shop->id, .stream = stream->name}, .pass = 1, .reopen = true};
    const struct sql_value values[] = {sql_int(shop->id), sql_text(stream->name),
                                       sql_int(until_ms)};
    enum err_class class_ = window_first(snapshot, SQL_WINDOW_OPEN_FIRST, values, 2, closing,
                                         &out->id, found, err);
    if (class_ != ERR_OK)
        return class_;
    if (*found) {
        out->reopen = false;
        return ERR_OK;
    }
    if (plan_pull(stream, state, until_ms, &out->id)) {
        *found = true;
        return ERR_OK;
    }
    if (plan_audit(stream, state, until_ms, &out->id)) {
        *found = true;
        out->pass = 0;
        return ERR_OK;
    }
    return window_first(snapshot, SQL_WINDOW_DUE_FIRST, values, 3, closing, &out->id, found, err);
}

enum err_class plan_next(struct store *store, const struct sync_shop *shop,
                         const struct stream *stream, int64_t now_ms, int64_t until_ms,
                         const struct window_id *closing, bool closing_sealed,
                         struct stream_state *state, struct window_plan *out, bool *found,
                         struct err *err)
{
    struct reader *snapshot;
    *found = false;
    enum err_class class_ = store_snapshot(store, &snapshot, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = state_read(snapshot, shop, stream, now_ms, closing, closing_sealed, state, err);
    if (class_ == ERR_OK && until_ms == 0)
        until_ms = state->until_ms;
    if (class_ == ERR_OK && until_ms > 0)
        class_ = next_read(snapshot, shop, stream, state, closing, until_ms, out, found, err);
    enum err_class closed = reader_close(snapshot, class_ == ERR_OK ? err : NULL);
    return class_ == ERR_OK ? closed : class_;
}
