/* Claimed tasks: those that wait for a thread, that run, and that are over. */
#include <assert.h>

#include "queue/worker_internal.h"

void claimed_free(struct claimed *claimed)
{
    arena_fini(&claimed->arena);
    free(claimed);
}

enum err_class claimed_copy(const struct task *task, struct claimed **out, struct err *err)
{
    struct claimed *copy = calloc(1, sizeof *copy);
    if (!copy)
        return err_no_memory(err);
    arena_init(&copy->arena);
    copy->task = *task;
    copy->claimed_ms = clock_now_ms();
    copy->task.kind = arena_dup(&copy->arena, task->kind);
    copy->task.unique_key = arena_dup(&copy->arena, task->unique_key);
    copy->task.payload = arena_dup(&copy->arena, task->payload);
    copy->task.run = arena_dup(&copy->arena, task->run);
    copy->task.lease = arena_dup(&copy->arena, task->lease);
    if (!copy->task.kind.ptr || !copy->task.unique_key.ptr || !copy->task.payload.ptr ||
        !copy->task.run.ptr || !copy->task.lease.ptr) {
        claimed_free(copy);
        return err_no_memory(err);
    }
    *out = copy;
    return ERR_OK;
}

void claimed_stop(struct claimed *claimed)
{
    __atomic_store_n(&claimed->stop, true, __ATOMIC_RELEASE);
}

static void held_add(const struct claimed *list, struct queue_held *held)
{
    for (; list && held->len < QUEUE_HELD_MAX; list = list->next)
        held->ids[held->len++] = list->task.id;
}

void held_read(const struct workers *workers, struct queue_held *held)
{
    held->len = 0;
    held_add(workers->running, held);
    held_add(workers->waiting, held);
    held_add(workers->over, held);
}

void over_take(struct workers *workers, struct over *over)
{
    over->list = workers->over;
    over->len = 0;
    /* Claimed at once are at most CLAIM_MAX beside those that run. */
    static_assert((int)CLAIM_MAX + (int)WORKER_THREADS_MAX <= (int)QUEUE_HELD_MAX, "too few");
    for (const struct claimed *one = over->list; one; one = one->next)
        over->tasks[over->len++] = &one->task;
    workers->over = NULL;
}

void over_settle(struct workers *workers, struct over *over, bool written)
{
    while (over->list) {
        struct claimed *one = over->list;
        over->list = one->next;
        if (written) {
            claimed_free(one);
        } else {
            one->next = workers->over;
            workers->over = one;
        }
    }
}

enum err_class over_work(struct tx *tx, void *context, struct err *err)
{
    struct over *over = context;
    return queue_over(tx, over->tasks, over->len, &over->arena, err);
}
