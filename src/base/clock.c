/* The clock's face: the real clock, and the choice between it and the test clock. */
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock_shared.h"

/* 2026-01-01T00:00:00Z */
static const int64_t START_MS = 1767225600000;

enum {
    /* The wall clock may be set while a thread waits on the monotonic one: look again this often. */
    REAL_WAIT_MS = 60000,
    STOP_CHECK_MS = 100,
};

static bool test_clock;
static _Thread_local bool takes_part;

enum err_class clock_setup(const char *process_name, struct err *err)
{
    const char *path = getenv("HUILIU_CLOCK");
    const char *start = getenv("HUILIU_CLOCK_START");
    int64_t start_ms = START_MS;
    if (!path || path[0] == '\0')
        return ERR_OK;
    if (start && (!str_to_i64(str_of(start), &start_ms) || start_ms < 0))
        return err_set(err, ERR_CONFIG, "clock",
                       "HUILIU_CLOCK_START: \"%s\" is not a number of milliseconds since 1970",
                       start);
    enum err_class class_ = clock_shared_open(path, start_ms, process_name, err);
    test_clock = class_ == ERR_OK;
    return class_;
}

void clock_teardown(void)
{
    if (test_clock)
        clock_shared_close();
    test_clock = false;
}

bool clock_is_test(void)
{
    return test_clock;
}

static int64_t real_ns(clockid_t id)
{
    struct timespec time;
    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t clock_now_ms(void)
{
    return test_clock ? clock_shared_now_ms() : real_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_monotonic_ns(void)
{
    return real_ns(CLOCK_MONOTONIC);
}

void clock_thread_enter(void)
{
    assert(!takes_part);
    takes_part = true;
    clock_busy_begin();
}

void clock_thread_leave(void)
{
    assert(takes_part);
    takes_part = false;
    clock_busy_end();
}

void clock_busy_begin(void)
{
    if (test_clock)
        clock_shared_busy_begin();
}

void clock_busy_end(void)
{
    if (test_clock)
        clock_shared_busy_end();
}

void wait_init(struct wait *wait)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    rc = rc ? rc : pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = rc ? rc : pthread_cond_init(&wait->cond, &attr);
    /* None of these can fail on Linux; a wait that is not there would be our mistake. */
    assert(rc == 0);
    pthread_condattr_destroy(&attr);
}

void wait_fini(struct wait *wait)
{
    pthread_cond_destroy(&wait->cond);
}

static struct timespec monotonic_in(int64_t ms)
{
    int64_t at_ns = clock_monotonic_ns() + ms * 1000000;
    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

static bool real_wait(struct wait *wait, pthread_mutex_t *lock, int64_t deadline_ms)
{
    int64_t now_ms = clock_now_ms();
    if (now_ms >= deadline_ms)
        return false;
    bool far = deadline_ms - REAL_WAIT_MS > now_ms;
    struct timespec until = monotonic_in(far ? REAL_WAIT_MS : deadline_ms - now_ms);
    int rc = pthread_cond_timedwait(&wait->cond, lock, &until);
    assert(rc == 0 || rc == ETIMEDOUT);
    return rc == 0 || clock_now_ms() < deadline_ms;
}

bool wait_for(struct wait *wait, pthread_mutex_t *lock, int64_t deadline_ms)
{
    if (!test_clock)
        return real_wait(wait, lock, deadline_ms);
    /* A waiting thread that was never counted as busy would drive the count below what runs. */
    assert(takes_part);
    return clock_shared_wait(wait, lock, deadline_ms);
}

void wait_signal(struct wait *wait)
{
    if (test_clock)
        clock_shared_signal(wait, false);
    else
        pthread_cond_signal(&wait->cond);
}

void wait_broadcast(struct wait *wait)
{
    if (test_clock)
        clock_shared_signal(wait, true);
    else
        pthread_cond_broadcast(&wait->cond);
}

/* Measured from its start: a wall clock that is put back makes no sleep longer. */
static bool real_sleep_until(int64_t deadline_ms, const volatile bool *stop)
{
    const int64_t began_ms = clock_now_ms(), began_ns = clock_monotonic_ns();
    for (;;) {
        if (stop && __atomic_load_n(stop, __ATOMIC_RELAXED))
            return false;
        int64_t slept_ms = (clock_monotonic_ns() - began_ns) / 1000000;
        int64_t now_ms = clock_now_ms();
        if (now_ms < began_ms + slept_ms)
            now_ms = began_ms + slept_ms;
        if (now_ms >= deadline_ms)
            return true;
        bool far = deadline_ms - STOP_CHECK_MS > now_ms;
        struct timespec until = monotonic_in(far ? STOP_CHECK_MS : deadline_ms - now_ms);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
}

bool clock_sleep_until(int64_t deadline_ms, const volatile bool *stop)
{
    if (!test_clock)
        return real_sleep_until(deadline_ms, stop);
    assert(takes_part);
    return clock_shared_sleep_until(deadline_ms, stop);
}
