/* Live events: what happens, as Server-Sent Events, for who may see the shop that it happens to.
 *
 * A message is what came since the one before, as a list, and its id is a position of the feed (queue/feed.h): who
 * reconnects with Last-Event-ID gets what he has not seen, once, also from another process. A stream costs no thread
 * while it waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/control.h"
#include "api/tables.h"
#include "api/user.h"

enum {
    LIVE_MAX = 64,
    LOOK_MS = 500,
    BEAT_MS = 15000,
    CHECK_MS = 30000,         /* is he still who he was? */
    LIFE_MS = 15 * 60 * 1000, /* of who is no browser: as long as a bearer */
    STALL_MS = 60000,         /* a reader that takes nothing for so long is cut, and resumes */
    RECENT_MAX = 1000,
};

static unsigned living; /* atomic */

struct live {
    struct api *api;
    struct arena arena; /* the person */
    struct person person;
    struct feed *feed;
    int64_t shop_id; /* 0: all of his */
    enum event_level level;
    int64_t began_ns, beat_ns, check_ns, asked_ns;
    bool said; /* the first message is out */
};

static int64_t ms_since(int64_t ns)
{
    return (clock_monotonic_ns() - ns) / 1000000;
}

static void live_close(void *context)
{
    struct live *live = context;
    feed_close(live->feed);
    arena_fini(&live->arena);
    free(live);
    __atomic_sub_fetch(&living, 1, __ATOMIC_ACQ_REL);
}

static bool live_sees(const struct live *live, const struct feed_line *line)
{
    const struct person *person = &live->person;
    if (live->shop_id && line->shop_id != live->shop_id)
        return false;
    if (line->level < live->level)
        return false;
    if (person->all_shops)
        return true;
    for (size_t i = 0; line->shop_id && i < person->shops_len; i++) {
        if (person->shops[i] == line->shop_id)
            return true;
    }
    return false;
}

/* Signed out, disabled, other rights: he begins anew, as whom he is by then. */
static bool live_is_good(struct live *live, const struct api_host *host)
{
    if (ms_since(live->check_ns) < CHECK_MS)
        return true;
    live->check_ns = clock_monotonic_ns();
    if (!live->person.by_cookie && ms_since(live->began_ns) > LIFE_MS)
        return false;
    return person_is_still(host, &live->person, clock_now_ms());
}

static void line_out(struct out *out, const struct api_host *host, const struct feed_line *line)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct api_shop *shop = line->shop_id ? host_shop(host, line->shop_id) : NULL;
    char number[24];
    out_object(out, NULL);
    snprintf(number, sizeof(number), "%s%lld", line->try_ ? "t" : "e", (long long)line->id);
    out_text(out, "id", str_of(number));
    out_time(out, "at", line->at_ms);
    out_text(out, "level", str_of(levels[line->level <= EVENT_ERROR ? line->level : EVENT_ERROR]));
    out_text(out, "kind", line->kind);
    if (line->shop_id) {
        snprintf(number, sizeof(number), "%lld", (long long)line->shop_id);
        out_object(out, "shop");
        out_text(out, "id", str_of(number));
        out_text_or_null(out, "name", shop ? shop->name : STR_NONE);
        out_end_object(out);
    }
    if (line->stream.len > 0)
        out_text(out, "stream", line->stream);
    if (line->task_id) {
        snprintf(number, sizeof(number), "%lld", (long long)line->task_id);
        out_text(out, "task", str_of(number));
    }
    out_raw(out, "args", line->args);
    if (host->home) {
        out_object(out, "text");
        for (int zh = 0; zh < 2; zh++) {
            struct buf text;
            buf_init(&text, 64 * 1024);
            host->home->event_text(host->home->context, line, zh != 0, &text);
            out_text(out, zh ? "zh" : "en", str_trim(buf_str(&text)));
            buf_fini(&text);
        }
        out_end_object(out);
    }
    out_end_object(out);
}

static void message_begin(struct buf *piece, const char *event)
{
    buf_printf(piece, "event: %s\ndata: ", event);
}

static void message_end(const struct live *live, struct buf *piece)
{
    buf_add(piece, STR("\nid: "));
    feed_position(live->feed, piece);
    buf_add(piece, STR("\n\n"));
}

/* Everything that came, in one message: its id stands for all of it. */
static void lines_write(const struct live *live, const struct api_host *host,
                        const struct feed_line *lines, size_t len, struct buf *piece)
{
    struct out out;
    size_t seen = 0;
    for (size_t i = 0; i < len; i++)
        seen += live_sees(live, &lines[i]);
    if (seen == 0 && live->said)
        return;
    message_begin(piece, seen > 0 ? "happened" : "begun");
    out_init(&out, piece);
    out_list(&out, NULL);
    for (size_t i = 0; i < len; i++) {
        if (live_sees(live, &lines[i]))
            line_out(&out, host, &lines[i]);
    }
    out_end_list(&out);
    message_end(live, piece);
}

static enum http_pull live_look(struct live *live, const struct api_host *host, struct buf *piece)
{
    struct feed_line *lines;
    struct arena arena;
    struct err err = {0};
    size_t len;
    if (!live_is_good(live, host))
        return HTTP_END;
    arena_init(&arena);
    feed_store(live->feed, host->store);
    enum err_class class_ = feed_read(live->feed, &arena, &lines, &len, &err);
    if (class_ == ERR_OK) {
        lines_write(live, host, lines, len, piece);
        live->said = true;
    }
    arena_fini(&arena);
    return HTTP_WAIT; /* a database that is away comes back */
}

static enum http_pull live_pull(void *context, struct buf *piece, unsigned *wait_ms)
{
    struct live *live = context;
    enum http_pull answer = HTTP_WAIT;
    *wait_ms = LOOK_MS;
    if (ms_since(live->asked_ns) > STALL_MS)
        return HTTP_BROKEN;
    live->asked_ns = clock_monotonic_ns();
    const struct api_host *host = api_host_take(live->api);
    if (host) {
        answer = live_look(live, host, piece);
        api_host_give(live->api, host);
    }
    if (piece->len > 0)
        live->beat_ns = clock_monotonic_ns();
    if (piece->len == 0 && answer == HTTP_WAIT && ms_since(live->beat_ns) >= BEAT_MS) {
        buf_add(piece, STR(": beat\n\n"));
        live->beat_ns = clock_monotonic_ns();
    }
    return answer;
}

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const struct param live_params[] = {
    {"shop", PARAM_QUERY, PARAM_TEXT, .help = "Number or name: only of this shop"},
    {"level", PARAM_QUERY, PARAM_WORD, .words = levels, .standard = "info", .help = "The least"},
    {"recent", PARAM_QUERY, PARAM_INT, .min = 0, .max = RECENT_MAX, .standard = "0",
     .help = "First the newest so many that are there"},
    {0}};

static bool person_copy(struct live *live, const struct person *person)
{
    live->person = *person;
    live->person.name = arena_dup(&live->arena, person->name);
    live->person.session = arena_dup(&live->arena, person->session);
    live->person.session_digest = arena_dup(&live->arena, person->session_digest);
    int64_t *shops = arena_array(&live->arena, person->shops_len + 1, sizeof(*shops));
    if (!shops)
        return false;
    if (person->shops_len > 0)
        memcpy(shops, person->shops, person->shops_len * sizeof(*shops));
    live->person.shops = shops;
    return live->person.name.ptr && live->person.session.ptr;
}

static enum err_class live_open(struct call *call, int64_t shop_id, struct live **out,
                                struct err *err)
{
    struct live *live = calloc(1, sizeof(*live));
    *out = NULL;
    if (!live)
        return err_no_memory(err);
    const struct feed_filter filter = {.position = http_header(call->request, STR("Last-Event-ID")),
                                       .most = (size_t)call_int(call, "recent"),
                                       .deaf = true};
    arena_init(&live->arena);
    live->api = call->api;
    live->shop_id = shop_id;
    live->level = (enum event_level)call_int(call, "level");
    live->began_ns = live->beat_ns = live->check_ns = live->asked_ns = clock_monotonic_ns();
    enum err_class class_ = person_copy(live, call->person) ? ERR_OK : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = feed_open(call->host->store, &filter, &live->feed, err);
    if (class_ == ERR_OK) {
        *out = live;
        return ERR_OK;
    }
    arena_fini(&live->arena);
    free(live);
    return class_;
}

static enum err_class live_events(struct call *call, struct err *err)
{
    struct shop_scope scope;
    struct live *live;
    int64_t shop_id = 0;
    if (call_given(call, "shop")) {
        enum err_class class_ = call_shops(call, &scope, err);
        if (class_ != ERR_OK)
            return class_;
        shop_id = scope.ids[0];
    }
    if (__atomic_add_fetch(&living, 1, __ATOMIC_ACQ_REL) > LIVE_MAX) {
        __atomic_sub_fetch(&living, 1, __ATOMIC_ACQ_REL);
        return err_set(err, ERR_LATER, "streams_many",
                       "%d live streams are open; close one, or try again", LIVE_MAX);
    }
    enum err_class class_ = live_open(call, shop_id, &live, err);
    if (class_ != ERR_OK || !live) {
        __atomic_sub_fetch(&living, 1, __ATOMIC_ACQ_REL);
        return class_;
    }
    call->reply->content_type = "text/event-stream; charset=utf-8";
    call_header(call, "Cache-Control", STR("no-store"));
    call_header(call, "X-Accel-Buffering", STR("no"));
    call->reply->stream = (struct http_stream){live_pull, live_close, live};
    return ERR_OK;
}

const struct route event_routes[] = {
    {ROUTE_GET, "/api/v1/events", "events", RIGHT_READ, live_params, live_events,
     .summary = "What happens, live: Server-Sent Events that resume with Last-Event-ID",
     .streams = true},
    {0},
};
