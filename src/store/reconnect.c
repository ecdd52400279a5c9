/* Back-off until a server is there again. */
#include "store/reconnect.h"

#include <time.h>

enum {
    PATIENCE_MS = 60 * 1000,
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 1000,
};

void real_sleep_ms(int64_t ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int64_t real_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum err_class reconnect(struct conn *conn, enum conn_role role,
                         enum err_class (*connect)(struct conn *conn, struct err *err),
                         struct err *err)
{
    int64_t until_ms = real_now_ms() + (role == CONN_SIDE ? 0 : PATIENCE_MS);
    int64_t wait_ms = BACKOFF_FIRST_MS;
    enum err_class class_ = connect(conn, err);
    while (class_ == ERR_STORE && real_now_ms() < until_ms) {
        real_sleep_ms(wait_ms);
        wait_ms = wait_ms * 2 < BACKOFF_MAX_MS ? wait_ms * 2 : BACKOFF_MAX_MS;
        class_ = connect(conn, err);
    }
    return class_;
}
