/* Forms: the input is a Content-Type, a line end, and a body. What is taken lies within the body, in its order, and is named in
 * UTF-8; what is cut anywhere is never taken for the whole. */
#include <assert.h>

#include "fuzz.h"
#include "http/http.h"

static bool is_text(struct str text)
{
    for (size_t at = 0, bytes; at < text.len; at += bytes)
        if ((bytes = str_utf8_at(text, at)) == 0)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct arena arena;
    struct str type, body;
    struct http_part parts[HTTP_PARTS_MAX];
    size_t len = 0;
    struct err err = {0};
    arena_init(&arena);
    str_cut((struct str){(const char *)bytes, bytes_len}, '\n', &type, &body);
    (void)http_is_form(type);
    if (http_form_read(type, body, &arena, parts, &len, &err) == ERR_OK) {
        const char *behind = body.ptr;
        assert(len <= HTTP_PARTS_MAX);
        for (size_t i = 0; i < len; i++) {
            assert(parts[i].value.ptr >= behind &&
                   parts[i].value.ptr + parts[i].value.len <= body.ptr + body.len);
            assert(is_text(parts[i].name) && is_text(parts[i].file_name));
            behind = parts[i].value.ptr + parts[i].value.len;
        }
    } else {
        assert(err.class_ == ERR_BAD_REQUEST);
    }
    arena_fini(&arena);
    return 0;
}
