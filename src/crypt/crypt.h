/* crypt: digests, MACs, ciphers, the key ring. OpenSSL's libcrypto for what platforms dictate,
 * libsodium for what is ours (sealing, blind index, passwords).
 *
 * Threads: everything may be called from any thread; a key ring is read-only once opened.
 * Ownership: results go into caller's bufs or fixed arrays. Secrets in fixed arrays are wiped by
 * the functions that own them. */
#ifndef HUILIU_CRYPT_CRYPT_H
#define HUILIU_CRYPT_CRYPT_H

#include "base/base.h"
#include "format/format.h"

/* --- digests and MACs that platforms ask for ---
 * ERR_INTERNAL "digest_unavailable" where the system's policy forbids one (MD5 under FIPS). */
enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
enum { DIGEST_BYTES_MAX = 32 };
bool digest_parse(struct str name, enum digest *out); /* md5 sha1 sha256 */
/* Raw bytes are appended. */
enum err_class digest_write(struct buf *out, enum digest digest, struct str bytes, struct err *err);
enum err_class hmac_write(struct buf *out, enum digest digest, struct str key, struct str bytes,
                          struct err *err);
bool crypt_equal(struct str a, struct str b); /* constant time */
enum err_class crypt_random(void *bytes, size_t bytes_len, struct err *err);

/* First 8 bytes, big endian, of SHA-256: the id hash that windows keep as evidence. Public and
 * recomputable by anybody (docs/proof.md). */
uint64_t id_hash(struct str id);

/* AES-256-CBC with PKCS#7; key 32, iv 16 bytes, else ERR_CONFIG "cipher_key". Padding is checked:
 * ERR_SKIP_RECORD "decrypt", and `out` is as before. There is no authentication: a wrong key passes
 * once in 256 times, so callers check what comes out. */
enum err_class aes256cbc_open(struct buf *out, struct str key, struct str iv, struct str cipher,
                              struct err *err);
enum err_class aes256cbc_seal(struct buf *out, struct str key, struct str iv, struct str plain,
                              struct err *err);

/* --- the key ring ---
 * A file of keys, mode 0600: line `huiliu-key-1 ID BASE64(32 bytes) [current]`. Sealed values name
 * their key ("h1:ID:BASE64(nonce24 + cipher + tag)", XChaCha20-Poly1305), so that rotation can
 * resume. Sub-keys (blind index, record hash, id of purpose) are derived with BLAKE2b from the
 * ring's *first* key and never change by rotation. */
struct keyring;
/* HUILIU_KEY_FILE, else $CREDENTIALS_DIRECTORY/huiliu-key, else HOME/key. ERR_CONFIG "key_missing",
 * "key_mode" (usable by others; systemd's credentials are not asked), "key_syntax". With several
 * keys one is marked current. */
enum err_class keyring_open(struct str home, struct keyring **out, struct err *err);
/* Makes HOME/key (0600, never overwrites: "key_exists"; else "key_write"). */
enum err_class keyring_create(struct str home, struct err *err);
void keyring_close(struct keyring *ring);
/* `context` is bound in as associated data ("shop:12:app_secret"): a value moved elsewhere does not
 * open. ERR_CONFIG "seal_syntax", "seal_key_unknown" (key not in the ring), "seal_open"; the
 * messages show the context, never the value. */
enum err_class seal_write(const struct keyring *ring, struct buf *out, struct str plain,
                          struct str context, struct err *err);
enum err_class seal_read(const struct keyring *ring, struct buf *out, struct str sealed,
                         struct str context, struct err *err);
/* Which key a sealed value names, borrowed from it; false: it is no sealed value. Nothing is opened. */
bool seal_key_id(struct str sealed, struct str *id);
bool keyring_has(const struct keyring *ring, struct str id);
/* Of the key that seals; as long as the ring is open. */
struct str keyring_current(const struct keyring *ring);
/* Keyed BLAKE2b-128 of a normalised value, hex: equal values, equal index; useless without key.
 * An empty value has none: ERR_SKIP_RECORD "blind_empty". */
enum err_class blind_index(const struct keyring *ring, struct str purpose, struct str value,
                           char out_hex[33], struct err *err);
/* Keyed 128-bit hash of a record as received (over plain text): tells "unchanged". */
void record_hash(const struct keyring *ring, struct str bytes, unsigned char out[16]);

/* A key of 32 bytes for one purpose of ours ("api bearer"), from the ring's first key: the same in every process of
 * the home, and gone with it. */
enum { KEYRING_KEY_BYTES = 32 };
void keyring_key(const struct keyring *ring, struct str purpose,
                 unsigned char out[KEYRING_KEY_BYTES]);

/* --- passwords and tokens of people ---
 * Argon2id with libsodium's INTERACTIVE cost: 64 MB and some 60 ms a time, so that only PASSWORD_HASHES_AT_ONCE run and
 * PASSWORD_WAITING_MAX wait; beyond that ERR_LATER "hashing_busy", and a flood of sign-ins takes no memory. The text
 * names its own cost ("$argon2id$…"). */
enum { PASSWORD_HASH_BYTES = 128, PASSWORD_HASHES_AT_ONCE = 2, PASSWORD_WAITING_MAX = 16 };
enum { PASSWORD_BYTES_MIN = 10, PASSWORD_BYTES_MAX = 200 };
enum err_class password_hash(struct str password, char out[PASSWORD_HASH_BYTES], struct err *err);
/* An empty hash is nobody's: *good is false, after as long as a wrong password takes. */
enum err_class password_check(struct str hash, struct str password, bool *good, struct err *err);
/* 32 random bytes in hex; what is stored is only SHA-256 of that text, in hex. */
enum { TOKEN_TEXT_BYTES = 65 };
enum err_class token_make(char out[TOKEN_TEXT_BYTES], struct err *err);
enum err_class token_digest(struct str token, char out[TOKEN_TEXT_BYTES], struct err *err);

/* Phone: "13800138000" -> "138****8000", at least four hidden. Name: its first character and a star
 * for each other. Text: three characters and "****". Phone or text shorter than 7 characters: all
 * stars but the last. Characters stay whole; bytes that are not UTF-8 become "****". */
enum mask { MASK_PHONE, MASK_NAME, MASK_TEXT };
void mask_write(struct buf *out, enum mask mask, struct str plain);

#endif
