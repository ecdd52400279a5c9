/* The forms of answers, read. */
#include "api/answers.h"

#include <string.h>

extern const struct embedded_file answer_files[];

enum { FOLLOWS_MAX = 8 };

enum err_class answers_read(struct answers *out, struct err *err)
{
    *out = (struct answers){.len = 0};
    for (const struct embedded_file *file = answer_files; file->name; file++) {
        if (out->len == ANSWER_FILES_MAX ||
            json_parse((struct str){(const char *)file->bytes, file->bytes_len},
                       &out->docs[out->len], NULL) != ERR_OK)
            return err_set(err, ERR_INTERNAL, "answers_json", "%s cannot be read", file->name);
        out->len++;
    }
    return ERR_OK;
}

void answers_free(struct answers *answers)
{
    for (size_t i = 0; i < answers->len; i++)
        json_free(answers->docs[i]);
    answers->len = 0;
}

const struct json *answers_named(const struct answers *answers, struct str name)
{
    for (size_t i = 0; i < answers->len; i++) {
        const struct json *schema = json_get(json_root(answers->docs[i]), name);
        if (schema)
            return schema;
    }
    return NULL;
}

static const struct json *not_null(const struct json *choices)
{
    struct json_iter iter;
    const struct json *choice;
    json_iter_init(&iter, choices);
    while ((choice = json_iter_next(&iter, NULL)))
        if (!str_eq(json_text(json_get(choice, STR("type"))), STR("null")))
            return choice;
    return NULL;
}

const struct json *answers_follow(const struct answers *answers, const struct json *schema,
                                  struct str *ref)
{
    for (int i = 0; schema && i < FOLLOWS_MAX; i++) {
        struct str name = json_text(json_get(schema, STR("$ref")));
        const struct json *choices = json_get(schema, STR("oneOf"));
        if (name.len > 0) {
            struct str root = STR("#/components/schemas/");
            name = str_sub(name, root.len, name.len);
            if (ref)
                *ref = name;
            schema = answers_named(answers, name);
        } else if (choices) {
            schema = not_null(choices);
        } else {
            return schema;
        }
    }
    return schema;
}

const struct json *answers_property(const struct answers *answers, const struct json *schema,
                                    struct str name)
{
    schema = answers_follow(answers, schema, NULL);
    const struct json *found = json_get(json_get(schema, STR("properties")), name);
    const struct json *one;
    struct json_iter iter;
    for (size_t i = 0; i < 2; i++) {
        json_iter_init(&iter, json_get(schema, i ? STR("anyOf") : STR("allOf")));
        while (!found && (one = json_iter_next(&iter, NULL)))
            found = answers_property(answers, one, name);
    }
    return found;
}

static bool has_text(const struct json *list, struct str text)
{
    struct json_iter iter;
    const struct json *one;
    json_iter_init(&iter, list);
    while ((one = json_iter_next(&iter, NULL)))
        if (str_eq(json_text(one), text))
            return true;
    return false;
}

static enum err_class walk(const struct answers *answers, const struct json *schema, bool may,
                           answers_each *each, void *context, struct err *err)
{
    enum err_class class_ = ERR_OK;
    struct json_iter iter;
    const struct json *one;
    struct str name;
    schema = answers_follow(answers, schema, NULL);
    const struct json *required = json_get(schema, STR("required"));
    json_iter_init(&iter, json_get(schema, STR("properties")));
    while (!class_ && (one = json_iter_next(&iter, &name)))
        class_ = each(context, name, one, !may && has_text(required, name), err);
    for (size_t i = 0; i < 2; i++) {
        json_iter_init(&iter, json_get(schema, i ? STR("anyOf") : STR("allOf")));
        while (!class_ && (one = json_iter_next(&iter, NULL)))
            class_ = walk(answers, one, may || i, each, context, err);
    }
    return class_;
}

enum err_class answers_walk(const struct answers *answers, const struct json *schema,
                            answers_each *each, void *context, struct err *err)
{
    return walk(answers, schema, false, each, context, err);
}
