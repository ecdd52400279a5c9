/* What a zone is made of; shared by zone.c (names), zone_file.c (TZif), zone_time.c (arithmetic)
 * and time_text.c. Not part of the face. */
#ifndef HUILIU_FORMAT_ZONE_INTERNAL_H
#define HUILIU_FORMAT_ZONE_INTERNAL_H

#include "format/zone.h"

enum {
    ZONE_NAME_BYTES_MAX = 63,
    DAY_S = 24 * 60 * 60,
    /* RFC 3339 allows offsets below 24 h; a day on both sides of an instant therefore covers
     * every reading of it. */
    ZONE_OFFSET_S_MAX = DAY_S - 1,
};

/* From at_s (UTC seconds) on, this offset holds. */
struct zone_change {
    int64_t at_s;
    int32_t offset_s;
};

/* "Mm.w.d/time" of POSIX TZ: the week-th such weekday of a month (5: the last), and the local
 * time from midnight, which may lie days away or be negative. */
struct zone_day {
    unsigned month, week, weekday;
    int32_t time_s;
};

/* What holds after the last change of the file, year by year. */
struct zone_rule {
    bool summer; /* else std_offset_s always */
    int32_t std_offset_s, summer_offset_s;
    struct zone_day start, end;
};

struct zone {
    struct str name;
    int32_t first_offset_s;            /* before the first change */
    const struct zone_change *changes; /* ascending */
    size_t changes_len;
    bool has_rule;
    struct zone_rule rule;
    /* Storage of a zone that was read or made; constants have none. */
    char name_bytes[ZONE_NAME_BYTES_MAX + 1];
};

/* Reads a TZif file of version 2 or later. ERR_CONFIG "zone_file" says what is wrong in it;
 * ERR_NOT_FOUND when there is no such file. Fills everything but the name; the changes are the
 * caller's to free. */
enum err_class zone_file_read(const char *path, struct zone *zone, struct err *err);
/* The same from memory, `why` says what is wrong. */
enum err_class zone_bytes_read(struct str bytes, struct zone *zone, const char **why);

/* What Asia/Shanghai is where there is no file. */
const struct zone *zone_shanghai_constant(void);

/* Offset by the rule alone. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t utc_s);

/* Takes "+08:00", "+0800", "+08" or "Z" from the front of *text; false leaves it. */
bool zone_offset_take(struct str *text, int32_t *offset_s);

#endif
