/* Zones by name. */
#include "format/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/codec.h"
#include "format/zone_internal.h"

enum { ZONES_MAX = 64 };

/* IANA's Asia/Shanghai (tzdata 2025b). Nearly every platform lives in this zone, so that it must
 * not depend on a file; zone_test.c holds the table to the file where there is one. */
static const struct zone_change shanghai_changes[] = {
    {-2177481943, 28800}, {-1600675200, 32400}, {-1585904400, 28800}, {-933667200, 32400},
    {-922093200, 28800},  {-908870400, 32400},  {-888829200, 28800},  {-881049600, 32400},
    {-767869200, 28800},  {-745833600, 32400},  {-733827600, 28800},  {-716889600, 32400},
    {-699613200, 28800},  {-683884800, 32400},  {-670669200, 28800},  {-652348800, 32400},
    {-650019600, 28800},  {515527200, 32400},   {527014800, 28800},   {545162400, 32400},
    {558464400, 28800},   {577216800, 32400},   {589914000, 28800},   {608666400, 32400},
    {621968400, 28800},   {640116000, 32400},   {653418000, 28800},   {671565600, 32400},
    {684867600, 28800},
};
static const struct zone zone_shanghai = {
    .name = {"Asia/Shanghai", 13},
    .first_offset_s = 29143,
    .changes = shanghai_changes,
    .changes_len = sizeof shanghai_changes / sizeof *shanghai_changes,
};
static const struct zone zone_utc_constant = {.name = {"UTC", 3}};

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct zone *cache[ZONES_MAX];
static size_t cache_len;

const struct zone *zone_utc(void)
{
    return &zone_utc_constant;
}

const struct zone *zone_shanghai_constant(void)
{
    return &zone_shanghai;
}

struct str zone_name(const struct zone *zone)
{
    return zone->name;
}

/* Also keeps the name inside the folder: it has no dot, so no "..". */
static bool zone_name_ok(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-' || c == '+' || c == '/'))
            return false;
    }
    return name.len > 0 && name.len <= ZONE_NAME_BYTES_MAX && name.ptr[0] != '/';
}

/* Looks into both folders; ERR_NOT_FOUND when neither has it. */
static enum err_class zone_load(struct str name, struct zone *zone, struct err *err)
{
    const char *folders[] = {getenv("HUILIU_ZONEINFO"), "/usr/share/zoneinfo"};
    enum err_class result = ERR_NOT_FOUND;
    for (size_t i = 0; i < 2 && result == ERR_NOT_FOUND; i++) {
        char path[4096];
        if (!folders[i] || !*folders[i])
            continue;
        int len = snprintf(path, sizeof path, "%s/%.*s", folders[i], STR_ARG(name));
        if (len > 0 && (size_t)len < sizeof path)
            result = zone_file_read(path, zone, err);
    }
    return result;
}

static enum err_class zone_unknown(struct str name, struct err *err)
{
    /* Where the supported platforms sell. */
    const struct str known[] = {STR("UTC"),
                                STR("Asia/Shanghai"),
                                STR("Asia/Hong_Kong"),
                                STR("Asia/Taipei"),
                                STR("Asia/Tokyo"),
                                STR("Asia/Seoul"),
                                STR("Asia/Singapore"),
                                STR("Asia/Kuala_Lumpur"),
                                STR("Asia/Manila"),
                                STR("Asia/Bangkok"),
                                STR("Asia/Ho_Chi_Minh"),
                                STR("Asia/Jakarta"),
                                STR("Asia/Kolkata"),
                                STR("Asia/Dubai"),
                                STR("Asia/Riyadh"),
                                STR("Europe/London"),
                                STR("Europe/Paris"),
                                STR("Europe/Berlin"),
                                STR("Europe/Madrid"),
                                STR("Europe/Rome"),
                                STR("Europe/Warsaw"),
                                STR("Europe/Moscow"),
                                STR("Europe/Istanbul"),
                                STR("America/New_York"),
                                STR("America/Chicago"),
                                STR("America/Denver"),
                                STR("America/Los_Angeles"),
                                STR("America/Mexico_City"),
                                STR("America/Sao_Paulo"),
                                STR("Australia/Sydney"),
                                STR("Australia/Lord_Howe"),
                                STR("Africa/Johannesburg"),
                                STR("Africa/Cairo")};
    size_t nearest = str_nearest(name, known, sizeof known / sizeof *known);
    struct str shown = utf8_cut(name, ZONE_NAME_BYTES_MAX);
    if (nearest != SIZE_MAX)
        return err_set(err, ERR_CONFIG, "zone_unknown",
                       "there is no time zone \"%.*s\"; did you mean \"%.*s\"? (zones other than "
                       "UTC, Asia/Shanghai and +08:00 need the package tzdata)",
                       STR_ARG(shown), STR_ARG(known[nearest]));
    return err_set(err, ERR_CONFIG, "zone_unknown",
                   "there is no time zone \"%.*s\"; names look like Asia/Shanghai, UTC or +08:00 "
                   "(others need the package tzdata)",
                   STR_ARG(shown));
}

/* Makes the zone of a name that is not in the cache. */
static enum err_class zone_make(struct str name, const struct zone **out, struct err *err)
{
    struct str rest = name;
    int32_t offset_s;
    bool fixed = zone_offset_take(&rest, &offset_s) && rest.len == 0 && name.len == 6;
    if (!fixed && !zone_name_ok(name))
        return zone_unknown(name, err);
    struct zone *zone = calloc(1, sizeof *zone);
    if (!zone)
        return err_no_memory(err);
    enum err_class result = ERR_OK;
    if (fixed)
        zone->first_offset_s = offset_s;
    else
        result = zone_load(name, zone, err);
    if (result != ERR_OK) {
        free(zone);
        if (result == ERR_NOT_FOUND && str_eq(name, zone_shanghai.name)) {
            *out = &zone_shanghai;
            return ERR_OK;
        }
        return result == ERR_NOT_FOUND ? zone_unknown(name, err) : result;
    }
    memcpy(zone->name_bytes, name.ptr, name.len);
    zone->name = (struct str){zone->name_bytes, name.len};
    *out = zone;
    return ERR_OK;
}

enum err_class zone_find(struct str name, const struct zone **out, struct err *err)
{
    if (str_eq(name, zone_utc_constant.name)) {
        *out = &zone_utc_constant;
        return ERR_OK;
    }
    enum err_class result = ERR_OK;
    pthread_mutex_lock(&cache_lock);
    size_t at = 0;
    while (at < cache_len && !str_eq(cache[at]->name, name))
        at++;
    if (at == ZONES_MAX)
        result = err_set(err, ERR_CONFIG, "zone_too_many", "more than %d time zones are in use",
                         ZONES_MAX);
    else if (at == cache_len)
        result = zone_make(name, &cache[at], err);
    if (result == ERR_OK) {
        cache_len += at == cache_len;
        *out = cache[at];
    }
    pthread_mutex_unlock(&cache_lock);
    return result;
}
