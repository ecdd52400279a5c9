/* Digests and MACs against RFC 1321, FIPS 180 examples, RFC 2202 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "crypt/crypt.h"

static void assert_hex(const struct buf *raw, const char *wanted)
{
    struct buf text;
    buf_init(&text, 256);
    hex_write(&text, buf_str(raw), false);
    assert_string_equal(buf_str(&text).ptr, wanted);
    buf_fini(&text);
}

static void digests_reproduce_published_vectors(void **state)
{
    (void)state;
    static const struct {
        enum digest digest;
        const char *text, *hex;
    } vectors[] = {
        {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {DIGEST_MD5,
         "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
        {DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buf out;
        buf_init(&out, DIGEST_BYTES_MAX);
        assert_int_equal(digest_write(&out, vectors[i].digest, str_of(vectors[i].text), NULL),
                         ERR_OK);
        assert_hex(&out, vectors[i].hex);
        buf_fini(&out);
    }
}

static void macs_reproduce_rfc_2202_and_4231(void **state)
{
    (void)state;
    char aa[131], dd[50];
    memset(aa, 0xaa, sizeof aa);
    memset(dd, 0xdd, sizeof dd);
    const struct {
        enum digest digest;
        struct str key, text;
        const char *hex;
    } vectors[] = {
        {DIGEST_MD5, STR("Jefe"), STR("what do ya want for nothing?"),
         "750c783e6ab0b503eaa86e310a5db738"},
        {DIGEST_MD5, {aa, 16}, {dd, 50}, "56be34521d144c88dbb8c733f0e8b3f6"},
        {DIGEST_SHA1, STR("Jefe"), STR("what do ya want for nothing?"),
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {DIGEST_SHA1,
         {aa, 80},
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
        {DIGEST_SHA256,
         STR("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {DIGEST_SHA256, STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {DIGEST_SHA256,
         {aa, 20},
         {dd, 50},
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {DIGEST_SHA256,
         {aa, 131},
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        /* Not in the RFCs: an empty key and text, as python's hmac has it. */
        {DIGEST_SHA256, STR_NONE, STR_NONE,
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buf out;
        buf_init(&out, DIGEST_BYTES_MAX);
        assert_int_equal(hmac_write(&out, vectors[i].digest, vectors[i].key, vectors[i].text, NULL),
                         ERR_OK);
        assert_hex(&out, vectors[i].hex);
        buf_fini(&out);
    }
}

static void digests_append_to_what_is_there(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    buf_add(&out, STR("x"));
    assert_int_equal(digest_write(&out, DIGEST_MD5, STR(""), NULL), ERR_OK);
    assert_hex(&out, "78d41d8cd98f00b204e9800998ecf8427e");
    buf_fini(&out);
}

static void names_of_digests_are_exact(void **state)
{
    (void)state;
    enum digest digest;
    assert_true(digest_parse(STR("md5"), &digest));
    assert_int_equal(digest, DIGEST_MD5);
    assert_true(digest_parse(STR("sha1"), &digest));
    assert_int_equal(digest, DIGEST_SHA1);
    assert_true(digest_parse(STR("sha256"), &digest));
    assert_int_equal(digest, DIGEST_SHA256);
    assert_false(digest_parse(STR("SHA256"), &digest));
    assert_false(digest_parse(STR("sha512"), &digest));
    assert_false(digest_parse(STR(""), &digest));
}

static void an_id_hash_is_the_head_of_sha256(void **state)
{
    (void)state;
    /* sha256sum's first 16 digits */
    assert_true(id_hash(STR("")) == 0xe3b0c44298fc1c14);
    assert_true(id_hash(STR("abc")) == 0xba7816bf8f01cfea);
    assert_true(id_hash(STR("1000000000000001")) == 0xc08c6ff45c135fee);
}

static void equality_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(crypt_equal(STR("signature"), STR("signature")));
    assert_false(crypt_equal(STR("signature"), STR("signaturf")));
    assert_false(crypt_equal(STR("signature"), STR("Signature")));
    assert_false(crypt_equal(STR("signature"), STR("signatur")));
    assert_true(crypt_equal(STR_NONE, STR("")));
}

static void random_bytes_differ_from_call_to_call(void **state)
{
    (void)state;
    unsigned char a[32] = {0}, b[32] = {0}, zero[32] = {0};
    assert_int_equal(crypt_random(a, sizeof a, NULL), ERR_OK);
    assert_int_equal(crypt_random(b, sizeof b, NULL), ERR_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, zero, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_reproduce_published_vectors),
        cmocka_unit_test(macs_reproduce_rfc_2202_and_4231),
        cmocka_unit_test(digests_append_to_what_is_there),
        cmocka_unit_test(names_of_digests_are_exact),
        cmocka_unit_test(an_id_hash_is_the_head_of_sha256),
        cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(random_bytes_differ_from_call_to_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
