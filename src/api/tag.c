/* ETag, 304, If-Match, gzip. */
#include "api/tag.h"

#include <stdio.h>

enum { TAG_BYTES = 40 };

/* Keyed by the home: the same in each of its processes, and nobody tells from it what the body was. */
static void tag_of(const struct call *call, struct str body, char out[TAG_BYTES])
{
    unsigned char raw[16];
    char *at = out;
    record_hash(call->host->keyring, body, raw);
    for (size_t i = 0; i < sizeof(raw); i++)
        at += snprintf(at, 3, "%02x", raw[i]);
}

static struct str without_end(struct str text, struct str end)
{
    return str_ends(text, end) ? str_sub(text, 0, text.len - end.len) : text;
}

/* `"tag"`, `W/"tag"`, `"tag-gzip"`, several with commas, or `*`. */
bool tags_have(struct str list, const char *tag)
{
    while (list.len > 0) {
        struct str one;
        str_cut(list, ',', &one, &list);
        one = str_trim(one);
        if (str_eq(one, STR("*")))
            return true;
        if (str_starts(one, STR("W/")))
            one = str_sub(one, 2, one.len);
        if (one.len < 2 || one.ptr[0] != '"' || one.ptr[one.len - 1] != '"')
            continue;
        one = without_end(without_end(str_sub(one, 1, one.len - 1), STR("-gzip")), STR("-br"));
        if (str_eq(one, str_of(tag)))
            return true;
    }
    return false;
}

enum err_class call_changed_meanwhile(struct err *err)
{
    return err_set(err, ERR_CONFLICT, "precondition",
                   "somebody has changed it since you read it: read it again");
}

enum err_class call_if_match(struct call *call, call_answer *answer, int64_t id,
                             const char *version_sql, int64_t *version, struct err *err)
{
    char tag[TAG_BYTES];
    struct str wanted = http_header(call->request, STR("If-Match"));
    const struct sql_value key = sql_int(id);
    enum err_class class_ = ERR_OK;
    if (version)
        *version = CALL_VERSION_ANY;
    if (wanted.len == 0)
        return ERR_OK;
    if (version)
        class_ = store_read_int(call->host->store, version_sql, &key, 1, 0, version, err);
    if (class_ == ERR_OK)
        class_ = answer(call, id, err);
    if (class_ != ERR_OK)
        return class_;
    tag_of(call, buf_str(&call->out), tag);
    buf_reset(&call->out);
    return tags_have(wanted, tag) ? ERR_OK : call_changed_meanwhile(err);
}

bool accepts_coding(const struct http_request *request, struct str coding)
{
    struct str rest = http_header(request, STR("Accept-Encoding"));
    while (rest.len > 0) {
        struct str one, name, weight;
        str_cut(rest, ',', &one, &rest);
        str_cut(one, ';', &name, &weight);
        if (!str_eq_nocase(str_trim(name), coding))
            continue;
        weight = str_trim(weight);
        return !str_starts(weight, STR("q=0")) || str_find_char(weight, '.') != SIZE_MAX;
    }
    return false;
}

static bool is_text(const struct http_reply *reply)
{
    return !reply->content_type ||
           str_starts(str_of(reply->content_type), STR("application/json")) ||
           str_starts(str_of(reply->content_type), STR("application/problem+json")) ||
           str_starts(str_of(reply->content_type), STR("text/"));
}

/* Whether it came out smaller. */
static bool pack(struct call_frame *frame)
{
    struct http_reply *reply = frame->call.reply;
    if (reply->body.len < GZIP_BYTES_MIN || !is_text(reply) ||
        !accepts_coding(frame->call.request, STR("gzip")) ||
        gzip_write_fast(&frame->packed, reply->body, NULL) != ERR_OK ||
        frame->packed.len >= reply->body.len)
        return false;
    reply->body = buf_str(&frame->packed);
    call_header(&frame->call, "Content-Encoding", STR("gzip"));
    return true;
}

void tag_write(struct call_frame *frame)
{
    struct call *call = &frame->call;
    struct http_reply *reply = call->reply;
    char tag[TAG_BYTES];
    if (reply->stream.pull)
        return;
    bool tagged = call->route && call->route->method == ROUTE_GET && !call->route->streams &&
                  reply->status == 200 && call->host;
    if (tagged)
        tag_of(call, reply->body, tag);
    if (tagged && tags_have(http_header(call->request, STR("If-None-Match")), tag)) {
        reply->status = 304;
        reply->body = STR_NONE;
    }
    bool packed = pack(frame);
    if (reply->body.len >= GZIP_BYTES_MIN || packed)
        call_header(call, "Vary", STR("Accept-Encoding"));
    if (tagged)
        call_header(call, "ETag",
                    arena_printf(call->arena, "\"%s%s\"", tag, packed ? "-gzip" : ""));
}
