/* Passwords and tokens of people. */
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "crypt/crypt.h"
#include "crypt/crypt_internal.h"

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "libsodium's text fits");

static struct {
    pthread_mutex_t lock;
    pthread_cond_t free_again;
    unsigned running, waiting;
} hashing = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static enum err_class hashing_begin(struct err *err)
{
    bool room = true;
    pthread_mutex_lock(&hashing.lock);
    if (hashing.running == PASSWORD_HASHES_AT_ONCE && hashing.waiting == PASSWORD_WAITING_MAX) {
        room = false;
    } else {
        hashing.waiting++;
        while (hashing.running == PASSWORD_HASHES_AT_ONCE)
            pthread_cond_wait(&hashing.free_again, &hashing.lock);
        hashing.waiting--;
        hashing.running++;
    }
    pthread_mutex_unlock(&hashing.lock);
    return room ? ERR_OK
                : err_set(err, ERR_LATER, "hashing_busy",
                          "too many passwords are being checked; try again in a moment");
}

static void hashing_end(void)
{
    pthread_mutex_lock(&hashing.lock);
    hashing.running--;
    pthread_cond_signal(&hashing.free_again);
    pthread_mutex_unlock(&hashing.lock);
}

enum err_class password_hash(struct str password, char out[PASSWORD_HASH_BYTES], struct err *err)
{
    enum err_class class_ = crypt_ready(err);
    if (class_ == ERR_OK)
        class_ = hashing_begin(err);
    if (class_ != ERR_OK)
        return class_;
    memset(out, 0, PASSWORD_HASH_BYTES);
    int rc = crypto_pwhash_str(out, password.ptr ? password.ptr : "", password.len,
                               crypto_pwhash_OPSLIMIT_INTERACTIVE,
                               crypto_pwhash_MEMLIMIT_INTERACTIVE);
    hashing_end();
    return rc == 0 ? ERR_OK : err_no_memory(err);
}

/* Of a password that nobody knows: checking against it takes as long as against a real one. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                             "ZTXzzv4ad2bC3MHhcpCWqqsdLPdJVM3D2vJjHdSJMVU";

enum err_class password_check(struct str hash, struct str password, bool *good, struct err *err)
{
    char text[PASSWORD_HASH_BYTES] = "";
    bool somebody = hash.len > 0 && hash.len < sizeof(text);
    *good = false;
    enum err_class class_ = crypt_ready(err);
    if (class_ == ERR_OK)
        class_ = hashing_begin(err);
    if (class_ != ERR_OK)
        return class_;
    if (somebody)
        memcpy(text, hash.ptr, hash.len);
    else
        memcpy(text, nobody, sizeof(nobody));
    int rc = crypto_pwhash_str_verify(text, password.ptr ? password.ptr : "", password.len);
    hashing_end();
    *good = somebody && rc == 0;
    return ERR_OK;
}

enum err_class token_make(char out[TOKEN_TEXT_BYTES], struct err *err)
{
    unsigned char bytes[32];
    enum err_class class_ = crypt_random(bytes, sizeof(bytes), err);
    if (class_ == ERR_OK)
        sodium_bin2hex(out, TOKEN_TEXT_BYTES, bytes, sizeof(bytes));
    sodium_memzero(bytes, sizeof(bytes));
    return class_;
}

enum err_class token_digest(struct str token, char out[TOKEN_TEXT_BYTES], struct err *err)
{
    unsigned char raw[crypto_hash_sha256_BYTES];
    enum err_class class_ = crypt_ready(err);
    if (class_ != ERR_OK)
        return class_;
    crypto_hash_sha256(raw, (const unsigned char *)(token.ptr ? token.ptr : ""), token.len);
    sodium_bin2hex(out, TOKEN_TEXT_BYTES, raw, sizeof(raw));
    return ERR_OK;
}
