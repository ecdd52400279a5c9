/* Private to gateway: a row of table `token`, opened and sealed. */
#ifndef HUILIU_GATEWAY_TOKEN_ROW_H
#define HUILIU_GATEWAY_TOKEN_ROW_H

#include "gateway/gateway.h"

enum { TOKEN_OWNER_BYTES_MAX = 32, TOKEN_BYTES_MAX = 16 * 1024, TOKEN_COLUMNS = 11 };

enum token_state { TOKEN_ABSENT, TOKEN_FRESH, TOKEN_REFRESHING, TOKEN_DEAD };

struct token_row {
    enum token_state state;
    struct str access, refresh;             /* plain; empty: none */
    int64_t expires_ms, refresh_expires_ms; /* 0: not known */
    int64_t changed_ms;                     /* moves with every write: the guard of the next one */
    int64_t refreshing_ms;                  /* 0: not refreshing */
    /* The pair before, still sealed: it is only ever carried along. */
    struct str previous_access_cipher, previous_refresh_cipher;
    struct str access_cipher, refresh_cipher; /* as read */
    struct str error;
};

/* TOKEN_ABSENT when there is no row. Texts live in `arena`. */
enum err_class token_row_load(struct store *store, const struct keyring *keyring, struct str owner,
                              struct arena *arena, struct token_row *out, struct err *err);
/* Replaces the row that was loaded; ERR_CONFLICT when it has changed since. On ERR_OK the row's
 * changed_ms and ciphers are those that were written. */
enum err_class token_row_save(struct store *store, const struct keyring *keyring, struct str owner,
                              enum token_state loaded_as, int64_t now_ms, struct arena *arena,
                              struct token_row *row, struct err *err);

/* Takes a row away, if it is there. */
enum err_class token_row_forget(struct store *store, struct str owner, struct err *err);

/* The same as parts of a greater transaction: what the insert binds, with the pair sealed and
 * changed_ms as it stands; taking a row away, whatever it was; putting it there. */
enum err_class token_row_values(const struct keyring *keyring, struct str owner,
                                struct arena *arena, struct token_row *row,
                                struct sql_value values[TOKEN_COLUMNS], struct err *err);
enum err_class token_row_delete(struct tx *tx, struct str owner, struct err *err);
enum err_class token_row_insert(struct tx *tx, const struct sql_value values[TOKEN_COLUMNS],
                                struct err *err);

#endif
