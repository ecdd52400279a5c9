/* How far a stream of a shop has come, as `huiliu status` and the API tell it. */
#ifndef HUILIU_APP_STREAM_STATUS_H
#define HUILIU_APP_STREAM_STATUS_H

#include "app/app.h"

struct stream_status {
    int64_t rows, open, sealed, unproved, rejects, decrypt;
    int64_t since_ms, frontier_ms, complete_ms, success_ms; /* 0: never */
    struct str grade, error;                                /* in the app's arena */
};
enum err_class stream_status_read(struct app *app, const struct app_shop *shop,
                                  const struct stream *stream, struct stream_status *out,
                                  struct err *err);

/* A platform that nothing is pulled from: what its shop has is what its files brought, a kind each. */
enum { FILE_KINDS_MAX = 64 };
struct file_status {
    struct str kind;
    int64_t rows, as_of_ms, finished_ms, refused; /* rows: stored by them for the first time */
};
bool shop_is_by_files(const struct app_shop *shop);
enum err_class file_status_read(struct app *app, const struct app_shop *shop,
                                struct file_status out[FILE_KINDS_MAX], size_t *len,
                                struct err *err);

#endif
