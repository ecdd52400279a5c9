/* Private to gateway: the token keeper. One entry per owner ("app:3", "shop:7") in memory, one row
 * in table `token`. Whoever needs a token that is not there, not fresh or was refused becomes the
 * one who gets it; the others wait for that flight and share what comes of it, good or bad.
 *
 * The order of a refresh is what makes it safe: `refreshing` is committed (with the pair before
 * kept beside), then the platform is called, then the new pair is committed, and only then is it
 * used. A row found in `refreshing` is a process that died in between, or a reply that was lost:
 * the stored refresh token is tried again, and when the platform no longer knows it the row is dead
 * and a person must act.
 *
 * Threads: any. Between processes the coord lock "token:OWNER" keeps it to one. */
#ifndef HUILIU_GATEWAY_TOKEN_H
#define HUILIU_GATEWAY_TOKEN_H

#include "gateway/token_use.h"

struct token_keeper;

enum err_class token_keeper_new(struct gateway *gateway, struct token_keeper **out,
                                struct err *err);
void token_keeper_free(struct token_keeper *keeper);

/* A token to call with, copied into `arena`; `use` says whose. `refused`: the token that the
 * platform has just called expired, or empty; it is not given out again. ERR_FORBIDDEN
 * "token_missing" or "token_dead" asks for a person; ERR_TOKEN_EXPIRED "token_refused": a
 * brand-new token was refused, so that another one will not do; else what the grant's call gave. */
enum err_class token_take(struct token_keeper *keeper, const struct call_ask *ask,
                          const struct token_use *use, struct str refused, struct arena *arena,
                          struct str *out, struct err *err);
/* The platform has accepted it: when it is refused later, it has expired. */
void token_accepted(struct token_keeper *keeper, const struct token_use *use, struct str access);
/* The stored token of "shop:7" was replaced: read it anew. */
void token_forget(struct token_keeper *keeper, struct str owner);

#endif
