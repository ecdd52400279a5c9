/* The walk over a tree. Recursion is bounded by the height that the parser allows. */
#include "format/expr_tree.h"

static enum err_class eval_name(const struct expr *expr, const struct expr_env *env,
                                struct value *out)
{
    *out = (struct value){.kind = VALUE_ABSENT};
    if (!env->lookup(env->context, expr->name, out))
        *out = (struct value){.kind = VALUE_ABSENT};
    return ERR_OK;
}

static enum err_class eval_list(const struct expr *expr, const struct expr_env *env,
                                struct value *out, struct err *err)
{
    struct value *items = arena_array(env->arena, expr->args_len + 1, sizeof *items);
    enum err_class class_ = ERR_OK;
    if (items == NULL)
        return err_no_memory(err);
    *out = (struct value){.kind = VALUE_LIST, .items = items, .items_len = expr->args_len};
    for (size_t i = 0; i < expr->args_len && class_ == ERR_OK; i++) {
        class_ = expr_eval(expr->args[i], env, &items[i], err);
        out->secret |= items[i].secret;
    }
    return class_;
}

/* The right side is evaluated only when the left one leaves the question open. */
static enum err_class eval_logic(const struct expr *expr, const struct expr_env *env,
                                 struct value *out, struct err *err)
{
    bool truth;
    enum err_class class_ = expr_true(expr->args[0], env, &truth, err);
    if (class_ == ERR_OK && expr->kind != EXPR_NOT && truth == (expr->kind == EXPR_AND))
        class_ = expr_true(expr->args[1], env, &truth, err);
    *out = value_bool(class_ == ERR_OK && truth != (expr->kind == EXPR_NOT));
    return class_;
}

static enum err_class eval_comparison(const struct expr *expr, const struct expr_env *env,
                                      struct value *out, struct err *err)
{
    struct value left, right;
    bool truth = false;
    enum err_class class_ = expr_eval(expr->args[0], env, &left, err);
    if (class_ == ERR_OK)
        class_ = expr_eval(expr->args[1], env, &right, err);
    if (class_ == ERR_OK)
        class_ = value_compare(expr->comparison, &left, &right, env->arena, &truth, err);
    *out = value_bool(truth);
    return class_;
}

/* What is made of a secret is a secret. */
static enum err_class eval_filter(const struct expr *expr, const struct expr_env *env,
                                  struct value *out, struct err *err)
{
    const struct filter *filter = expr->filter;
    struct value input, args[FILTER_ARGS_MAX];
    size_t args_len = expr->args_len - 1;
    enum err_class class_ = expr_eval(expr->args[0], env, &input, err);
    bool secret = input.secret;
    if (class_ == ERR_OK && value_is_nothing(&input) && !filter->takes_nothing) {
        *out = input;
        return ERR_OK;
    }
    for (size_t i = 0; i < args_len && class_ == ERR_OK; i++) {
        class_ = expr_eval(expr->args[i + 1], env, &args[i], err);
        secret |= args[i].secret;
    }
    struct filter_call call = {filter->name, env, &input, args, args_len, out, err};
    if (class_ == ERR_OK)
        class_ = filter->run(&call);
    if (class_ == ERR_OK)
        out->secret = secret;
    return class_;
}

enum err_class expr_eval(const struct expr *expr, const struct expr_env *env, struct value *out,
                         struct err *err)
{
    *out = (struct value){.kind = VALUE_ABSENT};
    switch (expr->kind) {
    case EXPR_CONST:
        *out = expr->constant;
        return ERR_OK;
    case EXPR_NAME:
        return eval_name(expr, env, out);
    case EXPR_LIST:
        return eval_list(expr, env, out, err);
    case EXPR_NOT:
    case EXPR_AND:
    case EXPR_OR:
        return eval_logic(expr, env, out, err);
    case EXPR_COMPARE:
        return eval_comparison(expr, env, out, err);
    case EXPR_FILTER:
        return eval_filter(expr, env, out, err);
    }
    return err_set(err, ERR_INTERNAL, "expr_kind", "an expression of no kind");
}

enum err_class expr_true(const struct expr *expr, const struct expr_env *env, bool *out,
                         struct err *err)
{
    struct value value;
    enum err_class class_ = expr_eval(expr, env, &value, err);
    *out = class_ == ERR_OK && value_is_true(&value);
    return class_;
}
