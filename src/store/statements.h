/* The statements that a connection keeps prepared, found by the texts of their callers. Private to the files
 * that know a database: theirs is how a statement is made, run and freed.
 *
 * `struct statement` is the first member of what such a file calls a statement. One that is borrowed is
 * busy: who prepares the same text meanwhile gets another. Where every place is borrowed a new one has
 * none, and ends when it is given back. Threads: those of the connection, which has one at a time. */
#ifndef HUILIU_STORE_STATEMENTS_H
#define HUILIU_STORE_STATEMENTS_H

#include "store/backend.h"

/* Every named one of the program and some more. */
enum { STATEMENTS_MAX = 192 };

struct statement {
    struct stmt base;
    char *text; /* as the caller wrote it */
    uint64_t text_hash, used_at;
    bool busy, placed;
};

struct statements {
    struct statement *places[STATEMENTS_MAX];
    uint64_t uses;
};

/* Keeps a copy of the text; false: no memory. */
bool statement_init(struct statement *statement, struct conn *conn, const char *text);
void statement_fini(struct statement *statement);

/* One of that text that nobody has borrowed, borrowed now; NULL: make one. */
struct statement *statements_borrow(struct statements *all, const char *text);
/* A new one, borrowed now. The answer lost its place to it and is the caller's to end; mostly NULL. */
struct statement *statements_add(struct statements *all, struct statement *fresh);
/* True when the statement has no place: end it. */
bool statement_give_back(struct statement *statement);

#endif
