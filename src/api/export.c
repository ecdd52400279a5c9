/* A list as a file that streams: who reads the rows, who sends the bytes, and how both end. */
#include "api/export.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/host.h"

enum {
    /* Between the reader and the client. */
    AHEAD_BYTES = 512 * 1024,
    POLL_MS = 5,
    BUSY_RETRY_MS = 5000,
};

const char *const export_formats[] = {"xlsx", "csv", "ndjson", NULL};
const char *const export_languages[] = {"zh", "en", NULL};

static atomic_int exports_running;

struct export
{
    struct arena reading, cells; /* the reader's own: the call's is the core's */
    const struct api_host *host;
    struct list_query query;
    struct export_layout layout;
    enum sheet_form form;
    struct sheet *sheet;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct buf ahead;
    bool begun;  /* a row was read: what fails now breaks the file */
    bool ended;  /* nothing more comes */
    bool closed; /* nobody wants it any more */
    enum err_class result;
    struct err err;
};

/* --- the reader --- */

static enum err_class ahead_add(void *context, struct str bytes, struct err *err)
{
    struct export *export = context;
    pthread_mutex_lock(&export->lock);
    while (export->ahead.len > AHEAD_BYTES && !export->closed)
        pthread_cond_wait(&export->moved, &export->lock);
    bool closed = export->closed;
    if (!closed)
        buf_add(&export->ahead, bytes);
    bool failed = export->ahead.failed;
    pthread_cond_broadcast(&export->moved);
    pthread_mutex_unlock(&export->lock);
    if (closed)
        return err_set(err, ERR_STOPPED, "stopped", "the client has gone");
    return failed ? err_no_memory(err) : ERR_OK;
}

static void begun(struct export *export)
{
    if (export->begun)
        return;
    pthread_mutex_lock(&export->lock);
    export->begun = true;
    pthread_cond_broadcast(&export->moved);
    pthread_mutex_unlock(&export->lock);
}

static enum err_class row_take(const struct list_row *row, void *context, struct err *err)
{
    struct export *export = context;
    struct sheet_cell cells[SHEET_COLUMNS_MAX];
    begun(export);
    arena_reset(&export->cells);
    enum err_class class_ = export_cells(export->host, &export->layout, row, &export->cells, cells,
                                         err);
    return class_ ? class_ : sheet_row(export->sheet, cells, err);
}

static enum err_class rows_read(struct export *export, struct err *err)
{
    const struct sheet_options options = {
        .form = export->form,
        .title = export->layout.title,
        .columns = export->layout.sheet,
        .columns_len = export->layout.len,
        .zone = export->layout.zone,
        .sink = ahead_add,
        .context = export,
    };
    enum err_class class_ = sheet_open(&options, &export->sheet, err);
    if (class_)
        return class_;
    class_ = list_stream(export->host->store, &export->query, row_take, export, err);
    if (class_) {
        sheet_abandon(export->sheet);
        return class_;
    }
    return sheet_close(export->sheet, NULL, err);
}

static void *reader_main(void *context)
{
    struct export *export = context;
    clock_thread_enter();
    enum err_class class_ = rows_read(export, &export->err);
    clock_thread_leave();
    if (class_ && class_ != ERR_STOPPED)
        log_event(LOG_WARN, "export_failed", LOG_STR("list", str_of(export->query.list->name)),
                  LOG_STR("code", str_of(export->err.code)),
                  LOG_STR("message", str_of(export->err.message)), LOG_END);
    pthread_mutex_lock(&export->lock);
    export->result = class_;
    export->ended = true;
    pthread_cond_broadcast(&export->moved);
    pthread_mutex_unlock(&export->lock);
    return NULL;
}

/* --- the reply --- */

static enum http_pull export_pull(void *context, struct buf *piece, unsigned *wait_ms)
{
    struct export *export = context;
    enum http_pull pull = HTTP_MORE;
    pthread_mutex_lock(&export->lock);
    if (export->ahead.len > 0) {
        buf_add(piece, buf_str(&export->ahead));
        buf_reset(&export->ahead);
        pthread_cond_broadcast(&export->moved);
    } else if (export->ended) {
        pull = export->result == ERR_OK ? HTTP_END : HTTP_BROKEN;
    } else {
        *wait_ms = POLL_MS;
        pull = HTTP_WAIT;
    }
    pthread_mutex_unlock(&export->lock);
    return pull;
}

static void export_close(void *context)
{
    struct export *export = context;
    pthread_mutex_lock(&export->lock);
    export->closed = true;
    pthread_cond_broadcast(&export->moved);
    pthread_mutex_unlock(&export->lock);
    if (export->running) {
        pthread_join(export->thread, NULL);
        atomic_fetch_sub(&exports_running, 1);
    }
    pthread_cond_destroy(&export->moved);
    pthread_mutex_destroy(&export->lock);
    buf_fini(&export->ahead);
    arena_fini(&export->cells);
    arena_fini(&export->reading);
    free(export);
}

/* 订单数据_20260128_000000.xlsx: once as ASCII for old clients, once as it is (RFC 5987). */
enum err_class export_name(struct call *call, struct str ascii, struct str title,
                           enum sheet_form form, const struct zone *zone, struct err *err)
{
    struct buf text, stamp;
    char memory[32];
    buf_init(&text, 1024);
    buf_init_lent(&stamp, memory, sizeof(memory));
    enum err_class class_ = time_format(STR("_%Y%m%d_%H%M%S."), zone, call->now_ms, &stamp, err);
    buf_add(&stamp, str_of(sheet_form_name(form)));
    buf_printf(&text, "attachment; filename=\"%.*s%.*s\"; filename*=UTF-8''", STR_ARG(ascii),
               STR_ARG(buf_str(&stamp)));
    percent_write(&text, title);
    buf_add(&text, buf_str(&stamp));
    if (!class_ && (text.failed || !call_header(call, "Content-Disposition", buf_str(&text))))
        class_ = err_no_memory(err);
    buf_fini(&text);
    return class_;
}

/* An error that comes before the first row is told as one; later the connection can only break. */
static enum err_class first_await(struct export *export, struct err *err)
{
    pthread_mutex_lock(&export->lock);
    while (!export->begun && !export->ended)
        pthread_cond_wait(&export->moved, &export->lock);
    enum err_class class_ = export->ended ? export->result : ERR_OK;
    if (class_ && err)
        *err = export->err;
    pthread_mutex_unlock(&export->lock);
    return class_;
}

enum err_class export_turn_take(struct call *call, struct err *err)
{
    if (atomic_fetch_add(&exports_running, 1) < EXPORTS_MAX)
        return ERR_OK;
    atomic_fetch_sub(&exports_running, 1);
    err_set(err, ERR_THROTTLED, "exports_busy", "%d exports are under way; try again", EXPORTS_MAX);
    if (err)
        err->retry_at_ms = call->now_ms + BUSY_RETRY_MS;
    return ERR_THROTTLED;
}

void export_turn_give(void)
{
    atomic_fetch_sub(&exports_running, 1);
}

static enum err_class export_start(struct call *call, struct export *export, struct err *err)
{
    enum err_class class_ = export_turn_take(call, err);
    if (class_)
        return class_;
    if (pthread_create(&export->thread, NULL, reader_main, export) != 0) {
        export_turn_give();
        return err_no_memory(err);
    }
    export->running = true;
    return first_await(export, err);
}

static enum err_class export_make(struct call *call, const struct list *list, struct export *export,
                                  struct err *err)
{
    enum err_class class_ = list_ask(call, list, &export->query, err);
    if (!class_)
        class_ = export_layout_make(call, &export->query, &export->layout, err);
    if (class_)
        return class_;
    export->query.arena = &export->reading;
    sheet_form_parse(call_text(call, "format"), &export->form);
    class_ = export_name(call, str_of(list->name), export->layout.title, export->form,
                         export->layout.zone, err);
    return class_ ? class_ : export_start(call, export, err);
}

enum err_class export_answer(struct call *call, const struct list *list, struct err *err)
{
    struct export *export = calloc(1, sizeof(*export));
    if (!export)
        return err_no_memory(err);
    arena_init(&export->reading);
    arena_init(&export->cells);
    buf_init(&export->ahead, HTTP_PIECE_BYTES_MAX - 1024);
    pthread_mutex_init(&export->lock, NULL);
    pthread_cond_init(&export->moved, NULL);
    export->host = call->host;
    enum err_class class_ = export_make(call, list, export, err);
    if (class_) {
        export_close(export);
        return class_;
    }
    call->reply->content_type = sheet_content_type(export->form);
    call->reply->stream = (struct http_stream){export_pull, export_close, export};
    return ERR_OK;
}
