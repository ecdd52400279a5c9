/* JSON Web Tokens of one form. */
#include "api/bearer.h"

#include <string.h>

#include "format/format.h"

/* {"alg":"HS256","typ":"JWT"}: compared as text, so that no other header exists. */
static const struct str header = {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", 36};
static const struct str issuer = {"huiliu", 6};
static const struct str audience = {"huiliu-api", 10};
/* Clocks of machines that share a home. */
enum { CLOCK_SLACK_MS = 60 * 1000 };

static enum err_class refuse(struct err *err)
{
    return err_set(err, ERR_TOKEN_EXPIRED, "bearer", "the bearer is not valid, or no longer");
}

bool bearer_looks_like(struct str text)
{
    size_t points = 0;
    for (size_t i = 0; i < text.len; i++)
        points += text.ptr[i] == '.';
    return points == 2;
}

static void url64_write(struct buf *out, struct str bytes)
{
    size_t from = out->len;
    base64_write(out, bytes);
    if (out->failed)
        return;
    for (size_t i = from; i < out->len; i++) {
        if (out->ptr[i] == '+')
            out->ptr[i] = '-';
        else if (out->ptr[i] == '/')
            out->ptr[i] = '_';
    }
    while (out->len > from && out->ptr[out->len - 1] == '=')
        out->ptr[--out->len] = '\0';
}

static enum err_class url64_read(struct buf *out, struct str text, struct err *err)
{
    char memory[BEARER_BYTES_MAX + 8];
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < BEARER_BYTES_MAX; i++) {
        char c = text.ptr[i];
        if (c == '+' || c == '/' || c == '=')
            return refuse(err);
        memory[len++] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (len % 4 != 0 && len < sizeof(memory))
        memory[len++] = '=';
    return base64_read(out, (struct str){memory, len}, NULL) == ERR_OK ? ERR_OK : refuse(err);
}

static enum err_class sign(const struct keyring *ring, struct str text, struct buf *out,
                           struct err *err)
{
    unsigned char key[KEYRING_KEY_BYTES];
    keyring_key(ring, STR("api bearer 1"), key);
    enum err_class class_ = hmac_write(out, DIGEST_SHA256,
                                       (struct str){(const char *)key, sizeof(key)}, text, err);
    explicit_bzero(key, sizeof(key));
    return class_;
}

enum err_class bearer_write(const struct keyring *ring, const struct bearer *bearer,
                            struct buf *out, struct err *err)
{
    char memory[512], mac_memory[DIGEST_BYTES_MAX + 1];
    struct buf claims, mac;
    buf_init_lent(&claims, memory, sizeof(memory));
    buf_init_lent(&mac, mac_memory, sizeof(mac_memory));
    buf_printf(
        &claims,
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%lld\",\"gen\":%lld,\"iat\":%lld,\"exp\":%lld}",
        issuer.ptr, audience.ptr, (long long)bearer->user_id, (long long)bearer->generation,
        (long long)(bearer->issued_ms / 1000), (long long)(bearer->expires_ms / 1000));
    size_t from = out->len;
    buf_add(out, header);
    buf_add_char(out, '.');
    url64_write(out, buf_str(&claims));
    if (out->failed)
        return err_no_memory(err);
    enum err_class class_ = sign(ring, str_sub(buf_str(out), from, out->len), &mac, err);
    if (class_ != ERR_OK)
        return class_;
    buf_add_char(out, '.');
    url64_write(out, buf_str(&mac));
    return out->failed ? err_no_memory(err) : ERR_OK;
}

static bool number_take(const struct json *claims, const char *name, int64_t *out)
{
    const struct json *value = json_get(claims, str_of(name));
    return json_kind_of(value) == JSON_NUMBER && str_to_i64(json_text(value), out) && *out >= 0 &&
           *out < INT64_MAX / 1000;
}

static bool claims_take(const struct json *claims, int64_t now_ms, struct bearer *out)
{
    int64_t issued_s, expires_s;
    if (!str_eq(json_text(json_get(claims, STR("iss"))), issuer) ||
        !str_eq(json_text(json_get(claims, STR("aud"))), audience) ||
        !str_to_i64(json_text(json_get(claims, STR("sub"))), &out->user_id) ||
        !number_take(claims, "gen", &out->generation) || !number_take(claims, "iat", &issued_s) ||
        !number_take(claims, "exp", &expires_s))
        return false;
    out->issued_ms = issued_s * 1000;
    out->expires_ms = expires_s * 1000;
    return out->expires_ms > now_ms && out->issued_ms <= now_ms + CLOCK_SLACK_MS &&
           out->expires_ms - out->issued_ms <= BEARER_LASTS_MS;
}

enum err_class bearer_read(const struct keyring *ring, struct str text, int64_t now_ms,
                           struct bearer *out, struct err *err)
{
    char memory[BEARER_BYTES_MAX], mac_memory[DIGEST_BYTES_MAX + 1],
        given_memory[DIGEST_BYTES_MAX + 8];
    struct buf claims, mac, given;
    struct str head, rest, body, signature;
    struct json_doc *doc = NULL;
    if (text.len > BEARER_BYTES_MAX || !str_cut(text, '.', &head, &rest) ||
        !str_cut(rest, '.', &body, &signature) || !str_eq(head, header))
        return refuse(err);
    buf_init_lent(&claims, memory, sizeof(memory));
    buf_init_lent(&mac, mac_memory, sizeof(mac_memory));
    buf_init_lent(&given, given_memory, sizeof(given_memory));
    enum err_class class_ = sign(ring, str_sub(text, 0, text.len - signature.len - 1), &mac, err);
    if (class_ != ERR_OK)
        return class_;
    if (url64_read(&given, signature, err) != ERR_OK ||
        !crypt_equal(buf_str(&mac), buf_str(&given)) || url64_read(&claims, body, err) != ERR_OK ||
        json_parse(buf_str(&claims), &doc, NULL) != ERR_OK)
        return refuse(err);
    bool good = claims_take(json_root(doc), now_ms, out);
    json_free(doc);
    return good ? ERR_OK : refuse(err);
}
