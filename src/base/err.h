/* Errors. A function that can fail returns `enum err_class`, ERR_OK being 0, and takes a
 * `struct err *` last. The lowest function fills the details once with err_set; everybody above
 * only passes them on. The class alone decides what happens next, the scope says how far the
 * trouble reaches; code and message are for people and programs that read logs.
 *
 * Details may be NULL for a caller that does not care. Threads: plain values. */
#ifndef HUILIU_BASE_ERR_H
#define HUILIU_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum err_class {
    ERR_OK = 0,
    /* What a platform's answer (or silence) means. */
    ERR_RETRY,         /* passing fault: time-out, connection, 5xx, "system busy" */
    ERR_THROTTLED,     /* the platform says: too often */
    ERR_TOKEN_EXPIRED, /* a new token will do */
    ERR_FORBIDDEN,     /* a person must act: scope, binding, dead authorisation */
    ERR_BAD_REQUEST,   /* our request is wrong; repeating it is useless */
    ERR_BAD_REPLY,     /* an answer that cannot be what the platform promises */
    ERR_NOT_READY,     /* a report job still runs; ask again later */
    ERR_SPLIT_WINDOW,  /* too much in one window: halve it */
    ERR_SKIP_RECORD,   /* this one record is refused */
    /* What our own side means. */
    ERR_CONFIG, /* a file, option, credential or argument of the user's is wrong */
    ERR_USAGE,  /* the command line is wrong */
    ERR_NOT_FOUND,
    ERR_CONFLICT, /* the fence refused: somebody else holds the lease, or the row moved on */
    ERR_STOPPED,  /* asked to stop; nothing is wrong */
    ERR_LATER,    /* the budget or breaker says not before a given time */
    ERR_STORE,    /* the database: full disk, locked, corrupt */
    ERR_INTERNAL, /* memory, a bug, the impossible */
    ERR_CLASSES
};

enum err_scope {
    ERR_SCOPE_RECORD,
    ERR_SCOPE_REQUEST,
    ERR_SCOPE_SHOP,
    ERR_SCOPE_APP,
    ERR_SCOPE_PLATFORM,
    ERR_SCOPES
};

struct err {
    enum err_class class_;
    enum err_scope scope;
    char code[48]; /* stable, lower_snake, one page each in docs/errors.md; or the platform's own */
    char message[400];  /* names the thing and the next step; never a token or personal data */
    const char *origin; /* function that filled it, for developers */
    int64_t
        retry_at_ms; /* earliest next try, 0 = unknown (ERR_THROTTLED, ERR_LATER, ERR_NOT_READY) */
};

/* Fills *err (when not NULL) and returns the class, so that `return err_set(...)` reads well. The
 * scope starts as request; who knows better sets it. Too long a message loses its end. */
#define err_set(err, class_, code, ...) err_set_at((err), (class_), (code), __func__, __VA_ARGS__)
enum err_class err_set_at(struct err *err, enum err_class class_, const char *code,
                          const char *origin, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for memory that could not be had (code "no_memory"). */
#define err_no_memory(err) err_no_memory_at((err), __func__)
enum err_class err_no_memory_at(struct err *err, const char *origin);
/* Puts "prefix: " before the message: the place a caller adds (a file, a shop, a stream). */
void err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *err);

/* Stable lower-case names ("token_expired", "shop"); NULL-free. */
const char *err_class_name(enum err_class class_);
const char *err_scope_name(enum err_scope scope);
bool err_class_parse(struct str name, enum err_class *out);
bool err_scope_parse(struct str name, enum err_scope *out);

#endif
