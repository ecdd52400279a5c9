/* Passwords and tokens. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/crypt.h"

static void a_password_is_known_again_and_no_other(void **state)
{
    char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
    bool good;
    (void)state;
    assert_int_equal(password_hash(STR("correct horse"), hash, NULL), ERR_OK);
    assert_int_equal(password_hash(STR("correct horse"), again, NULL), ERR_OK);
    assert_string_not_equal(hash, again);
    assert_true(str_starts(str_of(hash), STR("$argon2id$")));
    assert_int_equal(password_check(str_of(hash), STR("correct horse"), &good, NULL), ERR_OK);
    assert_true(good);
    assert_int_equal(password_check(str_of(hash), STR("correct horsf"), &good, NULL), ERR_OK);
    assert_false(good);
}

static void nobodys_password_is_never_good_and_takes_as_long(void **state)
{
    char hash[PASSWORD_HASH_BYTES];
    bool good = true;
    (void)state;
    assert_int_equal(password_hash(STR("correct horse"), hash, NULL), ERR_OK);
    int64_t began = clock_monotonic_ns();
    password_check(str_of(hash), STR("wrong"), &good, NULL);
    int64_t real = clock_monotonic_ns() - began;
    began = clock_monotonic_ns();
    password_check(STR_NONE, STR("wrong"), &good, NULL);
    assert_false(good);
    /* A hash that libsodium would not even read takes microseconds. */
    assert_true(clock_monotonic_ns() - began > real / 4);
}

static void *check_once(void *context)
{
    bool good;
    *(enum err_class *)context = password_check(STR_NONE, STR("x"), &good, NULL);
    return NULL;
}

static void a_flood_is_bounded(void **state)
{
    enum { FLOOD = 2 * (PASSWORD_HASHES_AT_ONCE + PASSWORD_WAITING_MAX) };
    pthread_t threads[FLOOD];
    enum err_class results[FLOOD];
    size_t later = 0, done = 0;
    (void)state;
    for (size_t i = 0; i < FLOOD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, check_once, &results[i]), 0);
    for (size_t i = 0; i < FLOOD; i++) {
        pthread_join(threads[i], NULL);
        later += results[i] == ERR_LATER;
        done += results[i] == ERR_OK;
    }
    assert_int_equal(later + done, FLOOD);
    assert_true(later > 0 && done >= PASSWORD_HASHES_AT_ONCE + PASSWORD_WAITING_MAX);
}

static void tokens_differ_and_have_one_digest(void **state)
{
    char one[TOKEN_TEXT_BYTES], two[TOKEN_TEXT_BYTES], digest[TOKEN_TEXT_BYTES];
    (void)state;
    assert_int_equal(token_make(one, NULL), ERR_OK);
    assert_int_equal(token_make(two, NULL), ERR_OK);
    assert_int_equal(strlen(one), 64);
    assert_string_not_equal(one, two);
    assert_int_equal(token_digest(STR("abc"), digest, NULL), ERR_OK);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_is_known_again_and_no_other),
        cmocka_unit_test(nobodys_password_is_never_good_and_takes_as_long),
        cmocka_unit_test(a_flood_is_bounded),
        cmocka_unit_test(tokens_differ_and_have_one_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
