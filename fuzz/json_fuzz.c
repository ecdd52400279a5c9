/* JSON: what was read and written again reads the same, and canonical text is a fixed point. */
#include <assert.h>

#include "format/format.h"
#include "fuzz.h"

static struct str write_text(struct buf *out, void (*write)(struct buf *, const struct json *),
                             const struct json *value)
{
    buf_reset(out);
    write(out, value);
    assert(!out->failed);
    return buf_str(out);
}

/* Writes twice with a reading in between. */
static void check_stable(void (*write)(struct buf *, const struct json *), const struct json *value)
{
    struct buf first, second;
    struct json_doc *again;
    buf_init(&first, BODY_BYTES_MAX);
    buf_init(&second, BODY_BYTES_MAX);
    struct str text = write_text(&first, write, value);
    enum err_class class_ = json_parse(text, &again, NULL);
    assert(class_ == ERR_OK);
    assert(str_eq(text, write_text(&second, write, json_root(again))));
    json_free(again);
    buf_fini(&second);
    buf_fini(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct json_doc *doc;
    struct err err;
    struct str text = {(const char *)bytes, bytes_len};
    if (json_parse(text, &doc, &err) != ERR_OK) {
        assert(doc == NULL && err.class_ == ERR_BAD_REPLY);
        return 0;
    }
    check_stable(json_write, json_root(doc));
    check_stable(json_write_canonical, json_root(doc));
    json_free(doc);

    /* Any bytes at all become a JSON string. */
    struct buf out;
    buf_init(&out, BODY_BYTES_MAX);
    json_write_string(&out, text);
    enum err_class class_ = json_parse(buf_str(&out), &doc, NULL);
    assert(class_ == ERR_OK && json_kind_of(json_root(doc)) == JSON_STRING);
    json_free(doc);
    buf_fini(&out);
    return 0;
}
