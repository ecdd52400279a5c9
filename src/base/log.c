/* One line an event, put together on the stack and written with one write(2). */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    /* PIPE_BUF: lines of several processes do not mix even in a pipe. */
    LINE_BYTES_MAX = 4096,
    /* Room that is kept for `,"cut":true}` and the line's end. */
    LINE_TAIL_BYTES = 16,
    /* One long message may not push out the other fields. */
    VALUE_BYTES_MAX = 1024,
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn",
    [LOG_ERROR] = "error", [LOG_OFF] = "off",
};

static enum log_level level_least = LOG_WARN;

/* Where lines go. A reload changes it while threads of the old generation still write. */
static pthread_mutex_t target_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = STDERR_FILENO;
static struct logfile *log_file; /* NULL: log_fd */
static bool log_json = true;     /* main.c calls log_setup, which asks what log_fd is */

struct line {
    char bytes[LINE_BYTES_MAX];
    size_t len;
    bool full;
    bool json;
};

static void target_set(enum log_level level, struct logfile *file, int fd, bool json)
{
    pthread_mutex_lock(&target_lock);
    __atomic_store_n(&level_least, level, __ATOMIC_RELAXED);
    log_file = file;
    log_fd = fd;
    log_json = json || !isatty(fd);
    pthread_mutex_unlock(&target_lock);
}

void log_setup(enum log_level level, int fd, bool json)
{
    target_set(level, NULL, fd, json);
}

void log_setup_file(enum log_level level, struct logfile *file)
{
    target_set(level, file, -1, true);
}

enum log_level log_level_now(void)
{
    return __atomic_load_n(&level_least, __ATOMIC_RELAXED);
}

bool log_level_parse(struct str name, enum log_level *out)
{
    for (int i = LOG_DEBUG; i <= LOG_OFF; i++) {
        if (str_eq(name, str_of(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void line_add(struct line *line, struct str s)
{
    line->full = line->full || s.len > LINE_BYTES_MAX - LINE_TAIL_BYTES - line->len;
    if (line->full || s.len == 0)
        return;
    memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

/* JSON's escapes serve the terminal too: no value can move the cursor or fake a second line. */
static void line_add_escaped(struct line *line, struct str text)
{
    struct str shown = str_utf8_head(text, VALUE_BYTES_MAX);
    for (size_t at = 0, step; at < shown.len; at += step) {
        unsigned char c = (unsigned char)shown.ptr[at];
        size_t len = str_utf8_at(shown, at);
        step = len == 0 ? 1 : len;
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof(escape), "\\%c", c);
        else if (c == '\n')
            snprintf(escape, sizeof(escape), "\\n");
        else if (c < 0x20 || c == 0x7f)
            snprintf(escape, sizeof(escape), "\\u%04x", c);
        else if (len == 2 && c == 0xc2 && (unsigned char)shown.ptr[at + 1] < 0xa0)
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)shown.ptr[at + 1]);
        else if (len == 0)
            snprintf(escape, sizeof(escape), "\\ufffd");
        else {
            line_add(line, str_sub(shown, at, at + step));
            continue;
        }
        line_add(line, str_of(escape));
    }
    if (shown.len < text.len)
        line_add(line, STR("…"));
}

static bool needs_quotes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return true;
    }
    return text.len == 0;
}

static void line_add_text(struct line *line, struct str text)
{
    bool quotes = line->json || needs_quotes(text);
    if (quotes)
        line_add(line, STR("\""));
    line_add_escaped(line, text);
    if (quotes)
        line_add(line, STR("\""));
}

static void line_add_key(struct line *line, const char *key)
{
    line_add(line, line->json ? STR(",\"") : STR(" "));
    line_add(line, str_of(key));
    line_add(line, line->json ? STR("\":") : STR("="));
}

/* RFC 3339 in UTC. The date is worked out here: gmtime_r reads locale and zone files, and this
 * must be safe in any thread at any time. */
static void time_format(int64_t time_ms, char *text, size_t text_bytes)
{
    const int64_t day_ms = 86400000;
    int64_t days = time_ms / day_ms, in_day = time_ms % day_ms;
    if (in_day < 0) {
        in_day += day_ms;
        days--;
    }
    /* Howard Hinnant's civil_from_days: years start in March, eras have 400 years. */
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    snprintf(text, text_bytes, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ", (long long)year,
             (long long)month, (long long)day, (long long)(in_day / 3600000),
             (long long)(in_day / 60000 % 60), (long long)(in_day / 1000 % 60),
             (long long)(in_day % 1000));
}

static void line_add_head(struct line *line, enum log_level level, const char *event)
{
    char time[64];
    time_format(clock_now_ms(), time, sizeof(time));
    line_add(line, line->json ? STR("{\"time\":\"") : STR(""));
    line_add(line, str_of(time));
    line_add(line, line->json ? STR("\",\"level\":\"") : STR(" "));
    line_add(line, str_of(level_names[level]));
    line_add(line, line->json ? STR("\",\"event\":\"") : STR(" "));
    line_add(line, str_of(event));
    line_add(line, line->json ? STR("\"") : STR(""));
}

static void line_add_field(struct line *line, const struct log_field *field)
{
    char number[24];
    line_add_key(line, field->key);
    if (field->kind == LOG_FIELD_STR) {
        line_add_text(line, field->text);
    } else {
        snprintf(number, sizeof(number), "%lld", (long long)field->number);
        line_add(line, str_of(number));
    }
}

static void line_fill(struct line *line, enum log_level level, const char *event,
                      const struct log_field *fields)
{
    bool cut = false;
    line_add_head(line, level, event);
    for (; fields->kind != LOG_FIELD_END; fields++) {
        size_t before = line->len;
        line_add_field(line, fields);
        if (line->full) {
            /* A field that does not fit is left out as a whole, so that the line stays JSON. */
            line->len = before;
            line->full = false;
            cut = true;
        }
    }
    const char *tail = line->json ? (cut ? ",\"cut\":true}\n" : "}\n")
                                  : (cut ? " cut=true\n" : "\n");
    memcpy(line->bytes + line->len, tail, strlen(tail));
    line->len += strlen(tail);
}

void log_event_at(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < log_level_now() || level >= LOG_OFF)
        return;
    pthread_mutex_lock(&target_lock);
    struct line line = {.json = log_json};
    line_fill(&line, level, event, fields);
    /* A log that cannot be written must not stop the work; there is nobody to tell. */
    if (log_file)
        logfile_write(log_file, line.bytes, line.len);
    else
        while (write(log_fd, line.bytes, line.len) < 0 && errno == EINTR)
            continue;
    pthread_mutex_unlock(&target_lock);
}
