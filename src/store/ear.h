/* ear: who waits for what others do hears of it at once instead of asking again and again.
 *
 * What is said is only that there is something to look at, never what: who hears looks, and who hears nothing
 * looks all the same after a while (notification wakes, polling is the net). Said with a commit, and lost with
 * it.
 *
 * Heard is what this process commits, on every database; and what others commit where the database passes it
 * on (PostgreSQL: one connection and one thread more, opened only while somebody listens). Elsewhere, under the
 * test clock, and while a connection is away, nothing is heard of others.
 *
 * Threads: one at a time opens and closes ears of a store; `heard` runs on a thread of the store's, must not wait for the store, and
 * runs no more once ear_close has returned. */
#ifndef HUILIU_STORE_EAR_H
#define HUILIU_STORE_EAR_H

#include "store/store.h"

enum topic {
    TOPIC_EVENT = 1, /* a row of table `event` */
    TOPIC_TASK = 2,  /* a task that other processes may take */
};
enum { TOPICS = 2 };

/* Says it with the transaction's commit. Of a unit: `topics` of its steps. */
void tx_say(struct tx *tx, unsigned topics);
/* A transaction of nothing but that. */
enum err_class store_say(struct store *store, unsigned topics, struct err *err);

struct ear;
typedef void ear_heard(void *context, unsigned topics);
enum err_class ear_open(struct store *store, unsigned topics, ear_heard *heard, void *context,
                        struct ear **out, struct err *err);
void ear_close(struct ear *ear);
/* Does it hear other processes? Who does need not look so often. */
bool ear_hears_others(const struct ear *ear);

#endif
