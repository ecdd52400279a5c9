/* What the files of homing share. Private. */
#ifndef HUILIU_APP_HOMING_INTERNAL_H
#define HUILIU_APP_HOMING_INTERNAL_H

#include "app/homing.h"
#include "app/settings.h"

/* A copy of the generation's app with the shops as they are stored now; what it makes lands in the caller's arena. */
enum err_class view_open(void *context, struct arena *arena, struct app *view, struct err *err);
void view_close(struct app *view, struct arena *arena);
/* Opens a view, works on it, closes it; nothing of it is left. */
typedef enum err_class view_work(struct app *view, void *args, struct err *err);
enum err_class view_with(void *context, view_work *work, void *args, struct err *err);
enum err_class view_shop(const struct app *view, int64_t id, struct app_shop **out,
                         struct err *err);
/* The same, and it can be called. */
enum err_class view_shop_ready(const struct app *view, int64_t id, struct app_shop **out,
                               struct err *err);
/* The facts of a shop, or, where shop_id is 0, of an app alone (gateway.h, consent_take_any). */
enum err_class consent_facts(struct app *view, int64_t app_id, int64_t shop_id,
                             const struct connector **connector, struct facts *facts,
                             struct err *err);

/* Settings of an "app" or a "shop" that somebody gave. */
enum err_class settings_take(struct settings *settings, const struct connector *connector,
                             const char *of, const struct api_pair *pairs, size_t len,
                             struct err *err);

/* Each file fills in what it does. */
void homing_apps(struct api_home *home);
void homing_shops(struct api_home *home);
void homing_consents(struct api_home *home);
void homing_hooks(struct api_home *home);

#endif
