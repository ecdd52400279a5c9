/* A place for each statement; who was unused for longest makes room. */
#include "store/statements.h"

#include <stdlib.h>
#include <string.h>

bool statement_init(struct statement *statement, struct conn *conn, const char *text)
{
    statement->base.conn = conn;
    statement->text_hash = hash_bytes(text, strlen(text));
    statement->text = strdup(text);
    return statement->text != NULL;
}

void statement_fini(struct statement *statement)
{
    free(statement->text);
}

static void lend(struct statements *all, struct statement *statement)
{
    statement->busy = true;
    statement->used_at = ++all->uses;
}

struct statement *statements_borrow(struct statements *all, const char *text)
{
    uint64_t hash = hash_bytes(text, strlen(text));
    for (size_t i = 0; i < STATEMENTS_MAX && all->places[i]; i++) {
        struct statement *statement = all->places[i];
        if (statement->busy || statement->text_hash != hash || strcmp(statement->text, text) != 0)
            continue;
        lend(all, statement);
        return statement;
    }
    return NULL;
}

/* An empty place, else that of the one unused for longest; NULL when all are borrowed. */
static struct statement **place_find(struct statements *all)
{
    struct statement **place = NULL;
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct statement *statement = all->places[i];
        if (!statement)
            return &all->places[i];
        if (!statement->busy && (!place || statement->used_at < (*place)->used_at))
            place = &all->places[i];
    }
    return place;
}

struct statement *statements_add(struct statements *all, struct statement *fresh)
{
    struct statement **place = place_find(all), *before = place ? *place : NULL;
    fresh->placed = place != NULL;
    if (place)
        *place = fresh;
    lend(all, fresh);
    return before;
}

bool statement_give_back(struct statement *statement)
{
    statement->busy = false;
    return !statement->placed;
}
