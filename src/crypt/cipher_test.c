/* AES-256-CBC against NIST SP 800-38A, F.2.5 and F.2.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "crypt/crypt.h"

static const char nist_key[] = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
static const char nist_iv[] = "000102030405060708090a0b0c0d0e0f";
static const char nist_plain[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                                 "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
static const char nist_cipher[] =
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b";

static struct buf key, iv, text, out, back;
static struct err err;

static int bufs_open(void **state)
{
    (void)state;
    struct buf *all[] = {&key, &iv, &text, &out, &back};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], 100000);
    hex_read(&key, str_of(nist_key), NULL);
    hex_read(&iv, str_of(nist_iv), NULL);
    return 0;
}

static int bufs_close(void **state)
{
    (void)state;
    struct buf *all[] = {&key, &iv, &text, &out, &back};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_fini(all[i]);
    return 0;
}

static void sealing_reproduces_nist_and_adds_a_block_of_padding(void **state)
{
    (void)state;
    hex_read(&text, str_of(nist_plain), NULL);
    assert_int_equal(aes256cbc_seal(&out, buf_str(&key), buf_str(&iv), buf_str(&text), NULL),
                     ERR_OK);
    assert_int_equal(out.len, 80);
    hex_write(&back, str_sub(buf_str(&out), 0, 64), false);
    assert_string_equal(back.ptr, nist_cipher);
}

static void every_length_opens_again(void **state)
{
    (void)state;
    for (size_t len = 0; len < 3000; len += len < 40 ? 1 : 37) {
        buf_reset(&text);
        buf_reset(&out);
        buf_reset(&back);
        for (size_t i = 0; i < len; i++)
            buf_add_char(&text, (char)(i * 7));
        assert_int_equal(aes256cbc_seal(&out, buf_str(&key), buf_str(&iv), buf_str(&text), NULL),
                         ERR_OK);
        assert_int_equal(out.len, len / 16 * 16 + 16);
        assert_int_equal(aes256cbc_open(&back, buf_str(&key), buf_str(&iv), buf_str(&out), NULL),
                         ERR_OK);
        assert_true(str_eq(buf_str(&back), buf_str(&text)));
    }
}

static void bad_padding_and_cut_text_cost_the_record_only(void **state)
{
    (void)state;
    /* NIST's text has no padding: its last block does not end in any. */
    hex_read(&text, str_of(nist_cipher), NULL);
    buf_add(&out, STR("kept"));
    static const size_t lens[] = {64, 63, 1, 0};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct str cut = str_sub(buf_str(&text), 0, lens[i]);
        assert_int_equal(aes256cbc_open(&out, buf_str(&key), buf_str(&iv), cut, &err),
                         ERR_SKIP_RECORD);
        assert_string_equal(err.code, "decrypt");
        assert_true(str_eq(buf_str(&out), STR("kept")));
    }
}

static void a_key_of_another_length_is_a_wrong_configuration(void **state)
{
    (void)state;
    struct str short_key = str_sub(buf_str(&key), 0, 31);
    assert_int_equal(aes256cbc_open(&out, short_key, buf_str(&iv), STR(""), &err), ERR_CONFIG);
    assert_string_equal(err.code, "cipher_key");
    assert_int_equal(aes256cbc_seal(&out, buf_str(&key), STR("short"), STR(""), &err), ERR_CONFIG);
    assert_string_equal(err.code, "cipher_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sealing_reproduces_nist_and_adds_a_block_of_padding,
                                        bufs_open, bufs_close),
        cmocka_unit_test_setup_teardown(every_length_opens_again, bufs_open, bufs_close),
        cmocka_unit_test_setup_teardown(bad_padding_and_cut_text_cost_the_record_only, bufs_open,
                                        bufs_close),
        cmocka_unit_test_setup_teardown(a_key_of_another_length_is_a_wrong_configuration, bufs_open,
                                        bufs_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
