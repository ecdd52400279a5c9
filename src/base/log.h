/* Structured log: one line an event, `time level event key=value …` on a terminal, a JSON object
 * a line elsewhere or when asked for. Values are escaped; keys are literals.
 *
 * Secrets and personal data never go in here: the callers pass names and numbers, the gateway
 * passes masked things. Threads: any; a line is written with one write(2), one after the other.
 *
 *     log_event(LOG_INFO, "window_sealed", LOG_STR("shop", shop), LOG_I64("rows", n), LOG_END); */
#ifndef HUILIU_BASE_LOG_H
#define HUILIU_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/logfile.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

enum log_field_kind { LOG_FIELD_END, LOG_FIELD_STR, LOG_FIELD_I64 };

struct log_field {
    enum log_field_kind kind;
    const char *key;
    struct str text;
    int64_t number;
};

#define LOG_STR(key_, str_) ((struct log_field){LOG_FIELD_STR, (key_), (str_), 0})
#define LOG_I64(key_, number_) ((struct log_field){LOG_FIELD_I64, (key_), STR_NONE, (number_)})
#define LOG_END ((struct log_field){LOG_FIELD_END, "", STR_NONE, 0})
#define log_event(level, event, ...)                                                               \
    log_event_at((level), (event), (const struct log_field[]){__VA_ARGS__})

/* fd stays the caller's. json: force JSON lines; otherwise JSON unless fd is a terminal. Default: LOG_WARN to
 * standard error. Threads: any; once it returns nobody writes to what was set before, which may be closed. */
void log_setup(enum log_level level, int fd, bool json);
/* JSON lines into a file that turns; it stays the caller's. */
void log_setup_file(enum log_level level, struct logfile *file);
enum log_level log_level_now(void);
bool log_level_parse(struct str name, enum log_level *out);
void log_event_at(enum log_level level, const char *event, const struct log_field *fields);

#endif
