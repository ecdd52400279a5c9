/* A window's life in one straight line: ask pages, map, commit, and at the end weigh the evidence.
 *
 * Up to PAGES_IN_FLIGHT_MAX pages are on their way between "asked" and "committed": where pages are
 * addressable and the list is stable several are asked ahead; with a cursor the next page is asked
 * as soon as its cursor is known, so that mapping and committing overlap with the platform's answer.
 * Pages are committed in their order, whatever the order of arrival. */
#include <stdlib.h>
#include <string.h>

#include "sync/sync_internal.h"

/* With a cursor one page is on its way while the one before it is committed; more would only pile up
 * before the writer and cost memory. */
enum { CURSOR_PAGES_AHEAD = 2 };

/* A list that never ends (a cursor that is always new) is split until it is given up. */
enum { WINDOW_PAGES_MAX = 20000 };

/* A cursor may lead back once by mistake and then on; one that keeps leading back never ends. */
enum { CIRCLES_MAX = 3 };

/* One page between asked and committed. */
struct slot {
    struct arena arena;
    struct call *call;
    struct facts facts; /* it was asked with */
    struct page page;
    bool has_page;
    struct prepared prepared;
    int64_t rejects; /* of the main table: what the window counts */
    struct unit *unit;
};

/* The ring holds submitted pages first, then asked ones: [oldest .. used - asked .. used). */
struct pull {
    struct task_run *run;
    struct window *window;
    struct slot slots[PAGES_IN_FLIGHT_MAX];
    size_t oldest, used, asked;
    size_t ahead_max;         /* slots in use at once */
    struct arena texts;       /* cursors, which outlive their page */
    int64_t next_number;      /* number pages: the next to ask */
    int64_t last_number;      /* number pages: the last by the total, -1 unknown */
    struct str next_position; /* cursor pages: where the next is asked */
    struct str mark;          /* cursor pages: an earlier position, see circle_check */
    int64_t mark_left, mark_distance, circles;
    bool ended; /* a page has said the end */
};

static struct slot *slot_at(struct pull *pull, size_t age)
{
    return &pull->slots[(pull->oldest + age) % PAGES_IN_FLIGHT_MAX];
}

static void slot_release(struct slot *slot)
{
    if (slot->call)
        call_free(slot->call);
    if (slot->has_page)
        page_fini(&slot->page);
    arena_reset(&slot->arena);
    slot->call = NULL;
    slot->has_page = false;
    slot->unit = NULL;
}

static void pull_init(struct pull *pull, struct task_run *run, struct window *window)
{
    *pull = (struct pull){.run = run, .window = window, .last_number = -1};
    for (size_t i = 0; i < PAGES_IN_FLIGHT_MAX; i++)
        arena_init(&pull->slots[i].arena);
    arena_init(&pull->texts);
    bool addressable = run->stream->pages.kind == PAGES_NUMBER && run->stream->pages.stable;
    pull->ahead_max = addressable ? PAGES_IN_FLIGHT_MAX : CURSOR_PAGES_AHEAD;
    pull->next_number = run->stream->pages.first + window->page_number;
    pull->next_position = window->position;
    pull->mark_distance = 1;
    pull->ended = window->ended;
}

/* Calls that nobody will read are given up, so that none outlives its task. */
static void pull_fini(struct pull *pull)
{
    for (size_t i = 0; i < PAGES_IN_FLIGHT_MAX; i++) {
        slot_release(&pull->slots[i]);
        arena_fini(&pull->slots[i].arena);
    }
    arena_fini(&pull->texts);
}

static enum err_class page_ask(struct pull *pull, struct err *err)
{
    struct slot *slot = slot_at(pull, pull->used);
    struct call_ask ask = task_ask(pull->run, pull->run->stream->request, &pull->window->id);
    ask.facts.page.number = pull->next_number;
    if (ask.facts.page.size == 0) /* else the shop's own choice */
        ask.facts.page.size = pull->run->stream->pages.size;
    ask.facts.page.position = pull->next_position;
    /* A page ahead is asked again when the one before is taken. */
    ask.comer.outside = pull->asked > 0;
    enum err_class class_ = gateway_send(pull->run->sync->options.gateway, &ask, &slot->call, err);
    if (class_ != ERR_OK) {
        slot_release(slot);
        return class_;
    }
    slot->facts = ask.facts;
    pull->next_number++;
    pull->used++;
    pull->asked++;
    pull->run->outcome->calls++;
    return ERR_OK;
}

/* Where the list goes on is known once every asked page has been taken; ahead of that only where
 * pages are addressable, the list is stable and the total says that there are more. */
static bool page_may_be_asked(const struct pull *pull)
{
    if (pull->ended || pull->used == pull->ahead_max)
        return false;
    return pull->asked == 0 ||
           (pull->ahead_max > CURSOR_PAGES_AHEAD && pull->next_number <= pull->last_number);
}

static enum err_class pages_ask_ahead(struct pull *pull, struct err *err)
{
    while (page_may_be_asked(pull)) {
        enum err_class class_ = page_ask(pull, err);
        /* "Not yet" by budget or breaker matters only when nothing else is on its way. */
        if (class_ == ERR_LATER && pull->asked > 0)
            return ERR_OK;
        if (class_ != ERR_OK)
            return class_;
    }
    return ERR_OK;
}

/* Waits for the oldest submitted page and frees its slot. */
static enum err_class page_settle(struct pull *pull, struct err *err)
{
    struct slot *slot = slot_at(pull, 0);
    enum err_class class_ = store_wait(pull->run->sync->options.store, slot->unit, err);
    pull->run->writing -= slot->prepared.writes;
    if (class_ == ERR_OK) {
        task_count_unit(pull->run, slot->unit, slot->prepared.rejects);
        pull->run->outcome->pages++;
        atomic_fetch_add(&pull->run->sync->counts.pages, 1);
        pull->window->rejects += slot->rejects;
    }
    slot_release(slot);
    pull->oldest = (pull->oldest + 1) % PAGES_IN_FLIGHT_MAX;
    pull->used--;
    return class_;
}

static enum err_class pages_settle_all(struct pull *pull, struct err *err)
{
    enum err_class class_ = ERR_OK;
    /* A unit that was submitted must be waited for even after an earlier one failed: its memory is
     * the store's until then. A page behind them that was taken but not submitted has no unit. */
    while (pull->used > pull->asked && slot_at(pull, 0)->unit) {
        enum err_class one = page_settle(pull, class_ == ERR_OK ? err : NULL);
        if (class_ == ERR_OK)
            class_ = one;
    }
    return class_;
}

static bool reject_is_main(const struct task_run *run, const struct reject *reject)
{
    return str_eq(reject->table, run->stream->table->name);
}

static int64_t main_rejects(const struct task_run *run, const struct mapped *mapped)
{
    int64_t count = 0;
    for (size_t i = 0; i < mapped->rejects_len; i++)
        count += reject_is_main(run, &mapped->rejects[i]);
    return count;
}

/* Every record of the page as an id hash. A refused record without a readable id stands under the key
 * that prepare gave it (the hash of the record), so that meeting it twice is seen once. */
static struct str page_ids(const struct task_run *run, const struct mapped *mapped,
                           struct arena *arena)
{
    size_t len = mapped->id_hashes_len;
    uint64_t *hashes = arena_array(arena, len + mapped->rejects_len + 1, sizeof *hashes);
    if (!hashes)
        return STR_NONE;
    memcpy(hashes, mapped->id_hashes, len * sizeof *hashes);
    for (size_t i = 0; i < mapped->rejects_len; i++)
        if (mapped->rejects[i].id.len == 0 && reject_is_main(run, &mapped->rejects[i]))
            hashes[len++] = id_hash(mapped->rejects[i].key);
    return id_hashes_bytes(hashes, len, arena);
}

static bool stream_by_number(const struct pull *pull)
{
    return pull->run->stream->pages.kind == PAGES_NUMBER;
}

/* The end of a list is the manifest's word; a cursor that comes back is the end only when everything
 * that the platform counts has been seen, this page included. */
static enum err_class repeated_cursor_judge(struct pull *pull, struct slot *slot, struct err *err)
{
    const struct mapped *mapped = &slot->prepared.mapped;
    struct id_set ids;
    id_set_init(&ids);
    enum err_class class_ = pages_settle_all(pull, err);
    if (class_ == ERR_OK)
        class_ = window_ids_load(pull->run->sync->options.store, pull->window, &ids, err);
    if (class_ == ERR_OK)
        class_ = id_set_add_bytes(&ids, page_ids(pull->run, mapped, &slot->arena), err);
    id_set_settle(&ids);
    int64_t seen = (int64_t)ids.len;
    id_set_fini(&ids);
    if (class_ != ERR_OK)
        return class_;
    if (slot->page.total >= 0 && seen == slot->page.total) {
        slot->page.next = PAGE_LAST;
        return ERR_OK;
    }
    return err_set(err, ERR_BAD_REPLY, "cursor_repeated",
                   "the platform gave the same cursor again after %lld of %lld records; the page "
                   "is asked again",
                   (long long)seen, (long long)slot->page.total);
}

static enum err_class page_check_total(struct pull *pull, const struct page *page, struct err *err)
{
    int64_t count_max = pull->run->stream->window.count_max;
    int64_t total_cap = pull->run->stream->window.total_cap;
    if (pull->window->page_number >= WINDOW_PAGES_MAX)
        return err_set(err, ERR_SPLIT_WINDOW, "window_pages", "a list of more than %d pages",
                       WINDOW_PAGES_MAX);
    if (pull->window->total_first < 0)
        pull->window->total_first = page->total;
    if ((count_max > 0 && page->total > count_max) || (total_cap > 0 && page->total >= total_cap))
        return err_set(err, ERR_SPLIT_WINDOW, "window_total",
                       "%lld records in one window, more than the platform lists",
                       (long long)page->total);
    return ERR_OK;
}

/* Cursors that go in a circle make progress for ever, page by page. Each position is compared with one
 * that was kept, and which one is kept moves on by distances that double: a circle of any length is
 * noticed after a few rounds of it, without keeping every position. */
static enum err_class circle_check(struct pull *pull, struct err *err)
{
    if (pull->mark.len > 0 && str_eq(pull->mark, pull->next_position) &&
        ++pull->circles == CIRCLES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "cursor_repeated",
                       "the platform's cursors go in a circle and never reach the end of the list; "
                       "the next sync reads on from there");
    if (pull->mark_left-- == 0) {
        pull->mark = pull->next_position;
        pull->mark_distance *= 2;
        pull->mark_left = pull->mark_distance;
    }
    return ERR_OK;
}

/* Waits for the oldest page that was asked and learns where the list goes on. */
static enum err_class page_take(struct pull *pull, struct slot **out, struct err *err)
{
    struct slot *slot = slot_at(pull, pull->used - pull->asked);
    enum err_class class_ = call_wait(slot->call, &slot->arena, &slot->page,
                                      &slot->facts.received_ms, err);
    call_free(slot->call);
    slot->call = NULL;
    if (class_ != ERR_OK)
        return class_;
    slot->has_page = true;
    pull->asked--;
    pull->last_number = slot->page.last_number;
    class_ = page_check_total(pull, &slot->page, err);
    if (class_ != ERR_OK)
        return class_;
    /* An empty page before the end of a numbered list is a fault, not an end. */
    if (stream_by_number(pull) && slot->page.records == 0 && slot->page.next == PAGE_MORE)
        return err_set(err, ERR_BAD_REPLY, "page_empty",
                       "a page before the last is empty; it is asked again");
    /* Nothing is asked ahead of a repeated cursor: it is judged with its page (page_submit). */
    if (slot->page.next == PAGE_LAST || slot->page.repeated) {
        pull->ended = true;
    } else if (!stream_by_number(pull)) {
        pull->next_position = arena_dup(&pull->texts, slot->page.position);
        if (!pull->next_position.ptr)
            return err_no_memory(err);
        class_ = circle_check(pull, err);
        if (class_ != ERR_OK)
            return class_;
    }
    *out = slot;
    return ERR_OK;
}

/* The page's rows, its place in the window and its ids become one commit unit. */
static enum err_class page_submit(struct pull *pull, struct slot *slot, struct err *err)
{
    struct task_run *run = pull->run;
    struct window *window = pull->window;
    enum err_class class_ = page_prepare(run, &slot->facts, &slot->page, &slot->arena,
                                         &slot->prepared, err);
    if (class_ == ERR_OK && slot->page.next == PAGE_MORE && slot->page.repeated)
        class_ = repeated_cursor_judge(pull, slot, err);
    if (class_ != ERR_OK)
        return class_;
    const struct mapped *mapped = &slot->prepared.mapped;
    bool last = slot->page.next == PAGE_LAST;
    slot->rejects = main_rejects(run, mapped);
    struct window_page done = {
        .position = last || run->stream->pages.kind == PAGES_NUMBER ? STR("") : slot->page.position,
        .ended = last,
        .total_first = window->total_first,
        .page_number = window->page_number + 1,
        .id_bytes = page_ids(run, mapped, &slot->arena),
        .rejects = slot->rejects,
    };
    if (!done.id_bytes.ptr)
        return err_no_memory(err);
    struct steps steps = {.len = 0};
    class_ = window_steps_page(window, &done, &slot->arena, &steps, err);
    if (class_ == ERR_OK)
        class_ = prepared_own(&slot->prepared, &slot->arena, err);
    if (class_ != ERR_OK)
        return class_;
    page_fini(&slot->page);
    slot->has_page = false;
    class_ = task_unit(run, &slot->prepared, &steps, &slot->arena, &slot->unit, err);
    if (class_ == ERR_OK)
        class_ = store_submit(run->sync->options.store, slot->unit, err);
    if (class_ != ERR_OK) {
        slot->unit = NULL;
        return class_;
    }
    run->writing += slot->prepared.writes;
    if (FAIL_POINT("sync.unit.submitted"))
        return err_set(err, ERR_INTERNAL, "fail_point", "fail point sync.unit.submitted");
    window->page_number++;
    return ERR_OK;
}

/* Reads the list to its end, from wherever the window stands. */
static enum err_class pages_pull(struct pull *pull, struct err *err)
{
    enum err_class class_ = ERR_OK;
    while (class_ == ERR_OK && !(pull->ended && pull->asked == 0)) {
        if (task_should_yield(pull->run)) {
            class_ = err_set(err, ERR_STOPPED, "yield", "the worker is needed elsewhere");
            break;
        }
        class_ = pages_ask_ahead(pull, err);
        if (class_ != ERR_OK)
            break;
        struct slot *slot = NULL;
        class_ = page_take(pull, &slot, err);
        if (class_ != ERR_OK)
            break;
        /* With a cursor the next page can be asked now, before this one is mapped; that it may not
         * be asked yet is found out again above. */
        class_ = pages_ask_ahead(pull, err);
        if (class_ == ERR_LATER)
            class_ = ERR_OK;
        if (class_ == ERR_OK)
            class_ = page_submit(pull, slot, err);
        if (class_ == ERR_OK && pull->used == pull->ahead_max)
            class_ = page_settle(pull, err);
        if (pull->ended && class_ == ERR_OK)
            break;
    }
    return class_;
}

/* Runs a window's list once through; what was submitted is settled either way. */
static enum err_class window_read(struct task_run *run, struct window *window, struct err *err)
{
    struct pull *pull = calloc(1, sizeof *pull);
    if (!pull)
        return err_no_memory(err);
    pull_init(pull, run, window);
    struct err settle_err = {0};
    enum err_class class_ = pages_pull(pull, err);
    enum err_class settled = pages_settle_all(pull, &settle_err);
    window->ended = pull->ended;
    pull_fini(pull);
    free(pull);
    /* A unit that failed outweighs whatever the pages behind it met: it says what is stored. */
    if (settled != ERR_OK)
        *err = settle_err;
    return settled != ERR_OK ? settled : class_;
}

/* The whole of it. */
static enum err_class window_run(struct task_run *run, struct window *window, struct err *err)
{
    bool done = false;
    enum err_class class_ = ERR_OK;
    if (window->pass == 0)
        class_ = window_audit(run, window, &done, err);
    while (class_ == ERR_OK && !done) {
        class_ = window_read(run, window, err);
        bool again = false;
        if (class_ == ERR_OK)
            class_ = window_finish(run, window, &again, err);
        done = !again;
    }
    return class_;
}

/* What lies in the window itself. A platform that is down, a dead authorisation or a wrong setting
 * does not: there the window stays open and is read when that is mended. */
static bool window_is_poison(enum err_class class_)
{
    return class_ == ERR_BAD_REPLY || class_ == ERR_BAD_REQUEST || class_ == ERR_INTERNAL;
}

/* That the page is bad was found out with every try of the whole window: while it is narrowed down two
 * tries of each piece tell enough. */
static bool piece_is_tried(struct task_run *run, const struct window *window, enum err_class class_)
{
    return class_ == ERR_BAD_REPLY && run->task->attempt > 0 && window_is_piece(run, window);
}

/* A window that nobody can read must not hold up the ones behind it. What lies in a page of it is
 * narrowed down, so that the rest of its records go on; what went wrong here is not. */
static enum task_end window_poisoned(struct task_run *run, const struct window *window,
                                     enum err_class class_, const struct err *why,
                                     struct arena *arena)
{
    struct err err = {0};
    bool narrowed = false;
    struct str reason = arena_printf(arena, "%s: %s", why->code, why->message);
    enum err_class ended = ERR_OK;
    if (class_ != ERR_INTERNAL)
        ended = window_narrow(run, window, &narrowed, &err);
    if (ended == ERR_OK && !narrowed)
        ended = window_give_up(run, window, reason, &err);
    return ended == ERR_OK ? TASK_DONE : task_failed(run, ended, &err);
}

enum task_end window_task(struct task_run *run)
{
    struct arena arena;
    arena_init(&arena);
    struct err err = {0};
    struct window window = {0};
    struct window_id id;
    enum err_class class_ = window_payload_read(run->task->payload, run->shop->id, &arena, &id,
                                                &err);
    if (class_ == ERR_OK)
        class_ = window_load(run->sync->options.store, &id, &arena, &window, &err);
    /* Closed since the task was made, or forgotten (a clock that was ahead): nothing is left to do. */
    if (class_ == ERR_NOT_FOUND || (class_ == ERR_OK && window.state != WINDOW_OPEN))
        class_ = task_finish(run, &err);
    else if (class_ == ERR_OK)
        class_ = window_run(run, &window, &err);
    if (class_ == ERR_SPLIT_WINDOW)
        class_ = window_split(run, &window, &err);
    enum task_end end = class_ == ERR_OK ? TASK_DONE : task_failed(run, class_, &err);
    bool tried = end == TASK_DEAD || (end == TASK_AGAIN && piece_is_tried(run, &window, class_));
    if (tried && window_is_poison(class_) && window.state == WINDOW_OPEN)
        end = window_poisoned(run, &window, class_, &err, &arena);
    /* The lane is free for a while: where this fails the task is ready within a minute all the same. */
    if (run->progressed && (end == TASK_AGAIN || end == TASK_DEAD))
        derive_now(run, NULL);
    arena_fini(&arena);
    return end;
}
