/* Coming back after a server was gone: one policy for those that are servers. Real time throughout: a server
 * does not come back sooner because a test owns the clock. */
#ifndef HUILIU_STORE_RECONNECT_H
#define HUILIU_STORE_RECONNECT_H

#include "store/backend.h"

int64_t real_now_ms(void);
void real_sleep_ms(int64_t ms);

/* Asks `connect` again and again, 50 ms apart and later a second, until it is good, says that waiting does
 * not help (any class but ERR_STORE: a wrong password or a missing database does not mend itself), or a
 * minute is over: a server that is restarted after a crash replays its log first. For a connection at the
 * side, whose work nobody waits for, it is asked once. */
enum err_class reconnect(struct conn *conn, enum conn_role role,
                         enum err_class (*connect)(struct conn *conn, struct err *err),
                         struct err *err);

#endif
