/* One `huiliu sync`: which shops and streams were asked, what their windows and tasks came to, and
 * how that is told. cmd_sync.c drives it; run_ask.c asks, run_look.c sees whether it is over,
 * run_report.c tells it.
 *
 * Life cycle: plain storage in the command's arena. Threads: the main thread only. */
#ifndef HUILIU_APP_RUN_H
#define HUILIU_APP_RUN_H

#include "app/app.h"

/* A run that could only wait longer than this ends, and says until when: nobody watches a command for an
 * hour, and it would keep the worker role from a `sync` of the other shops. */
enum { RUN_WAIT_MAX_MS = 2 * 60 * 1000 };

/* A shop's stream that this run works on. */
struct run_part {
    struct app_shop *shop;
    const struct stream *stream;
    bool over; /* its lane was seen with nothing to do */
};
/* A shop that could not even be asked. */
struct run_refusal {
    const struct app_shop *shop;
    struct err err;
};
struct run {
    struct str id; /* its tasks carry it */
    int64_t started_ms, started_ns;
    int64_t execution_before; /* recorded tries with a larger id are this run's */
    struct run_part *parts;
    size_t parts_len;
    struct run_refusal *refusals;
    size_t refusals_len;
    struct hold *holds; /* what a person has paused */
    size_t holds_len;
    bool stopped;
    bool follows; /* a service does the work: counts of this process say nothing */
    bool waits;   /* ended early: all that is left has to wait for long */
};

struct run_words {
    const struct str *at;
    size_t len;
};
/* What is asked, by flags or over the API: words as people write them, borrowed. */
struct run_wish {
    struct run_words shops, platforms; /* both empty: every shop that is enabled */
    struct run_words streams;          /* empty: all */
    struct run_words ids;              /* only these records */
    struct str from, to, by;           /* a range; empty: none */
    bool full;                         /* all that can be had */
    bool
        files_pass; /* where all shops are filled by files nothing is asked, and that is no refusal */
    enum sync_mode mode; /* run_wish_check */
};
/* What of it goes together, and how the errors name its parts ("--from", "from"). */
enum err_class run_wish_check(struct run_wish *wish, struct err *err);
/* From the flags, in the command's arena; checked. */
enum err_class run_wish_read(struct app *app, struct run_wish *wish, const struct cli *cli,
                             struct err *err);
/* Fills parts, refusals and holds. ERR_USAGE for a shop or stream that is not there. */
enum err_class run_choose(struct app *app, const struct run_wish *wish, struct run *run,
                          struct err *err);
/* --set for this run: the shops' choices, changed in memory. */
enum err_class run_options_override(struct app *app, const struct cli *cli, struct run *run,
                                    struct err *err);
/* Its row and those of its shops, so that it is found again (sync/history.h). In `arena`. */
enum err_class run_rows(const struct run *run, const struct run_wish *wish, struct str asked_by,
                        struct arena *arena, struct sync_run *out, struct err *err);
/* Its rows, then tasks for all parts in one commit unit. One shop that cannot be asked becomes a refusal; wrong use
 * concerns the whole line. */
enum err_class run_enqueue(struct app *app, struct run *run, const struct run_wish *wish,
                           struct err *err);
/* The same as tasks of the lanes, for those who do not do the work: nothing is written yet. */
enum err_class run_tasks(struct app *app, struct run *run, const struct run_wish *wish,
                         struct task_new **tasks, size_t *tasks_len, struct err *err);

/* Sets run->waits: nothing is left but tasks that wait, and for long. */
enum err_class run_waits_look(struct app *app, struct run *run, struct err *err);
/* Tasks of a shop may go by another run, a service or a second `sync`: a shop is over once its lane was
 * seen with nothing that runs, or is ready before soon_ms, or when a person has paused it. *left: shops
 * that are not. */
enum err_class run_lanes_look(struct app *app, struct run *run, int64_t soon_ms, size_t *left,
                              struct err *err);
/* What is ready in the lanes of the run and belongs to another, or to nobody (a process that was killed, a service
 * between two windows), becomes the run's. *adopted: tasks. */
enum err_class run_adopt(struct app *app, struct run *run, int64_t *adopted, struct err *err);
/* Sets run->stopped when something of it was taken away: then it is not done. */
enum err_class run_cancelled_look(struct app *app, struct run *run, struct err *err);

/* Prints tables or JSON; *unproved is true when the exit code must be 3. */
enum err_class run_report(struct app *app, const struct run *run, bool *unproved, struct err *err);
/* One line of progress, without its end. */
void run_progress_write(struct app *app, const struct run *run, struct buf *out);

#endif
