/* What the files of this room share. Private. */
#ifndef HUILIU_SYNC_INTERNAL_H
#define HUILIU_SYNC_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "sync/import.h"
#include "sync/plan.h"
#include "sync/sync.h"
#include "sync/window.h"

struct sync {
    struct sync_options options;
    struct {
        _Atomic int64_t pages, rows[ROW_OUTCOMES], rejects, windows_sealed, windows_moved,
            windows_unproved, windows_split, decrypt_failures, decrypt_waiting;
    } counts;
    pthread_mutex_t forms_lock;
    struct connector *forms[FORMS_MAX]; /* import.c: the kinds of files */
    size_t forms_len;
};

/* A task's try: what every part of it needs. */
struct task_run {
    struct sync *sync;
    const struct task *task;
    const struct sync_shop *shop;
    const struct stream *stream;
    struct task_outcome *outcome;
    int64_t unit_number; /* of the unit last made; the first of this try is task->unit_number + 1 */
    bool progressed;     /* a unit of this try has been committed */
    bool tried;          /* what failed in this try was tried often enough before */
    int64_t started_ms;
    size_t writing; /* units on their way that change rows: what is stored is still moving */
};

/* The shop's facts with the clock, options and window filled in for one call. */
struct facts task_facts(const struct task_run *run, const struct window_id *window);
/* The ask of a call about this task. */
struct call_ask task_ask(const struct task_run *run, const struct endpoint *endpoint,
                         const struct window_id *window);

/* A kept original is the record's JSON, compressed, then sealed whole: what of it is personal is not
 * left to a list of paths. */
#define ORIGINAL_CONTEXT STR("original")
#define REJECT_CONTEXT STR("reject")
#define IMPORT_CONTEXT STR("import")
/* What stands in a sealed column for a cipher text of the platform that could not be opened: the text
 * itself, marked, so that nothing is lost and no search takes it for a plain value. */
#define PLATFORM_CIPHER STR("platform:")

/* Flags in the last byte of a row's hash: a cipher text of it waits for the platform, or could not be
 * opened here. */
enum { HASH_WAITS = 1, HASH_FAILED = 2, HASH_FLAGS = HASH_WAITS | HASH_FAILED };

/* --- prepare.c: a page's records as rows that the store can take --- */
struct prepared {
    struct mapped mapped;
    int64_t rejects;
    bool writes; /* a row that is not stored just so */
    /* Main keys of rows whose cipher texts wait for the platform's quota. */
    struct str *waiting_keys;
    size_t waiting_keys_len;
    int64_t waiting_until_ms;
};
/* Maps, asks for decryption where a changed row needs it, hashes, seals, compresses. Rows whose
 * hash is stored already skip the expensive part. Everything lives in `arena`. */
enum err_class page_prepare(const struct task_run *run, struct facts *facts,
                            const struct page *page, struct arena *arena, struct prepared *out,
                            struct err *err);
/* Copies what still borrows from the page's document, which is three times as large as all that is
 * kept of it: a page that waits for its commit then holds only its rows. */
enum err_class prepared_own(struct prepared *prepared, struct arena *arena, struct err *err);
/* A page's rejects, sealed; then free of its document. */
enum err_class rejects_seal(const struct task_run *run, const struct facts *facts,
                            struct mapped *mapped, struct arena *arena, struct err *err);
bool rejects_own(struct mapped *mapped, struct arena *arena);
/* One call of the platform's decryption, for at most stream->decrypt_batch_max texts. `comes_back`: the task
 * will ask for them again where no call is free now. */
enum err_class ciphers_ask(const struct task_run *run, const struct str *texts, size_t texts_len,
                           bool comes_back, struct map *plain, struct arena *arena,
                           struct err *err);
/* The same for stored records that do not come from a page (replay, texts opened later): `mapped` is
 * filled already, every row is written. */
enum err_class rows_prepare_all(const struct task_run *run, const struct facts *facts,
                                struct arena *arena, struct prepared *out, struct err *err);

/* --- commit.c: units of a task --- */
/* Fills the unit's fence, rows and rejects; the caller adds its steps to `steps` before. The unit
 * and its steps live in `arena`. Takes the next unit number. */
enum err_class task_unit(struct task_run *run, const struct prepared *prepared,
                         const struct steps *steps, struct arena *arena, struct unit **out,
                         struct err *err);
/* What the unit touches is derived next in the shop's lane, as part of the run (src/derive). */
enum err_class unit_derives(struct unit *unit, int64_t shop_id, struct str run, struct arena *arena,
                            struct err *err);
/* What windows have touched so far is derived now: no more of them are due, or they wait. */
enum err_class steps_derive_now(int64_t shop_id, struct arena *arena, struct steps *steps,
                                struct err *err);
enum err_class derive_now(const struct task_run *run, struct err *err);
/* Ends the task and records its execution: the last steps of its last unit. With it go tasks of the same
 * work that died before. */
enum err_class steps_task_done(struct task_run *run, struct arena *arena, struct steps *steps,
                               struct err *err);
/* A unit of nothing but that, for a task that has nothing left to do. */
enum err_class task_finish(struct task_run *run, struct err *err);
/* Adds the outcome of a finished unit to the task's and the process's counts. */
void task_count_unit(struct task_run *run, const struct unit *unit, int64_t rejects);

/* --- close.c: the end of a window --- */
/* Judges the pass that has just ended and commits what follows from it: seal, another pass, a
 * split, an unproved window; and the stream's next window as far as somebody asked for it.
 * *again: the window goes on (another pass). The task is finished when it does not. */
enum err_class window_finish(struct task_run *run, struct window *window, bool *again,
                             struct err *err);
/* Halves the window; the task is finished. */
enum err_class window_split(struct task_run *run, const struct window *window, struct err *err);
/* Is it a part of a window that was narrowed down? Where that cannot be found out it is none. */
bool window_is_piece(struct task_run *run, const struct window *window);
/* A page of the window could not be read, whatever was tried. *narrowed: the window is halved and the
 * task finished, so that in the end only the smallest part that holds the page stays without proof. Not
 * where nothing of it is readable, nor where too many pieces stand without proof already. */
enum err_class window_narrow(struct task_run *run, const struct window *window, bool *narrowed,
                             struct err *err);
/* Closes the window as unproved with this reason, to be read again later; the frontier goes on, "complete
 * up to" does not. The task is finished. */
enum err_class window_give_up(struct task_run *run, const struct window *window, struct str reason,
                              struct err *err);
/* An audit's first question: does the platform's total agree with what is stored? Agreed: sealed and
 * the task is finished (*agreed). Otherwise the window's first reading is due. */
enum err_class window_audit(struct task_run *run, struct window *window, bool *agreed,
                            struct err *err);

/* --- table_sql.c: reads of data tables, by names from the catalogue --- */
/* Ids (main key) of the rows created in the window, as hashes; *rows counts them. */
enum err_class rows_created_ids(struct store *store, const struct table *table, int64_t shop_id,
                                int64_t from_ms, int64_t to_ms, struct id_set *ids, int64_t *rows,
                                struct err *err);
/* The same of rows without a creation time, added and settled. */
enum err_class rows_undated_ids(struct store *store, const struct table *table, int64_t shop_id,
                                struct id_set *ids, struct err *err);
enum err_class rows_created_count(struct store *store, const struct table *table, int64_t shop_id,
                                  int64_t from_ms, int64_t to_ms, int64_t *out, struct err *err);
/* "COLUMN IN ('DONE', …)": the stream's final statuses. */
struct str status_in_final_sql(const struct stream *stream, struct str column, struct arena *arena);

/* --- original.c: stored records opened again --- */
struct original {
    struct str key, text; /* plain JSON: personal texts are opened */
    int64_t received_ms;
};
/* ERR_NOT_FOUND when none is kept. Memory: the arena. */
enum err_class original_load(struct sync *sync, const struct stream *stream, int64_t shop_id,
                             struct str key, struct arena *arena, struct original *out,
                             struct err *err);

/* --- lookup.c --- */
enum err_class ids_enqueue(struct sync *sync, const struct sync_request *request, int64_t now_ms,
                           struct arena *arena, int64_t *tasks, struct err *err);
/* Rows and what follows from them as one unit of the task. */
enum err_class rows_commit(struct task_run *run, const struct prepared *prepared,
                           const struct steps *steps, struct arena *arena, struct err *err);
/* The task's last unit: rows (may be none), then the task itself is gone. */
enum err_class rows_commit_last(struct task_run *run, const struct prepared *prepared,
                                struct arena *arena, struct err *err);

/* --- ask_plan.c: rows that are asked for by their ids, and when --- */
/* What becomes of a row that was just asked for. */
struct ask_mark {
    struct str key;
    int64_t next_ms;      /* due again; ASK_NEVER */
    int64_t missing;      /* answers running that left it out */
    int64_t base_missing; /* the same of answers about a range that is to be closed */
    struct str base_to;   /* figures: ranges up to this day are closed; empty: as before */
    /* Figures: where the days stand, for one that has no day due; the others keep theirs. */
    struct str days_to, day_next;
    int64_t days_next_ms;
    int64_t days_past_ms; /* ASK_NEVER: behind the day that is asked next */
    bool days_closing;
};
enum { ASK_NEVER = -1 };
enum err_class steps_asked(const struct task_run *run, const struct ask_mark *marks,
                           size_t marks_len, struct arena *arena, struct steps *steps,
                           struct err *err);
/* Only where their days stand. */
enum err_class steps_day_asked(const struct task_run *run, const struct ask_mark *marks,
                               size_t marks_len, struct arena *arena, struct steps *steps,
                               struct err *err);

/* --- touch.c: what ends is derived again --- */
/* Orders whose life, or whose days, are asked for no more by these marks; before the step that keeps the marks. */
enum err_class steps_ends_touched(const struct task_run *run, const struct ask_mark *marks,
                                  size_t marks_len, bool of_days, struct arena *arena,
                                  struct steps *steps, struct err *err);
/* Days of which an order's figures are final now, or no more. */
enum err_class steps_days_touched(const struct task_run *run, const struct str *days,
                                  size_t days_len, struct arena *arena, struct steps *steps,
                                  struct err *err);
/* Everything that a clock that was ahead has asked for; before the step that makes it due. `key`: shop, stream, now. */
enum err_class steps_ahead_touched(const struct stream *stream, const struct sql_value key[3],
                                   struct arena *arena, struct steps *steps, struct err *err);

/* --- due.c: rows enter the plan when they are stored --- */
/* Behind everything else of the unit that stores them. */
enum err_class steps_rows_planned(const struct task_run *run, const struct mapped *mapped,
                                  struct arena *arena, struct steps *steps, struct err *err);
/* Were all rows of the stream compared with the plan lately? */
bool plan_is_fresh(int64_t planned_ms, int64_t now_ms);
/* Compares them again where they were not. */
enum err_class steps_plan_compared(const struct sync_shop *shop, const struct stream *stream,
                                   int64_t planned_ms, int64_t now_ms, struct arena *arena,
                                   struct steps *steps, struct err *err);

/* --- revisit.c --- */
/* The text that finds the open rows of a stream that are due. */
enum err_class revisit_query(const struct stream *stream, struct arena *arena, struct str *out,
                             struct err *err);

/* A question that the platform refuses whoever of its rows it is about, asked again in parts (refusal.c says
 * how). The parts follow each other from the first row of the list on, rows that are due in their order;
 * they stand in the task's payload, so that a pass that was cut short goes on with them. */
enum {
    PARTS_MAX = 32,
    REFUSED_ROWS_MAX = 8, /* alone, without an answer between them: then it is the platform */
};
struct parts {
    struct str list; /* of which list of rows; empty: the payload says nothing of parts */
    size_t rows[PARTS_MAX];
    size_t len;     /* 0: none, nothing is refused */
    bool answered;  /* a row of it was, so that it is not the platform that refuses everything */
    size_t refused; /* rows that were refused alone since the last answer */
};
/* Which rows of the list are asked next; false: as many as one question may be about. */
bool parts_next(const struct task_run *run, const struct parts *parts, struct str list,
                size_t *offset, size_t *rows);
/* These rows have left the list. `asked`: the platform answered about one of them. */
void parts_done(struct parts *parts, struct str list, size_t rows, bool asked);
/* Forgets them: the list is another one than it was. */
void parts_drop(struct parts *parts);
enum refusal {
    REFUSAL_FAILS, /* the try fails with the error, as any does */
    REFUSAL_PARTS, /* smaller parts are asked next: pass_keep */
    REFUSAL_ASIDE, /* it is about one row, which is set aside */
};
/* What follows from a question that failed with this class: `rows` rows of the list were to be asked, `asked`
 * were. `aside`: it is about one that was set aside before. */
enum refusal refusal_judge(struct task_run *run, struct parts *parts, struct str list, size_t rows,
                           size_t asked, bool aside, enum err_class class_);
/* An order or row that is refused alone is shown as a reject of this table until it is answered. The unit
 * of `steps`, which say when it is due again. */
enum err_class aside_commit(struct task_run *run, const struct table *table, struct str key,
                            const struct err *why, const struct steps *steps, struct arena *arena,
                            struct err *err);
/* It was answered: nobody waits for it. */
enum err_class steps_aside_over(const struct task_run *run, const struct table *table,
                                struct str key, struct arena *arena, struct steps *steps,
                                struct err *err);
/* When a row that was set aside is asked again; `before`: it was so before. */
int64_t aside_until_ms(int64_t now_ms, bool before);
/* Was the row `o` with its key in this column set aside? As SQL. */
struct str aside_sql(const struct table *table, struct str key, struct arena *arena);

/* Makes the task of a pass: kind "revisit" or "figures". `since_ms` not 0: rows last asked before it are
 * due whatever their plan, of those created in [from_ms, to_ms]. */
struct pass {
    int64_t since_ms, from_ms, to_ms;
    struct parts parts;
};
enum err_class steps_pass_task(const struct sync_request *request, struct str kind,
                               enum task_class class_, const struct pass *pass, int64_t now_ms,
                               struct arena *arena, struct steps *steps, struct err *err);
/* The texts live in `arena`. */
enum err_class pass_read(struct str payload, struct arena *arena, struct pass *out,
                         struct err *err);
/* The task's payload says where the pass stands. */
enum err_class steps_pass(const struct task_run *run, const struct pass *pass, struct arena *arena,
                          struct steps *steps, struct err *err);
/* The same as a unit of its own. */
enum err_class pass_keep(struct task_run *run, const struct pass *pass, struct arena *arena,
                         struct err *err);
/* The start of the next pass of a stream. */
int64_t pass_next_ms(const struct stream *stream, int64_t now_ms);

/* --- the handlers --- */
enum task_end window_task(struct task_run *run);
enum task_end ids_task(struct task_run *run);
enum task_end decrypt_task(struct task_run *run);
enum task_end revisit_task(struct task_run *run);
enum task_end figures_task(struct task_run *run);
enum task_end pass_task(struct task_run *run);
enum task_end import_task(struct task_run *run);

/* --- history.c --- */
enum task_end ask_task(struct task_run *run);
/* The pool wants to end. */
bool sync_stopping(const struct task_run *run);
/* The pool wants to end, or the task has held its worker for long enough while other lanes wait. */
bool task_should_yield(const struct task_run *run);
/* Would a failed try of this class be the last? */
bool task_tries_spent(const struct task_run *run, enum err_class class_);
/* What a failed try means for its task: by class alone. */
enum task_end task_failed(struct task_run *run, enum err_class class_, const struct err *err);

#endif
