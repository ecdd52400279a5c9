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

#endif
