/* Time, and waiting. The engine reads time only here and blocks only here, so that a test can
 * own it: HUILIU_CLOCK=PATH makes time a mapped file shared with the sandbox.
 *
 * Real clock: now is the wall clock in UTC milliseconds; waits use the monotonic clock.
 *
 * Test clock: the file holds `now_ms` and a slot per process {busy, next wake}. A thread that
 * runs is busy, a thread in wait_for is idle; a call in flight is busy (clock_busy_begin/end).
 * Whoever goes idle last in all processes moves now to the least next wake; between moves time
 * stands still. Call time-outs stay real. A slot whose process has died is cleared.
 *
 * Waking hands over busyness: wait_signal counts the woken thread as busy before the signaller
 * can go idle, so time never jumps past a thread that has been told to run.
 *
 * Rules: threads that take part call clock_thread_enter first and clock_thread_leave last, and
 * only they wait (asserted under the test clock). Who starts a thread holds clock_busy_begin until
 * the thread has entered, or time may pass in between. The mutex of a `struct wait` must be held for wait_for and wait_signal. Every wait has a deadline
 * (WAIT_FOREVER only for "until signalled or stopped").
 *
 *     pthread_mutex_lock(&q->lock);
 *     while (!q->ready && !q->stopping)
 *         wait_for(&q->wait, &q->lock, deadline_ms);
 *     pthread_mutex_unlock(&q->lock); */
#ifndef HUILIU_BASE_CLOCK_H
#define HUILIU_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define WAIT_FOREVER INT64_MAX

/* Reads HUILIU_CLOCK; without it nothing happens and the real clock is used. Call once, before
 * threads. `process_name` shows up in the file for debugging. The file is made when absent, with
 * now_ms = HUILIU_CLOCK_START (UTC ms, default 2026-01-01T00:00:00Z). */
enum err_class clock_setup(const char *process_name, struct err *err);
/* Call once, after the last thread that waits or holds time has ended. */
void clock_teardown(void);
/* True under HUILIU_CLOCK: callers refuse it unless every base_url is loopback. */
bool clock_is_test(void);

/* UTC milliseconds. */
int64_t clock_now_ms(void);
/* Real monotonic nanoseconds, for measuring durations and for call time-outs only. */
int64_t clock_monotonic_ns(void);

void clock_thread_enter(void);
void clock_thread_leave(void);
/* A call in flight (or another hand-over between threads) keeps time still. Any thread. */
void clock_busy_begin(void);
void clock_busy_end(void);

/* A condition variable that knows the clock. Under the test clock only its address counts. */
struct wait {
    pthread_cond_t cond;
};

void wait_init(struct wait *wait);
void wait_fini(struct wait *wait);
/* Returns true when signalled, false when clock_now_ms() >= deadline_ms. May return true
 * spuriously: callers loop on their condition. */
bool wait_for(struct wait *wait, pthread_mutex_t *lock, int64_t deadline_ms);
/* Wakes one / all waiting threads. The mutex is held. */
void wait_signal(struct wait *wait);
void wait_broadcast(struct wait *wait);

/* Sleeps until deadline_ms or until *stop becomes true (checked on wake and at least each 100 ms
 * of real time; NULL: never). Returns false when stopped. Other threads set *stop atomically. */
bool clock_sleep_until(int64_t deadline_ms, const volatile bool *stop);

#endif
