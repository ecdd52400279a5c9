/* The key of a database. */
#include "app/key_check.h"

#include "app/sql.h"

#define FIRST_NAME "key_check"
#define NAME_OF_KEY "key_check."
#define PLAIN "huiliu"

enum { NAME_BYTES_MAX = 64, SEALED_BYTES_MAX = 256 };

static enum err_class other_key(const struct app *app, struct str id, struct err *err)
{
    return err_say(err, ERR_CONFIG, "key_other", MSG_KEY_OTHER, M_STR(id), M_STR(app->home), M_END);
}

static enum err_class first_write(const struct app *app, char hex[33], struct err *err)
{
    return blind_index(app->keyring, STR(FIRST_NAME), STR(PLAIN), hex, err);
}

static struct str name_of_current(const struct app *app, char name[NAME_BYTES_MAX])
{
    struct buf text;
    buf_init_lent(&text, name, NAME_BYTES_MAX);
    buf_add(&text, STR(NAME_OF_KEY));
    buf_add(&text, keyring_current(app->keyring));
    return buf_str(&text);
}

/* What one row says of the ring. */
static enum err_class row_check(const struct app *app, struct str name, struct str value,
                                struct err *err)
{
    char hex[33];
    struct buf plain;
    if (str_eq(name, STR(FIRST_NAME))) {
        enum err_class class_ = first_write(app, hex, err);
        return class_ != ERR_OK || str_eq(value, str_of(hex))
                   ? class_
                   : err_say(err, ERR_CONFIG, "key_other", MSG_KEY_FIRST, M_STR(app->home), M_END);
    }
    buf_init(&plain, SEALED_BYTES_MAX);
    bool opens = seal_read(app->keyring, &plain, value, name, NULL) == ERR_OK;
    buf_fini(&plain);
    struct str id = str_sub(name, sizeof(NAME_OF_KEY) - 1, name.len);
    return opens ? ERR_OK : other_key(app, id, err);
}

static enum err_class rows_check(struct app *app, bool *first, bool *current, struct err *err)
{
    char text[NAME_BYTES_MAX];
    struct reader *row;
    const struct str mine = name_of_current(app, text);
    struct err why = {.class_ = ERR_OK};
    *first = *current = false;
    enum err_class class_ = store_read(app->store, SQL_KEY_CHECKS, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    while (why.class_ == ERR_OK && reader_next(row)) {
        *first |= str_eq(reader_text(row, 0), STR(FIRST_NAME));
        *current |= str_eq(reader_text(row, 0), mine);
        row_check(app, reader_text(row, 0), reader_text(row, 1), &why);
    }
    class_ = reader_close(row, err);
    if (class_ == ERR_OK && why.class_ != ERR_OK) {
        class_ = why.class_;
        if (err)
            *err = why;
    }
    return class_;
}

/* *id: of the key of something that was sealed, in the arena; empty where nothing was. */
static enum err_class sealed_find(struct app *app, struct str *id, struct err *err)
{
    struct reader *row;
    *id = STR_NONE;
    enum err_class class_ = store_read(app->store, SQL_SEALED_ANY, NULL, 0, &row, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(row) && seal_key_id(reader_text(row, 0), id))
        *id = arena_dup(&app->arena, *id);
    return reader_close(row, err);
}

enum err_class key_check_read(struct app *app, bool *noted, struct err *err)
{
    bool first, current;
    struct str id;
    enum err_class class_ = rows_check(app, &first, &current, err);
    *noted = first && current;
    if (class_ != ERR_OK || first)
        return class_;
    class_ = sealed_find(app, &id, err);
    return class_ == ERR_OK && id.len > 0 && !keyring_has(app->keyring, id)
               ? other_key(app, id, err)
               : class_;
}

struct note {
    struct sql_value first[2], current[2];
};

static enum err_class note_write(struct tx *tx, void *context, struct err *err)
{
    const struct note *note = context;
    enum err_class class_ = tx_exec(tx, SQL_SETTING_MAKE, note->first, 2, NULL, err);
    return class_ == ERR_OK ? tx_exec(tx, SQL_SETTING_MAKE, note->current, 2, NULL, err) : class_;
}

enum err_class key_check(struct app *app, struct err *err)
{
    char hex[33], text[NAME_BYTES_MAX];
    struct buf sealed;
    bool noted;
    enum err_class class_ = key_check_read(app, &noted, err);
    if (class_ != ERR_OK || noted)
        return class_;
    const struct str name = name_of_current(app, text);
    buf_init(&sealed, SEALED_BYTES_MAX);
    class_ = first_write(app, hex, err);
    if (class_ == ERR_OK)
        class_ = seal_write(app->keyring, &sealed, STR(PLAIN), name, err);
    if (class_ == ERR_OK) {
        struct note note = {{sql_text(STR(FIRST_NAME)), sql_text(str_of(hex))},
                            {sql_text(name), sql_text(buf_str(&sealed))}};
        /* Another home may have been quicker: what stands there now decides. */
        if (store_write(app->store, note_write, &note, NULL) == ERR_OK)
            class_ = key_check_read(app, &noted, err);
    }
    buf_fini(&sealed);
    return class_;
}

enum err_class key_is_elsewhere(struct app *app, bool *out, struct err *err)
{
    struct migration_state state;
    struct str id = STR_NONE;
    int64_t notes = 0;
    enum err_class class_ = store_migration_state(app->store, &state, err);
    if (class_ == ERR_OK && state.applied > 0)
        class_ = store_read_int(app->store, SQL_KEY_CHECKS_COUNT, NULL, 0, 0, &notes, err);
    if (class_ == ERR_OK && state.applied > 0 && notes == 0)
        class_ = sealed_find(app, &id, err);
    *out = notes > 0 || id.len > 0;
    return class_;
}
