/* Texts with holes. */
#include "format/expr_lex.h"

/* '\0' behind the end. */
static char byte_at(const struct parser *parser, size_t at)
{
    return at < parser->text.len ? parser->text.ptr[at] : '\0';
}

/* The hole behind its opening brace; the parser stands behind the closing one. */
static enum err_class parse_hole(struct parser *parser, struct expr **out)
{
    enum err_class class_ = parser_expression(parser, out);
    if (class_ == ERR_OK && !parser_sees(parser, "}"))
        return parser_refuse(parser, "expected } or an operator");
    return class_;
}

/* The part that starts at parser->at: a hole, or text up to the next hole or doubled brace. */
static enum err_class parse_part(struct parser *parser, struct template_part *part)
{
    size_t from = parser->at, at = from;
    if (byte_at(parser, at) == '{' && byte_at(parser, at + 1) != '{') {
        parser->at++;
        return parse_hole(parser, &part->hole);
    }
    while (at < parser->text.len && byte_at(parser, at) != '{' && byte_at(parser, at) != '}')
        at++;
    parser->at = at;
    if (at < parser->text.len && byte_at(parser, at) == byte_at(parser, at + 1)) {
        at++; /* the first of two braces is text, the second is dropped */
        parser->at = at + 1;
    } else if (byte_at(parser, at) == '}') {
        return parser_refuse_at(parser, at, "write }} for a brace");
    }
    part->text = arena_dup(parser->arena, str_sub(parser->text, from, at));
    return part->text.ptr != NULL ? ERR_OK : err_no_memory(parser->err);
}

enum err_class template_compile(struct str text, const char *const *names, struct arena *arena,
                                struct template **out, struct err *err)
{
    struct parser parser;
    size_t parts_max = 1;
    *out = NULL;
    enum err_class class_ = parser_init(&parser, text, names, arena, err);
    if (class_ != ERR_OK)
        return class_;
    /* A part ends at a brace at the latest, and a hole has two. */
    for (size_t i = 0; i < text.len; i++)
        parts_max += text.ptr[i] == '{' || text.ptr[i] == '}';
    struct template *template = arena_alloc(arena, sizeof *template);
    if (template == NULL)
        return err_no_memory(err);
    template->parts = arena_array(arena, parts_max, sizeof *template->parts);
    if (template->parts == NULL)
        return err_no_memory(err);
    while (class_ == ERR_OK && parser.at < text.len) {
        struct template_part *part = &template->parts[template->parts_len++];
        class_ = parse_part(&parser, part);
        template->has_holes |= part->hole != NULL;
    }
    if (class_ == ERR_OK)
        *out = template;
    return class_;
}

bool template_is_constant(const struct template *template)
{
    return !template->has_holes;
}

static enum err_class eval_hole(const struct template_part *part, const struct expr_env *env,
                                struct value *out, struct err *err)
{
    enum err_class class_ = expr_eval(part->hole, env, out, err);
    if (class_ == ERR_OK && out->secret && env->hide != NULL)
        *out = value_text(str_of(env->hide));
    return class_;
}

/* More than one part: the texts of all in a row. */
static enum err_class eval_parts(const struct template *template, const struct expr_env *env,
                                 struct value *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    bool secret = false;
    struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    for (size_t i = 0; i < template->parts_len && class_ == ERR_OK; i++) {
        const struct template_part *part = &template->parts[i];
        struct value value = value_text(part->text);
        struct str piece = part->text;
        if (part->hole != NULL)
            class_ = eval_hole(part, env, &value, err);
        if (class_ == ERR_OK && part->hole != NULL)
            class_ = value_to_text(&value, env->arena, &piece, err);
        if (class_ == ERR_OK)
            buf_add(&text, piece);
        secret |= value.secret;
    }
    if (class_ == ERR_OK)
        return value_take_buf(&text, env->arena, secret, out, err);
    buf_fini(&text);
    return class_;
}

enum err_class template_eval(const struct template *template, const struct expr_env *env,
                             struct value *out, struct err *err)
{
    if (template->parts_len != 1)
        return eval_parts(template, env, out, err);
    if (template->has_holes)
        return eval_hole(&template->parts[0], env, out, err);
    *out = value_text(template->parts[0].text);
    return ERR_OK;
}

enum err_class template_text(const struct template *template, const struct expr_env *env,
                             struct str *out, struct err *err)
{
    struct value value;
    enum err_class class_ = template_eval(template, env, &value, err);
    return class_ == ERR_OK ? value_to_text(&value, env->arena, out, err) : class_;
}
