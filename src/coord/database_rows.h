/* Private to coord: the rows of budgets and locks in the store, and what is done with them in one transaction.
 *
 * Each of these is work for store_side_write: it holds its rows for two trips to the server, waits for nobody meanwhile, and
 * may run again: also when it was committed already and the answer was lost. A call taken twice is then a call less; a lock
 * that was entered looks whether it stands as it would leave it.
 *
 * Time is the server's, read when the rows are held; under the test clock that of who asks. */
#ifndef HUILIU_COORD_DATABASE_ROWS_H
#define HUILIU_COORD_DATABASE_ROWS_H

#include "coord/tree.h"
#include "store/store.h"

enum { ROWS_MAX = 16 }; /* of one transaction; as many as the statements have places */

enum question_kind { QUESTION_TAKE, QUESTION_REFUSED, QUESTION_SUCCEEDED, QUESTION_RESET };

/* What somebody wants of some budgets. */
struct question {
    enum question_kind kind;
    const struct budget_ask *asks; /* only TAKE looks at more than the keys */
    size_t asks_len;
    struct budget_comer comer;
    int64_t now_ms; /* by the caller's clock, as are the times below */
    int64_t horizon_ms, retry_at_ms;
    /* The answer. */
    int64_t start_ms;
    enum err_class result;
    struct err err;
    /* The asker's own. */
    int64_t asked_ns;
    bool done;
    struct question *next;
};

struct row {
    struct str key; /* borrowed from a question */
    bool there, changed;
    struct budget budget; /* with a limit of 0 calls: not used yet */
};
/* Questions that are decided together, in order. */
struct decision {
    bool clock_is_handed_in;
    struct question *questions[ROWS_MAX];
    size_t questions_len;
    struct row rows[ROWS_MAX]; /* by key */
    size_t rows_len;
    int64_t now_ms; /* of the server */
};
/* False: its keys have no room beside those of the others. */
bool decision_add(struct decision *decision, struct question *question);
enum err_class decision_make(struct tx *tx, void *decision, struct err *err);

struct listing {
    bool clock_is_handed_in;
    int64_t now_ms;
    struct arena *arena;
    struct budget_state *out;
    size_t len, max;
};
enum err_class budgets_list(struct tx *tx, void *listing, struct err *err);

enum lock_act { LOCK_TAKE, LOCK_RENEW, LOCK_RELEASE };
struct lock_row {
    bool there;
    uint64_t fence;
    int64_t entered, expires_ms;
    bool is_ours;
    char holder[192];
};
struct locking {
    enum lock_act act;
    bool clock_is_handed_in;
    struct str name, owner;
    int64_t now_ms, ttl_ms; /* by the caller's clock */
    uint64_t fence;
    /* As the first run would have left it. */
    bool wrote;
    struct lock_row left;
    /* As the row is found. */
    struct lock_row seen;
    int64_t server_ms;
    /* The answer; an error of `why` is no trouble with the database. */
    enum err_class result;
    struct err why;
};
enum err_class lock_work(struct tx *tx, void *locking, struct err *err);

/* Forgets what nobody has asked for in a long time. */
enum err_class shared_rows_prune(struct tx *tx, void *nothing, struct err *err);

#endif
