/* Private to the three files about options: option.c (table, values), option_read.c, option_write.c. */
#ifndef HUILIU_APP_OPTION_INTERNAL_H
#define HUILIU_APP_OPTION_INTERNAL_H

#include "app/option.h"

extern const struct str option_variable_prefix;

bool option_is_of_platform(enum option_id id);
/* "proxy" of "platforms.*.proxy"; a plain key as it is. */
struct str option_key_tail(enum option_id id);
/* NULL when no source said it. */
const struct option_value *option_value_find(const struct options *options, enum option_id id,
                                             struct str platform);
/* Checks and keeps a copy; a later source replaces an earlier one. */
enum err_class option_value_put(struct options *options, struct option_value value,
                                struct arena *arena, struct err *err);

/* Variables of the process that are no options: read before a home is known. */
enum { OPTION_PROCESS_VARIABLES = 8 };
extern const char *const option_process_variables[OPTION_PROCESS_VARIABLES];

#endif
