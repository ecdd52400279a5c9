/* Instants as people type them: 2026-01-28 · 2026-01-28 07:00[:05[.123]] (also with T, / and an
 * offset) · unix seconds · 7d, 12h, 90m before now. */
#ifndef HUILIU_APP_DATE_H
#define HUILIU_APP_DATE_H

#include "format/format.h"

enum date_end {
    DATE_START, /* the first instant of what was said */
    DATE_AFTER, /* the first instant that no longer belongs to it: the end of a day is the next */
};
/* ERR_USAGE "date" repeats the text and shows the forms. */
enum err_class date_parse(struct str text, const struct zone *zone, enum date_end end,
                          int64_t now_ms, int64_t *utc_ms, struct err *err);

#endif
