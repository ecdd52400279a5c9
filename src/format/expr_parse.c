/* Tokens to tree: a Pratt parser, in which one loop serves every operator by its binding power. */
#include <stdint.h>

#include "format/codec.h"
#include "format/expr_lex.h"

static enum err_class expect(struct parser *parser, const char *sign, const char *why)
{
    return parser_sees(parser, sign) ? parser_next(parser) : parser_refuse(parser, why);
}

static enum err_class node_new(const struct parser *parser, enum expr_kind kind, struct expr **out)
{
    *out = arena_alloc(parser->arena, sizeof **out);
    if (*out == NULL)
        return err_no_memory(parser->err);
    (*out)->kind = kind;
    (*out)->height = 1;
    return ERR_OK;
}

/* The array of operands doubles whenever its length reaches a power of two. */
static enum err_class node_add(const struct parser *parser, struct expr *node, struct expr *arg)
{
    size_t len = node->args_len;
    if ((len & (len - 1)) == 0) {
        struct expr **larger = arena_array(parser->arena, len == 0 ? 1 : 2 * len, sizeof *larger);
        if (larger == NULL)
            return err_no_memory(parser->err);
        for (size_t i = 0; i < len; i++)
            larger[i] = node->args[i];
        node->args = larger;
    }
    node->args[node->args_len++] = arg;
    if (arg->height >= node->height)
        node->height = arg->height + 1;
    return node->height <= NESTING_MAX ? ERR_OK
                                       : parser_refuse(parser, "too many operators in a row");
}

enum { POWER_OR = 1, POWER_AND, POWER_NOT, POWER_COMPARE, POWER_PIPE };

static enum err_class parse(struct parser *parser, int power_min, struct expr **out);

/* a, b, c up to the closing sign, which is taken too. */
static enum err_class parse_args(struct parser *parser, const char *closing, struct expr *node)
{
    while (!parser_sees(parser, closing)) {
        struct expr *arg;
        enum err_class class_ = parse(parser, POWER_OR, &arg);
        if (class_ == ERR_OK)
            class_ = node_add(parser, node, arg);
        if (class_ == ERR_OK && !parser_sees(parser, closing))
            class_ = expect(parser, ",", "expected , or the closing bracket");
        if (class_ != ERR_OK)
            return class_;
    }
    return parser_next(parser);
}

/* "body.*" admits body.x and body["x"], everything else only itself. */
static bool name_is_known(struct str name, const char *const *names)
{
    for (; *names != NULL; names++) {
        struct str known = str_of(*names);
        if (str_eq(name, known))
            return true;
        struct str stem = str_sub(known, 0, known.len - 2);
        if (str_ends(known, STR(".*")) && str_starts(name, stem) && name.len > stem.len &&
            (name.ptr[stem.len] == '.' || name.ptr[stem.len] == '['))
            return true;
    }
    return false;
}

/* what: "name" or "filter". */
static enum err_class refuse_name(const struct parser *parser, const char *what,
                                  const struct str *known, size_t known_len)
{
    size_t nearest = str_nearest(parser->token.text, known, known_len);
    struct str hint = nearest != SIZE_MAX ? known[nearest] : STR("");
    return err_set(
        parser->err, ERR_CONFIG, "expr_name", "\"%.*s\", column %zu: unknown %s \"%.*s\"%s%.*s%s",
        STR_ARG(utf8_cut(parser->text, EXPR_SHOWN_BYTES_MAX)), parser->token.at + 1, what,
        STR_ARG(utf8_cut(parser->token.text, EXPR_SHOWN_BYTES_MAX)),
        hint.len > 0 ? "; did you mean \"" : "", STR_ARG(hint), hint.len > 0 ? "\"?" : "");
}

static enum err_class check_name(const struct parser *parser)
{
    size_t len = 0;
    if (name_is_known(parser->token.text, parser->names))
        return ERR_OK;
    while (parser->names[len] != NULL)
        len++;
    struct str *known = arena_array(parser->arena, len + 1, sizeof *known);
    if (known == NULL)
        return err_no_memory(parser->err);
    for (size_t i = 0; i < len; i++)
        known[i] = str_of(parser->names[i]);
    return refuse_name(parser, "name", known, len);
}

static enum err_class find_filter(const struct parser *parser, const struct filter **out)
{
    struct str known[FILTERS_MAX];
    size_t len = 0;
    for (const struct filter *filter = filter_table; filter->name != NULL; filter++) {
        known[len++] = str_of(filter->name);
        if (str_eq(parser->token.text, str_of(filter->name))) {
            *out = filter;
            return ERR_OK;
        }
    }
    return refuse_name(parser, "filter", known, len);
}

static bool is_reserved(const struct parser *parser)
{
    static const char *const words[] = {"and", "or", "not", "in", "contains", "starts", "ends"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (parser_sees(parser, words[i]))
            return true;
    return false;
}

static enum err_class parse_word(struct parser *parser, struct expr **out)
{
    enum err_class class_ = node_new(parser, EXPR_CONST, out);
    if (class_ != ERR_OK)
        return class_;
    if (parser_sees(parser, "null")) {
        (*out)->constant = (struct value){.kind = VALUE_NULL};
    } else if (parser_sees(parser, "true") || parser_sees(parser, "false")) {
        (*out)->constant = value_bool(parser_sees(parser, "true"));
    } else {
        class_ = is_reserved(parser) ? parser_refuse(parser, "expected a value")
                                     : check_name(parser);
        if (class_ != ERR_OK)
            return class_;
        (*out)->kind = EXPR_NAME;
        (*out)->name = arena_dup(parser->arena, parser->token.text);
        if ((*out)->name.ptr == NULL)
            return err_no_memory(parser->err);
    }
    return parser_next(parser);
}

static enum err_class parse_const(struct parser *parser, struct expr **out)
{
    int64_t number;
    enum err_class class_ = node_new(parser, EXPR_CONST, out);
    if (class_ != ERR_OK)
        return class_;
    struct str text = arena_dup(parser->arena, parser->token.text);
    if (text.ptr == NULL)
        return err_no_memory(parser->err);
    bool whole = parser->token.kind == TOKEN_NUMBER && str_to_i64(text, &number);
    (*out)->constant = whole ? value_int(number) : value_text(text);
    return parser_next(parser);
}

/* One step down for (…), […] and not …; the others are leaves. */
static enum err_class parse_operand(struct parser *parser, int power_min, struct expr **out)
{
    enum err_class class_;
    if (parser->token.kind == TOKEN_TEXT || parser->token.kind == TOKEN_NUMBER)
        return parse_const(parser, out);
    if (parser_sees(parser, "(")) {
        class_ = parser_next(parser);
        if (class_ == ERR_OK)
            class_ = parse(parser, POWER_OR, out);
        return class_ == ERR_OK ? expect(parser, ")", "expected )") : class_;
    }
    if (parser_sees(parser, "[")) {
        class_ = node_new(parser, EXPR_LIST, out);
        if (class_ == ERR_OK)
            class_ = parser_next(parser);
        return class_ == ERR_OK ? parse_args(parser, "]", *out) : class_;
    }
    if (parser_sees(parser, "not") && power_min <= POWER_NOT) {
        struct expr *arg;
        class_ = node_new(parser, EXPR_NOT, out);
        if (class_ == ERR_OK)
            class_ = parser_next(parser);
        if (class_ == ERR_OK)
            class_ = parse(parser, POWER_NOT, &arg);
        return class_ == ERR_OK ? node_add(parser, *out, arg) : class_;
    }
    if (parser->token.kind == TOKEN_WORD)
        return parse_word(parser, out);
    return parser_refuse(parser, "expected a value");
}

/* input | name or input | name(a, b); the sign is taken. */
static enum err_class parse_filter(struct parser *parser, struct expr *input, struct expr **out)
{
    size_t at = parser->token.at;
    if (parser->token.kind != TOKEN_WORD)
        return parser_refuse(parser, "expected the name of a filter");
    enum err_class class_ = node_new(parser, EXPR_FILTER, out);
    if (class_ == ERR_OK)
        class_ = find_filter(parser, &(*out)->filter);
    if (class_ == ERR_OK)
        class_ = node_add(parser, *out, input);
    if (class_ == ERR_OK)
        class_ = parser_next(parser);
    if (class_ == ERR_OK && parser_sees(parser, "(")) {
        class_ = parser_next(parser);
        if (class_ == ERR_OK)
            class_ = parse_args(parser, ")", *out);
    }
    if (class_ != ERR_OK)
        return class_;
    size_t args_len = (*out)->args_len - 1;
    if (args_len < (*out)->filter->args_min || args_len > (*out)->filter->args_max)
        return parser_refuse_at(parser, at, "this filter takes another number of arguments");
    return ERR_OK;
}

struct infix {
    const char *sign;
    int power;
    enum expr_kind kind;
    enum comparison comparison;
};

static const struct infix *infix_find(const struct parser *parser)
{
    static const struct infix infixes[] = {
        {"or", POWER_OR, EXPR_OR, 0},
        {"and", POWER_AND, EXPR_AND, 0},
        {"==", POWER_COMPARE, EXPR_COMPARE, COMPARE_EQUAL},
        {"!=", POWER_COMPARE, EXPR_COMPARE, COMPARE_UNEQUAL},
        {"<", POWER_COMPARE, EXPR_COMPARE, COMPARE_LESS},
        {"<=", POWER_COMPARE, EXPR_COMPARE, COMPARE_LESS_EQUAL},
        {">", POWER_COMPARE, EXPR_COMPARE, COMPARE_GREATER},
        {">=", POWER_COMPARE, EXPR_COMPARE, COMPARE_GREATER_EQUAL},
        {"in", POWER_COMPARE, EXPR_COMPARE, COMPARE_IN},
        {"contains", POWER_COMPARE, EXPR_COMPARE, COMPARE_CONTAINS},
        {"starts", POWER_COMPARE, EXPR_COMPARE, COMPARE_STARTS},
        {"ends", POWER_COMPARE, EXPR_COMPARE, COMPARE_ENDS},
        {"|", POWER_PIPE, EXPR_FILTER, 0},
    };
    for (size_t i = 0; i < sizeof infixes / sizeof infixes[0]; i++)
        if (parser_sees(parser, infixes[i].sign))
            return &infixes[i];
    return NULL;
}

/* Left and the operator stand; the sign is the token. */
static enum err_class parse_infix(struct parser *parser, const struct infix *infix,
                                  struct expr *left, struct expr **out)
{
    struct expr *right;
    enum err_class class_ = parser_next(parser);
    if (class_ == ERR_OK && infix->kind == EXPR_FILTER)
        return parse_filter(parser, left, out);
    if (class_ == ERR_OK)
        class_ = parse(parser, infix->power + 1, &right);
    if (class_ == ERR_OK)
        class_ = node_new(parser, infix->kind, out);
    if (class_ != ERR_OK)
        return class_;
    (*out)->comparison = infix->comparison;
    class_ = node_add(parser, *out, left);
    return class_ == ERR_OK ? node_add(parser, *out, right) : class_;
}

/* An expression whose operators bind at least as tightly as power_min. */
static enum err_class parse(struct parser *parser, int power_min, struct expr **out)
{
    struct expr *left = NULL;
    const struct infix *infix;
    int power_max = POWER_PIPE;
    if (++parser->depth > NESTING_MAX)
        return parser_refuse(parser, "nested too deeply");
    enum err_class class_ = parse_operand(parser, power_min, &left);
    while (class_ == ERR_OK && (infix = infix_find(parser)) != NULL && infix->power >= power_min) {
        if (infix->power > power_max)
            return parser_refuse(parser, "comparisons do not chain; use and, or brackets");
        class_ = parse_infix(parser, infix, left, &left);
        /* Looser operators may follow, another comparison or a filter of the result may not. */
        if (infix->power == POWER_COMPARE)
            power_max = POWER_NOT;
    }
    parser->depth--;
    *out = left;
    return class_;
}

enum err_class parser_expression(struct parser *parser, struct expr **out)
{
    enum err_class class_ = parser_next(parser);
    return class_ == ERR_OK ? parse(parser, POWER_OR, out) : class_;
}

enum err_class expr_compile(struct str text, const char *const *names, struct arena *arena,
                            struct expr **out, struct err *err)
{
    struct parser parser;
    struct expr *root;
    *out = NULL;
    enum err_class class_ = parser_init(&parser, text, names, arena, err);
    if (class_ == ERR_OK)
        class_ = parser_expression(&parser, &root);
    if (class_ == ERR_OK && parser.token.kind != TOKEN_END)
        return parser_refuse(&parser, "expected the end or an operator");
    if (class_ == ERR_OK)
        *out = root;
    return class_;
}
