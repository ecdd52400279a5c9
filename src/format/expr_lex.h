/* Tokens of expressions, and the parser's state around them. Private to the room. */
#ifndef HUILIU_FORMAT_EXPR_LEX_H
#define HUILIU_FORMAT_EXPR_LEX_H

#include "format/expr_tree.h"

enum {
    /* The longest text of a manifest is a GraphQL query of a few thousand bytes. */
    EXPR_BYTES_MAX = 64 * 1024,
    EXPR_SHOWN_BYTES_MAX = 120, /* of a text, in messages */
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    size_t at;
    struct str text; /* as written; of TOKEN_TEXT what it stands for */
};

struct parser {
    struct str text;
    size_t at; /* behind the token */
    struct token token;
    const char *const *names;
    struct arena *arena;
    struct err *err;
    size_t depth;
};

/* ERR_CONFIG when the text is too long. No token is read yet. */
enum err_class parser_init(struct parser *parser, struct str text, const char *const *names,
                           struct arena *arena, struct err *err);
enum err_class parser_next(struct parser *parser);
/* A sign or keyword; texts in quotes are never taken for one. */
bool parser_sees(const struct parser *parser, const char *word);
/* ERR_CONFIG "expr_syntax" at an offset, or at the token. */
enum err_class parser_refuse_at(const struct parser *parser, size_t at, const char *why);
enum err_class parser_refuse(const struct parser *parser, const char *why);
/* An expression up to the first token that is no part of it. */
enum err_class parser_expression(struct parser *parser, struct expr **out);

#endif
