/* What several commands share. */
#include "app/cmd.h"

#include "app/date.h"

enum exit_code exit_of(enum err_class class_)
{
    return class_ == ERR_OK ? EXIT_DONE : class_ == ERR_USAGE ? EXIT_WRONG_USE : EXIT_FAILED;
}

enum err_class print_buf(struct buf *out, struct err *err)
{
    enum err_class class_ = out->failed ? err_no_memory(err) : ERR_OK;
    if (class_ == ERR_OK)
        app_print(buf_str(out));
    buf_fini(out);
    return class_;
}

enum err_class print_page(const struct app *app, struct buf *out, struct err *err)
{
    if (!app->json)
        return print_buf(out, err);
    struct answer answer;
    answer_begin(&answer, app);
    emit_str(&answer.emit, "text", buf_str(out));
    answer.out.failed |= out->failed;
    buf_fini(out);
    return answer_end(&answer, err);
}

void answer_begin(struct answer *answer, const struct app *app)
{
    answer->app = app;
    buf_init(&answer->out, 16 * 1024 * 1024);
    answer->emit = emit_to(&answer->out);
    emit_open(&answer->emit, NULL, '{');
}

enum err_class answer_end(struct answer *answer, struct err *err)
{
    emit_close(&answer->emit, '}');
    buf_add_char(&answer->out, '\n');
    if (answer->app->json)
        return print_buf(&answer->out, err);
    buf_fini(&answer->out);
    return ERR_OK;
}

enum err_class row_number(struct str text, int64_t *id, struct err *err)
{
    if (str_to_i64(text, id) && *id > 0)
        return ERR_OK;
    return err_say(err, ERR_USAGE, "id", MSG_ID, M_STR(text), M_END);
}

enum err_class range_of_texts(struct str from, struct str to, const struct zone *zone,
                              int64_t step_ms, int64_t now_ms, int64_t *from_ms, int64_t *to_ms,
                              struct err *err)
{
    int64_t after_ms = now_ms + step_ms;
    enum err_class class_ = ERR_OK;
    if (from.len > 0)
        class_ = date_parse(from, zone, DATE_START, now_ms, from_ms, err);
    if (class_ == ERR_OK && to.len > 0)
        class_ = date_parse(to, zone, DATE_AFTER, now_ms, &after_ms, err);
    if (class_ != ERR_OK)
        return class_;
    if (*from_ms > now_ms)
        return err_say(err, ERR_USAGE, "date_future", MSG_DATE_FUTURE, M_STR(STR("from")),
                       M_STR(from), M_END);
    /* The filter's grid: the start up, so that nothing before it is asked, the end down. */
    *from_ms += (step_ms - *from_ms % step_ms) % step_ms;
    *to_ms = after_ms - 1 - (after_ms - 1) % step_ms;
    if (*to_ms < *from_ms)
        return err_say(err, ERR_USAGE, "date_order", MSG_DATE_ORDER, M_STR(from),
                       M_STR(to.len > 0 ? to : STR("now")), M_END);
    return ERR_OK;
}

enum err_class range_of_flags(const struct cli *cli, const struct zone *zone, int64_t step_ms,
                              int64_t now_ms, int64_t *from_ms, int64_t *to_ms, struct err *err)
{
    return range_of_texts(cli_text(cli, "from"), cli_text(cli, "to"), zone, step_ms, now_ms,
                          from_ms, to_ms, err);
}
