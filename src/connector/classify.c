/* What a reply means: the platform's own words first, then HTTP's, and what nobody knows is reported
 * and not guessed. docs/manifest.md, "Reply", is the order that is kept here. */
#include <stdio.h>
#include <string.h>

#include "connector/plan.h"

enum { RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000 };

const struct json *paths_first(const struct path_list *paths, const struct json *root)
{
    for (size_t i = 0; i < paths->len; i++) {
        const struct json *value = path_get(paths->items[i], root);
        enum json_kind kind = json_kind_of(value);
        if (kind == JSON_NUMBER || kind == JSON_BOOL ||
            (kind == JSON_STRING && json_text(value).len > 0))
            return value;
    }
    return NULL;
}

const struct json *reply_inside(const struct connector *connector, const struct json *root)
{
    const struct path *envelope = connector->reply.envelope;
    return envelope ? path_get(envelope, root) : root;
}

/* --- the message, without what must not be seen --- */

/* Replaces every occurrence of a secret. */
static void mask_secret(char *text, size_t *len, struct str secret)
{
    enum { SECRET_BYTES_MIN = 6 }; /* shorter ones would mask ordinary words */
    if (secret.len < SECRET_BYTES_MIN)
        return;
    size_t at;
    while ((at = str_find((struct str){text, *len}, secret)) != SIZE_MAX) {
        memcpy(text + at, "***", 3);
        memmove(text + at + 3, text + at + secret.len, *len - at - secret.len);
        *len -= secret.len - 3;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Chinese mobile numbers: eleven digits from 13 to 19, with single marks between them as people group
 * them (138-0013-8000), alone or behind 86 or 0086. Numbers of orders are longer and stay. Where one
 * begins at the start of the text its digits 4 to 7 are masked and its length is returned, else 0. */
static size_t mask_phone(char *text, size_t len)
{
    enum { PHONE_DIGITS = 11, MASK_FROM = 3, MASK_TO = 7 };
    size_t places[PHONE_DIGITS];
    size_t at = 0, digits = 0;
    while (at < len && digits < PHONE_DIGITS) {
        bool mark = digits > 0 && (text[at] == '-' || text[at] == ' ' || text[at] == '.');
        at += mark;
        if (at == len || !is_digit(text[at]))
            return 0;
        places[digits++] = at++;
    }
    bool ends = at == len || !is_digit(text[at]);
    if (digits < PHONE_DIGITS || !ends || text[0] != '1' || text[places[1]] < '3')
        return 0;
    for (size_t i = MASK_FROM; i < MASK_TO; i++)
        text[places[i]] = '*';
    return at;
}

/* Bytes of the country's number and of one mark behind it, or 0. */
static size_t country_bytes(const char *text, size_t len)
{
    struct str rest = {text, len};
    size_t bytes = str_starts(rest, STR("0086")) ? 4 : str_starts(rest, STR("86")) ? 2 : 0;
    bool mark = bytes > 0 && bytes < len && (text[bytes] == '-' || text[bytes] == ' ');
    return bytes + mark;
}

static void mask_phones(char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t country = country_bytes(text + at, len - at);
        size_t bytes = mask_phone(text + at, len - at);
        if (bytes == 0 && country > 0)
            bytes = mask_phone(text + at + country, len - at - country);
        else
            country = 0;
        if (bytes > 0) {
            at += country + bytes;
            continue;
        }
        /* A number begins only where its digits do. */
        while (at < len && is_digit(text[at]))
            at++;
        at++;
    }
}

static struct str message_make(const struct connector *connector, const struct facts *facts,
                               const struct json *root, struct arena *arena)
{
    struct str raw = json_text(paths_first(&connector->reply.message, root));
    raw = str_utf8_head(raw,
                        MESSAGE_BYTES_MAX * 4); /* masking may shorten what is before the cut */
    struct str copy = arena_dup(arena, raw);
    if (!copy.ptr)
        return STR_NONE;
    char *text = arena_alloc(arena, copy.len + 1);
    size_t len = copy.len;
    if (!text)
        return STR_NONE;
    memcpy(text, copy.ptr, len);
    mask_secret(text, &len, facts->access_token);
    mask_secret(text, &len, facts->refresh_token);
    mask_secret(text, &len, facts->auth_code);
    mask_secret(text, &len, facts->app.secret);
    mask_phones(text, len);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
    return str_utf8_head((struct str){text, len}, MESSAGE_BYTES_MAX);
}

/* --- Retry-After --- */

/* "Wed, 21 Oct 2015 07:28:00 GMT", the one form that HTTP still writes. */
static bool http_date(struct str text, int64_t *utc_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4], line[32];
    struct civil civil = {0};
    if (text.len >= sizeof line)
        return false;
    memcpy(line, text.ptr, text.len);
    line[text.len] = '\0';
    if (sscanf(line, "%*3s, %2u %3s %4d %2u:%2u:%2u GMT", &civil.day, month, &civil.year,
               &civil.hour, &civil.minute, &civil.second) != 6)
        return false;
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3 != 0 || strlen(month) != 3 || civil.day < 1 || civil.day > 31 ||
        civil.hour > 23 || civil.minute > 59 || civil.second > 60)
        return false;
    civil.month = (unsigned)((at - months) / 3) + 1;
    *utc_ms = civil_to_utc_ms(&civil);
    return true;
}

/* A platform that says "next year" is not believed for more than a day. */
static int64_t retry_after_header(const struct reply *reply)
{
    const int64_t latest_ms = reply->received_ms + RETRY_AFTER_MAX_MS;
    int64_t seconds, at_ms;
    for (size_t i = 0; i < reply->headers_len; i++) {
        struct str value = str_trim(reply->headers[i].value);
        if (!str_eq_nocase(reply->headers[i].name, STR("retry-after")))
            continue;
        if (str_to_i64(value, &seconds) && seconds >= 0)
            return seconds < RETRY_AFTER_MAX_MS / 1000 ? reply->received_ms + seconds * 1000
                                                       : latest_ms;
        if (http_date(value, &at_ms))
            return at_ms < latest_ms ? at_ms : latest_ms;
    }
    return 0;
}

static int64_t retry_after_rule(const struct error_rule *rule, const struct expr_env *env,
                                const struct reply *reply)
{
    struct str text;
    int64_t seconds;
    if (rule->retry_after_ms > 0)
        return reply->received_ms + rule->retry_after_ms;
    if (rule->retry_after_text &&
        template_text(rule->retry_after_text, env, &text, NULL) == ERR_OK &&
        str_to_i64(text, &seconds) && seconds >= 0 && seconds < RETRY_AFTER_MAX_MS / 1000)
        return reply->received_ms + seconds * 1000;
    return 0;
}

/* --- judging --- */
struct verdict {
    enum err_class class_;
    enum err_scope scope;
    int64_t retry_at_ms;
    bool known;    /* the manifest has a rule for it */
    char name[16]; /* our code, where the platform gives none */
};

static bool http_good(const struct reply *reply)
{
    return reply->status >= 200 && reply->status < 300;
}

/* Sets scope->code to the place that counts and says whether the call succeeded. */
static enum err_class find_code(const struct connector *connector, struct scope *scope,
                                const struct expr_env *env, bool *success, struct err *err)
{
    const struct path_list *places = &connector->reply.code;
    const struct json *first = NULL;
    for (size_t i = 0; i < places->len; i++) {
        scope->code = path_get(places->items[i], scope->root);
        if (json_kind_of(scope->code) <= JSON_NULL)
            continue;
        enum err_class class_ = expr_true(connector->reply.success, env, success, err);
        if (class_ != ERR_OK || !*success)
            return class_;
        first = first ? first : scope->code;
    }
    scope->code = first;
    return first ? ERR_OK : expr_true(connector->reply.success, env, success, err);
}

static enum err_class judge_by_rules(const struct connector *connector, const struct scope *scope,
                                     const struct expr_env *env, struct verdict *out, bool *matched,
                                     struct err *err)
{
    *matched = false;
    for (size_t i = 0; i < connector->errors_len && !*matched; i++) {
        const struct error_rule *rule = &connector->errors[i];
        enum err_class class_ = expr_true(rule->when, env, matched, err);
        if (class_ != ERR_OK)
            return class_;
        if (!*matched)
            continue;
        *out = (struct verdict){.class_ = rule->class_,
                                .scope = rule->scope,
                                .retry_at_ms = retry_after_rule(rule, env, scope->reply),
                                .known = true,
                                .name = "refused"};
        if (!http_good(scope->reply))
            snprintf(out->name, sizeof out->name, "http_%d", scope->reply->status);
    }
    return ERR_OK;
}

static struct verdict judge_by_http(const struct scope *scope)
{
    int status = scope->reply->status;
    struct verdict verdict = {.name = "code_missing"};
    if (!http_good(scope->reply))
        snprintf(verdict.name, sizeof verdict.name, "http_%d", status);
    if (status == 429) {
        verdict.class_ = ERR_THROTTLED;
        verdict.scope = ERR_SCOPE_APP;
    } else if (status == 408 || status >= 500) {
        verdict.class_ = ERR_RETRY;
        verdict.scope = ERR_SCOPE_PLATFORM;
    } else if (status == 401) {
        verdict.class_ = ERR_TOKEN_EXPIRED;
        verdict.scope = ERR_SCOPE_SHOP;
    } else if (status == 403) {
        verdict.class_ = ERR_FORBIDDEN;
        verdict.scope = ERR_SCOPE_SHOP;
    } else {
        /* A code that nobody knows must fail its task and be seen; without one it is no answer of
         * the platform at all. */
        bool coded = json_kind_of(scope->code) > JSON_NULL;
        verdict.class_ = coded ? ERR_BAD_REQUEST : ERR_BAD_REPLY;
        verdict.scope = ERR_SCOPE_REQUEST;
    }
    return verdict;
}

static bool may_wait(enum err_class class_)
{
    return class_ == ERR_THROTTLED || class_ == ERR_RETRY || class_ == ERR_NOT_READY;
}

static enum err_class report(const struct connector *connector, const struct scope *scope,
                             const struct verdict *verdict, struct err *err)
{
    char code[sizeof err->code];
    struct str said = json_text(scope->code);
    bool unknown = said.len > 0 && !verdict->known && verdict->class_ == ERR_BAD_REQUEST;
    if (said.len == 0)
        said = str_of(verdict->name);
    snprintf(code, sizeof code, "%.*s", STR_ARG(str_utf8_head(said, sizeof code - 1)));
    err_set(err, verdict->class_, code, "%.*s answered HTTP %d, code %s%s%s%.*s",
            STR_ARG(connector->platform), scope->reply->status, code,
            unknown ? " (not known to the manifest)" : "", scope->message.len > 0 ? ": " : "",
            STR_ARG(scope->message));
    if (err) {
        err->scope = verdict->scope;
        int64_t header_ms = may_wait(verdict->class_) ? retry_after_header(scope->reply) : 0;
        err->retry_at_ms = header_ms > verdict->retry_at_ms ? header_ms : verdict->retry_at_ms;
    }
    return verdict->class_;
}

enum err_class reply_classify(const struct connector *connector, const struct facts *facts,
                              const struct reply *reply, const struct json *root,
                              const struct err *doc_err, struct arena *arena, struct err *err)
{
    struct scope scope = {
        .connector = connector, .facts = facts, .arena = arena, .root = root, .reply = reply};
    struct expr_env env = scope_env(&scope, NULL);
    struct verdict verdict;
    bool success = false, matched;
    if (!root && http_good(reply)) {
        if (err)
            *err = *doc_err;
        return doc_err->class_;
    }
    enum err_class class_ = root ? find_code(connector, &scope, &env, &success, err) : ERR_OK;
    if (class_ != ERR_OK || (http_good(reply) && success))
        return class_;
    /* Such a code is nobody's word; where HTTP refuses too, HTTP's word counts. */
    if (json_has_nul(scope.code)) {
        if (http_good(reply))
            return err_set(err, ERR_BAD_REPLY, "json_nul", "the code of the reply holds U+0000");
        scope.code = NULL;
    }
    scope.message = message_make(connector, facts, root, arena);
    class_ = judge_by_rules(connector, &scope, &env, &verdict, &matched, err);
    if (class_ != ERR_OK)
        return class_;
    if (!matched)
        verdict = judge_by_http(&scope);
    return report(connector, &scope, &verdict, err);
}
