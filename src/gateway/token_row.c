/* Rows of table `token`. A row is always written whole: taken away under the guard of what was
 * read, and put back as it is to be. */
#include "gateway/token_row.h"

#include <string.h>

#include "format/format.h"

static const char TOKEN_SELECT[] =
    "SELECT state, access_cipher, refresh_cipher, expires_ms, refresh_expires_ms, changed_ms,"
    " refreshing_ms, previous_access_cipher, previous_refresh_cipher, error"
    " FROM token WHERE owner = ?";
static const char TOKEN_DELETE[] = "DELETE FROM token WHERE owner = ? AND changed_ms = ?";
static const char TOKEN_REMOVE[] = "DELETE FROM token WHERE owner = ?";
static const char TOKEN_INSERT[] =
    "INSERT INTO token (owner, state, access_cipher, refresh_cipher, expires_ms,"
    " refresh_expires_ms, changed_ms, refreshing_ms, previous_access_cipher,"
    " previous_refresh_cipher, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char *const state_names[] = {
    [TOKEN_FRESH] = "fresh", [TOKEN_REFRESHING] = "refreshing", [TOKEN_DEAD] = "dead"};

/* What a sealed value is bound to: it does not open for another owner or as the other token. */
static struct str seal_context(struct str owner, const char *part, struct arena *arena)
{
    return arena_printf(arena, "token:%.*s:%s", STR_ARG(owner), part);
}

static enum err_class token_open(const struct keyring *keyring, struct str owner, const char *part,
                                 struct str cipher, struct arena *arena, struct str *out,
                                 struct err *err)
{
    struct buf plain;
    struct str context = seal_context(owner, part, arena);
    *out = STR("");
    if (cipher.len == 0)
        return ERR_OK;
    if (!context.ptr)
        return err_no_memory(err);
    buf_init(&plain, TOKEN_BYTES_MAX);
    enum err_class class_ = seal_read(keyring, &plain, cipher, context, err);
    if (class_ == ERR_OK)
        *out = arena_dup(arena, buf_str(&plain));
    if (plain.ptr)
        explicit_bzero(plain.ptr, plain.len);
    buf_fini(&plain);
    return class_ == ERR_OK && !out->ptr ? err_no_memory(err) : class_;
}

static enum err_class token_seal(const struct keyring *keyring, struct str owner, const char *part,
                                 struct str plain, struct arena *arena, struct str *out,
                                 struct err *err)
{
    struct buf cipher;
    struct str context = seal_context(owner, part, arena);
    *out = STR("");
    if (plain.len == 0)
        return ERR_OK;
    if (!context.ptr)
        return err_no_memory(err);
    buf_init(&cipher, 2 * TOKEN_BYTES_MAX);
    enum err_class class_ = seal_write(keyring, &cipher, plain, context, err);
    if (class_ == ERR_OK)
        *out = cipher.failed ? STR_NONE : arena_dup(arena, buf_str(&cipher));
    buf_fini(&cipher);
    return class_ == ERR_OK && !out->ptr ? err_no_memory(err) : class_;
}

static enum token_state state_parse(struct str text)
{
    for (enum token_state state = TOKEN_FRESH; state < TOKEN_DEAD; state++) {
        if (str_eq(text, str_of(state_names[state])))
            return state;
    }
    return TOKEN_DEAD;
}

static void row_copy(const struct reader *reader, struct arena *arena, struct token_row *out)
{
    *out = (struct token_row){
        .state = state_parse(reader_text(reader, 0)),
        .access_cipher = arena_dup(arena, reader_text(reader, 1)),
        .refresh_cipher = arena_dup(arena, reader_text(reader, 2)),
        .expires_ms = reader_int(reader, 3),
        .refresh_expires_ms = reader_int(reader, 4),
        .changed_ms = reader_int(reader, 5),
        .refreshing_ms = reader_int(reader, 6),
        .previous_access_cipher = arena_dup(arena, reader_text(reader, 7)),
        .previous_refresh_cipher = arena_dup(arena, reader_text(reader, 8)),
        .error = arena_dup(arena, reader_text(reader, 9)),
    };
}

enum err_class token_row_load(struct store *store, const struct keyring *keyring, struct str owner,
                              struct arena *arena, struct token_row *out, struct err *err)
{
    struct sql_value values[] = {sql_text(owner)};
    struct reader *reader;
    *out = (struct token_row){.state = TOKEN_ABSENT, .access = STR(""), .refresh = STR("")};
    enum err_class class_ = store_read(store, TOKEN_SELECT, values, 1, &reader, err);
    if (class_ != ERR_OK)
        return class_;
    if (reader_next(reader))
        row_copy(reader, arena, out);
    class_ = reader_close(reader, err);
    if (class_ == ERR_OK && out->state != TOKEN_ABSENT &&
        (!out->access_cipher.ptr || !out->refresh_cipher.ptr || !out->previous_access_cipher.ptr ||
         !out->previous_refresh_cipher.ptr || !out->error.ptr))
        class_ = err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = token_open(keyring, owner, "access", out->access_cipher, arena, &out->access, err);
    if (class_ == ERR_OK)
        class_ = token_open(keyring, owner, "refresh", out->refresh_cipher, arena, &out->refresh,
                            err);
    return class_;
}

static struct sql_value text_or_null(struct str text)
{
    return text.len > 0 ? sql_text(text) : sql_null();
}

enum err_class token_row_values(const struct keyring *keyring, struct str owner,
                                struct arena *arena, struct token_row *row,
                                struct sql_value values[TOKEN_COLUMNS], struct err *err)
{
    enum err_class class_ = token_seal(keyring, owner, "access", row->access, arena,
                                       &row->access_cipher, err);
    if (class_ == ERR_OK)
        class_ = token_seal(keyring, owner, "refresh", row->refresh, arena, &row->refresh_cipher,
                            err);
    if (class_ != ERR_OK)
        return class_;
    values[0] = sql_text(owner);
    values[1] = sql_text(str_of(state_names[row->state]));
    values[2] = text_or_null(row->access_cipher);
    values[3] = text_or_null(row->refresh_cipher);
    values[4] = sql_int_or_null(row->expires_ms, row->expires_ms > 0);
    values[5] = sql_int_or_null(row->refresh_expires_ms, row->refresh_expires_ms > 0);
    values[6] = sql_int(row->changed_ms);
    values[7] = sql_int_or_null(row->refreshing_ms, row->refreshing_ms > 0);
    values[8] = text_or_null(row->previous_access_cipher);
    values[9] = text_or_null(row->previous_refresh_cipher);
    values[10] = text_or_null(row->error);
    return ERR_OK;
}

enum err_class token_row_save(struct store *store, const struct keyring *keyring, struct str owner,
                              enum token_state loaded_as, int64_t now_ms, struct arena *arena,
                              struct token_row *row, struct err *err)
{
    struct sql_value guard[] = {sql_text(owner), sql_int(row->changed_ms)};
    struct sql_value values[TOKEN_COLUMNS];
    const struct step steps[] = {
        {TOKEN_DELETE, guard, 2, loaded_as == TOKEN_ABSENT ? 0 : 1, 0},
        {TOKEN_INSERT, values, TOKEN_COLUMNS, 1, 0},
    };
    /* Two writes within a millisecond must not look alike to a third. */
    row->changed_ms = now_ms > row->changed_ms ? now_ms : row->changed_ms + 1;
    enum err_class class_ = token_row_values(keyring, owner, arena, row, values, err);
    if (class_ != ERR_OK)
        return class_;
    struct unit unit = {.order_key = hash_bytes(owner.ptr, owner.len),
                        .before = steps,
                        .before_len = 2,
                        .now_ms = now_ms};
    return store_commit(store, &unit, err);
}

enum err_class token_row_forget(struct store *store, struct str owner, struct err *err)
{
    const struct sql_value key[] = {sql_text(owner)};
    const struct step step = {TOKEN_REMOVE, key, 1, -1, 0};
    struct unit unit = {.order_key = hash_bytes(owner.ptr, owner.len),
                        .before = &step,
                        .before_len = 1,
                        .now_ms = clock_now_ms()};
    return store_commit(store, &unit, err);
}

enum err_class token_row_delete(struct tx *tx, struct str owner, struct err *err)
{
    const struct sql_value key[] = {sql_text(owner)};
    return tx_exec(tx, TOKEN_REMOVE, key, 1, NULL, err);
}

enum err_class token_row_insert(struct tx *tx, const struct sql_value values[TOKEN_COLUMNS],
                                struct err *err)
{
    return tx_exec(tx, TOKEN_INSERT, values, TOKEN_COLUMNS, NULL, err);
}
