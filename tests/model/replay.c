/* replay TRACES: drives the real store, queue and window steps through the traces of model.py and
 * compares the database with the model's state after every step.
 *
 * Model and replay share the words of the protocol only: which rows a unit writes, whom the fence lets
 * through, what a page leaves behind and what the evidence says is decided by the code under test.
 * Each trace has a shop, and so a lane, of its own; time is handed in. The last line is `ok`, or
 * `not ok` with both states at the first difference. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay.h"

static const struct str worker_names[WORKERS] = {{"A", 1}, {"B", 1}};

_Noreturn void lose(const struct replay *replay, const char *format, ...)
{
    va_list args;
    printf("not ok replay %s step %lld: ", replay->name, (long long)replay->step);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    exit(EXIT_FAILURE);
}

void must(const struct replay *replay, enum err_class class_, const struct err *err)
{
    if (class_ != ERR_OK)
        lose(replay, "%s %s: %s", err_class_name(class_), err->code, err->message);
}

static int64_t number_of(const struct json *value)
{
    int64_t number = 0;
    str_to_i64(json_text(value), &number);
    return number;
}

static struct hand *hand_of(struct replay *replay, const struct json *action)
{
    return &replay->hands[number_of(json_at(action, 1))];
}

static struct window_id window_of(const struct replay *replay)
{
    return (struct window_id){.shop_id = replay->lane,
                              .stream = STR("ads"),
                              .kind = WINDOW_PULL,
                              .from_ms = FROM_MS,
                              .to_ms = TO_MS};
}

/* --- units --- */

static struct held *held_new(struct replay *replay, struct hand *hand, enum unit_kind kind)
{
    struct held *held = arena_alloc(&replay->arena, sizeof *held);
    struct err err = {0};
    if (!held || replay->queue_len == QUEUED_MAX || hand->flights_len == IN_FLIGHT_MAX)
        lose(replay, "no room for a unit");
    held->kind = kind;
    held->worker = (int)(hand - replay->hands);
    must(replay,
         queue_step_fence(&hand->task, ++hand->unit_number, replay->now_ms, &replay->arena,
                          &held->fence, &err),
         &err);
    held->unit = (struct unit){.order_key = (uint64_t)hand->task.id,
                               .shop_id = replay->lane,
                               .before = &held->fence,
                               .before_len = 1,
                               .after = held->steps.items,
                               .now_ms = replay->now_ms};
    return held;
}

static void held_send(struct replay *replay, struct hand *hand, struct held *held)
{
    held->unit.after_len = held->steps.len;
    replay->queue[replay->queue_len++] = held;
    hand->flights[hand->flights_len++] = held;
}

static struct batch *rows_of(struct replay *replay, const struct page_seen *page)
{
    struct batch *batch;
    struct err err = {0};
    must(replay, batch_new(replay->table, &replay->arena, IDS_MAX, &batch, &err), &err);
    for (size_t i = 0; i < page->ids_len; i++) {
        size_t row;
        must(replay, batch_append(batch, &row, &err), &err);
        struct str id = arena_printf(&replay->arena, "%lld", (long long)page->ids[i]);
        batch_set_text(batch, row, table_column(replay->table, STR("order_id")), id);
        batch_set_number(batch, row, table_column(replay->table, STR("created_at")), FROM_MS);
        batch->guards[row] = (struct row_guard){.hash = {(unsigned char)page->ids[i]},
                                                .updated_ms = FROM_MS,
                                                .received_ms = replay->now_ms};
    }
    return batch;
}

static void page_send(struct replay *replay, struct hand *hand, const struct page_seen *page)
{
    struct held *held = held_new(replay, hand, UNIT_PAGE);
    struct batch **batches = arena_array(&replay->arena, 1, sizeof(struct batch *));
    uint64_t hashes[IDS_MAX];
    for (size_t i = 0; i < page->ids_len; i++)
        hashes[i] = (uint64_t)page->ids[i];
    batches[0] = rows_of(replay, page);
    held->unit.batches = batches;
    held->unit.batches_len = 1;
    const struct window_page done = {
        .position = page->last || page->position == 0
                        ? STR("")
                        : arena_printf(&replay->arena, "%lld", (long long)page->position),
        .ended = page->last,
        .total_first = hand->window.total_first,
        .page_number = hand->window.page_number + 1,
        .id_bytes = id_hashes_bytes(hashes, page->ids_len, &replay->arena),
    };
    struct err err = {0};
    must(replay, window_steps_page(&hand->window, &done, &replay->arena, &held->steps, &err), &err);
    hand->window.page_number++;
    held_send(replay, hand, held);
}

static void again_send(struct replay *replay, struct hand *hand, struct str digest, const char *why)
{
    struct held *held = held_new(replay, hand, UNIT_AGAIN);
    struct err err = {0};
    hand->digest = digest;
    must(replay,
         window_steps_read_again(&hand->window, digest, arena_dup(&replay->arena, str_of(why)),
                                 &replay->arena, &held->steps, &err),
         &err);
    held_send(replay, hand, held);
}

static void task_end(struct replay *replay, struct hand *hand, struct held *held)
{
    struct err err = {0};
    must(replay,
         queue_step_finish(&hand->task, replay->now_ms, &replay->arena,
                           &held->steps.items[held->steps.len++], &err),
         &err);
    held_send(replay, hand, held);
}

static void window_follow(struct replay *replay, struct held *held, int64_t from_ms, int64_t to_ms)
{
    struct window_plan plan = {.id = window_of(replay),
                               .pass = 1,
                               .reopen = true,
                               .run = STR("next"),
                               .ready_ms = replay->now_ms + LONG_MS};
    plan.id.from_ms = from_ms;
    plan.id.to_ms = to_ms;
    struct err err = {0};
    must(replay, window_steps_open(&plan, replay->now_ms, &replay->arena, &held->steps, &err),
         &err);
}

/* The window closed, what follows it, the task's end: one unit. */
static void close_send(struct replay *replay, struct hand *hand, const struct window_close *close)
{
    struct held *held = held_new(replay, hand, UNIT_END);
    struct err err = {0};
    must(replay, window_steps_close(&hand->window, close, &replay->arena, &held->steps, &err),
         &err);
    if (close->state == WINDOW_SPLIT) {
        int64_t middle_ms = FROM_MS + (TO_MS - FROM_MS) / 2 / STEP_MS * STEP_MS;
        window_follow(replay, held, FROM_MS, middle_ms);
        window_follow(replay, held, middle_ms + STEP_MS, TO_MS);
    } else {
        window_follow(replay, held, TO_MS + STEP_MS, TO_MS + STEP_MS);
    }
    task_end(replay, hand, held);
}

/* --- committing --- */

static void do_commit(struct replay *replay, const struct json *action)
{
    group_commit(replay, (size_t)number_of(json_at(action, 1)), json_text(json_at(action, 2)));
}

/* What was sent by the dead never arrives. */
static void do_drop(struct replay *replay, const struct json *action)
{
    (void)action;
    size_t kept = 0;
    for (size_t i = 0; i < replay->queue_len; i++)
        if (replay->queue[i]->worker >= 0)
            replay->queue[kept++] = replay->queue[i];
    replay->queue_len = kept;
}

/* --- claiming --- */

static size_t claim(struct replay *replay, int worker, struct task **tasks)
{
    size_t tasks_len;
    int64_t next_ms;
    struct err err = {0};
    must(replay,
         queue_claim(replay->store,
                     &(struct queue_claimer){.worker = worker_names[worker], .run = STR("trace")},
                     replay->now_ms, WORKERS, &replay->arena, tasks, &tasks_len, &next_ms, &err),
         &err);
    return tasks_len;
}

static void do_claim(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    int worker = (int)(hand - replay->hands);
    struct task *tasks;
    if (claim(replay, worker, &tasks) != 1 || tasks[0].lane != replay->lane ||
        replay->leases_len == LEASES_MAX)
        lose(replay, "a claim hands out the trace's task");
    *hand = (struct hand){.task = tasks[0], .unit_number = tasks[0].unit_number};
    replay->leases[replay->leases_len++] = tasks[0].lease;
    if (claim(replay, 1 - worker, &tasks) != 0)
        lose(replay, "a lane runs one task at a time");
}

/* The holder has stopped renewing its lease. */
static void do_reclaim(struct replay *replay, const struct json *action)
{
    replay->now_ms += LEASE_MS;
    do_claim(replay, action);
}

static void do_release(struct replay *replay, const struct json *action)
{
    int64_t released;
    struct err err = {0};
    (void)action;
    must(replay, queue_release_all(replay->store, replay->now_ms, &released, &err), &err);
}

/* Refused where the lease is somebody else's by now: nothing to put back. */
static void give_up(struct replay *replay, struct hand *hand, bool bury)
{
    const struct err cause = {.class_ = ERR_STORE, .code = "trace"};
    struct err err = {0};
    enum err_class class_ = bury ? queue_bury(replay->store, &hand->task, &cause, replay->now_ms,
                                              &err)
                                 : queue_put_back(replay->store, &hand->task, replay->now_ms, true,
                                                  &cause, replay->now_ms, &err);
    if (class_ != ERR_CONFLICT)
        must(replay, class_, &err);
    *hand = (struct hand){.unit_number = 0};
}

static void do_put_back(struct replay *replay, const struct json *action)
{
    give_up(replay, hand_of(replay, action), false);
}

static void do_bury(struct replay *replay, const struct json *action)
{
    give_up(replay, hand_of(replay, action), true);
}

/* A `sync` beside the workers: what it read may be old when it enqueues. */
static void do_enqueue(struct replay *replay, const struct json *action)
{
    (void)action;
    const struct window_plan plan = {
        .id = window_of(replay), .run = STR("trace"), .ready_ms = replay->now_ms};
    struct steps steps = {.len = 0};
    struct err err = {0};
    must(replay, window_steps_open(&plan, replay->now_ms, &replay->arena, &steps, &err), &err);
    struct unit unit = {.shop_id = replay->lane, .after = steps.items, .after_len = steps.len};
    must(replay, store_commit(replay->store, &unit, &err), &err);
}

/* --- a worker's reading --- */

static void do_load(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    const struct window_id id = window_of(replay);
    struct err err = {0};
    must(replay, window_load(replay->store, &id, &replay->arena, &hand->window, &err), &err);
    hand->number_first = hand->window.page_number + 1;
    if (hand->window.state != WINDOW_OPEN)
        task_end(replay, hand, held_new(replay, hand, UNIT_END));
}

static void do_ask(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    if (hand->ring_len == IN_FLIGHT_MAX ||
        number_of(json_at(action, 2)) != hand->number_first + (int64_t)hand->ring_len)
        lose(replay, "the window stands at another page");
    hand->received[hand->ring_len++] = false;
}

/* ["receive", worker, number, [ids], last, total, position] */
static void do_receive(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    int64_t at = number_of(json_at(action, 2)) - hand->number_first;
    if (at < 0 || at >= (int64_t)hand->ring_len)
        lose(replay, "the page was not asked");
    struct page_seen *page = &hand->ring[at];
    const struct json *ids = json_at(action, 3);
    *page = (struct page_seen){.ids_len = json_len(ids),
                               .last = json_true(json_at(action, 4)),
                               .total = number_of(json_at(action, 5)),
                               .position = number_of(json_at(action, 6))};
    if (page->ids_len > IDS_MAX)
        lose(replay, "too many ids in a page");
    for (size_t i = 0; i < page->ids_len; i++)
        page->ids[i] = number_of(json_at(ids, i));
    hand->received[at] = true;
}

static void do_submit(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    if (hand->ring_len == 0 || !hand->received[0])
        lose(replay, "no page to submit");
    const struct page_seen page = hand->ring[0];
    if (hand->window.total_first < 0)
        hand->window.total_first = page.total;
    page_send(replay, hand, &page);
    hand->window.ended = page.last;
    hand->ring_len = page.last ? 0 : hand->ring_len - 1;
    memmove(hand->ring, hand->ring + 1, hand->ring_len * sizeof(hand->ring[0]));
    memmove(hand->received, hand->received + 1, hand->ring_len * sizeof(hand->received[0]));
    hand->number_first++;
}

static void split_when_settled(struct replay *replay, struct hand *hand)
{
    if (!hand->splitting || hand->failing || hand->flights_len > 0)
        return;
    const struct window_close close = {.state = WINDOW_SPLIT,
                                       .total_first = hand->window.total_first,
                                       .total_last = -1,
                                       .now_ms = replay->now_ms};
    hand->splitting = false;
    close_send(replay, hand, &close);
}

static void do_too_many(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    hand->splitting = true;
    hand->ring_len = 0;
    split_when_settled(replay, hand);
}

static void pass_begin(struct hand *hand)
{
    window_restart(&hand->window, hand->digest);
    hand->number_first = 1;
}

static void do_settle(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    struct str expected = json_text(json_at(action, 2));
    if (hand->flights_len == 0)
        lose(replay, "nothing is in flight");
    const struct held *held = hand->flights[0];
    enum err_class result = held->unit.result;
    const char *answer = result == ERR_OK         ? "ok"
                         : result == ERR_CONFLICT ? "conflict"
                         : result == ERR_STORE    ? "store"
                                                  : err_class_name(result);
    /* A unit that is refused alone is answered at once: there is no COMMIT left that could fail. */
    bool refused_alone = result == ERR_CONFLICT && str_eq(expected, STR("store"));
    if (!str_eq(expected, str_of(answer)) && !refused_alone)
        lose(replay, "a unit ended as %s instead of %.*s: %s", answer, STR_ARG(expected),
             held->unit.err.message);
    memmove(hand->flights, hand->flights + 1, --hand->flights_len * sizeof(hand->flights[0]));
    if (result != ERR_OK)
        hand->failing = true;
    else if (held->kind == UNIT_AGAIN)
        pass_begin(hand);
    if (result == ERR_OK && held->kind == UNIT_END)
        *hand = (struct hand){.unit_number = 0};
    else
        split_when_settled(replay, hand);
}

/* --- the end of a window --- */

static void do_total(struct replay *replay, const struct json *action)
{
    hand_of(replay, action)->count = number_of(json_at(action, 2));
}

static void do_count(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    const struct sql_value values[] = {sql_int(replay->lane)};
    struct err err = {0};
    must(replay,
         store_read_int(replay->store, "SELECT count(*) FROM ad_order WHERE shop_id = ?1", values,
                        1, -1, &hand->count, &err),
         &err);
}

static void do_audit(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    int64_t total = number_of(json_at(action, 2));
    const struct window_close close = {.state = WINDOW_SEALED,
                                       .grade = 'A',
                                       .total_first = total,
                                       .total_last = total,
                                       .distinct = hand->count,
                                       .stored = hand->count,
                                       .now_ms = replay->now_ms};
    if (total == hand->count)
        close_send(replay, hand, &close);
    else
        again_send(replay, hand, STR(""), "stored rows and the platform's total differ");
}

static void do_weigh(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    struct id_set ids;
    id_set_init(&ids);
    char digest[DIGEST_HEX_ROOM], reason[REASON_ROOM];
    struct err err = {0};
    must(replay, window_ids_load(replay->store, &hand->window, &ids, &err), &err);
    must(replay, id_set_digest(&ids, digest, &err), &err);
    const struct evidence evidence = {
        .rows_leave = replay->in_place,
        .total_first = hand->window.total_first,
        .total_last = hand->window.total_first < 0 ? -1 : hand->count,
        .distinct = (int64_t)ids.len,
        .pass = hand->window.pass,
        .digest = arena_dup(&replay->arena, str_of(digest)),
        .digest_before = str_of(hand->window.digest_before),
    };
    id_set_fini(&ids);
    enum verdict verdict = evidence_judge(&evidence, reason);
    if (verdict == VERDICT_READ_AGAIN) {
        again_send(replay, hand, evidence_digest_kept(&evidence), reason);
        return;
    }
    bool sealed = verdict == VERDICT_SEAL_A || verdict == VERDICT_SEAL_B;
    const struct window_close close = {
        .state = sealed                     ? WINDOW_SEALED
                 : verdict == VERDICT_MOVED ? WINDOW_MOVED
                                            : WINDOW_UNPROVED,
        .grade = verdict == VERDICT_SEAL_A   ? 'A'
                 : verdict == VERDICT_SEAL_B ? 'B'
                                             : 'C',
        .total_first = evidence.total_first,
        .total_last = evidence.total_last,
        .distinct = evidence.distinct,
        .stored = evidence.distinct,
        .digest = evidence.digest,
        .now_ms = replay->now_ms,
    };
    close_send(replay, hand, &close);
}

/* --- failures --- */

static void do_crash(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    for (size_t i = 0; i < replay->queue_len; i++)
        if (replay->queue[i]->worker == hand - replay->hands)
            replay->queue[i]->worker = -1;
    *hand = (struct hand){.unit_number = 0};
}

/* The task gives its worker back: what was asked is forgotten. */
static void do_yield(struct replay *replay, const struct json *action)
{
    struct hand *hand = hand_of(replay, action);
    hand->ring_len = 0;
    hand->failing = true;
}

static void do_nothing(struct replay *replay, const struct json *action)
{
    (void)replay;
    (void)action;
}

static const struct {
    const char *word;
    void (*run)(struct replay *replay, const struct json *action);
} actions[] = {
    {"claim", do_claim},   {"reclaim", do_reclaim},   {"release", do_release},
    {"load", do_load},     {"ask", do_ask},           {"receive", do_receive},
    {"submit", do_submit}, {"commit", do_commit},     {"settle", do_settle},
    {"total", do_total},   {"weigh", do_weigh},       {"count", do_count},
    {"audit", do_audit},   {"too_many", do_too_many}, {"put_back", do_put_back},
    {"bury", do_bury},     {"crash", do_crash},       {"drop", do_drop},
    {"yield", do_yield},   {"enqueue", do_enqueue},   {"plan", do_nothing},
    {"pause", do_nothing}, {"resume", do_nothing},    {"move", do_nothing},
};

static void compare(struct replay *replay, const struct json *step, struct buf *seen,
                    struct buf *expected)
{
    const struct json *is = json_get(step, STR("is"));
    buf_reset(seen);
    buf_reset(expected);
    database_write(replay, json_kind_of(json_get(is, STR("task"))) == JSON_NULL, seen);
    json_write(expected, is);
    if (seen->failed || expected->failed)
        lose(replay, "no memory");
    if (!str_eq(buf_str(seen), buf_str(expected)))
        lose(replay, "%.*s\n  model    %s\n  database %s",
             STR_ARG(json_text(json_at(json_get(step, STR("do")), 0))), expected->ptr, seen->ptr);
}

/* --- traces --- */

static void trace_end(struct replay *replay)
{
    const struct sql_value values[] = {sql_int(replay->lane)};
    const struct step step = {"DELETE FROM task WHERE lane = ?1", values, 1, -1, 0};
    struct unit unit = {.before = &step, .before_len = 1};
    struct err err = {0};
    if (replay->lane > 0)
        must(replay, store_commit(replay->store, &unit, &err), &err);
    arena_reset(&replay->arena);
}

static void rows_seed(struct replay *replay, const struct json *stored)
{
    struct page_seen page = {.ids_len = json_len(stored)};
    struct err err = {0};
    for (size_t i = 0; i < page.ids_len; i++)
        page.ids[i] = number_of(json_at(stored, i));
    struct batch *batch = rows_of(replay, &page);
    struct unit unit = {.shop_id = replay->lane, .batches = &batch, .batches_len = 1};
    must(replay, store_commit(replay->store, &unit, &err), &err);
}

static void trace_begin(struct replay *replay, const struct json *head)
{
    int64_t lane = replay->lane + 1;
    struct str name = json_text(json_get(head, STR("trace")));
    trace_end(replay);
    *replay = (struct replay){.store = replay->store,
                              .table = replay->table,
                              .arena = replay->arena,
                              .lane = lane,
                              .now_ms = LONG_MS,
                              .in_place = json_true(json_get(head, STR("in_place")))};
    snprintf(replay->name, sizeof replay->name, "%.*s", STR_ARG(name));
    const struct window_plan plan = {
        .id = window_of(replay),
        .pass = json_true(json_get(head, STR("audit"))) ? 0 : 1,
        .reopen = true,
        .run = STR("trace"),
        .ready_ms = replay->now_ms,
    };
    struct steps steps = {.len = 0};
    struct err err = {0};
    must(replay, window_steps_open(&plan, replay->now_ms, &replay->arena, &steps, &err), &err);
    struct unit unit = {.shop_id = lane, .after = steps.items, .after_len = steps.len};
    must(replay, store_commit(replay->store, &unit, &err), &err);
    rows_seed(replay, json_get(head, STR("stored")));
}

static void step_run(struct replay *replay, const struct json *step)
{
    const struct json *action = json_get(step, STR("do"));
    struct str word = json_text(json_at(action, 0));
    replay->step++;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (str_eq(word, str_of(actions[i].word))) {
            actions[i].run(replay, action);
            return;
        }
    lose(replay, "no action is called %.*s", STR_ARG(word));
}

static int64_t file_run(struct replay *replay, FILE *file, int64_t *steps)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    struct buf seen, expected;
    struct err err = {0};
    buf_init(&seen, 64 * 1024);
    buf_init(&expected, 64 * 1024);
    while ((len = getline(&line, &room, file)) > 0) {
        struct json_doc *doc;
        must(replay, json_parse((struct str){line, (size_t)len}, &doc, &err), &err);
        const struct json *root = json_root(doc);
        if (json_get(root, STR("trace"))) {
            trace_begin(replay, root);
        } else {
            step_run(replay, root);
            compare(replay, root, &seen, &expected);
            ++*steps;
        }
        json_free(doc);
    }
    free(line);
    buf_fini(&seen);
    buf_fini(&expected);
    trace_end(replay);
    return replay->lane;
}

static void folder_remove(const char *folder)
{
    static const char *const names[] = {"replay.db", "replay.db-wal", "replay.db-shm", "clock"};
    char path[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* Under the test clock the writer does not linger for company: the gate decides what is a group. */
static void clock_stop(const struct replay *replay, const char *folder)
{
    char path[128];
    struct err err = {0};
    snprintf(path, sizeof path, "%s/clock", folder);
    setenv("HUILIU_CLOCK", path, 1);
    must(replay, clock_setup("replay", &err), &err);
    clock_thread_enter();
}

static void replay_open(struct replay *replay, struct arena *schema, const char *folder)
{
    struct table_catalog *catalog;
    struct err err = {0};
    unsigned applied;
    must(replay, store_schema(schema, &catalog, &err), &err);
    const struct store_options options = {
        .url = STR("sqlite:replay.db"), .home = str_of(folder), .catalog = catalog, .create = true};
    must(replay, store_open(&options, &replay->store, &err), &err);
    must(replay, store_migrate(replay->store, &applied, &err), &err);
    replay->table = table_find(catalog, STR("ad_order"));
}

int main(int argc, char **argv)
{
    char folder[96];
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/huiliu-replay-XXXXXX", parent ? parent : "/tmp");
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!file || !mkdtemp(folder)) {
        fprintf(stderr, "usage: replay TRACES (written by model.py --traces)\n");
        return 2;
    }
    struct replay replay = {.name = "start"};
    struct arena schema;
    arena_init(&schema);
    arena_init(&replay.arena);
    clock_stop(&replay, folder);
    replay_open(&replay, &schema, folder);
    int64_t steps = 0;
    int64_t traces = file_run(&replay, file, &steps);
    if (steps == 0)
        lose(&replay, "there is no trace in %s", argv[1]);
    printf("ok replay %lld traces, %lld steps: the store agrees with the model after each\n",
           (long long)traces, (long long)steps);
    store_close(replay.store);
    clock_thread_leave();
    clock_teardown();
    arena_fini(&replay.arena);
    arena_fini(&schema);
    fclose(file);
    folder_remove(folder);
    return 0;
}
