/* logfile: a file that lines are added to for years, of which a bounded part is kept.
 *
 * NAME is the file of today; NAME.1 is the one before it, up to NAME.<files>. A file gives way to a new one when it
 * would grow past `bytes_max`, and at the first write of another UTC day; older files than `keep_days` go, and what
 * lies beyond `files`. On disk stand at most (files + 1) × bytes_max. Old files stay plain text: a full disk
 * is prevented by the bound, and every tool reads them.
 *
 * Several processes may have the same file open: each write looks whether NAME is still the file that is open, and
 * opens it again if not (somebody turned it, or a person moved it). Who turns holds flock on the file that
 * goes; whoever finds it taken writes on and looks again with the next line. No line is lost or split by that.
 *
 * A file that cannot be turned or opened again (rights, a folder that is gone) is written on: a log must not
 * stop the work. Memory: the handle and its path. Threads: one at a time; base/log.c holds a lock around it. */
#ifndef HUILIU_BASE_LOGFILE_H
#define HUILIU_BASE_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Names are tried one by one when old files are looked for. */
enum { LOGFILE_FILES_MAX = 1000 };

struct logfile_options {
    const char *path;
    int64_t bytes_max;
    int64_t keep_days;
    unsigned files;         /* at most LOGFILE_FILES_MAX; 0: the old file goes at once */
    int64_t (*now_s)(void); /* UTC seconds; NULL: the machine's clock, which also dates files */
};

struct logfile;
/* ERR_CONFIG "log_file" when it cannot be opened or made (mode 0600). */
enum err_class logfile_open(const struct logfile_options *options, struct logfile **out,
                            struct err *err);
void logfile_close(struct logfile *file);
/* Whole lines, in one write(2). False: the system refused (full disk), and the bytes are lost. */
bool logfile_write(struct logfile *file, const char *bytes, size_t len);
/* Of the file of today, for who watches it. */
const char *logfile_path(const struct logfile *file);

#endif
