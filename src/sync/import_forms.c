/* Kinds of files: the manifests of forms, loaded once when somebody first asks for them. */
#include "sync/import.h"
#include "sync/sync_internal.h"

static enum err_class forms_load(struct sync *sync, struct err *err)
{
    const struct table_catalog *catalog = store_catalog(sync->options.store);
    const struct embedded_file *one = connector_builtin_forms();
    enum err_class class_ = ERR_OK;
    for (; one->name && class_ == ERR_OK && sync->forms_len < FORMS_MAX; one++) {
        struct str text = {(const char *)one->bytes, one->bytes_len};
        struct connector *form;
        class_ = connector_load_file(str_of(one->name), text, catalog, &form, err);
        if (class_ == ERR_OK)
            sync->forms[sync->forms_len++] = form;
    }
    return class_;
}

enum err_class sync_forms(struct sync *sync, const struct connector *const **out, size_t *len,
                          struct err *err)
{
    enum err_class class_ = ERR_OK;
    pthread_mutex_lock(&sync->forms_lock);
    if (sync->forms_len == 0)
        class_ = forms_load(sync, err);
    pthread_mutex_unlock(&sync->forms_lock);
    *out = (const struct connector *const *)sync->forms;
    *len = sync->forms_len;
    return class_;
}

enum err_class sync_form(struct sync *sync, struct str kind, const struct connector **out,
                         struct err *err)
{
    const struct connector *const *forms;
    struct str names[FORMS_MAX];
    size_t len;
    enum err_class class_ = sync_forms(sync, &forms, &len, err);
    if (class_ != ERR_OK)
        return class_;
    for (size_t i = 0; i < len; i++) {
        names[i] = connector_file(forms[i])->kind;
        *out = forms[i];
        if (str_eq(names[i], kind))
            return ERR_OK;
    }
    size_t nearest = str_nearest(kind, names, len);
    return err_set(err, ERR_BAD_REQUEST, "import_kind",
                   nearest == SIZE_MAX
                       ? "there is no kind of file \"%.*s\""
                       : "there is no kind of file \"%.*s\"; did you mean \"%.*s\"?",
                   STR_ARG(kind), STR_ARG(nearest == SIZE_MAX ? STR("") : names[nearest]));
}

const struct sync_shop *sync_shop_known(struct sync *sync, int64_t shop_id)
{
    return sync->options.shop_of(sync->options.context, shop_id);
}
