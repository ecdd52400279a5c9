/* Settings of apps and shops, as a platform's manifest declares them: in answers, and in what people send. Private to the room. */
#ifndef HUILIU_API_ACCOUNT_SETTINGS_H
#define HUILIU_API_ACCOUNT_SETTINGS_H

#include "api/home.h"
#include "api/out.h"
#include "api/route.h"

#define ACCOUNT_SETTINGS                                                                           \
    {                                                                                              \
        "settings", PARAM_BODY, PARAM_JSON, .help = "{\"NAME\": \"TEXT\"}, see needs"              \
    }
/* `values`: with what was given, unless it is secret. */
void account_settings_write(struct out *out, const char *key, const struct api_setting *list,
                            size_t len, bool values);
/* The body's `settings`, in the call's arena. */
enum err_class account_settings_read(struct call *call, const struct api_pair **out, size_t *len,
                                     struct err *err);

#endif
