/* Filling errors, and the stable names of classes and scopes. */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[ERR_CLASSES] = {
    [ERR_OK] = "ok",
    [ERR_RETRY] = "retry",
    [ERR_THROTTLED] = "throttled",
    [ERR_TOKEN_EXPIRED] = "token_expired",
    [ERR_FORBIDDEN] = "forbidden",
    [ERR_BAD_REQUEST] = "bad_request",
    [ERR_BAD_REPLY] = "bad_reply",
    [ERR_NOT_READY] = "not_ready",
    [ERR_SPLIT_WINDOW] = "split_window",
    [ERR_SKIP_RECORD] = "skip_record",
    [ERR_CONFIG] = "config",
    [ERR_USAGE] = "usage",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict",
    [ERR_STOPPED] = "stopped",
    [ERR_LATER] = "later",
    [ERR_STORE] = "store",
    [ERR_INTERNAL] = "internal",
};

static const char *const scope_names[ERR_SCOPES] = {
    [ERR_SCOPE_RECORD] = "record", [ERR_SCOPE_REQUEST] = "request",   [ERR_SCOPE_SHOP] = "shop",
    [ERR_SCOPE_APP] = "app",       [ERR_SCOPE_PLATFORM] = "platform",
};

/* A message that does not fit loses its end, but never half a character. */
static void message_store(struct err *err, const char *text)
{
    struct str head = str_utf8_head(str_of(text), sizeof(err->message) - 1);
    memcpy(err->message, head.ptr, head.len);
    err->message[head.len] = '\0';
}

enum err_class err_set_at(struct err *err, enum err_class class_, const char *code,
                          const char *origin, const char *format, ...)
{
    assert(class_ > ERR_OK && class_ < ERR_CLASSES);
    if (!err)
        return class_;

    /* Arguments may point into *err itself, so the text is finished before *err changes. It
     * runs on by a character, so that message_store can see where the last one ends. */
    char text[sizeof(err->message) + 4];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    struct err filled = {.class_ = class_, .scope = ERR_SCOPE_REQUEST, .origin = origin};
    snprintf(filled.code, sizeof(filled.code), "%s", code);
    message_store(&filled, text);
    *err = filled;
    return class_;
}

enum err_class err_no_memory_at(struct err *err, const char *origin)
{
    return err_set_at(err, ERR_INTERNAL, "no_memory", origin,
                      "no memory left, or an object is larger than its limit");
}

void err_prefix(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    char text[2 * sizeof(err->message) + 8];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(err->message) + 4, format, args);
    va_end(args);
    if (len < 0)
        return;
    size_t at = strlen(text);
    snprintf(text + at, sizeof(text) - at, ": %s", err->message);
    message_store(err, text);
}

void err_clear(struct err *err)
{
    if (err)
        *err = (struct err){.class_ = ERR_OK};
}

const char *err_class_name(enum err_class class_)
{
    return class_ >= ERR_OK && class_ < ERR_CLASSES ? class_names[class_] : "unknown";
}

const char *err_scope_name(enum err_scope scope)
{
    return scope >= ERR_SCOPE_RECORD && scope < ERR_SCOPES ? scope_names[scope] : "unknown";
}

bool err_class_parse(struct str name, enum err_class *out)
{
    for (int i = 0; i < ERR_CLASSES; i++) {
        if (str_eq(name, str_of(class_names[i]))) {
            *out = (enum err_class)i;
            return true;
        }
    }
    return false;
}

bool err_scope_parse(struct str name, enum err_scope *out)
{
    for (int i = 0; i < ERR_SCOPES; i++) {
        if (str_eq(name, str_of(scope_names[i]))) {
            *out = (enum err_scope)i;
            return true;
        }
    }
    return false;
}
