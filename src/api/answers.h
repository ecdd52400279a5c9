/* The forms of answers (schema/answers/NOUN.json) as a program reads them: what the OpenAPI document tells, and which columns
 * the file of a list has. */
#ifndef HUILIU_API_ANSWERS_H
#define HUILIU_API_ANSWERS_H

#include "format/format.h"

enum { ANSWER_FILES_MAX = 32 };
struct answers {
    struct json_doc *docs[ANSWER_FILES_MAX];
    size_t len;
};
/* ERR_INTERNAL "answers_json": a file is no JSON, which is a mistake of ours. Freed also after an error. */
enum err_class answers_read(struct answers *out, struct err *err);
void answers_free(struct answers *answers);
/* The schema of that name, or NULL. */
const struct json *answers_named(const struct answers *answers, struct str name);
/* What a schema is once its $ref is followed and the null of a oneOf is left out. ref (may be NULL): the last name followed. */
const struct json *answers_follow(const struct answers *answers, const struct json *schema,
                                  struct str *ref);
/* A property by its name, also of the schemas that allOf or anyOf names; NULL: there is none. */
const struct json *answers_property(const struct answers *answers, const struct json *schema,
                                    struct str name);
/* Each property in its order. required: every answer has it, which those of anyOf are not. What `each` returns ends it. */
typedef enum err_class answers_each(void *context, struct str name, const struct json *schema,
                                    bool required, struct err *err);
enum err_class answers_walk(const struct answers *answers, const struct json *schema,
                            answers_each *each, void *context, struct err *err);

#endif
