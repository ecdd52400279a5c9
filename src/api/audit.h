/* audit: the line that every change of a person leaves, in the transaction that makes the change.
 *
 *     const struct audit line = audit_of(call, "shop.pause", shop_name);
 * change.h writes it with the change.
 *
 * before and after are JSON objects without secrets and personal data; who writes them leaves those out.
 * Threads: values. */
#ifndef HUILIU_API_AUDIT_H
#define HUILIU_API_AUDIT_H

#include "base/base.h"
#include "store/store.h"

struct audit {
    int64_t at_ms;
    int64_t user_id;
    struct str user_name, session, peer, request_id; /* who and by which request */
    struct str action;                               /* "user.add" */
    struct str subject;                              /* which thing */
    int64_t shop_id;                                 /* 0: of no shop */
    struct str before, after;                        /* JSON; empty: none */
    struct str reason;
};
struct call;
struct audit audit_of(const struct call *call, const char *action, struct str subject);
/* Of the command line. */
struct audit audit_of_console(const char *action, struct str subject);
enum err_class audit_add(struct tx *tx, const struct audit *audit, struct err *err);

#endif
