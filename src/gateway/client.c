/* The I/O thread: exchanges come in through an inbox, curl and epoll move them, and each is handed
 * back to a waiter that sleeps on a condition of its own. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/client_internal.h"

enum {
    EVENTS_MAX = 64,
    /* Open connections that wait for the next exchange. */
    CONNECTIONS_IDLE_MAX = 64,
};

static void list_append(struct exchange_list *list, struct exchange *exchange)
{
    exchange->prev = list->last;
    exchange->next = NULL;
    *(list->last ? &list->last->next : &list->first) = exchange;
    list->last = exchange;
}

static void list_remove(struct exchange_list *list, struct exchange *exchange)
{
    *(exchange->prev ? &exchange->prev->next : &list->first) = exchange->next;
    *(exchange->next ? &exchange->next->prev : &list->last) = exchange->prev;
}

static void client_wake(struct client *client)
{
    uint64_t one = 1;
    ssize_t written = write(client->wake_fd, &one, sizeof(one));
    /* EAGAIN: the counter is full of wakes that were not read yet, one of them is enough. */
    assert(written == sizeof(one) || errno == EAGAIN);
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    struct client *client = context;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(client->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    int rc = epoll_ctl(client->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    if (rc != 0 && errno == ENOENT)
        rc = epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return rc;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *context)
{
    struct client *client = context;
    (void)multi;
    client->timer_at_ns = timeout_ms < 0 ? INT64_MAX
                                         : clock_monotonic_ns() + (int64_t)timeout_ms * 1000000;
    return 0;
}

/* Hands the exchange back to its waiter, which may free it at once. */
static void exchange_finish(struct exchange *exchange, CURLcode result, bool stopped)
{
    struct client *client = exchange->client;
    curl_multi_remove_handle(client->multi, exchange->easy);
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    list_remove(&client->flying, exchange);
    exchange->result = result;
    exchange->stopped = stopped;
    exchange->received_ms = clock_now_ms();

    pthread_mutex_lock(&client->lock);
    client->in_flight--;
    exchange->done = true;
    wait_signal(&exchange->wait);
    pthread_mutex_unlock(&client->lock);
    /* Only now: the waiter is already counted as busy, so time cannot slip in between. */
    clock_busy_end();
}

/* Takes what came in and ends what was given up; true when the client is to stop. */
static bool client_look(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    struct exchange_list inbox = client->inbox;
    client->inbox = (struct exchange_list){NULL, NULL};
    bool cancelling = client->cancelling, stopping = client->stopping;
    client->cancelling = false;
    pthread_mutex_unlock(&client->lock);

    for (struct exchange *exchange = inbox.first, *next; exchange; exchange = next) {
        next = exchange->next;
        list_append(&client->flying, exchange);
        if (curl_multi_add_handle(client->multi, exchange->easy) != CURLM_OK)
            exchange_finish(exchange, CURLE_FAILED_INIT, false);
    }
    for (struct exchange *exchange = client->flying.first, *next;
         (cancelling || stopping) && exchange; exchange = next) {
        next = exchange->next;
        pthread_mutex_lock(&client->lock);
        bool ends = stopping || exchange->cancelled;
        pthread_mutex_unlock(&client->lock);
        if (ends)
            exchange_finish(exchange, CURLE_ABORTED_BY_CALLBACK, true);
    }
    return stopping;
}

static void client_collect(struct client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        char *exchange;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        exchange_finish((struct exchange *)(void *)exchange, result, false);
    }
}

static int epoll_timeout_ms(int64_t timer_at_ns)
{
    if (timer_at_ns == INT64_MAX)
        return -1;
    int64_t left_ns = timer_at_ns - clock_monotonic_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

static void client_event(struct client *client, const struct epoll_event *event)
{
    int running, what = 0;
    uint64_t count;
    if (event->data.fd == client->wake_fd) {
        ssize_t got = read(client->wake_fd, &count, sizeof(count));
        (void)got; /* nothing to read: somebody else's wake was already heard */
        return;
    }
    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP))
        what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(client->multi, event->data.fd, what, &running);
}

static void *client_run(void *context)
{
    struct client *client = context;
    struct epoll_event events[EVENTS_MAX];
    int running;
    while (!client_look(client)) {
        int timeout_ms = epoll_timeout_ms(client->timer_at_ns);
        int len = epoll_wait(client->epoll_fd, events, EVENTS_MAX, timeout_ms);
        for (int i = 0; i < len; i++)
            client_event(client, &events[i]);
        if (clock_monotonic_ns() >= client->timer_at_ns) {
            client->timer_at_ns = INT64_MAX;
            curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        client_collect(client);
    }
    return NULL;
}

static enum err_class client_start(struct client *client, struct err *err)
{
    struct epoll_event wake = {.events = EPOLLIN, .data.fd = client->wake_fd};
    sigset_t all, before;
    if (!client->multi || client->epoll_fd < 0 || client->wake_fd < 0 ||
        epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, client->wake_fd, &wake) != 0)
        return err_set(err, ERR_INTERNAL, "client", "cannot start the HTTP client: %s",
                       strerror(errno));
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_IDLE_MAX);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);

    /* Signals are for the threads that know what to do with them. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&client->thread, NULL, client_run, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    client->started = rc == 0;
    if (rc != 0)
        return err_set(err, ERR_INTERNAL, "client", "cannot start a thread: %s", strerror(rc));
    return ERR_OK;
}

enum err_class client_open(struct client **out, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "client", "libcurl does not start");
    struct client *client = calloc(1, sizeof(*client));
    if (!client) {
        curl_global_cleanup();
        return err_no_memory(err);
    }
    pthread_mutex_init(&client->lock, NULL);
    client->timer_at_ns = INT64_MAX;
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    client->multi = curl_multi_init();
    enum err_class class_ = client_start(client, err);
    if (class_ == ERR_OK)
        *out = client;
    else
        client_close(client);
    return class_;
}

void client_stop(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    client->stopping = true;
    pthread_mutex_unlock(&client->lock);
    client_wake(client);
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->started) {
        client_stop(client);
        pthread_join(client->thread, NULL);
    }
    assert(client->in_flight == 0);
    for (size_t i = 0; i < client->idle_len; i++)
        curl_easy_cleanup(client->idle[i]);
    if (client->multi)
        curl_multi_cleanup(client->multi);
    if (client->epoll_fd >= 0)
        close(client->epoll_fd);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    pthread_mutex_destroy(&client->lock);
    free(client);
    curl_global_cleanup();
}

CURL *client_easy_take(struct client *client)
{
    CURL *easy = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->idle_len > 0)
        easy = client->idle[--client->idle_len];
    pthread_mutex_unlock(&client->lock);
    return easy ? easy : curl_easy_init();
}

void client_easy_give(struct client *client, CURL *easy)
{
    curl_easy_reset(easy);
    pthread_mutex_lock(&client->lock);
    bool kept = client->idle_len < EASY_IDLE_MAX;
    if (kept)
        client->idle[client->idle_len++] = easy;
    pthread_mutex_unlock(&client->lock);
    if (!kept)
        curl_easy_cleanup(easy);
}

enum err_class client_submit(struct exchange *exchange, struct err *err)
{
    struct client *client = exchange->client;
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&client->lock);
    if (client->stopping) {
        class_ = err_set(err, ERR_STOPPED, "stopped", "no call is sent any more");
    } else if (client->in_flight == CALLS_IN_FLIGHT_MAX) {
        class_ = err_set(err, ERR_LATER, "calls_in_flight", "%d calls are in flight",
                         CALLS_IN_FLIGHT_MAX);
        if (err)
            err->retry_at_ms = clock_now_ms() + GATEWAY_HORIZON_MS;
    } else {
        clock_busy_begin();
        client->in_flight++;
        exchange->done = false;
        list_append(&client->inbox, exchange);
    }
    pthread_mutex_unlock(&client->lock);
    if (class_ == ERR_OK)
        client_wake(client);
    return class_;
}

void client_await(struct exchange *exchange)
{
    pthread_mutex_t *lock = &exchange->client->lock;
    pthread_mutex_lock(lock);
    /* No deadline: curl has one, and stopping ends every exchange. */
    while (!exchange->done)
        wait_for(&exchange->wait, lock, WAIT_FOREVER);
    pthread_mutex_unlock(lock);
}

void client_cancel(struct exchange *exchange)
{
    struct client *client = exchange->client;
    pthread_mutex_lock(&client->lock);
    bool flying = !exchange->done;
    exchange->cancelled = flying;
    client->cancelling |= flying;
    pthread_mutex_unlock(&client->lock);
    if (!flying)
        return;
    client_wake(client);
    client_await(exchange);
}
