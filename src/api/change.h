/* change: what a person changes, and the line of the audit that says so, in one transaction: there is never one without the
 * other. Every route that changes something goes this way:
 *
 *     struct change change = {.line = audit_of(call, "task.retry", id), .work = retry_work, .context = &edit};
 *     change.line.shop_id = …; change.line.after = …;
 *     class_ = change_make(call->host->store, &change, err);
 *
 * Where the change is made by the home (api_also), or in a transaction of somebody else's, change_also writes the line there.
 *
 * Threads: a change belongs to one. Errors: those of `work`, and of the store. */
#ifndef HUILIU_API_CHANGE_H
#define HUILIU_API_CHANGE_H

#include "api/audit.h"

struct change {
    struct audit line;
    store_work
        *work; /* may run twice; NULL: the line is all, of something that is only looked at */
    void *context;
};
/* Not done, and no line, where `work` fails. */
enum err_class change_make(struct store *store, struct change *change, struct err *err);
/* store_work of a struct audit: the line alone. */
enum err_class change_also(struct tx *tx, void *context, struct err *err);

#endif
