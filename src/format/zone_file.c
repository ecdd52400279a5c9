/* TZif files (RFC 8536), version 2 and later: of the two data blocks the second one, with 64-bit
 * times, and the footer, a POSIX TZ text that holds for ever after. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "format/zone_internal.h"

enum {
    FILE_BYTES_MAX = 64 * 1024, /* the largest of tzdata 2025 has 4 KB */
    CHANGES_MAX = 4096,
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    RULE_HOURS_MAX = 167, /* RFC 8536, 3.3.1 */
};

struct header {
    uint32_t isut, isstd, leaps, changes, types, chars;
};

static uint32_t u32_read(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t i64_read(const unsigned char *p)
{
    return (int64_t)((uint64_t)u32_read(p) << 32 | u32_read(p + 4));
}

/* Takes a header from the front of *rest. */
static const char *header_take(struct str *rest, struct header *out)
{
    const unsigned char *p = (const unsigned char *)rest->ptr;
    if (rest->len < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
        return "it is no TZif file";
    if (p[4] < '2')
        return "it is of version 1, without 64-bit times";
    *out = (struct header){u32_read(p + 20), u32_read(p + 24), u32_read(p + 28),
                           u32_read(p + 32), u32_read(p + 36), u32_read(p + 40)};
    if (out->changes > CHANGES_MAX || out->types == 0 || out->types > 256 || out->chars > 4096 ||
        out->leaps > 4096 || out->isut > 256 || out->isstd > 256)
        return "its counts are out of range";
    *rest = str_sub(*rest, HEADER_BYTES, rest->len);
    return NULL;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
    return header->changes * (time_bytes + 1) + header->types * TYPE_BYTES + header->chars +
           header->leaps * (time_bytes + 4) + header->isstd + header->isut;
}

/* Number of up to three digits from the front. */
static bool number_take(struct str *text, unsigned max, unsigned *out)
{
    unsigned number = 0;
    size_t len = 0;
    for (; len < text->len && len < 3 && text->ptr[len] >= '0' && text->ptr[len] <= '9'; len++)
        number = number * 10 + (unsigned)(text->ptr[len] - '0');
    if (len == 0 || number > max)
        return false;
    *text = str_sub(*text, len, text->len);
    *out = number;
    return true;
}

static bool char_take(struct str *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = str_sub(*text, 1, text->len);
    return true;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool duration_take(struct str *text, unsigned hours_max, int32_t *out)
{
    unsigned hours, minutes = 0, seconds = 0;
    bool negative = char_take(text, '-');
    if (!negative)
        char_take(text, '+');
    if (!number_take(text, hours_max, &hours))
        return false;
    if (char_take(text, ':') && !number_take(text, 59, &minutes))
        return false;
    if (char_take(text, ':') && !number_take(text, 59, &seconds))
        return false;
    int32_t total = (int32_t)(hours * 3600 + minutes * 60 + seconds);
    *out = negative ? -total : total;
    return true;
}

/* "CST" or "<+08>": only passed over, nobody reads abbreviations. */
static bool abbreviation_take(struct str *text)
{
    size_t len = 0;
    if (char_take(text, '<')) {
        len = str_find_char(*text, '>');
        if (len == SIZE_MAX)
            return false;
        *text = str_sub(*text, len + 1, text->len);
        return len > 0;
    }
    while (len < text->len && ((text->ptr[len] >= 'A' && text->ptr[len] <= 'Z') ||
                               (text->ptr[len] >= 'a' && text->ptr[len] <= 'z')))
        len++;
    *text = str_sub(*text, len, text->len);
    return len >= 3;
}

/* ",Mm.w.d[/time]". The forms by day of the year are not in use in tzdata and refused. */
static bool zone_day_take(struct str *text, struct zone_day *out)
{
    out->time_s = 2 * 3600;
    if (!char_take(text, ',') || !char_take(text, 'M') || !number_take(text, 12, &out->month) ||
        !char_take(text, '.') || !number_take(text, 5, &out->week) || !char_take(text, '.') ||
        !number_take(text, 6, &out->weekday) || out->month == 0 || out->week == 0)
        return false;
    return !char_take(text, '/') || duration_take(text, RULE_HOURS_MAX, &out->time_s);
}

/* "CST-8" or "PST8PDT,M3.2.0,M11.1.0". POSIX counts offsets to the west. */
static bool rule_read(struct str text, struct zone_rule *out)
{
    int32_t west_s;
    *out = (struct zone_rule){0};
    if (!abbreviation_take(&text) || !duration_take(&text, 24, &west_s))
        return false;
    out->std_offset_s = -west_s;
    if (text.len == 0)
        return true;
    out->summer = true;
    out->summer_offset_s = out->std_offset_s + 3600;
    if (!abbreviation_take(&text))
        return false;
    if (!str_starts(text, STR(","))) {
        if (!duration_take(&text, 24, &west_s))
            return false;
        out->summer_offset_s = -west_s;
    }
    return zone_day_take(&text, &out->start) && zone_day_take(&text, &out->end) && text.len == 0;
}

static const char *types_read(const unsigned char *types, const struct header *header,
                              int32_t offsets_s[256])
{
    for (size_t i = 0; i < header->types; i++) {
        offsets_s[i] = (int32_t)u32_read(types + i * TYPE_BYTES);
        if (offsets_s[i] < -ZONE_OFFSET_S_MAX || offsets_s[i] > ZONE_OFFSET_S_MAX)
            return "an offset is a day or more";
    }
    return NULL;
}

/* The second block; `bytes` holds at least block_bytes. */
static const char *changes_read(const unsigned char *bytes, const struct header *header,
                                const int32_t offsets_s[256], struct zone_change *out)
{
    const unsigned char *types = bytes + header->changes * 8;
    for (size_t i = 0; i < header->changes; i++) {
        out[i].at_s = i64_read(bytes + i * 8);
        if (types[i] >= header->types)
            return "a change has no type";
        if (i > 0 && out[i].at_s <= out[i - 1].at_s)
            return "its changes are not in order";
        out[i].offset_s = offsets_s[types[i]];
    }
    return NULL;
}

static const char *footer_read(struct str footer, struct zone *zone)
{
    struct str text, rest;
    if (!str_starts(footer, STR("\n")) ||
        !str_cut(str_sub(footer, 1, footer.len), '\n', &text, &rest))
        return "its footer is missing";
    zone->has_rule = text.len > 0;
    return zone->has_rule && !rule_read(text, &zone->rule) ? "its footer cannot be read" : NULL;
}

enum err_class zone_bytes_read(struct str bytes, struct zone *zone, const char **why)
{
    struct header header;
    int32_t offsets_s[256];
    *why = header_take(&bytes, &header);
    if (*why)
        return ERR_CONFIG;
    bytes = str_sub(bytes, block_bytes(&header, 4), bytes.len);
    *why = header_take(&bytes, &header);
    if (!*why && bytes.len < block_bytes(&header, 8))
        *why = "it is cut";
    if (!*why && header.leaps > 0)
        *why = "it counts leap seconds, which UTC milliseconds do not";
    if (*why)
        return ERR_CONFIG;

    const unsigned char *block = (const unsigned char *)bytes.ptr;
    struct zone_change *changes = calloc(header.changes + 1, sizeof *changes);
    if (!changes)
        return ERR_INTERNAL;
    *why = types_read(block + header.changes * 9, &header, offsets_s);
    if (!*why)
        *why = changes_read(block, &header, offsets_s, changes);
    if (!*why)
        *why = footer_read(str_sub(bytes, block_bytes(&header, 8), bytes.len), zone);
    if (*why) {
        free(changes);
        return ERR_CONFIG;
    }
    zone->first_offset_s = offsets_s[0]; /* RFC 8536, 3.2: type 0 holds before the first change */
    zone->changes = changes;
    zone->changes_len = header.changes;
    return ERR_OK;
}

enum err_class zone_file_read(const char *path, struct zone *zone, struct err *err)
{
    struct stat info;
    FILE *file = fopen(path, "rbe");
    if (!file || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        int error = errno;
        if (file)
            fclose(file);
        else if (error != ENOENT && error != ENOTDIR)
            return err_set(err, ERR_CONFIG, "zone_file", "%s cannot be read: %s", path,
                           strerror(error));
        return err_set(err, ERR_NOT_FOUND, "zone_file", "%s is not there", path);
    }
    const char *why = "it is too long";
    enum err_class result = ERR_CONFIG;
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    if (bytes) {
        size_t len = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
        if (ferror(file))
            why = strerror(errno);
        else if (len <= FILE_BYTES_MAX)
            result = zone_bytes_read((struct str){bytes, len}, zone, &why);
    }
    fclose(file);
    if (!bytes || result == ERR_INTERNAL)
        result = err_no_memory(err);
    else if (result != ERR_OK)
        err_set(err, result, "zone_file", "the zone file %s cannot be used: %s", path, why);
    free(bytes);
    return result;
}
