/* What people change about a shop that is there, by command or over the API. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/sql.h"

/* Of two who change it at once the second finds another version than he read, whatever he had looked at before. */
static enum err_class shop_claim(struct tx *tx, int64_t shop_id, const struct api_also *also,
                                 struct err *err)
{
    bool wants = also && also->wants_version;
    const struct sql_value values[] = {sql_int(shop_id), sql_int(wants ? also->shop_version : -1)};
    int64_t rows = 0;
    enum err_class class_ = tx_exec(tx, SQL_SHOP_CLAIM, values, 2, &rows, err);
    if (class_ != ERR_OK || rows == 1)
        return class_;
    return wants ? err_set(err, ERR_CONFLICT, "precondition",
                           "somebody has changed it since you read it: read it again")
                 : err_set(err, ERR_CONFLICT, "shop_gone", "the shop was removed meanwhile");
}

static enum err_class also_do(struct tx *tx, const struct api_also *also, struct err *err)
{
    return also && also->work ? also->work(tx, also->context, err) : ERR_OK;
}

/* --- its state --- */

struct state_work {
    struct sql_value values[2];
    const struct api_also *also; /* may be NULL */
};

static enum err_class state_run(struct tx *tx, void *context, struct err *err)
{
    const struct state_work *work = context;
    enum err_class class_ = shop_claim(tx, work->values[0].number, work->also, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_STATE, work->values, 2, NULL, err);
    return class_ == ERR_OK ? also_do(tx, work->also, err) : class_;
}

enum err_class shop_state_change(struct app *app, int64_t shop_id, struct str state,
                                 const struct api_also *also, struct err *err)
{
    struct state_work work = {.values = {sql_int(shop_id), sql_text(state)}, .also = also};
    return shops_write(app->store, state_run, &work, err);
}

/* --- what it is called and how it is read --- */

struct edit_work {
    struct sql_value values[8];
    bool zone_moves;
    const struct api_also *also; /* may be NULL */
};

static enum err_class edit_run(struct tx *tx, void *context, struct err *err)
{
    const struct edit_work *work = context;
    enum err_class class_ = shop_claim(tx, work->values[0].number, work->also, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_EDIT, work->values, 8, NULL, err);
    /* Who is in charge may be another one now: orders of SKUs that nobody else is in charge of follow. */
    if (class_ == ERR_OK)
        class_ = person_default_said(tx, work->values[0].number, clock_now_ms(), err);
    if (class_ == ERR_OK && work->zone_moves)
        class_ = zone_said(tx, work->values[0].number, clock_now_ms(), err);
    return class_ == ERR_OK ? also_do(tx, work->also, err) : class_;
}

static struct sql_value text_or_null(struct str text)
{
    return text.len > 0 ? sql_text(text) : sql_null();
}

enum err_class shop_edit(struct app *app, const struct app_shop *shop, const struct shop_form *form,
                         const struct api_also *also, struct err *err)
{
    struct edit_work work = {.also = also};
    struct str settings = STR_NONE;
    enum err_class class_ = account_name_check(form->name, err);
    for (size_t i = 0; class_ == ERR_OK && i < app->shops_len; i++) {
        const struct app_shop *other = &app->shops[i];
        if (other->sync.id != shop->sync.id && str_eq(other->platform, shop->platform) &&
            str_eq(other->sync.facts.shop.name, form->name))
            class_ = err_say(err, ERR_CONFLICT, "shop_exists", MSG_SHOP_EXISTS, M_STR(form->name),
                             M_END);
    }
    if (class_ == ERR_OK && form->settings)
        class_ = settings_complete(form->settings, shop->sync.connector, "shop", err);
    if (class_ == ERR_OK && form->settings)
        class_ = settings_seal(app, shop->sync.connector, "shop", shop->sync.id, form->settings,
                               &app->arena, &settings, err);
    if (class_ != ERR_OK)
        return class_;
    const struct sql_value values[8] = {
        sql_int(shop->sync.id),
        sql_text(form->name),
        text_or_null(form->zone),
        sql_int_or_null(form->since_ms, form->since_ms != 0),
        text_or_null(form->proxy),
        settings.ptr ? sql_text(settings) : sql_null(),
        text_or_null(form->person),
        sql_int_or_null(form->settlement_days, form->settlement_days >= 0),
    };
    const struct zone *zone = shop->sync.facts.zone;
    memcpy(work.values, values, sizeof(values));
    work.zone_moves = !str_eq(form->zone, zone ? zone_name(zone) : STR(""));
    return store_write(app->store, edit_run, &work, err);
}

/* --- removing --- */

struct remove_work {
    const struct app *app;
    int64_t shop_id;
    bool with_rows;
    const struct api_also *also; /* may be NULL */
};

static enum err_class row_int(struct reader *row, void *context, struct err *err)
{
    (void)err;
    int64_t *sum = context;
    *sum += reader_int(row, 0);
    return ERR_OK;
}

/* Table names come from the catalogue, never from a person: these are the only texts built here. */
static enum err_class table_empty(struct tx *tx, const struct remove_work *work,
                                  const struct table *table, int64_t *rows, struct err *err)
{
    char sql[256];
    const struct sql_value values[] = {sql_int(work->shop_id)};
    /* What people did stays, also what they did to a shop that is gone. */
    if (str_eq(table->name, STR("audit")) ||
        (!table->data && table_column(table, STR("shop_id")) == SIZE_MAX))
        return ERR_OK;
    if (table->data && !work->with_rows) {
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.*s WHERE shop_id = ?1",
                 STR_ARG(table->name));
        return tx_query(tx, sql, values, 1, row_int, rows, err);
    }
    snprintf(sql, sizeof(sql), "DELETE FROM %.*s WHERE shop_id = ?1", STR_ARG(table->name));
    return tx_exec(tx, sql, values, 1, NULL, err);
}

static enum err_class shop_delete(struct tx *tx, void *context, struct err *err)
{
    const struct remove_work *work = context;
    const struct sql_value id[] = {sql_int(work->shop_id)};
    int64_t running = 0, rows = 0, users;
    enum err_class class_ = shop_claim(tx, work->shop_id, work->also, err);
    if (class_ == ERR_OK)
        class_ = tx_query(tx, SQL_SHOP_TASKS_RUNNING, id, 1, row_int, &running, err);
    if (class_ == ERR_OK && running > 0)
        return err_say(err, ERR_CONFLICT, "shop_busy", MSG_SHOP_BUSY, M_END);
    if (class_ == ERR_OK)
        class_ = token_drop(tx, work->shop_id, &users, err);
    if (class_ == ERR_OK && users > 0)
        return err_say(err, ERR_CONFLICT, "token_shared", MSG_SHOP_TOKEN_SHARED, M_I64(users),
                       M_END);
    const struct table_catalog *catalog = work->app->catalog;
    for (size_t i = 0; class_ == ERR_OK && i < catalog->tables_len; i++)
        class_ = table_empty(tx, work, &catalog->tables[i], &rows, err);
    if (class_ == ERR_OK && rows > 0)
        return err_say(err, ERR_CONFLICT, "shop_has_rows", MSG_SHOP_HAS_ROWS, M_I64(rows), M_END);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_TASKS_DELETE, id, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_EXECUTIONS_DELETE, id, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_HOLD_DELETE, id, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_SCHEDULES_DELETE, id, 1, NULL, err);
    if (class_ == ERR_OK)
        class_ = tx_exec(tx, SQL_SHOP_DELETE, id, 1, NULL, err);
    return class_ == ERR_OK ? also_do(tx, work->also, err) : class_;
}

enum err_class shop_remove(struct app *app, int64_t shop_id, bool with_rows,
                           const struct api_also *also, struct err *err)
{
    struct remove_work work = {
        .app = app, .shop_id = shop_id, .with_rows = with_rows, .also = also};
    return store_write(app->store, shop_delete, &work, err);
}
