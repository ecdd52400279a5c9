/* Writing an answer: JSON in the order in which it is said, into call->out. Commas are put by themselves; depth is
 * bounded. Everything goes by docs/api.md: ids and texts as strings, money as {minor, currency, text}, figures as numbers of
 * their decimals or null, times as RFC 3339 UTC. A buffer that overflows fails when the answer is sent. */
#ifndef HUILIU_API_OUT_H
#define HUILIU_API_OUT_H

#include "base/base.h"
#include "derive/derive.h"

struct out {
    struct buf *buf;
    bool comma;
    unsigned depth;
};
void out_init(struct out *out, struct buf *buf);
void out_object(struct out *out, const char *key); /* key NULL: in a list, or the root */
void out_list(struct out *out, const char *key);
void out_end_object(struct out *out);
void out_end_list(struct out *out);
void out_text(struct out *out, const char *key, struct str value);         /* "" stays "" */
void out_text_or_null(struct out *out, const char *key, struct str value); /* NULL ptr: null */
void out_int(struct out *out, const char *key, int64_t value);
/* A number of ours that names something: a text, as every id. */
void out_id(struct out *out, const char *key, int64_t id);
void out_bool(struct out *out, const char *key, bool value);
void out_null(struct out *out, const char *key);
void out_time(struct out *out, const char *key, int64_t ms);
void out_time_or_null(struct out *out, const char *key, int64_t ms, bool present);
void out_money(struct out *out, const char *key, int64_t minor, struct str currency);
/* A metric's value; money becomes the object, everything else a number. */
void out_figure(struct out *out, const char *key, const struct metric *metric, struct figure value,
                struct str currency);
/* Part of whole as a number of four decimals, half away from zero; null where the whole is none. */
void out_share(struct out *out, const char *key, int64_t part, int64_t whole);
/* A JSON text as it is. */
void out_raw(struct out *out, const char *key, struct str json);

#endif
