/* Digests, MACs, randomness and comparison. */
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <sodium.h>

#include "crypt/crypt.h"
#include "crypt/crypt_internal.h"

static const struct {
    struct str name;
    const char *fetch_name;
} digests[] = {
    [DIGEST_MD5] = {{"md5", 3}, "MD5"},
    [DIGEST_SHA1] = {{"sha1", 4}, "SHA1"},
    [DIGEST_SHA256] = {{"sha256", 6}, "SHA256"},
};
enum { DIGESTS = sizeof digests / sizeof *digests };

/* Looking an algorithm up costs OpenSSL 3 more than hashing a request, so it is done once. They
 * live as long as the process. */
static EVP_MD *fetched[DIGESTS];
static bool sodium_ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void crypt_init(void)
{
    for (size_t i = 0; i < DIGESTS; i++)
        fetched[i] = EVP_MD_fetch(NULL, digests[i].fetch_name, NULL);
    sodium_ready = sodium_init() >= 0;
}

/* NULL where the system's policy forbids it (MD5 under FIPS). */
static const EVP_MD *digest_borrow(enum digest digest)
{
    pthread_once(&once, crypt_init);
    return fetched[digest];
}

static enum err_class digest_refused(enum digest digest, struct err *err)
{
    return err_set(err, ERR_INTERNAL, "digest_unavailable",
                   "this machine's OpenSSL refuses %s; its policy must allow it",
                   digests[digest].fetch_name);
}

enum err_class crypt_ready(struct err *err)
{
    pthread_once(&once, crypt_init);
    if (!sodium_ready)
        return err_set(err, ERR_INTERNAL, "random_unavailable",
                       "libsodium finds no source of random numbers on this machine");
    return ERR_OK;
}

bool digest_parse(struct str name, enum digest *out)
{
    for (size_t i = 0; i < DIGESTS; i++) {
        if (str_eq(name, digests[i].name)) {
            *out = (enum digest)i;
            return true;
        }
    }
    return false;
}

enum err_class digest_write(struct buf *out, enum digest digest, struct str bytes, struct err *err)
{
    unsigned char raw[DIGEST_BYTES_MAX];
    unsigned raw_len = sizeof raw;
    const EVP_MD *md = digest_borrow(digest);
    if (!md || EVP_Digest(bytes.ptr, bytes.len, raw, &raw_len, md, NULL) != 1)
        return digest_refused(digest, err);
    buf_add_bytes(out, raw, raw_len);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class hmac_write(struct buf *out, enum digest digest, struct str key, struct str bytes,
                          struct err *err)
{
    unsigned char raw[DIGEST_BYTES_MAX];
    unsigned raw_len = sizeof raw;
    const EVP_MD *md = digest_borrow(digest);
    if (key.len > INT_MAX)
        return err_set(err, ERR_CONFIG, "hmac_key", "an HMAC key of %zu bytes is too long",
                       key.len);
    /* OpenSSL takes no key at all for "the key of last time"; an empty one is meant. */
    const char *key_ptr = key.ptr ? key.ptr : "";
    if (!md || !HMAC(md, key_ptr, (int)key.len, (const unsigned char *)bytes.ptr, bytes.len, raw,
                     &raw_len))
        return digest_refused(digest, err);
    buf_add_bytes(out, raw, raw_len);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

bool crypt_equal(struct str a, struct str b)
{
    /* Lengths are no secret. */
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

enum err_class crypt_random(void *bytes, size_t bytes_len, struct err *err)
{
    enum err_class result = crypt_ready(err);
    if (result == ERR_OK)
        randombytes_buf(bytes, bytes_len);
    return result;
}

uint64_t id_hash(struct str id)
{
    /* libsodium's, because it takes no memory and cannot fail: this runs for every row. */
    unsigned char raw[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(raw, (const unsigned char *)id.ptr, id.len);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof hash; i++)
        hash = hash << 8 | raw[i];
    return hash;
}
