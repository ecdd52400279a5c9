/* openapi: what the API answers, told by its own tables: the OpenAPI 3.1 document (/api/v1/openapi.json), and docs/routes.md.
 *
 * Paths, parameters with their bounds, rights and refusals come from the rows of the routes. The form of an answer is
 * declared in schema/answers/NOUN.json, an object of JSON Schemas by name; a row's `answer` names one. tests/scenario/
 * api_property.py holds every answer it gets to it.
 *
 * Threads: any. Errors: ERR_INTERNAL "answers_json" where a file of the program's own cannot be read. */
#ifndef HUILIU_API_OPENAPI_H
#define HUILIU_API_OPENAPI_H

#include "base/base.h"

enum { OPENAPI_BYTES_MAX = 8 * 1024 * 1024 };
enum err_class openapi_write(struct buf *out, struct err *err);
/* docs/routes.md. */
void routes_reference_write(struct buf *out);

#endif
