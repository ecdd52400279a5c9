/* One `huiliu sync`: which shops and streams were asked, what their windows and tasks came to, and
 * how that is told. cmd_sync.c drives it; run_report.c tells it.
 *
 * Life cycle: plain storage in the command's arena. Threads: the main thread only. */
#ifndef HUILIU_APP_RUN_H
#define HUILIU_APP_RUN_H

#include "app/app.h"

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

/* Prints tables or JSON; *unproved is true when the exit code must be 3. */
enum err_class run_report(struct app *app, const struct run *run, bool *unproved, struct err *err);
/* One line of progress, without its end. */
void run_progress_write(struct app *app, const struct run *run, struct buf *out);

#endif
