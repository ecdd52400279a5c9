/* Settings of apps and shops: what a form asks for, what it has, what was sent. */
#include "api/account_settings.h"

enum { ACCOUNT_SETTINGS_MAX = 64 };

void account_settings_write(struct out *out, const char *key, const struct api_setting *list,
                            size_t len, bool values)
{
    out_list(out, key);
    for (size_t i = 0; i < len; i++) {
        const struct api_setting *setting = &list[i];
        out_object(out, NULL);
        out_text(out, "name", setting->name);
        out_object(out, "label");
        out_text(out, "en", setting->en);
        out_text(out, "zh", setting->zh);
        out_end_object(out);
        out_bool(out, "required", setting->required);
        out_bool(out, "secret", setting->secret);
        out_bool(out, "option", setting->option);
        if (values)
            out_bool(out, "given", setting->given);
        if (values && !setting->secret)
            out_text_or_null(out, "value", setting->given ? setting->value : STR_NONE);
        if (setting->words.len > 0) {
            out_list(out, "words");
            for (size_t w = 0; w < setting->words.len; w++)
                out_text(out, NULL, setting->words.at[w]);
            out_end_list(out);
        }
        out_end_object(out);
    }
    out_end_list(out);
}

enum err_class account_settings_read(struct call *call, const struct api_pair **out, size_t *len,
                                     struct err *err)
{
    const struct arg *arg = call_arg(call, "settings");
    struct json_iter iter;
    struct str name;
    *out = NULL;
    *len = 0;
    if (!arg->given)
        return ERR_OK;
    struct api_pair *pairs = arena_array(call->arena, ACCOUNT_SETTINGS_MAX, sizeof(*pairs));
    if (!pairs)
        return err_no_memory(err);
    if (json_kind_of(arg->json) != JSON_OBJECT || json_len(arg->json) > ACCOUNT_SETTINGS_MAX)
        return call_refuse(call, "settings", "parameter_type", err,
                           "settings is an object of at most %d texts", ACCOUNT_SETTINGS_MAX);
    json_iter_init(&iter, arg->json);
    for (const struct json *value; (value = json_iter_next(&iter, &name));) {
        if (json_kind_of(value) != JSON_STRING || json_has_nul(value))
            return call_refuse(call, "settings", "parameter_type", err, "settings.%.*s is no text",
                               STR_ARG(utf8_cut(name, 60)));
        pairs[(*len)++] = (struct api_pair){name, json_text(value)};
    }
    *out = pairs;
    return ERR_OK;
}
