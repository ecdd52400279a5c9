/* The coordinator of a home. All processes on one database share one: the name of its keys stands there. */
#include "app/coordinator.h"

#include "app/role.h"
#include "app/sql.h"

enum { INSTALLATION_BYTES = 12 };

struct installation_work {
    struct str fresh; /* what it is called if nobody named it before */
    struct arena *arena;
    struct str name;
};

static enum err_class installation_read(struct reader *row, void *context, struct err *err)
{
    struct installation_work *work = context;
    work->name = arena_dup(work->arena, reader_text(row, 0));
    return work->name.ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class installation_name(struct tx *tx, void *context, struct err *err)
{
    struct installation_work *work = context;
    const struct sql_value values[] = {sql_text(STR("installation")), sql_text(work->fresh)};
    enum err_class class_ = tx_exec(tx, SQL_SETTING_MAKE, values, 2, NULL, err);
    return class_ == ERR_OK ? tx_query(tx, SQL_SETTING, values, 1, installation_read, work, err)
                            : class_;
}

static enum err_class installation_find(struct app *app, struct str *out, struct err *err)
{
    unsigned char bytes[INSTALLATION_BYTES];
    char text[2 * INSTALLATION_BYTES + 1];
    struct buf hex;
    buf_init_lent(&hex, text, sizeof(text));
    enum err_class class_ = crypt_random(bytes, sizeof(bytes), err);
    if (class_ != ERR_OK)
        return class_;
    hex_write(&hex, (struct str){(const char *)bytes, sizeof(bytes)}, false);
    struct installation_work work = {.fresh = buf_str(&hex), .arena = &app->arena};
    class_ = store_write(app->store, installation_name, &work, err);
    *out = work.name;
    return class_;
}

enum coordinator coordinator_of(const struct app *app)
{
    struct str text = option_text(&app->options, OPTION_COORD);
    if (str_eq(text, STR("local")) || (str_eq(text, STR("auto")) && role_is_single(app)))
        return COORDINATOR_LOCAL;
    bool database = str_eq(text, STR("auto")) || str_eq(text, STR("database"));
    return database ? COORDINATOR_DATABASE : COORDINATOR_REDIS;
}

enum err_class coordinator_open(struct app *app, uint64_t seed, struct err *err)
{
    struct coord_redis_options options = {.url = option_text(&app->options, OPTION_COORD),
                                          .seed = seed,
                                          .clock_is_handed_in = clock_is_test()};
    const struct coord_database_options database = {
        .store = app->store, .seed = seed, .clock_is_handed_in = options.clock_is_handed_in};
    const enum coordinator kind = coordinator_of(app);
    if (kind == COORDINATOR_LOCAL)
        return coord_open_local(&app->coord, err);
    if (kind == COORDINATOR_DATABASE)
        return coord_open_database(&database, &app->coord, err);
    enum err_class class_ = installation_find(app, &options.prefix, err);
    return class_ == ERR_OK ? coord_open_redis(&options, &app->coord, err) : class_;
}
