/* The values of a request: templates evaluated once, as the text that is signed and sent and, for a
 * JSON body, as JSON. */
#include "connector/builder.h"

enum err_class builder_take(struct builder *b, struct buf *buf, struct str *out)
{
    *out = buf->failed ? STR_NONE : arena_dup(b->arena, buf_str(buf));
    buf_fini(buf);
    return out->ptr ? ERR_OK : err_no_memory(b->err);
}

static bool is_nothing(const struct value *value)
{
    return value->kind == VALUE_ABSENT || value->kind == VALUE_NULL;
}

static enum err_class shape_write(struct builder *b, const struct shape *shape, struct buf *out,
                                  bool *written, bool *secret);

static enum err_class scalar_write(struct builder *b, const struct shape *shape, struct buf *out,
                                   bool *written, bool *secret)
{
    struct value value;
    *written = true;
    if (shape->raw.len > 0) {
        buf_add(out, shape->raw);
        return ERR_OK;
    }
    enum err_class class_ = template_eval(shape->template, &b->env, &value, b->err);
    if (class_ != ERR_OK)
        return class_;
    *written = !is_nothing(&value);
    *secret |= value.secret;
    if (*written)
        value_write_json(out, &value);
    return ERR_OK;
}

/* A member without a value leaves no trace: what was written of it is taken back. */
static enum err_class members_write(struct builder *b, const struct shape *shape, struct buf *out,
                                    bool *secret)
{
    bool map = shape->kind == SHAPE_MAP, any = false;
    buf_add_char(out, map ? '{' : '[');
    for (size_t i = 0; i < shape->len; i++) {
        size_t len_before = out->len;
        bool written = false;
        buf_add(out, any ? STR(",") : STR(""));
        if (map) {
            json_write_string(out, shape->members[i].name);
            buf_add_char(out, ':');
        }
        enum err_class class_ = shape_write(b, &shape->members[i].shape, out, &written, secret);
        if (class_ != ERR_OK)
            return class_;
        if (!written)
            out->len = len_before;
        any |= written;
    }
    buf_add_char(out, map ? '}' : ']');
    return ERR_OK;
}

static enum err_class shape_write(struct builder *b, const struct shape *shape, struct buf *out,
                                  bool *written, bool *secret)
{
    if (shape->kind == SHAPE_SCALAR)
        return scalar_write(b, shape, out, written, secret);
    *written = true;
    return members_write(b, shape, out, secret);
}

static enum err_class shape_json(struct builder *b, const struct shape *shape, struct param *param,
                                 bool *written)
{
    struct buf json;
    buf_init(&json, BODY_BYTES_MAX);
    enum err_class class_ = shape_write(b, shape, &json, written, &param->secret);
    if (class_ == ERR_OK)
        return builder_take(b, &json, &param->json);
    buf_fini(&json);
    return class_;
}

/* In a query, form or header: texts as they are, everything else as its JSON text. */
static enum err_class param_text(struct builder *b, const struct shape *shape, struct param *param,
                                 bool *written)
{
    struct value value;
    if (shape->kind != SHAPE_SCALAR) {
        enum err_class class_ = shape_json(b, shape, param, written);
        param->text = param->json;
        return class_;
    }
    enum err_class class_ = template_eval(shape->template, &b->env, &value, b->err);
    if (class_ != ERR_OK)
        return class_;
    *written = !is_nothing(&value);
    param->secret = value.secret;
    return *written ? value_to_text(&value, b->arena, &param->text, b->err) : ERR_OK;
}

/* In a JSON body: what is signed is the raw text of a string and the JSON text of all else. */
static enum err_class param_json(struct builder *b, const struct shape *shape, struct param *param,
                                 bool *written)
{
    struct value value;
    if (shape->kind != SHAPE_SCALAR || shape->raw.len > 0) {
        enum err_class class_ = shape_json(b, shape, param, written);
        param->text = param->json;
        return class_;
    }
    enum err_class class_ = template_eval(shape->template, &b->env, &value, b->err);
    if (class_ != ERR_OK)
        return class_;
    *written = !is_nothing(&value);
    param->secret = value.secret;
    if (!*written)
        return ERR_OK;
    struct buf json;
    buf_init(&json, BODY_BYTES_MAX);
    value_write_json(&json, &value);
    class_ = builder_take(b, &json, &param->json);
    return class_ == ERR_OK ? value_to_text(&value, b->arena, &param->text, b->err) : class_;
}

enum err_class builder_params(struct builder *b)
{
    for (size_t place = 0; place < PLACES; place++) {
        const struct params *plan = &b->plan->params[place];
        struct param_set *set = &b->sets[place];
        set->items = arena_array(b->arena, plan->len + 1, sizeof *set->items);
        if (!set->items)
            return err_no_memory(b->err);
        for (size_t i = 0; i < plan->len; i++) {
            const struct member *member = &plan->items[i];
            struct param *param = &set->items[set->len];
            bool written = false;
            *param = (struct param){.name = member->name};
            enum err_class class_ = place == PLACE_JSON
                                        ? param_json(b, &member->shape, param, &written)
                                        : param_text(b, &member->shape, param, &written);
            if (class_ != ERR_OK)
                return class_;
            set->len += written;
        }
    }
    return ERR_OK;
}
