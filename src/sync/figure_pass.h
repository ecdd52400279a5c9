/* What the files of a pass over figures share. Private to figures.c (the pass and what it stores),
 * figure_days.c (the days of an order), figure_due.c (which orders are due, calendar days) and figure_ask.c
 * (one question and its answer). */
#ifndef HUILIU_SYNC_FIGURE_PASS_H
#define HUILIU_SYNC_FIGURE_PASS_H

#include "sync/figure_sum.h"
#include "sync/sync_internal.h"

enum {
    FIGURE_BATCH_MAX = 200,
    QUERY_BYTES_MAX = 16 * 1024,
    HOUR_MS = 60 * 60 * 1000,
    /* An order that answers leave out is believed to have nothing only when two of them agree. */
    MISSING_BELIEVED = 2,
};
#define DAY_MS (INT64_C(24) * HOUR_MS)
/* In the place of a day that there is not. */
#define NO_DAY INT64_MIN

/* One order of a batch. Days count from 1970-01-01 in the platform's zone. */
struct figure_order {
    struct str id;
    int64_t created_day, end_ms;
    int64_t open_day; /* first day that no base covers */
    bool based;
    bool final; /* its status is: it has ended; else end_ms is what it lasts, INT64_MAX unknown */
    bool aside; /* every question about it was refused: it is asked alone */
    int64_t first_ms; /* first seen */
    int64_t changed_ms;
    int64_t missing, base_missing;
    int64_t days_to;             /* its days up to this one are final */
    int64_t day_next;            /* the day that is asked next */
    int64_t day_first, day_last; /* of those that are stored; NO_DAY: none is */
    bool days_done;              /* none of its days is due any more */
    bool closing;                /* its days are asked once more after all of them had matured */
    /* What this pass has learned. */
    bool answered, refused;
    bool changed; /* its life figures are others than those that are stored */
    struct figure_sum sum;
    struct str ad_id;
};

struct question;

struct figure_pass {
    struct task_run *run;
    const struct stream *stream;
    struct pass pass;
    struct figure_layout layout;
    struct arena texts; /* of the whole pass */
    struct arena arena; /* of one batch */
    struct str orders_sql, days_sql, life_sql, base_sql;
    int64_t started_ms, now_ms, today;
    int64_t due_ms; /* what is due at this instant is asked, so that a pass comes to its end */
    const struct figure_list *list; /* which the batch is of */
    const struct question *asked;   /* of the batch; NULL: nothing was, or what was is committed */
    struct figure_order orders[FIGURE_BATCH_MAX];
    size_t len;
    bool whole;     /* the batch is all that was due of its list */
    bool due_again; /* and some of it still is, with what was committed */
    bool last;      /* once nothing is due the task is done */
    bool ended;     /* it was, with the last answer */
};

/* A list of orders that are due and how they are asked. */
struct figure_list {
    struct str name;
    enum err_class (*read)(struct figure_pass *p, size_t offset, size_t rows, struct err *err);
    enum err_class (*ask)(struct figure_pass *p, struct err *err);
    bool of_days;
};

/* --- figure_due.c --- */
/* Days count from 1970-01-01 in the stream's zone. */
int64_t day_of(const struct stream *stream, int64_t utc_ms);
int64_t day_start_ms(const struct stream *stream, int64_t day);
/* "YYYY-MM-DD", in the arena. */
struct str day_text(int64_t day, struct arena *arena);
/* Makes the pass's statements; once. */
enum err_class orders_queries(struct figure_pass *p, struct err *err);
/* Fills the batch with orders whose life figures are due, those first that were not asked for longest, as
 * far as one question can be about them: of at most `rows` from the `offset`th on. */
enum err_class orders_read(struct figure_pass *p, size_t offset, size_t rows, struct err *err);
/* The same of orders one of whose days is due: all of one day. */
enum err_class day_orders_read(struct figure_pass *p, size_t offset, size_t rows, struct err *err);

/* --- figure_ask.c --- */
/* What some orders of the batch come to over a range of days. Their sums are filled by the answer. */
struct question {
    struct figure_order *orders[FIGURE_BATCH_MAX];
    struct str ids[FIGURE_BATCH_MAX];
    size_t len;
    int64_t from_day, to_day;
    int64_t received_ms;
    struct id_set ads; /* every ad that was answered, so that none counts twice */
    struct reject *rejects;
    size_t rejects_len;
};
void question_add(struct question *q, struct figure_order *order);
/* Asks all pages. On ERR_OK each order was answered, with its sum, or left out. */
enum err_class question_ask(struct figure_pass *p, struct question *q, struct err *err);

/* --- figures.c --- */
/* Appends a row of the order to a batch of any table of figures; its key is set. */
enum err_class row_begin(const struct table *table, struct batch *batch,
                         const struct figure_order *order, size_t *row, struct err *err);
/* Sets its figures; the rest of the key is set by now. */
enum err_class row_end(struct figure_pass *p, const struct figure_sum *sum, int64_t received_ms,
                       struct batch *batch, size_t row, struct err *err);
/* Commits an answer: the rows, and what is over with them. `rows`: orders that leave the list. */
enum err_class unit_commit(struct figure_pass *p, const struct question *q, size_t rows,
                           struct batch **batches, size_t batches_len, struct steps *steps,
                           struct err *err);

/* --- figure_days.c --- */
/* Asks a batch about one day and commits the answer. An order whose last day lies before it is only
 * marked. */
enum err_class day_ask(struct figure_pass *p, struct err *err);
/* Sets in the mark of an order that has no day due where its days begin: at once. */
void days_begin(struct figure_pass *p, const struct figure_order *order, struct ask_mark *mark);
/* Days that were final are not any more where the life that was answered says that they were corrected: its
 * money fell, or it changed after all days were done. Behind steps_asked of the same orders. */
enum err_class steps_days_again(struct figure_pass *p, const struct question *q,
                                struct steps *steps, struct err *err);

#endif
