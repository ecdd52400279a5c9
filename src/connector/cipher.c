/* Fields that arrive encrypted: bringing a key to its length, opening a text, and reading what the
 * platform opened. */
#include <string.h>

#include "connector/plan.h"

enum { PLAIN_BYTES_MAX = 4096 }; /* phones, names, addresses */

/* At both ends in turn, the left one first: shorter keys grow there, longer ones lose bytes there.
 * What is left of `text` is key[0, 32). */
static void key_fit(struct str text, char fill, char out[CIPHER_KEY_BYTES])
{
    bool left = true;
    while (text.len > CIPHER_KEY_BYTES) {
        text = left ? str_sub(text, 1, text.len) : str_sub(text, 0, text.len - 1);
        left = !left;
    }
    size_t missing = CIPHER_KEY_BYTES - text.len;
    size_t before = (missing + 1) / 2;
    memset(out, fill, CIPHER_KEY_BYTES);
    if (text.len > 0)
        memcpy(out + before, text.ptr, text.len);
}

enum err_class cipher_key_make(const struct cipher_plan *plan, const struct connector *connector,
                               const struct facts *facts, struct arena *arena,
                               struct cipher_key *out, struct err *err)
{
    struct str text;
    struct scope scope = {.connector = connector, .facts = facts, .arena = arena};
    struct expr_env env = scope_env(&scope, NULL);
    *out = (struct cipher_key){.plan = plan};
    if (!plan->key)
        return ERR_OK;
    enum err_class class_ = template_text(plan->key, &env, &text, err);
    if (class_ != ERR_OK)
        return class_;
    /* A secret of another length where none is fitted cannot open anything: counted per field. */
    out->usable = text.len > 0 && (plan->key_fit || text.len == CIPHER_KEY_BYTES);
    if (out->usable)
        key_fit(text, plan->key_fill, out->bytes);
    return ERR_OK;
}

enum err_class cipher_open(const struct cipher_key *key, struct str cipher, struct arena *arena,
                           struct str *plain, struct err *err)
{
    struct str key_text = {key->bytes, CIPHER_KEY_BYTES};
    struct str iv = str_sub(key_text, key->plan->iv_right ? CIPHER_KEY_BYTES - CIPHER_IV_BYTES : 0,
                            key->plan->iv_right ? CIPHER_KEY_BYTES : CIPHER_IV_BYTES);
    char raw_bytes[PLAIN_BYTES_MAX + 1], text_bytes[PLAIN_BYTES_MAX + 1];
    struct buf raw, text;
    struct err why = {0};
    if (!key->usable)
        return err_set(err, ERR_SKIP_RECORD, "decrypt", "there is no key: check the app secret");
    buf_init_lent(&raw, raw_bytes, sizeof raw_bytes);
    buf_init_lent(&text, text_bytes, sizeof text_bytes);
    enum err_class class_ = base64_read(&raw, cipher, &why);
    if (class_ == ERR_OK)
        class_ = aes256cbc_open(&text, key_text, iv, buf_str(&raw), &why);
    /* A wrong key passes the padding check once in 256 times: what comes out must be text. */
    if (class_ == ERR_OK && utf8_valid(buf_str(&text), NULL)) {
        *plain = arena_dup(arena, buf_str(&text));
        class_ = plain->ptr ? ERR_OK : err_no_memory(err);
    } else if (class_ == ERR_INTERNAL) {
        class_ = err_no_memory(err);
    } else {
        class_ = err_set(err, ERR_SKIP_RECORD, "decrypt",
                         "a field does not open: check the app secret");
    }
    return class_;
}

static enum err_class plain_put(struct arena *arena, struct map *plain, struct str cipher,
                                struct str text, struct err *err)
{
    struct str key = arena_dup(arena, cipher);
    struct str *value = arena_alloc(arena, sizeof *value);
    if (!key.ptr || !value)
        return err_no_memory(err);
    *value = arena_dup(arena, text);
    struct map_entry *entry = value->ptr ? map_put(plain, key, NULL) : NULL;
    if (!entry)
        return err_no_memory(err);
    entry->value.ptr = value;
    return ERR_OK;
}

enum err_class connector_read_decrypted(const struct connector *connector,
                                        const struct stream *stream, const struct page *page,
                                        struct arena *arena, struct map *plain, struct err *err)
{
    const struct cipher_plan *plan = stream->plan->cipher;
    struct path_iter iter;
    struct path_record record;
    if (!plan)
        return ERR_OK;
    path_iter_init(&iter, plan->records, reply_inside(connector, json_root(page->doc)));
    while (path_iter_next(&iter, &record)) {
        struct str cipher = json_text(path_get_record(plan->cipher, &record));
        struct str text = json_text(path_get_record(plan->plain, &record));
        if (cipher.len == 0 || text.len == 0)
            continue;
        enum err_class class_ = plain_put(arena, plain, cipher, text, err);
        if (class_ != ERR_OK)
            return class_;
    }
    if (path_iter_list_missing(&iter))
        return err_set(err, ERR_BAD_REPLY, "list_missing",
                       "the reply to a decrypt request has no list of answers");
    return ERR_OK;
}
