/* Signing as data: which parameters, in what order, joined how, inside what, digested and encoded
 * how. Nothing here knows a platform; tests hold it to their published examples. */
#include <stdlib.h>

#include "connector/plan.h"

enum { SIGN_PARAMS_MAX = 256 };

struct pair {
    struct str key, text; /* name, and what `each` makes of it */
};

static int pair_by_key(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int order = str_cmp(left->key, right->key);
    /* qsort is not stable: equal names are ordered by their text, so that the result is one. */
    return order ? order : str_cmp(left->text, right->text);
}

static int pair_by_text(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    return str_cmp(left->text, right->text);
}

static bool list_has(const struct str_list *list, struct str name)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_eq(list->items[i], name))
            return true;
    return false;
}

static bool is_signed(const struct sign_plan *plan, const struct param *param)
{
    if (str_eq(param->name, plan->put_name) || (plan->drop_empty && param->text.len == 0))
        return false;
    return !list_has(&plan->except, param->name);
}

static const struct param *param_find(const struct sign_input *input, struct str name)
{
    for (size_t i = 0; i < input->params_len; i++)
        if (str_eq(input->params[i].name, name))
            return &input->params[i];
    return NULL;
}

/* Those that are signed: in the order of `only` where the manifest says one, else as they are sent. */
static size_t choose(const struct sign_plan *plan, const struct sign_input *input,
                     const struct param *chosen[SIGN_PARAMS_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < plan->only.len && len < SIGN_PARAMS_MAX; i++) {
        const struct param *param = param_find(input, plan->only.items[i]);
        if (param && is_signed(plan, param))
            chosen[len++] = param;
    }
    for (size_t i = 0; plan->only.len == 0 && i < input->params_len && len < SIGN_PARAMS_MAX; i++)
        if (is_signed(plan, &input->params[i]))
            chosen[len++] = &input->params[i];
    return len;
}

static enum err_class join_pairs(const struct sign_plan *plan, const struct pair *pairs, size_t len,
                                 struct arena *arena, struct str *out, struct err *err)
{
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        buf_add(&text, i > 0 ? plan->join : STR(""));
        buf_add(&text, pairs[i].text);
    }
    *out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class make_pairs(const struct sign_plan *plan, struct scope *scope,
                                 const struct expr_env *env, const struct sign_input *input,
                                 struct str *out, struct err *err)
{
    const struct param *chosen[SIGN_PARAMS_MAX];
    struct pair pairs[SIGN_PARAMS_MAX];
    if (input->params_len > SIGN_PARAMS_MAX)
        return err_set(err, ERR_BAD_REQUEST, "request_params", "more than %d parameters to sign",
                       SIGN_PARAMS_MAX);
    size_t len = choose(plan, input, chosen);
    for (size_t i = 0; i < len; i++) {
        scope->key = pairs[i].key = chosen[i]->name;
        scope->value = chosen[i]->text;
        enum err_class class_ = template_text(plan->each, env, &pairs[i].text, err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (plan->sort != SORT_NONE)
        qsort(pairs, len, sizeof *pairs, plan->sort == SORT_KEY ? pair_by_key : pair_by_text);
    return join_pairs(plan, pairs, len, scope->arena, out, err);
}

static enum err_class encode(const struct sign_plan *plan, struct str raw, struct arena *arena,
                             struct str *out, struct err *err)
{
    struct buf text;
    buf_init(&text, 4 * DIGEST_BYTES_MAX);
    if (plan->encoding == ENCODE_BASE64)
        base64_write(&text, raw);
    else
        hex_write(&text, raw, plan->encoding == ENCODE_HEX_UPPER);
    *out = text.failed ? STR_NONE : arena_dup(arena, buf_str(&text));
    buf_fini(&text);
    return out->ptr ? ERR_OK : err_no_memory(err);
}

static enum err_class digest_text(const struct sign_plan *plan, struct scope *scope,
                                  const struct expr_env *env, struct str text, struct str *out,
                                  struct err *err)
{
    struct buf raw;
    struct str key;
    buf_init(&raw, DIGEST_BYTES_MAX);
    enum err_class class_;
    if (plan->key) {
        class_ = template_text(plan->key, env, &key, err);
        if (class_ == ERR_OK)
            class_ = hmac_write(&raw, plan->digest, key, text, err);
    } else {
        class_ = digest_write(&raw, plan->digest, text, err);
    }
    if (class_ == ERR_OK)
        class_ = encode(plan, buf_str(&raw), scope->arena, out, err);
    buf_fini(&raw);
    return class_;
}

enum err_class sign_make(const struct sign_plan *plan, struct scope *scope,
                         const struct expr_env *env, const struct sign_input *input,
                         struct str *text, struct str *signature, struct err *err)
{
    scope->path = input->path;
    scope->body = input->body;
    enum err_class class_ = make_pairs(plan, scope, env, input, &scope->pairs, err);
    if (class_ == ERR_OK)
        class_ = template_text(plan->text, env, text, err);
    if (class_ == ERR_OK && signature)
        class_ = digest_text(plan, scope, env, *text, signature, err);
    return class_;
}
