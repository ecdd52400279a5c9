/* Fail points: named places where a test can kill the process or fail a step. They are in
 * the shipped program and cost one branch on a flag that is off.
 *
 *     HUILIU_FAIL="store.commit.before=kill@3,store.query=error@1+"
 *
 * point=action[@N[+]]; action kill (SIGKILL to self), error (the point reports failure), exit
 * (the process ends at once with status 1, after the report);
 * @N: at the N-th hit (default 1), N+: from then on. HUILIU_FAIL_REPORT=PATH appends one line
 * "point hits" for every registered point when the process ends normally, and
 * "point kill" just before a kill, so that a test can count that each was reached.
 * All points are listed in the table of fail.c; hitting a name that is not there is an assertion,
 * and `huiliu version --fail-points` prints the table. Threads: any. */
#ifndef HUILIU_BASE_FAIL_H
#define HUILIU_BASE_FAIL_H

#include <stdbool.h>

#include "base/err.h"

extern bool fail_points_on;

/* True when this point must fail now ("error"); kills when told to. */
#define FAIL_POINT(name) (__builtin_expect(fail_points_on, 0) && fail_point_hit(name))
bool fail_point_hit(const char *name);

/* Reads HUILIU_FAIL; ERR_CONFIG names an unknown point and the nearest one. Before threads. */
enum err_class fail_setup(struct err *err);
/* Writes the report (if asked for). */
void fail_teardown(void);
/* The table: NULL-terminated {name, what happens there}. */
struct fail_point_info {
    const char *name;
    const char *what;
};
const struct fail_point_info *fail_point_table(void);

#endif
