/* event: what a person, or a program that watches, wants to hear of, as rows of table `event`, so that every
 * process of every machine says it at one place and any process can read it (queue/feed.h).
 *
 * An event is for what is out of the ordinary or what somebody waits for: a task that died, a shop that needs
 * a person, a breaker that opened. What happens with every window is no event: the try of a task stands in
 * table `execution` already, and a second row for each would cost what the first one costs
 * (docs/decisions/2026-11-30-events.md).
 *
 *     const struct event event = {.kind = EVENT_TASK_DEAD, .shop_id = lane, .task_id = id,
 *                                 .args = {EVENT_TEXT("code", code), EVENT_TEXT("reason", why)}};
 *     event_step(store, &event, now_ms, arena, &step, err);   part of the unit that caused it
 *     event_add(tx, &event, now_ms, err);                     part of a transaction
 *     event_tell(store, &event, now_ms, err);                 on its own
 *
 * An event carries no text but its kind and what fills the kind's text, so that it is read in Chinese or in
 * English (app/happening.h). Names of arguments that end in _ms are instants.
 * Never in it: secrets, personal data (as in the log). Memory: the caller's. Threads: any. */
#ifndef HUILIU_STORE_EVENT_H
#define HUILIU_STORE_EVENT_H

#include "store/store.h"

enum event_level { EVENT_DEBUG, EVENT_INFO, EVENT_WARN, EVENT_ERROR };

/* Every kind there is: id, word in the table, level. Texts: MSG_EVENT_… in app/messages.def, whose {1}, {2} … are
 * the arguments in their order. A kind never changes its arguments. The last six stand in no table: feed.h
 * makes them from recorded tries and the rows of tasks. */
#define EVENT_KINDS(EVENT)                                                                         \
    EVENT(TASK_DEAD, "task_dead", EVENT_ERROR)                                                     \
    EVENT(TASKS_CANCELLED, "tasks_cancelled", EVENT_INFO)                                          \
    EVENT(TASK_RETRIED, "task_retried", EVENT_INFO)                                                \
    EVENT(TASK_OVERDUE, "task_overdue", EVENT_WARN)                                                \
    EVENT(TASK_LEFT, "task_left", EVENT_WARN)                                                      \
    EVENT(TASKS_TAKEN_BACK, "tasks_taken_back", EVENT_WARN)                                        \
    EVENT(WINDOW_UNPROVED, "window_unproved", EVENT_WARN)                                          \
    EVENT(STREAM_PROVED, "stream_proved", EVENT_INFO)                                              \
    EVENT(SHOP_NEEDS_PERSON, "shop_needs_person", EVENT_ERROR)                                     \
    EVENT(SHOP_WELL, "shop_well", EVENT_INFO)                                                      \
    EVENT(BREAKER_OPENED, "breaker_opened", EVENT_WARN)                                            \
    EVENT(BREAKER_CLOSED, "breaker_closed", EVENT_INFO)                                            \
    EVENT(PAUSED, "paused", EVENT_INFO)                                                            \
    EVENT(RESUMED, "resumed", EVENT_INFO)                                                          \
    EVENT(SERVICE_BEGAN, "service_began", EVENT_INFO)                                              \
    EVENT(SERVICE_ENDED, "service_ended", EVENT_INFO)                                              \
    EVENT(SERVICE_RELOADED, "service_reloaded", EVENT_INFO)                                        \
    EVENT(RELOAD_FAILED, "reload_failed", EVENT_ERROR)                                             \
    EVENT(SERVICE_FAULT, "service_fault", EVENT_ERROR)                                             \
    EVENT(COORD_LOST, "coord_lost", EVENT_WARN)                                                    \
    EVENT(COORD_BACK, "coord_back", EVENT_INFO)                                                    \
    EVENT(CONNECTIONS_SHORT, "connections_short", EVENT_WARN)                                      \
    EVENT(PROXY_UNNAMED, "proxy_unnamed", EVENT_WARN)                                              \
    EVENT(DERIVE_DRIFT, "derive_drift", EVENT_WARN)                                                \
    EVENT(TASK_CANCELLED, "task_cancelled", EVENT_INFO)                                            \
    EVENT(TRY_DONE, "try_done", EVENT_INFO)                                                        \
    EVENT(TRY_AGAIN, "try_again", EVENT_INFO)                                                      \
    EVENT(TRY_FAILED, "try_failed", EVENT_WARN)                                                    \
    EVENT(TASK_RUNS, "task_runs", EVENT_INFO)                                                      \
    EVENT(TASK_WAITS, "task_waits", EVENT_INFO)

#define EVENT_ID(id, word, level) EVENT_##id,
enum event_kind { EVENT_KINDS(EVENT_ID) EVENT_KINDS_LEN };
#undef EVENT_ID

enum event_arg_kind { EVENT_ARG_NONE, EVENT_ARG_TEXT, EVENT_ARG_NUMBER };
struct event_arg {
    enum event_arg_kind kind;
    const char *name;
    struct str text;
    int64_t number;
};
enum { EVENT_ARGS_MAX = 8, EVENT_ARGS_BYTES_MAX = 4096 };
#define EVENT_TEXT(name_, text_) ((struct event_arg){EVENT_ARG_TEXT, (name_), (text_), 0})
#define EVENT_NUMBER(name_, number_)                                                               \
    ((struct event_arg){EVENT_ARG_NUMBER, (name_), STR_NONE, (number_)})

struct event {
    enum event_kind kind;
    int64_t shop_id;   /* 0: of no shop */
    int64_t task_id;   /* 0: of no task */
    struct str stream; /* or empty */
    struct event_arg args[EVENT_ARGS_MAX];
};

struct str event_word(enum event_kind kind);
/* EVENT_KINDS_LEN: a newer program knows what it means. */
enum event_kind event_kind_of(struct str word);
enum event_level event_level_of(enum event_kind kind);
/* {"code":"…","at_ms":17…}, in the arena. */
struct str event_args_write(const struct event_arg *args, struct arena *arena);

/* Who listens for events hears it with the unit's commit. */
enum err_class event_step(const struct store *store, const struct event *event, int64_t now_ms,
                          struct arena *arena, struct step *out, struct err *err);
enum err_class event_add(struct tx *tx, const struct event *event, int64_t now_ms, struct err *err);
enum err_class event_tell(struct store *store, const struct event *event, int64_t now_ms,
                          struct err *err);

/* Events before an instant go, and the oldest beyond `most`; a few thousand a transaction. */
enum err_class events_prune(struct store *store, int64_t before_ms, int64_t most, int64_t *gone,
                            struct err *err);

#endif
