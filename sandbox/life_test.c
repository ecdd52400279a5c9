/* Phones of Douyin Life against published results, and what an order may look like. */
#include "sandbox/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void phones_seal_as_published(void **state)
{
    (void)state;
    static const struct {
        const char *secret, *cipher;
    } CASES[] = {
        {"0123456789abcdef0123456789abcdef", "RJRBlQT3IEhRh6PPOsIyEw=="},
        {"  abc  ", "6GK4nugMWqfuqUTjI2ZdDw=="},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        unsigned char key[LIFE_KEY_BYTES];
        struct buf out;
        buf_init(&out, 256);
        life_key_of(str_of(CASES[i].secret), key);
        assert_int_equal(life_aes_seal(key, STR("13800138000"), &out, NULL), ERR_OK);
        assert_string_equal(out.ptr, CASES[i].cipher);
        buf_fini(&out);
    }
}

/* The rule word for word, one character at a time. */
static void naive_key(const char *secret, char out[LIFE_KEY_BYTES + 1])
{
    char text[200] = {0};
    struct str trimmed = str_trim(str_of(secret));
    size_t len = trimmed.len;
    memcpy(text + 60, trimmed.ptr, len);
    char *from = text + 60;
    for (bool front = true; len < LIFE_KEY_BYTES; front = !front, len++) {
        from -= front;
        from[front ? 0 : len] = '#';
    }
    for (bool front = true; len > LIFE_KEY_BYTES; front = !front, len--)
        from += front;
    memcpy(out, from, LIFE_KEY_BYTES);
    out[LIFE_KEY_BYTES] = '\0';
}

static void secrets_of_any_length_become_keys(void **state)
{
    (void)state;
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t len = 1; len < sizeof LETTERS; len++) {
        char secret[64] = {0}, expected[LIFE_KEY_BYTES + 1];
        unsigned char key[LIFE_KEY_BYTES];
        memcpy(secret, LETTERS, len);
        naive_key(secret, expected);
        life_key_of(str_of(secret), key);
        assert_memory_equal(key, expected, LIFE_KEY_BYTES);
    }
}

static void enc_ciphers_open_only_for_their_account(void **state)
{
    (void)state;
    struct life life = {.enc_key = "a key that only the platform has"};
    struct shop mine = {.index = 3}, other = {.index = 4};
    struct buf cipher, plain;
    buf_init(&cipher, 512);
    buf_init(&plain, 64);
    assert_int_equal(life_phone_seal(&life, &mine, STR("13912345678"), true, &cipher, NULL),
                     ERR_OK);
    assert_true(str_starts(buf_str(&cipher), STR("Enc.")));
    assert_int_not_equal(life_enc_open(&life, &other, buf_str(&cipher), &plain, NULL), ERR_OK);
    assert_int_not_equal(life_enc_open(&life, &mine, STR("Enc.AAAA"), &plain, NULL), ERR_OK);
    assert_int_not_equal(life_enc_open(&life, &mine, STR("AAAA"), &plain, NULL), ERR_OK);
    assert_int_equal(plain.len, 0);
    assert_int_equal(life_enc_open(&life, &mine, buf_str(&cipher), &plain, NULL), ERR_OK);
    assert_string_equal(plain.ptr, "13912345678");
    buf_fini(&cipher);
    buf_fini(&plain);
}

static void churn_changes_what_an_order_says(void **state)
{
    (void)state;
    struct life life = {0};
    struct shop shop = {.index = 0, .kind = &life_kind, .seed = 9};
    for (uint16_t churns = 1; churns < 40; churns++) {
        struct order_view before = {.hash = 7, .id = 5, .churned = true}, after;
        struct life_facts was, is;
        before.order.churns = churns;
        after = before;
        after.order.churns++;
        life_facts_of(&life, &shop, &before, &was);
        life_facts_of(&life, &shop, &after, &is);
        assert_true(was.status != is.status ||
                    was.certificates[0].item_status != is.certificates[0].item_status);
        assert_int_not_equal(was.pay_fen, is.pay_fen);
        assert_string_equal(was.phone, is.phone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_seal_as_published),
        cmocka_unit_test(secrets_of_any_length_become_keys),
        cmocka_unit_test(enc_ciphers_open_only_for_their_account),
        cmocka_unit_test(churn_changes_what_an_order_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
