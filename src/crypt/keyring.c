/* The key ring: a small file of keys, and what is derived from it.
 *
 * Every use has a key of its own, BLAKE2b-256(key of the file, label), so that no key meets two
 * algorithms. The labels are part of the stored format: changing one makes old values unreadable.
 * Everything lies in one guarded, locked allocation that is read-only while the ring is open. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "crypt/crypt_internal.h"

enum {
    KEYS_MAX = 32, /* a rotation a month for more than two years */
    KEY_BYTES = 32,
    KEY_ID_BYTES_MAX = 16,
    KEY_FILE_BYTES_MAX = 8 * 1024,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BLIND_BYTES = 16,
};

#define LINE_MARK "huiliu-key-1"
#define SEALED_MARK "h1:"

struct key {
    char id[KEY_ID_BYTES_MAX];
    size_t id_len;
    unsigned char seal[KEY_BYTES];
};

struct keyring {
    struct key keys[KEYS_MAX];
    size_t keys_len;
    size_t current;
    unsigned char blind[KEY_BYTES];
    unsigned char record[KEY_BYTES];
    unsigned char purpose[KEY_BYTES];
};

/* While the file is read: its text and the key of one line, locked and wiped as well. */
struct key_file {
    char text[KEY_FILE_BYTES_MAX + 1];
    size_t text_len;
    unsigned char key[KEY_BYTES];
    char path[4096];
    bool credential; /* given by systemd, which guards it in its own way */
};

static void key_derive(unsigned char out[KEY_BYTES], const unsigned char key[KEY_BYTES],
                       const char *label, struct str purpose)
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, key, KEY_BYTES, KEY_BYTES);
    crypto_generichash_update(&hash, (const unsigned char *)label, strlen(label));
    crypto_generichash_update(&hash, (const unsigned char *)purpose.ptr, purpose.len);
    crypto_generichash_final(&hash, out, KEY_BYTES);
    sodium_memzero(&hash, sizeof hash);
}

static enum err_class key_file_find(struct key_file *file, struct str home, struct err *err)
{
    const char *named = getenv("HUILIU_KEY_FILE");
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    int len = -1;
    if (named && *named) {
        len = snprintf(file->path, sizeof file->path, "%s", named);
    } else {
        if (credentials && *credentials)
            len = snprintf(file->path, sizeof file->path, "%s/huiliu-key", credentials);
        file->credential = len > 0 && access(file->path, F_OK) == 0;
        if (!file->credential)
            len = snprintf(file->path, sizeof file->path, "%.*s/key", STR_ARG(home));
    }
    if (len < 0 || (size_t)len >= sizeof file->path)
        return err_set(err, ERR_CONFIG, "key_missing", "the path of the key file is too long");
    return ERR_OK;
}

static enum err_class key_file_check(const struct key_file *file, int fd, struct err *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return err_set(err, ERR_CONFIG, "key_missing", "the key file %s cannot be read: %s",
                       file->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return err_set(err, ERR_CONFIG, "key_syntax", "the key file %s is no regular file",
                       file->path);
    if (!file->credential && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, ERR_CONFIG, "key_mode",
                       "the key file %s may be used by others (mode %03o); run: chmod 600 %s",
                       file->path, (unsigned)(info.st_mode & 0777), file->path);
    return ERR_OK;
}

static enum err_class key_file_read(struct key_file *file, struct err *err)
{
    /* Not to hang where somebody put a pipe; the type is checked after opening. */
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "key_missing",
                       "the key file %s cannot be read: %s; restore it, or run `huiliu init` for a "
                       "new home",
                       file->path, strerror(errno));
    enum err_class result = key_file_check(file, fd, err);
    while (result == ERR_OK && file->text_len < sizeof file->text) {
        ssize_t got = read(fd, file->text + file->text_len, sizeof file->text - file->text_len);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            result = err_set(err, ERR_CONFIG, "key_missing", "the key file %s cannot be read: %s",
                             file->path, strerror(errno));
        file->text_len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    if (result == ERR_OK && file->text_len > KEY_FILE_BYTES_MAX)
        return err_set(err, ERR_CONFIG, "key_syntax", "the key file %s is longer than %d bytes",
                       file->path, KEY_FILE_BYTES_MAX);
    return result;
}

static bool key_id_ok(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return id.len > 0 && id.len <= KEY_ID_BYTES_MAX;
}

static const struct key *key_find(const struct keyring *ring, struct str id)
{
    for (size_t i = 0; i < ring->keys_len; i++) {
        if (str_eq((struct str){ring->keys[i].id, ring->keys[i].id_len}, id))
            return &ring->keys[i];
    }
    return NULL;
}

/* Adds the key of one line; the answer is what is wrong with the line or NULL. */
static const char *key_line_read(struct keyring *ring, struct str line,
                                 unsigned char key[KEY_BYTES], bool *current)
{
    struct str mark, id, text, word;
    str_cut(line, ' ', &mark, &line);
    str_cut(line, ' ', &id, &line);
    str_cut(line, ' ', &text, &word);
    size_t key_len = 0;
    const char *end = NULL;
    *current = str_eq(word, STR("current"));
    if (!str_eq(mark, STR(LINE_MARK)))
        return "it must start with " LINE_MARK;
    if (!key_id_ok(id))
        return "its id must be 1 to 16 letters, digits, \"-\" or \"_\"";
    if (word.len > 0 && !*current)
        return "only the word \"current\" may follow the key";
    if (sodium_base642bin(key, KEY_BYTES, text.ptr, text.len, NULL, &key_len, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        key_len != KEY_BYTES || end != text.ptr + text.len)
        return "its key must be base64 of 32 bytes";
    if (ring->keys_len == KEYS_MAX)
        return "there are too many keys";
    if (key_find(ring, id))
        return "its id stands there twice";
    struct key *added = &ring->keys[ring->keys_len++];
    memcpy(added->id, id.ptr, id.len);
    added->id_len = id.len;
    key_derive(added->seal, key, "huiliu seal 1", STR_NONE);
    return NULL;
}

static enum err_class keyring_read(struct keyring *ring, struct key_file *file, struct err *err)
{
    struct str rest = {file->text, file->text_len};
    size_t line_number = 0, currents = 0;
    while (rest.len > 0) {
        struct str line;
        bool current;
        str_cut(rest, '\n', &line, &rest);
        line_number++;
        line = str_trim(line);
        if (line.len == 0)
            continue;
        const char *why = key_line_read(ring, line, file->key, &current);
        if (!why && current && ++currents > 1)
            why = "a key before it is marked \"current\" too";
        if (why)
            return err_set(err, ERR_CONFIG, "key_syntax", "%s line %zu: %s", file->path,
                           line_number, why);
        if (current)
            ring->current = ring->keys_len - 1;
        if (ring->keys_len == 1) {
            key_derive(ring->blind, file->key, "huiliu blind index 1", STR_NONE);
            key_derive(ring->record, file->key, "huiliu record hash 1", STR_NONE);
            key_derive(ring->purpose, file->key, "huiliu purpose 1", STR_NONE);
        }
    }
    if (ring->keys_len == 0)
        return err_set(err, ERR_CONFIG, "key_syntax", "the key file %s holds no key", file->path);
    if (ring->keys_len > 1 && currents == 0)
        return err_set(err, ERR_CONFIG, "key_syntax",
                       "%s: one of its %zu keys must be marked \"current\"", file->path,
                       ring->keys_len);
    return ERR_OK;
}

enum err_class keyring_open(struct str home, struct keyring **out, struct err *err)
{
    enum err_class result = crypt_ready(err);
    if (result != ERR_OK)
        return result;
    struct keyring *ring = sodium_malloc(sizeof *ring);
    struct key_file *file = sodium_malloc(sizeof *file);
    if (!ring || !file) {
        result = err_no_memory(err);
        goto out;
    }
    memset(ring, 0, sizeof *ring);
    memset(file, 0, sizeof *file);
    result = key_file_find(file, home, err);
    if (result == ERR_OK)
        result = key_file_read(file, err);
    if (result == ERR_OK)
        result = keyring_read(ring, file, err);
    if (result == ERR_OK) {
        sodium_mprotect_readonly(ring);
        *out = ring;
        ring = NULL;
    }
out:
    sodium_free(file);
    sodium_free(ring);
    return result;
}

void keyring_close(struct keyring *ring)
{
    sodium_free(ring); /* wipes first */
}

/* The whole text, and on the disk: a key that is lost after something was sealed with it is lost
 * data. */
static bool file_write_durably(int fd, const char *text, size_t text_len)
{
    size_t at = 0;
    while (at < text_len) {
        ssize_t put = write(fd, text + at, text_len - at);
        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0;
}

static bool folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

/* "huiliu-key-1 ID KEY current\n" with a new id and key. */
static void key_line_write(char *line, size_t line_room)
{
    unsigned char id[4], key[KEY_BYTES];
    char id_text[sizeof id * 2 + 1];
    char key_text[sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    randombytes_buf(id, sizeof id);
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(id_text, sizeof id_text, id, sizeof id);
    sodium_bin2base64(key_text, sizeof key_text, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, line_room, LINE_MARK " %s %s current\n", id_text, key_text);
    sodium_memzero(key, sizeof key);
    sodium_memzero(key_text, sizeof key_text);
}

enum err_class keyring_create(struct str home, struct err *err)
{
    char folder[4096], path[sizeof folder + 8], line[128];
    enum err_class result = crypt_ready(err);
    if (result != ERR_OK)
        return result;
    if (home.len == 0 || home.len >= sizeof folder)
        return err_set(err, ERR_CONFIG, "key_write", "the path of the home is empty or too long");
    snprintf(folder, sizeof folder, "%.*s", STR_ARG(home));
    snprintf(path, sizeof path, "%s/key", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_CONFIG, "key_exists", "%s is there already and stays as it is",
                       path);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "key_write", "%s cannot be made: %s", path,
                       strerror(errno));
    key_line_write(line, sizeof line);
    bool ok = file_write_durably(fd, line, strlen(line)) && folder_sync(folder);
    int why = errno;
    sodium_memzero(line, sizeof line);
    close(fd);
    if (ok)
        return ERR_OK;
    unlink(path); /* half a key would stand in the way of the next try */
    return err_set(err, ERR_CONFIG, "key_write", "%s cannot be written: %s", path, strerror(why));
}

/* Random bytes for nonces, drawn from the kernel for many values at once: the call costs as much as
 * sealing a phone number. Each byte is handed out once and wiped; a forked child would share what is
 * left, and this program never forks while it seals. */
static void nonce_draw(unsigned char nonce[NONCE_BYTES])
{
    enum { NONCES = 64 };
    static _Thread_local unsigned char pool[NONCES * NONCE_BYTES];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(pool, sizeof pool);
        left = NONCES;
    }
    unsigned char *next = pool + --left * NONCE_BYTES;
    memcpy(nonce, next, NONCE_BYTES);
    sodium_memzero(next, NONCE_BYTES);
}

static bool sealed_cut(struct str sealed, struct str *id, struct str *text)
{
    return str_starts(sealed, STR(SEALED_MARK)) &&
           str_cut(str_sub(sealed, sizeof SEALED_MARK - 1, sealed.len), ':', id, text);
}

bool seal_key_id(struct str sealed, struct str *id)
{
    struct str text;
    return sealed_cut(sealed, id, &text);
}

bool keyring_has(const struct keyring *ring, struct str id)
{
    return key_find(ring, id) != NULL;
}

struct str keyring_current(const struct keyring *ring)
{
    const struct key *key = &ring->keys[ring->current];
    return (struct str){key->id, key->id_len};
}

enum err_class seal_write(const struct keyring *ring, struct buf *out, struct str plain,
                          struct str context, struct err *err)
{
    const struct key *key = &ring->keys[ring->current];
    if (plain.len > BODY_BYTES_MAX)
        return err_set(err, ERR_INTERNAL, "seal_too_large", "%zu bytes are too many to seal",
                       plain.len);
    size_t bytes_len = NONCE_BYTES + plain.len + TAG_BYTES;
    /* What is personal and most originals fit here. */
    unsigned char small[4096], *bytes = bytes_len <= sizeof small ? small : malloc(bytes_len);
    if (!bytes)
        return err_no_memory(err);
    nonce_draw(bytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes + NONCE_BYTES, NULL, (const unsigned char *)plain.ptr, plain.len,
        (const unsigned char *)context.ptr, context.len, NULL, bytes, key->seal);
    buf_add(out, STR(SEALED_MARK));
    buf_add_bytes(out, key->id, key->id_len);
    buf_add_char(out, ':');
    base64_write(out, (struct str){(const char *)bytes, bytes_len});
    if (bytes != small)
        free(bytes);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

/* Opens what base64 held, in place. */
static enum err_class sealed_bytes_open(const struct key *key, struct buf *bytes, struct buf *out,
                                        struct str context, struct err *err)
{
    if (bytes->len < NONCE_BYTES + TAG_BYTES)
        return err_set(err, ERR_CONFIG, "seal_syntax", "a sealed value is cut (%zu bytes)",
                       bytes->len);
    unsigned char *nonce = (unsigned char *)bytes->ptr;
    unsigned char *text = nonce + NONCE_BYTES;
    size_t text_len = bytes->len - NONCE_BYTES;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, text, text_len,
                                                   (const unsigned char *)context.ptr, context.len,
                                                   nonce, key->seal) != 0)
        return err_set(err, ERR_CONFIG, "seal_open",
                       "the sealed value of %.*s does not open: it was changed, moved, or sealed "
                       "with another key of the same id",
                       STR_ARG(context));
    buf_add_bytes(out, text, text_len - TAG_BYTES);
    sodium_memzero(text, text_len);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class seal_read(const struct keyring *ring, struct buf *out, struct str sealed,
                         struct str context, struct err *err)
{
    struct str id, text;
    if (!sealed_cut(sealed, &id, &text))
        return err_set(err, ERR_CONFIG, "seal_syntax", "the value of %.*s is not a sealed value",
                       STR_ARG(context));
    const struct key *key = key_find(ring, id);
    if (!key)
        return err_set(err, ERR_CONFIG, "seal_key_unknown",
                       "the value of %.*s is sealed with key \"%.*s\", which is not in the key "
                       "file: restore it",
                       STR_ARG(context), STR_ARG(utf8_cut(id, KEY_ID_BYTES_MAX)));
    struct buf bytes;
    buf_init(&bytes, text.len);
    enum err_class result;
    if (base64_read(&bytes, text, NULL) == ERR_OK)
        result = sealed_bytes_open(key, &bytes, out, context, err);
    else
        result = err_set(err, ERR_CONFIG, "seal_syntax", "the sealed value of %.*s is damaged",
                         STR_ARG(context));
    buf_fini(&bytes);
    return result;
}

enum err_class blind_index(const struct keyring *ring, struct str purpose, struct str value,
                           char out_hex[33], struct err *err)
{
    unsigned char key[KEY_BYTES], raw[BLIND_BYTES];
    /* An empty value would give all rows without one the same index: useless, and telling. */
    if (value.len == 0)
        return err_set(err, ERR_SKIP_RECORD, "blind_empty", "an empty value has no blind index");
    key_derive(key, ring->blind, "", purpose);
    crypto_generichash(raw, sizeof raw, (const unsigned char *)value.ptr, value.len, key,
                       sizeof key);
    sodium_memzero(key, sizeof key);
    sodium_bin2hex(out_hex, 33, raw, sizeof raw);
    return ERR_OK;
}

void keyring_key(const struct keyring *ring, struct str purpose,
                 unsigned char out[KEYRING_KEY_BYTES])
{
    key_derive(out, ring->purpose, "", purpose);
}

void record_hash(const struct keyring *ring, struct str bytes, unsigned char out[16])
{
    crypto_generichash(out, 16, (const unsigned char *)bytes.ptr, bytes.len, ring->record,
                       sizeof ring->record);
}
