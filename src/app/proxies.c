#include "app/proxies.h"

#include "app/sql.h"

/* The API tells again each day (api/origin.c). */
enum { LATELY_MS = 25 * 3600 * 1000 };

static enum err_class address_of(struct app *app, struct str args, struct str *address,
                                 struct err *err)
{
    struct json_doc *doc;
    enum err_class class_ = json_parse(args, &doc, err);
    if (class_ != ERR_OK)
        return class_;
    *address = arena_dup(&app->arena, json_text(json_get(json_root(doc), STR("address"))));
    json_free(doc);
    return address->ptr ? ERR_OK : err_no_memory(err);
}

enum err_class proxy_unnamed_read(struct app *app, struct str *address, struct err *err)
{
    const struct sql_value after = sql_int(clock_now_ms() - LATELY_MS);
    struct reader *row;
    *address = STR("");
    enum err_class class_ = store_read(app->store, SQL_PROXY_UNNAMED, &after, 1, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row))
        class_ = address_of(app, reader_text(row, 0), address, err);
    enum err_class closed = reader_close(row, class_ == ERR_OK ? err : NULL);
    if (str_list_has(option_text(&app->options, OPTION_TRUSTED_PROXIES), *address))
        *address = STR("");
    return class_ == ERR_OK ? closed : class_;
}
