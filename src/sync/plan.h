/* plan: which window is due next. Reading goes through the store, the choice itself is pure.
 *
 * Order of a stream's work: windows that are open already; pull windows from the frontier to now;
 * audit windows from "complete up to" to the newest mature instant; unproved windows whose time
 * has come. Only one is chosen: its closing unit brings the next, so a crash anywhere leaves either
 * the window open or the next one there. */
#ifndef HUILIU_SYNC_PLAN_H
#define HUILIU_SYNC_PLAN_H

#include "sync/sync.h"
#include "sync/window.h"

/* A list of windows to make for one request is bounded; a wider range is refused with the advice to
 * ask for it in parts. */
enum { RANGE_WINDOWS_MAX = 2000 };

struct stream_state {
    int64_t since_ms;
    int64_t frontier_ms; /* last instant that pull windows have passed; since - step at first */
    int64_t complete_up_to_ms;
    int64_t audited_ms; /* last instant that audit windows have passed, proved or not */
    int64_t until_ms;   /* the latest instant up to which somebody asked; 0: nobody yet */
};

/* The next pull window after the frontier, false when there is none due. */
bool plan_pull(const struct stream *stream, const struct stream_state *state, int64_t now_ms,
               struct window_id *out);
/* The next mature audit window. */
bool plan_audit(const struct stream *stream, const struct stream_state *state, int64_t now_ms,
                struct window_id *out);
/* Cuts a closed range into windows of at most `span_ms`, aligned to step_ms; returns how many there
 * are (also beyond max). */
size_t plan_cut(int64_t from_ms, int64_t to_ms, int64_t span_ms, int64_t step_ms,
                struct window_id *out, size_t max);
/* Both halves of a window; false when it is one step wide. */
bool plan_halves(const struct window_id *window, int64_t step_ms, struct window_id out[2]);

/* The newest instant that a window of this kind may hold now. */
int64_t plan_newest_ms(const struct stream *stream, enum window_kind kind, int64_t now_ms);
/* The first window start of the stream's own audit grid that the platform still reaches. */
int64_t plan_grid_start_ms(const struct stream *stream, int64_t since_ms, int64_t now_ms);
/* First instant wanted of a shop's stream, on the filter's grid. */
int64_t plan_since_ms(const struct sync_shop *shop, const struct stream *stream, int64_t now_ms);

enum err_class plan_state_load(struct store *store, const struct sync_shop *shop,
                               const struct stream *stream, int64_t now_ms,
                               struct stream_state *out, struct err *err);
/* Forgets windows that were closed later than now or reach beyond it, and takes the stream's state back to
 * before them: the clock was ahead, so that rows may have been created in them since. Says so in the
 * log. Before anything is planned. *planned_ms: when the stream's rows were last compared with the plan of
 * those that are asked by their ids, 0: never. What is derived from rows that were asked too late is derived as part
 * of `run`. */
enum err_class plan_clock_mend(struct store *store, const struct sync_shop *shop,
                               const struct stream *stream, int64_t now_ms, struct str run,
                               int64_t *planned_ms, struct err *err);
/* Loads the stream's state, with the window `closing` (may be NULL) counted as closed, `closing_sealed` or
 * not, and chooses what is due at `until_ms`, 0: as far as the state says that somebody asked; *found false:
 * nothing is. `closing` is not chosen again. A chain of windows keeps the instant at which it was asked for: a
 * slow shop would otherwise chase the clock in ever smaller windows and never be done. */
enum err_class plan_next(struct store *store, const struct sync_shop *shop,
                         const struct stream *stream, int64_t now_ms, int64_t until_ms,
                         const struct window_id *closing, bool closing_sealed,
                         struct stream_state *state, struct window_plan *out, bool *found,
                         struct err *err);

#endif
