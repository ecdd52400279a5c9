/* What the routes about shops, syncs and tasks share. Not part of the face. */
#ifndef HUILIU_API_CONTROL_H
#define HUILIU_API_CONTROL_H

#include "api/change.h"
#include "api/home.h"
#include "api/host.h"
#include "api/out.h"
#include "api/route.h"

#define CONTROL_SHOP                                                                               \
    {                                                                                              \
        "shop", PARAM_QUERY, PARAM_TEXT, .many = true, .help = "Number or name; of several: any"   \
    }

/* Two values of a statement: 1 where all shops are meant, and else their numbers, for SQL_SCOPED. */
struct scope_values {
    struct sql_value all, ids;
};
enum err_class control_scope(struct call *call, struct scope_values *out, struct err *err);
/* Those that he may see at all. */
enum err_class control_scope_seen(const struct call *call, struct scope_values *out,
                                  struct err *err);
/* A number of the path; what is none is not there. */
enum err_class control_id(const struct call *call, const char *name, int64_t *out, struct err *err);
/* The same of a shop that he may see; *shop is NULL where this generation does not know it yet. */
enum err_class control_shop(const struct call *call, const char *name, int64_t *id,
                            const struct api_shop **shop, struct err *err);
/* A budget of PLATFORM/shop:ID/… is told to who sees that shop. */
bool call_sees_budget(const struct call *call, struct str name);
/* Words of people (numbers or names) as "#ID"; one that is not there or not his is ERR_NOT_FOUND. */
enum err_class control_shop_words(struct call *call, const char *name, struct api_words *out,
                                  struct err *err);
/* "key": {"id": …, "name": …, "platform": …}; null for 0. */
void control_out_shop(struct out *out, const struct call *call, const char *key, int64_t id);
/* A text in both languages: {"en": …, "zh": …}. */
void control_out_text(struct out *out, const struct call *call, const char *key, enum api_text id,
                      struct str one, struct str two, struct str three);
struct str control_time(struct arena *arena, int64_t ms);

/* Is he still allowed what he was: neither disabled nor changed, and his session not over? For what lasts longer than a
 * request. A database that is away changes nothing. */
bool person_is_still(const struct api_host *host, const struct person *person, int64_t now_ms);

/* What concerns the home and not one shop is for who sees all. */
enum err_class control_all_shops(const struct call *call, struct err *err);
enum err_class control_home(const struct call *call, const struct api_home **out, struct err *err);

#endif
