/* Who listens: told by the writer after its commits, and by a thread of what others have committed. */
#include "store/ear.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/sql.h"

enum {
    TOPICS_ALL = TOPIC_EVENT | TOPIC_TASK,
    /* Until a connection that went is tried again; meanwhile everybody looks by himself. */
    AGAIN_MS = 2000,
};

struct ear {
    struct store *store;
    unsigned topics;
    ear_heard *heard;
    void *context;
    struct ear *next;
};

void ears_init(struct ears *ears)
{
    *ears = (struct ears){.stop = {-1, -1}};
    pthread_mutex_init(&ears->lock, NULL);
}

void ears_fini(struct ears *ears)
{
    pthread_mutex_destroy(&ears->lock);
}

void ears_tell(struct ears *ears, unsigned topics)
{
    pthread_mutex_lock(&ears->lock);
    for (const struct ear *ear = ears->first; ear; ear = ear->next)
        if (ear->topics & topics)
            ear->heard(ear->context, topics);
    pthread_mutex_unlock(&ears->lock);
}

/* --- saying --- */

void tx_say(struct tx *tx, unsigned topics)
{
    tx->said |= topics;
}

enum err_class tx_said_send(struct tx *tx, struct err *err)
{
    static const struct expected anything = {.rows = ROWS_ANY};
    static const char *const texts[TOPICS] = {SQL_SAY_EVENT, SQL_SAY_TASK};
    enum err_class class_ = ERR_OK;
    for (unsigned i = 0; !class_ && i < TOPICS; i++)
        if (tx->said & (1U << i))
            class_ = conn_later(tx->conn, texts[i], NULL, 0, &anything, err);
    return class_;
}

static enum err_class say_work(struct tx *tx, void *context, struct err *err)
{
    const unsigned *topics = context;
    (void)err;
    tx_say(tx, *topics);
    return ERR_OK;
}

enum err_class store_say(struct store *store, unsigned topics, struct err *err)
{
    return store_write(store, say_work, &topics, err);
}

/* --- hearing others --- */

/* False: it is to stop. */
static bool rest(const struct ears *ears)
{
    struct pollfd stop = {.fd = ears->stop[0], .events = POLLIN};
    return poll(&stop, 1, AGAIN_MS) <= 0; /* a signal is no word */
}

/* Until the connection is lost or it is to stop. What was said while nobody listened is unknown: everybody looks. */
static void listen_on(struct ears *ears, const struct store *store)
{
    struct conn *conn;
    unsigned topics = TOPICS_ALL;
    if (store->ops->open(&store->target, CONN_READER, &conn, NULL))
        return;
    enum err_class class_ = store->ops->listen(conn, NULL);
    __atomic_store_n(&ears->hears, class_ == ERR_OK, __ATOMIC_RELEASE);
    while (!class_ && topics) {
        ears_tell(ears, topics);
        class_ = store->ops->hear(conn, ears->stop[0], &topics, NULL);
    }
    __atomic_store_n(&ears->hears, false, __ATOMIC_RELEASE);
    store->ops->close(conn);
}

/* It takes no part in the test clock, under which it does not run. */
static void *ears_main(void *context)
{
    struct store *store = context;
    do
        listen_on(&store->ears, store);
    while (rest(&store->ears));
    return NULL;
}

static enum err_class thread_begin(struct store *store, struct err *err)
{
    struct ears *ears = &store->ears;
    if (pipe(ears->stop) != 0)
        return err_set(err, ERR_INTERNAL, "thread", "no pipe can be made");
    if (pthread_create(&ears->thread, NULL, ears_main, store) == 0)
        return ERR_OK;
    close(ears->stop[0]);
    close(ears->stop[1]);
    ears->stop[0] = ears->stop[1] = -1;
    return err_set(err, ERR_INTERNAL, "thread", "a thread that listens cannot be started");
}

static void thread_end(struct ears *ears)
{
    if (ears->stop[1] < 0)
        return;
    close(ears->stop[1]);
    pthread_join(ears->thread, NULL);
    close(ears->stop[0]);
    ears->stop[0] = ears->stop[1] = -1;
}

/* --- the ears --- */

enum err_class ear_open(struct store *store, unsigned topics, ear_heard *heard, void *context,
                        struct ear **out, struct err *err)
{
    struct ears *ears = &store->ears;
    struct ear *ear = calloc(1, sizeof(*ear));
    if (!ear)
        return err_no_memory(err);
    *ear = (struct ear){store, topics, heard, context, NULL};
    pthread_mutex_lock(&ears->lock);
    bool first = !ears->first;
    ear->next = ears->first;
    ears->first = ear;
    pthread_mutex_unlock(&ears->lock);
    enum err_class class_ = ERR_OK;
    if (first && store->ops->hears && !clock_is_test())
        class_ = thread_begin(store, err);
    if (class_)
        ear_close(ear);
    else
        *out = ear;
    return class_;
}

void ear_close(struct ear *ear)
{
    if (!ear)
        return;
    struct ears *ears = &ear->store->ears;
    pthread_mutex_lock(&ears->lock);
    struct ear **at = &ears->first;
    while (*at != ear)
        at = &(*at)->next;
    *at = ear->next;
    bool last = !ears->first;
    pthread_mutex_unlock(&ears->lock);
    if (last)
        thread_end(ears);
    free(ear);
}

bool ear_hears_others(const struct ear *ear)
{
    return __atomic_load_n(&ear->store->ears.hears, __ATOMIC_ACQUIRE);
}
