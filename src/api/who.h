/* who: from a request's credentials to a person: the session of a browser's cookie, a bearer, or the token of a program.
 *
 * What the database said is believed for WHO_LASTS_MS: a change that this process makes is seen at once (who_forget), one
 * of another process after that. Private to the room. Threads: any. */
#ifndef HUILIU_API_WHO_H
#define HUILIU_API_WHO_H

#include <pthread.h>

#include "api/api_internal.h"
#include "api/user.h"

enum { WHO_SLOTS = 512, WHO_LASTS_MS = 2000, SESSION_SEEN_MS = 5 * 60 * 1000 };
#define SESSION_IDLE_MS (INT64_C(12) * 3600 * 1000)
#define SESSION_LASTS_MS (INT64_C(30) * 24 * 3600 * 1000)
#define SESSION_COOKIE "huiliu_session"
/* Before the same secret where a bearer carries it. */
#define SESSION_BEARER "hls_"

/* Sets call->person, or leaves NULL where the request has no credentials. ERR_TOKEN_EXPIRED "bearer", and
 * ERR_FORBIDDEN "unauthenticated" for a cookie that is over. */
enum err_class who_read(struct call *call, struct err *err);
/* Nothing that was read before is believed any more. */
void who_forget(struct api *api);

/* The person that a user is; NULL: no memory. */
struct person *person_of(const struct user *user, struct arena *arena);
/* The cookie's value, or empty. */
struct str session_cookie(const struct http_request *request);

#endif
