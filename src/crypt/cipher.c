/* AES-256-CBC, which platforms seal personal fields with. It does not authenticate: a wrong key
 * is noticed by its padding in 255 of 256 cases, so callers check what comes out as well. */
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>

#include "crypt/crypt.h"

enum { KEY_BYTES = 32, BLOCK_BYTES = 16, PIECE_BYTES = 1024 };

static EVP_CIPHER *aes256cbc;
static pthread_key_t context_key;
static bool context_key_made;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void context_free(void *context)
{
    EVP_CIPHER_CTX_free(context);
}

static void aes256cbc_fetch(void)
{
    aes256cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    context_key_made = pthread_key_create(&context_key, context_free) == 0;
}

/* Making a context costs more than opening a phone number, so each thread keeps its own. NULL: no
 * memory. */
static EVP_CIPHER_CTX *context_borrow(void)
{
    EVP_CIPHER_CTX *context = context_key_made ? pthread_getspecific(context_key) : NULL;
    if (context || !context_key_made)
        return context;
    context = EVP_CIPHER_CTX_new();
    if (context && pthread_setspecific(context_key, context) != 0) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

/* `out` is the thread's own until the next one is opened. */
static enum err_class cipher_open(EVP_CIPHER_CTX **out, bool seal, struct str key, struct str iv,
                                  struct err *err)
{
    pthread_once(&once, aes256cbc_fetch);
    if (key.len != KEY_BYTES || iv.len != BLOCK_BYTES)
        return err_set(err, ERR_CONFIG, "cipher_key",
                       "AES-256-CBC needs a key of 32 bytes and an iv of 16, not %zu and %zu",
                       key.len, iv.len);
    *out = context_borrow();
    if (!*out)
        return err_no_memory(err);
    if (!aes256cbc || EVP_CipherInit_ex2(*out, aes256cbc, (const unsigned char *)key.ptr,
                                         (const unsigned char *)iv.ptr, seal, NULL) != 1)
        return err_set(err, ERR_INTERNAL, "cipher_unavailable",
                       "this machine's OpenSSL refuses AES-256-CBC");
    return ERR_OK;
}

/* Whole text in pieces; false: the cipher refuses it (padding, length) and `out` is as before. */
static bool cipher_run(EVP_CIPHER_CTX *context, struct buf *out, struct str text)
{
    unsigned char piece[PIECE_BYTES + BLOCK_BYTES];
    size_t len_before = out->len;
    int len = 0;
    bool ok = true;
    for (size_t at = 0; at < text.len && ok; at += PIECE_BYTES) {
        struct str in = str_sub(text, at, at + PIECE_BYTES);
        ok = EVP_CipherUpdate(context, piece, &len, (const unsigned char *)in.ptr, (int)in.len);
        buf_add_bytes(out, piece, ok ? (size_t)len : 0);
    }
    ok = ok && EVP_CipherFinal_ex(context, piece, &len);
    if (ok)
        buf_add_bytes(out, piece, (size_t)len);
    else
        out->len = len_before;
    sodium_memzero(piece, sizeof piece);
    return ok;
}

enum err_class aes256cbc_open(struct buf *out, struct str key, struct str iv, struct str cipher,
                              struct err *err)
{
    EVP_CIPHER_CTX *context = NULL;
    enum err_class result = cipher_open(&context, false, key, iv, err);
    if (result != ERR_OK)
        return result;
    bool ok = cipher_run(context, out, cipher);
    if (!ok)
        return err_set(err, ERR_SKIP_RECORD, "decrypt",
                       "%zu bytes do not open with this key: check the app secret", cipher.len);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class aes256cbc_seal(struct buf *out, struct str key, struct str iv, struct str plain,
                              struct err *err)
{
    EVP_CIPHER_CTX *context = NULL;
    enum err_class result = cipher_open(&context, true, key, iv, err);
    if (result != ERR_OK)
        return result;
    bool ok = cipher_run(context, out, plain);
    if (!ok)
        return err_set(err, ERR_INTERNAL, "cipher_unavailable", "OpenSSL does not seal %zu bytes",
                       plain.len);
    return out->failed ? err_no_memory(err) : ERR_OK;
}
