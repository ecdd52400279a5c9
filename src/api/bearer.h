/* bearer: JSON Web Tokens (RFC 7519) of one form: HS256, key from the home's key ring, 15 minutes.
 *
 * Everything about them is pinned: a token whose header, issuer, audience or signature is not ours is refused, whatever
 * algorithm it names. They are made and read here and nowhere else (docs/decisions/ says why no library).
 *
 * Private to the room. Threads: values. Errors: ERR_TOKEN_EXPIRED "bearer", which says no more than that. */
#ifndef HUILIU_API_BEARER_H
#define HUILIU_API_BEARER_H

#include "crypt/crypt.h"

enum { BEARER_BYTES_MAX = 1024, BEARER_LASTS_MS = 15 * 60 * 1000 };

struct bearer {
    int64_t user_id, generation;
    int64_t issued_ms, expires_ms;
};
/* Three parts and a point between them: is it meant to be one? */
bool bearer_looks_like(struct str text);
enum err_class bearer_write(const struct keyring *ring, const struct bearer *bearer,
                            struct buf *out, struct err *err);
enum err_class bearer_read(const struct keyring *ring, struct str text, int64_t now_ms,
                           struct bearer *out, struct err *err);

#endif
