/* The table of fail points, and what HUILIU_FAIL asks of them. */
#include "base/fail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct fail_point_info points[] = {
    {"base.alloc", "an arena, a buffer or a map gets no memory"},
    {"format.write", "a file cannot be written"},
    {"store.query", "a statement fails"},
    {"store.group.begin", "the writer has begun a commit group"},
    {"store.unit.fence", "the fence of a commit unit was checked"},
    {"store.unit.rows", "the rows of a commit unit are written"},
    {"store.unit.steps", "the steps of a commit unit have run"},
    {"store.commit.before", "a commit group is about to be committed"},
    {"store.commit.after", "a commit group is committed, nobody was told"},
    {"store.side.held", "a transaction apart from the writer holds its rows"},
    {"store.side.committed", "a transaction apart from the writer is committed, nobody was told"},
    {"store.migrate.step", "a migration step has run"},
    {"queue.claim.after", "a task was claimed and not started"},
    {"gateway.send.before", "a call is about to be sent"},
    {"gateway.reply.after", "a reply has arrived and nobody has seen it"},
    {"token.refreshing.committed", "the token is marked as refreshing, the call is not sent"},
    {"token.reply.received", "the new token has arrived and is not stored"},
    {"token.saved", "the new token is stored and not used"},
    {"sync.page.mapped", "a page is mapped to a batch"},
    {"sync.import.page", "a page of an imported file is ready to be stored"},
    {"sync.unit.submitted", "a commit unit was handed to the store"},
    {"sync.window.closing", "all pages of a window are committed"},
    {"sync.window.closed", "a window was closed"},
    {"sync.split", "a window was split in two"},
    {"sync.audit.total", "an audit has asked for the total"},
    {"sync.decrypt.before", "a decrypt request is about to be sent"},
    {"sync.decrypt.after", "a decrypt request was answered"},
    {"sync.revisit.asked", "open rows were asked for by their ids and nothing is stored"},
    {"sync.figures.asked", "figures have arrived and are not stored"},
    {"sync.figures.committed", "life figures of a batch are stored"},
    {"derive.results", "results are written, their days are not"},
    {"derive.trade", "trade results are written, their days are not"},
    {"derive.sums", "the sums of a unit of results are written, its touched rows are gone"},
    {"derive.committed", "a unit of results is committed"},
    {NULL, NULL},
};

enum {
    POINTS = sizeof(points) / sizeof(points[0]) - 1,
    /* A test asks for a handful at once. */
    ORDERS_MAX = 32,
    /* A name, a space, 20 digits, the line's end. */
    POINT_LINE_BYTES = 80,
};

enum action { ACTION_KILL, ACTION_ERROR, ACTION_EXIT };

static const char *const action_names[] = {
    [ACTION_KILL] = "kill", [ACTION_ERROR] = "error", [ACTION_EXIT] = "exit"};

/* One point=action[@N[+]]. */
struct order {
    size_t point;
    enum action action;
    uint64_t at;
    bool from_then_on;
};

bool fail_points_on;

static struct order orders[ORDERS_MAX];
static size_t orders_len;
static _Atomic uint64_t hits[POINTS];
static const char *report_path;

const struct fail_point_info *fail_point_table(void)
{
    return points;
}

static size_t point_find(struct str name)
{
    size_t at = 0;
    while (at < POINTS && !str_eq(name, str_of(points[at].name)))
        at++;
    return at;
}

/* Several processes may report to one file: append, one write. */
static void report_append(struct str text)
{
    if (!report_path)
        return;
    int fd = open(report_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
        fprintf(stderr, "huiliu: cannot write %s: %s\n", report_path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void report_counts(void)
{
    char text[POINTS * POINT_LINE_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < POINTS; i++) {
        int line = snprintf(
            text + len, sizeof(text) - len, "%s %llu\n", points[i].name,
            (unsigned long long)atomic_load_explicit(&hits[i], memory_order_relaxed));
        assert(line > 0 && line < POINT_LINE_BYTES);
        len += (size_t)line;
    }
    report_append((struct str){text, len});
}

static bool point_act(size_t point, enum action action)
{
    char line[POINT_LINE_BYTES];
    switch (action) {
    case ACTION_ERROR:
        return true;
    case ACTION_EXIT:
        report_counts();
        _exit(EXIT_FAILURE);
    case ACTION_KILL:
        snprintf(line, sizeof(line), "%s kill\n", points[point].name);
        report_append(str_of(line));
        kill(getpid(), SIGKILL);
        /* The signal may reach another thread first; this one must not go a step further. */
        for (;;)
            pause();
    }
    return false;
}

bool fail_point_hit(const char *name)
{
    size_t point = point_find(str_of(name));
    assert(point < POINTS);
    uint64_t hit = 1 + atomic_fetch_add_explicit(&hits[point], 1, memory_order_relaxed);
    for (size_t i = 0; i < orders_len; i++) {
        if (orders[i].point != point)
            continue;
        if (hit == orders[i].at || (orders[i].from_then_on && hit > orders[i].at))
            return point_act(point, orders[i].action);
    }
    return false;
}

static enum err_class point_unknown(struct str name, struct err *err)
{
    struct str names[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        names[i] = str_of(points[i].name);
    size_t nearest = str_nearest(name, names, POINTS);
    if (nearest == SIZE_MAX)
        return err_set(err, ERR_CONFIG, "fail_point",
                       "HUILIU_FAIL: there is no fail point \"%.*s\"; "
                       "\"huiliu version --fail-points\" lists them",
                       STR_ARG(name));
    return err_set(err, ERR_CONFIG, "fail_point",
                   "HUILIU_FAIL: there is no fail point \"%.*s\"; did you mean \"%s\"?",
                   STR_ARG(name), points[nearest].name);
}

static enum err_class order_parse(struct str text, struct order *out, struct err *err)
{
    struct str name, action, rest, count;
    bool ok = str_cut(text, '=', &name, &rest);
    *out = (struct order){.point = point_find(name), .at = 1};
    if (out->point == POINTS)
        return point_unknown(name, err);

    if (str_cut(rest, '@', &action, &count)) {
        out->from_then_on = str_ends(count, STR("+"));
        if (out->from_then_on)
            count = str_sub(count, 0, count.len - 1);
        ok = ok && str_to_u64(count, &out->at) && out->at > 0;
    }
    size_t kind = 0;
    while (kind <= ACTION_EXIT && !str_eq(action, str_of(action_names[kind])))
        kind++;
    if (!ok || kind > ACTION_EXIT)
        return err_set(err, ERR_CONFIG, "fail_point",
                       "HUILIU_FAIL: \"%.*s\" is not point=kill|error|exit, with @N or @N+ behind",
                       STR_ARG(text));
    out->action = (enum action)kind;
    return ERR_OK;
}

enum err_class fail_setup(struct err *err)
{
    struct str rest = str_of(getenv("HUILIU_FAIL"));
    report_path = getenv("HUILIU_FAIL_REPORT");
    orders_len = 0;
    for (size_t i = 0; i < POINTS; i++)
        atomic_store_explicit(&hits[i], 0, memory_order_relaxed);

    while (rest.len > 0) {
        struct str text;
        str_cut(rest, ',', &text, &rest);
        if (orders_len == ORDERS_MAX)
            return err_set(err, ERR_CONFIG, "fail_point", "HUILIU_FAIL: more than %d entries",
                           ORDERS_MAX);
        enum err_class class_ = order_parse(str_trim(text), &orders[orders_len], err);
        if (class_ != ERR_OK)
            return class_;
        orders_len++;
    }
    fail_points_on = orders_len > 0 || report_path;
    return ERR_OK;
}

void fail_teardown(void)
{
    if (fail_points_on)
        report_counts();
}
