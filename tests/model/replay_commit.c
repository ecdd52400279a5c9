/* Commit groups on order: a gate holds the writer while the units of a group gather behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* Holds the writer while a group gathers behind it. */
struct gate {
    struct store *store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, open;
};

static enum err_class gate_work(struct tx *tx, void *context, struct err *err)
{
    struct gate *gate = context;
    (void)tx;
    (void)err;
    pthread_mutex_lock(&gate->lock);
    gate->entered = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return ERR_OK;
}

static void *gate_main(void *context)
{
    struct gate *gate = context;
    clock_thread_enter();
    clock_busy_end(); /* begun by gate_shut for this thread */
    store_write(gate->store, gate_work, gate, NULL);
    clock_thread_leave();
    return NULL;
}

static void gate_shut(struct replay *replay, struct gate *gate, pthread_t *thread)
{
    *gate = (struct gate){.store = replay->store};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    clock_busy_begin();
    if (pthread_create(thread, NULL, gate_main, gate) != 0)
        lose(replay, "no thread");
    pthread_mutex_lock(&gate->lock);
    while (!gate->entered)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate, pthread_t thread)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

/* `before` the COMMIT nothing is written; `after` it everything is, and nobody is told. The gate's
 * own COMMIT is the first to pass the point. */
static void commit_fail_at(struct str outcome, bool gated)
{
    char order[64];
    snprintf(order, sizeof order, "store.commit.%s=error@%d",
             str_eq(outcome, STR("fail")) ? "before" : "after", gated ? 2 : 1);
    if (str_eq(outcome, STR("ok")))
        unsetenv("HUILIU_FAIL");
    else
        setenv("HUILIU_FAIL", order, 1);
    fail_setup(NULL);
}

void group_commit(struct replay *replay, size_t size, struct str outcome)
{
    struct gate gate;
    pthread_t thread;
    struct err err = {0};
    if (size == 0 || size > replay->queue_len)
        lose(replay, "%zu units wait", replay->queue_len);
    if (size > 1)
        gate_shut(replay, &gate, &thread);
    commit_fail_at(outcome, size > 1);
    for (size_t i = 0; i < size; i++)
        must(replay, store_submit(replay->store, &replay->queue[i]->unit, &err), &err);
    if (size > 1)
        gate_open(&gate, thread);
    for (size_t i = 0; i < size; i++)
        store_wait(replay->store, &replay->queue[i]->unit, NULL);
    commit_fail_at(STR("ok"), false);
    replay->queue_len -= size;
    memmove(replay->queue, replay->queue + size, replay->queue_len * sizeof(replay->queue[0]));
}
