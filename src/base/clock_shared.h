/* Private to base: the test clock, a mapped file that several processes share. clock.c calls it
 * when HUILIU_CLOCK is set; the meaning of each function is that of its namesake in clock.h. */
#ifndef HUILIU_BASE_CLOCK_SHARED_H
#define HUILIU_BASE_CLOCK_SHARED_H

#include "base/clock.h"

enum err_class clock_shared_open(const char *path, int64_t start_ms, const char *process_name,
                                 struct err *err);
void clock_shared_close(void);
int64_t clock_shared_now_ms(void);
void clock_shared_busy_begin(void);
void clock_shared_busy_end(void);
bool clock_shared_wait(struct wait *wait, pthread_mutex_t *lock, int64_t deadline_ms);
/* Wakes the thread that has waited longest, or all. */
void clock_shared_signal(struct wait *wait, bool all);
bool clock_shared_sleep_until(int64_t deadline_ms, const volatile bool *stop);

#endif
