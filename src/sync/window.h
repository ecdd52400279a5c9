/* window: the row of a window, its position and its evidence, and the steps that change it inside
 * commit units. Steps borrow from the arena they are given. Times are UTC milliseconds; a window is
 * a closed range [from_ms, to_ms] and the next one begins step_ms (the resolution of the platform's
 * filter) after its end. */
#ifndef HUILIU_SYNC_WINDOW_H
#define HUILIU_SYNC_WINDOW_H

#include "connector/connector.h"
#include "queue/queue.h"
#include "store/store.h"
#include "sync/evidence.h"

enum window_kind { WINDOW_PULL, WINDOW_AUDIT };
enum window_state { WINDOW_OPEN, WINDOW_SEALED, WINDOW_MOVED, WINDOW_UNPROVED, WINDOW_SPLIT };

struct str window_kind_name(enum window_kind kind);
bool window_kind_parse(struct str name, enum window_kind *out);
struct str window_state_name(enum window_state state);

/* Which window: its natural key. */
struct window_id {
    int64_t shop_id;
    struct str stream;
    enum window_kind kind;
    int64_t from_ms, to_ms;
};

struct window {
    struct window_id id;
    enum window_state state;
    int64_t pass; /* 0: an audit that has only to compare totals; else the reading's number */
    int64_t total_first;                 /* -1: not said or not read yet */
    struct str position;                 /* where the next page is asked; empty: at the first */
    int64_t page_number;                 /* pages committed in this pass */
    bool ended;                          /* the list has said its end in this pass */
    char digest_before[DIGEST_HEX_ROOM]; /* of the pass before; empty: none */
    int64_t tries;                       /* times it was closed */
    int64_t rejects;
};

/* ERR_NOT_FOUND when there is none. Texts live in `arena`. */
enum err_class window_load(struct store *store, const struct window_id *id, struct arena *arena,
                           struct window *out, struct err *err);

/* One step with its values copied into the arena. */
enum err_class step_make(const char *sql, const struct sql_value *values, size_t values_len,
                         int64_t rows_expected, struct arena *arena, struct step *out,
                         struct err *err);

/* A growing list of steps for one unit. */
enum { STEPS_MAX = 64 };
struct steps {
    struct step items[STEPS_MAX];
    size_t len;
};
enum err_class steps_add(struct steps *steps, const char *sql, const struct sql_value *values,
                         size_t values_len, int64_t rows_expected, struct arena *arena,
                         struct err *err);

/* A commit unit of these steps alone, for one shop. */
enum err_class steps_store(struct store *store, int64_t shop_id, const struct step *steps,
                           size_t steps_len, int64_t now_ms, struct err *err);

/* Makes the window (or opens it again, from its first page) and its task. `pass` as in struct
 * window. When it closes, the
 * stream's next window that is due at stream_state.until_ms follows in the same unit. */
struct window_plan {
    struct window_id id;
    int64_t pass;
    bool reopen; /* false: it is open already, only its task is wanted */
    enum task_class class_;
    struct str run;
    int64_t ready_ms;
};
enum err_class window_steps_open(const struct window_plan *plan, int64_t now_ms,
                                 struct arena *arena, struct steps *steps, struct err *err);
/* What the task's payload says. */
enum err_class window_payload_read(struct str payload, int64_t shop_id, struct arena *arena,
                                   struct window_id *id, struct err *err);

struct window_page {
    struct str position; /* of the next page */
    bool ended;
    int64_t total_first;
    int64_t page_number; /* 1 for the first of the pass */
    struct str id_bytes;
    int64_t rejects;
};
enum err_class window_steps_page(const struct window *window, const struct window_page *page,
                                 struct arena *arena, struct steps *steps, struct err *err);
enum err_class window_steps_read_again(const struct window *window, struct str digest,
                                       struct str reason, struct arena *arena, struct steps *steps,
                                       struct err *err);
/* The same in memory, once those steps are committed: the next pass begins. */
void window_restart(struct window *window, struct str digest);
struct window_close {
    enum window_state state;
    char grade; /* 'A' 'B' 'C', 0 for moved and split */
    struct str reason;
    int64_t total_first, total_last;
    int64_t distinct;
    int64_t stored;
    struct str digest;
    int64_t now_ms;
    int64_t again_ms; /* unproved: when it is read again; 0: never by itself */
};
/* With the window, when it is sealed, go unproved windows of its kind that lie inside it. Tasks of it that
 * died go with the task that ends (steps_task_done). */
enum err_class window_steps_close(const struct window *window, const struct window_close *close,
                                  struct arena *arena, struct steps *steps, struct err *err);

/* All ids seen in the window's present pass, settled. */
enum err_class window_ids_load(struct store *store, const struct window *window, struct id_set *ids,
                               struct err *err);

/* How far closed windows reach from `from_ms` without a hole. `sealed_only`: only sealed ones count
 * ("complete up to"), else every closed one (the frontier). `also` (may be NULL): a window that is
 * about to close with `also_sealed` and counts already. */
enum err_class window_cover(struct reader *snapshot, const struct window_id *like, int64_t from_ms,
                            int64_t step_ms, bool sealed_only, const struct window_id *also,
                            int64_t *out_ms, struct err *err);

#endif
