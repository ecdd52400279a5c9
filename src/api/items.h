/* items: the rows of a statement as a list of objects, within an answer or as one: a short list that is told whole. What people
 * page through is a declared list (list.h).
 *
 * Threads: a call's own. Errors: those of the store. */
#ifndef HUILIU_API_ITEMS_H
#define HUILIU_API_ITEMS_H

#include "api/out.h"
#include "api/route.h"

/* What stands within a row's object, which is open. */
typedef void items_write(struct call *call, struct out *out, const struct reader *row);
enum err_class items_list(struct call *call, struct out *out, const char *key, const char *sql,
                          const struct sql_value *values, size_t len, items_write *write,
                          struct err *err);
/* {"items": …} and nothing else. */
enum err_class items_answer(struct call *call, const char *sql, const struct sql_value *values,
                            size_t len, items_write *write, struct err *err);
/* "history": the statuses that a row of a table has had. */
enum err_class items_history(struct call *call, struct out *out, int64_t shop_id, const char *table,
                             struct str id, struct err *err);

#endif
