/* The end of a file of lines, and what is added to it: tail for machines that have none, and for files that turn.
 * Memory: one block, whatever the file's size. Threads: one. */
#ifndef HUILIU_APP_TAIL_H
#define HUILIU_APP_TAIL_H

#include <stdio.h>

#include "base/base.h"

/* The last `lines` lines. False: there is no such file, or it cannot be read. `path` ends with NUL. */
bool tail_print(struct str path, int64_t lines, FILE *out);
/* The same, and then what is added, also in the file that takes its place, until *stop. A file that is missing is
 * waited for. */
void tail_follow(struct str path, int64_t lines, FILE *out, const volatile bool *stop);
/* To be written to in the place of `out`: each line becomes {"line": …} there, at most 64 KB of it. NULL: no
 * memory. fclose writes what has no end yet. */
FILE *tail_objects(FILE *out);

#endif
