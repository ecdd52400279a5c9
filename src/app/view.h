/* view: the tables of the programs that Huiliu replaced, as views that people and their saved SQL read.
 *
 * tools/views makes the texts of every database from schema/views (docs/views.md). The views of one old program stand in one
 * schema (PostgreSQL) or database (MariaDB) of its name, and are made, or left as they are, together; SQLite has one group
 * without a schema. They hold nothing, so they are made anew whenever the program's text of them has changed or one is gone.
 *
 * Nothing that is not Huiliu's is ever replaced: a table of the old program itself, or views over the tables of another
 * Huiliu in the same database, keep their place, and so do views where the user lacks a right. That is said with the next
 * step and is no failure: Huiliu itself needs none of them.
 *
 * Thread: the one that opens the store. */
#ifndef HUILIU_APP_VIEW_H
#define HUILIU_APP_VIEW_H

#include "app/app.h"

struct view_text {
    const char *database; /* as store_kind says it; NULL behind the last */
    const char *schema;   /* empty on SQLite */
    const char *name;
    const unsigned char *body;     /* a SELECT; terminated */
    const unsigned char *comments; /* statements, or empty; terminated */
};
/* A schema's views stand together, each behind those it reads. */
extern const struct view_text view_texts[];

/* Brings the views to what this program knows, and says to people where it cannot. */
enum err_class views_install(const struct app *app, struct err *err);
/* Appends the schemas whose views are not what this program knows, with ", " between. */
enum err_class views_missing(const struct app *app, struct buf *out, struct err *err);

#endif
