/* Text to tokens. */
#include "format/expr_lex.h"

#include <string.h>

#include "format/codec.h"

enum err_class parser_refuse_at(const struct parser *parser, size_t at, const char *why)
{
    return err_set(parser->err, ERR_CONFIG, "expr_syntax", "\"%.*s\", column %zu: %s",
                   STR_ARG(utf8_cut(parser->text, EXPR_SHOWN_BYTES_MAX)), at + 1, why);
}

enum err_class parser_refuse(const struct parser *parser, const char *why)
{
    return parser_refuse_at(parser, parser->token.at, why);
}

/* '\0' behind the end; a real one is no part of any token. */
static char char_at(const struct parser *parser, size_t at)
{
    return at < parser->text.len ? parser->text.ptr[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

/* End of [1], [-1] or ["a.b"] that starts at `at`; `at` itself when it is none of these. */
static size_t bracket_end(const struct parser *parser, size_t at)
{
    size_t to = at + 1;
    if (char_at(parser, to) == '"') {
        to++;
        while (to < parser->text.len && char_at(parser, to) != '"')
            to += char_at(parser, to) == '\\' ? 2 : 1;
        to++;
    } else {
        while (is_digit(char_at(parser, to)) || char_at(parser, to) == '-')
            to++;
    }
    return to > at + 1 && char_at(parser, to) == ']' ? to + 1 : at;
}

/* A keyword, or a name such as body.items[0].x or header.retry-after. */
static void lex_word(struct parser *parser)
{
    size_t at = parser->token.at;
    for (;;) {
        char c = char_at(parser, at);
        size_t next = is_word(c)                                     ? at + 1
                      : c == '.' && is_word(char_at(parser, at + 1)) ? at + 1
                      : c == '['                                     ? bracket_end(parser, at)
                                                                     : at;
        if (next == at)
            break;
        at = next;
    }
    parser->token.kind = TOKEN_WORD;
    parser->at = at;
}

static enum err_class lex_number(struct parser *parser)
{
    size_t at = parser->token.at + 1;
    while (is_digit(char_at(parser, at)))
        at++;
    if (char_at(parser, at) == '.' && is_digit(char_at(parser, at + 1)))
        for (at++; is_digit(char_at(parser, at));)
            at++;
    if (is_word(char_at(parser, at)))
        return parser_refuse(parser, "a name does not start with a digit");
    parser->token.kind = TOKEN_NUMBER;
    parser->at = at;
    return ERR_OK;
}

/* 'text' or "text"; \n \t \r, and a backslash before itself or a quote. */
static enum err_class lex_text(struct parser *parser)
{
    static const char letters[] = "ntr\\'\"", meanings[] = "\n\t\r\\'\"";
    size_t from = parser->token.at + 1, to = from, len = 0;
    while (to < parser->text.len && char_at(parser, to) != char_at(parser, from - 1))
        to += char_at(parser, to) == '\\' ? 2 : 1;
    if (to >= parser->text.len)
        return parser_refuse(parser, "this quote is not closed");
    char *bytes = arena_alloc(parser->arena, to - from + 1);
    if (bytes == NULL)
        return err_no_memory(parser->err);
    for (size_t at = from; at < to; at++) {
        char c = char_at(parser, at);
        if (c == '\\') {
            const char *letter = strchr(letters, char_at(parser, ++at));
            if (letter == NULL || *letter == '\0')
                return parser_refuse_at(parser, at, "expected n, t, r, \\ or a quote behind \\");
            c = meanings[letter - letters];
        }
        bytes[len++] = c;
    }
    parser->token.kind = TOKEN_TEXT;
    parser->token.text = (struct str){bytes, len};
    parser->at = to + 1;
    return ERR_OK;
}

enum err_class parser_next(struct parser *parser)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "<", ">", "(",
                                        ")",  "[",  "]",  ",",  "|", "}"};
    enum err_class class_ = ERR_OK;
    while (char_at(parser, parser->at) != '\0' && strchr(" \t\r\n", char_at(parser, parser->at)))
        parser->at++;
    parser->token = (struct token){.at = parser->at};
    char c = char_at(parser, parser->at);
    if (parser->at == parser->text.len)
        return ERR_OK;
    if (c == '\'' || c == '"')
        return lex_text(parser);
    if (is_digit(c) || (c == '-' && is_digit(char_at(parser, parser->at + 1))))
        class_ = lex_number(parser);
    else if (is_word(c) && c != '-')
        lex_word(parser);
    else
        for (size_t i = 0; i < sizeof signs / sizeof signs[0] && parser->at == parser->token.at;
             i++)
            if (str_starts(str_sub(parser->text, parser->at, parser->text.len), str_of(signs[i])))
                parser->at += strlen(signs[i]);
    if (class_ == ERR_OK && parser->at == parser->token.at)
        return parser_refuse(parser, "this character has no meaning here");
    if (parser->token.kind == TOKEN_END)
        parser->token.kind = TOKEN_SIGN;
    parser->token.text = str_sub(parser->text, parser->token.at, parser->at);
    return class_;
}

bool parser_sees(const struct parser *parser, const char *word)
{
    return (parser->token.kind == TOKEN_WORD || parser->token.kind == TOKEN_SIGN) &&
           str_eq(parser->token.text, str_of(word));
}

enum err_class parser_init(struct parser *parser, struct str text, const char *const *names,
                           struct arena *arena, struct err *err)
{
    *parser = (struct parser){.text = text, .names = names, .arena = arena, .err = err};
    if (text.len > EXPR_BYTES_MAX)
        return parser_refuse(parser, "too long");
    return ERR_OK;
}
