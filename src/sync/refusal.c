/* A question by ids that the platform refuses whoever of its rows it is about.
 *
 * A platform may refuse a question for the sake of one of its rows. Once the tries that the manifest allows
 * are used up the rows are asked in halves, down to the one that is refused alone; it is set aside and all
 * others are answered. A platform that refuses everything must not be asked so, row by row: before the first
 * half is asked, one of up to PROBES_MAX single rows, far apart, has to be answered, and afterwards fewer
 * than REFUSED_ROWS_MAX rows may be refused alone without an answer between them. Else the task fails with the
 * error, as it would have without halves. One refused row of n costs 2 log2(n) calls more and one for the
 * probe; when it is due again it is asked alone and needs no proof: it costs a call then. */
#include <string.h>

#include "sync/sql.h"
#include "sync/sync_internal.h"

enum {
    PROBES_MAX = 3,
    ASIDE_MS = 60 * 60 * 1000,
    ASIDE_AGAIN_MS = 24 * 60 * 60 * 1000,
};

static bool parts_are_of(const struct parts *parts, struct str list)
{
    return parts->len > 0 && str_eq(parts->list, list);
}

static size_t probes_of(const struct parts *parts)
{
    return parts->rows[0] < PROBES_MAX ? parts->rows[0] : PROBES_MAX;
}

/* Another task asks other rows alone first: three bad ones must not stand in the way for ever. */
static size_t probe_shift(const struct task_run *run)
{
    return (size_t)(((uint64_t)run->task->id * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

bool parts_next(const struct task_run *run, const struct parts *parts, struct str list,
                size_t *offset, size_t *rows)
{
    *offset = 0;
    if (!parts_are_of(parts, list))
        return false;
    *rows = parts->rows[0];
    if (!parts->answered) {
        *offset = (2 * parts->refused + 1) * parts->rows[0] / (2 * probes_of(parts));
        *offset = (*offset + probe_shift(run)) % parts->rows[0];
        *rows = 1;
    }
    return true;
}

void parts_drop(struct parts *parts)
{
    parts->len = 0;
}

static bool first_halve(struct parts *parts)
{
    size_t rows = parts->rows[0];
    if (parts->len == PARTS_MAX)
        return false;
    memmove(parts->rows + 1, parts->rows, parts->len * sizeof *parts->rows);
    parts->rows[0] = rows - rows / 2;
    parts->rows[1] = rows / 2;
    parts->len++;
    return true;
}

static void first_take(struct parts *parts, size_t rows)
{
    parts->rows[0] -= rows < parts->rows[0] ? rows : parts->rows[0];
    if (parts->rows[0] == 0)
        memmove(parts->rows, parts->rows + 1, --parts->len * sizeof *parts->rows);
}

void parts_done(struct parts *parts, struct str list, size_t rows, bool asked)
{
    if (!parts_are_of(parts, list))
        return;
    bool first_answer = asked && !parts->answered;
    first_take(parts, rows);
    if (asked) {
        parts->answered = true;
        parts->refused = 0;
    }
    if (first_answer && parts->len > 0 && parts->rows[0] > 1)
        first_halve(parts);
}

/* What one row of many may be the cause of: an answer, or (ERR_INTERNAL) what we make of it. The other
 * classes are about the platform, the way to it, or our store. */
static bool class_is_refusal(enum err_class class_)
{
    return class_ == ERR_BAD_REPLY || class_ == ERR_BAD_REQUEST || class_ == ERR_SPLIT_WINDOW ||
           class_ == ERR_SKIP_RECORD || class_ == ERR_INTERNAL;
}

/* A part was refused. */
static enum refusal part_judge(struct parts *parts, size_t asked)
{
    if (asked > 1)
        return first_halve(parts) ? REFUSAL_PARTS : REFUSAL_FAILS;
    parts->refused++;
    if (!parts->answered)
        return parts->refused < probes_of(parts) ? REFUSAL_PARTS : REFUSAL_FAILS;
    if (parts->refused == REFUSED_ROWS_MAX)
        return REFUSAL_FAILS;
    first_take(parts, 1);
    return REFUSAL_ASIDE;
}

enum refusal refusal_judge(struct task_run *run, struct parts *parts, struct str list, size_t rows,
                           size_t asked, bool aside, enum err_class class_)
{
    if (!class_is_refusal(class_))
        return REFUSAL_FAILS;
    if (aside)
        return REFUSAL_ASIDE;
    if (parts_are_of(parts, list)) {
        enum refusal refusal = part_judge(parts, asked);
        run->tried |= refusal == REFUSAL_FAILS;
        return refusal;
    }
    /* Of one row alone nobody can say whether it is the row or the platform. */
    if (rows < 2 || !task_tries_spent(run, class_))
        return REFUSAL_FAILS;
    *parts = (struct parts){.list = list, .rows = {rows}, .len = 1};
    return REFUSAL_PARTS;
}

int64_t aside_until_ms(int64_t now_ms, bool before)
{
    return now_ms + (before ? ASIDE_AGAIN_MS : ASIDE_MS);
}

struct str aside_sql(const struct table *table, struct str key, struct arena *arena)
{
    return arena_printf(arena,
                        "EXISTS (SELECT 1 FROM reject r WHERE r.shop_id = o.shop_id AND"
                        " r.table_name = '%.*s' AND r.key_text = o.%.*s AND r.key_text <> ''"
                        " AND r.code = '" REFUSED_ALONE "')",
                        STR_ARG(table->name), STR_ARG(key));
}

enum err_class steps_aside_over(const struct task_run *run, const struct table *table,
                                struct str key, struct arena *arena, struct steps *steps,
                                struct err *err)
{
    const struct sql_value values[] = {sql_int(run->shop->id), sql_text(table->name),
                                       sql_text(key)};
    return steps_add(steps, SQL_ASIDE_OVER, values, 3, -1, arena, err);
}

/* The platform's own words come last: where they are long they are cut. */
static struct str aside_message(const struct stream *stream, const struct err *why,
                                struct arena *arena)
{
    struct err said;
    err_set(&said, ERR_SKIP_RECORD, "refused_alone",
            "every question about it is refused while others are answered: it keeps what is "
            "stored and is asked for alone after an hour, then daily%s. %s: %s",
            stream->figures.of ? "; huiliu sync --full asks at once" : "", why->code, why->message);
    return arena_dup(arena, str_of(said.message));
}

enum err_class aside_commit(struct task_run *run, const struct table *table, struct str key,
                            const struct err *why, const struct steps *steps, struct arena *arena,
                            struct err *err)
{
    struct reject reject = {
        .table = table->name,
        .key = key,
        .id = key,
        .field = STR(""),
        .code = REFUSED_ALONE,
        .message = aside_message(run->stream, why, arena),
        .stream = run->stream->name,
    };
    struct prepared prepared = {.mapped = {.rejects = &reject, .rejects_len = 1}, .rejects = 1};
    if (!reject.message.ptr)
        return err_no_memory(err);
    log_event(LOG_WARN, REFUSED_ALONE, LOG_STR("shop", run->shop->facts.shop.name),
              LOG_STR("stream", run->stream->name), LOG_STR("key", key),
              LOG_STR("message", reject.message), LOG_END);
    return rows_commit(run, &prepared, steps, arena, err);
}
