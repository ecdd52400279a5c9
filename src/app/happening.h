/* happening: what feed.h brings, as people and programs read it.
 *
 *     2026-01-28 12:00:07 WARN  north ad_orders: not proved from … to …: the total changed (task 12, run:host:7)
 *     {"at": "…", "level": "warn", "kind": "window_unproved", "shop": "north", …, "text": "…"}
 *
 * The text of a kind is MSG_EVENT_… in messages.def. A kind that this program does not know is shown by its word
 * and its arguments. Threads: one. */
#ifndef HUILIU_APP_HAPPENING_H
#define HUILIU_APP_HAPPENING_H

#include "app/app.h"

/* The text alone, without its end of line. */
void happening_text(const struct app *app, const struct feed_line *line, struct buf *out);
/* A whole line: text, or JSON where the app prints JSON. */
void happening_write(const struct app *app, const struct feed_line *line, struct buf *out);
/* "debug", "info", "warn", "error". */
struct str level_word(enum event_level level);

#endif
