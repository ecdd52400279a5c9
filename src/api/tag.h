/* tag: what a client may keep. ETag of the body on every GET that is no stream, 304 where he has it, gzip where he takes
 * it. A packed body has a tag of its own (…-gzip); both mean the same. Private to the room. */
#ifndef HUILIU_API_TAG_H
#define HUILIU_API_TAG_H

#include "api/api_internal.h"

enum { GZIP_BYTES_MIN = 1024 };
void tag_write(struct call_frame *frame);
/* Accept-Encoding: whether he takes it. */
bool accepts_coding(const struct http_request *request, struct str coding);
/* Whether If-Match or If-None-Match names the tag, in any of its codings. */
bool tags_have(struct str list, const char *tag);

#endif
