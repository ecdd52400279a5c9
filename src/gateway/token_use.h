/* Private to gateway: whose token a shop uses, and the changes of that. The rule is in gateway.h
 * ("whose token"); here is where it is kept. */
#ifndef HUILIU_GATEWAY_TOKEN_USE_H
#define HUILIU_GATEWAY_TOKEN_USE_H

#include "gateway/token_row.h"

struct token_use {
    char owner[TOKEN_OWNER_BYTES_MAX]; /* "app:3", "shop:7" */
    int64_t shop_id;                   /* whose row it is; 0: an app's */
    struct str shop_name;              /* in the arena; an app's token: the shop that asks */
};
/* The row that a token of its own would have. */
void token_owner(const struct auth *auth, const struct facts *facts,
                 char owner[TOKEN_OWNER_BYTES_MAX]);
/* Read anew for every call: a person may have authorised in another process meanwhile. */
enum err_class token_use_find(struct store *store, const struct auth *auth,
                              const struct facts *facts, struct arena *arena, struct token_use *out,
                              struct err *err);

/* What a consent leaves on disk while it is under way: the state that was given out, and a pair
 * whose accounts are not known yet. Rows of table `token` too, so that they are sealed; never
 * called with. */
void token_asked_owner(int64_t shop_id, char owner[TOKEN_OWNER_BYTES_MAX]);
void token_given_owner(int64_t shop_id, char owner[TOKEN_OWNER_BYTES_MAX]);

/* A consent becomes the token of the shop of `facts` and of every shop that `consent` covers, whose
 * `shop` it fills in, as well as `left`; what it left on disk goes. Texts live in `arena`. */
enum err_class token_adopt(struct store *store, const struct keyring *keyring,
                           const struct connector *connector, const struct facts *facts,
                           const struct token_reply *pair, struct arena *arena,
                           struct consent *consent, struct err *err);

#endif
