#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct map map;
    bool added;
    map_init(&map, 10);
    assert_null(map_find(&map, STR("a")));
    struct map_entry *entry = map_put(&map, STR("a"), &added);
    assert_non_null(entry);
    assert_true(added);
    assert_int_equal(entry->value.number, 0);
    entry->value.number = 7;
    assert_int_equal(map_put(&map, STR("a"), &added)->value.number, 7);
    assert_false(added);
    assert_non_null(map_put(&map, STR_NONE, NULL));
    assert_non_null(map_find(&map, STR("")));
    assert_null(map_find(&map, STR("b")));
    assert_int_equal(map.len, 2);
    map_fini(&map);
}

/* The naive second computation: an array indexed by the number that the key spells. */
static void random_changes_agree_with_an_array(void **state)
{
    (void)state;
    enum { KEYS = 2000, CHANGES = 200000 };
    static char texts[KEYS][8];
    static uint64_t values[KEYS]; /* 0: absent */
    struct map map;
    struct rng rng;
    const char *seed_text = getenv("SEED");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 20261120;
    printf("SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    map_init(&map, KEYS);
    for (int i = 0; i < KEYS; i++)
        snprintf(texts[i], sizeof(texts[i]), "%d", i);

    size_t len = 0;
    for (int i = 0; i < CHANGES; i++) {
        size_t at = (size_t)rng_below(&rng, KEYS);
        struct str key = str_of(texts[at]);
        struct map_entry *entry = map_find(&map, key);
        assert_true((entry != NULL) == (values[at] != 0));
        if (entry)
            assert_true(entry->value.number == values[at]);
        if (rng_below(&rng, 2) == 0) {
            assert_true(map_remove(&map, key) == (values[at] != 0));
            len -= values[at] != 0;
            values[at] = 0;
        } else {
            bool added;
            len += values[at] == 0;
            entry = map_put(&map, key, &added);
            assert_true(added == (values[at] == 0));
            values[at] = entry->value.number = (uint64_t)i + 1;
        }
        assert_int_equal(map.len, len);
    }

    size_t at = 0, seen = 0;
    for (struct map_entry *entry; (entry = map_next(&map, &at)) != NULL; seen++) {
        uint64_t number;
        assert_true(str_to_u64(entry->key, &number));
        assert_true(values[number] == entry->value.number);
    }
    assert_int_equal(seen, len);
    map_fini(&map);
}

static void the_maximum_refuses_new_keys_only(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, 2);
    assert_non_null(map_put(&map, STR("a"), NULL));
    assert_non_null(map_put(&map, STR("b"), NULL));
    assert_null(map_put(&map, STR("c"), NULL));
    assert_non_null(map_put(&map, STR("a"), NULL));
    assert_true(map_remove(&map, STR("a")));
    assert_non_null(map_put(&map, STR("c"), NULL));
    map_fini(&map);
}

static void failed_memory_keeps_what_is_there(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    struct map map;
    map_init(&map, 100);
    for (int i = 0; i < 12; i++)
        assert_non_null(map_put(&map, str_of(keys[i]), NULL));
    setenv("HUILIU_FAIL", "base.alloc=error", 1);
    assert_int_equal(fail_setup(NULL), ERR_OK);
    assert_null(map_put(&map, STR("m"), NULL));
    unsetenv("HUILIU_FAIL");
    assert_int_equal(fail_setup(NULL), ERR_OK);
    for (int i = 0; i < 12; i++)
        assert_non_null(map_find(&map, str_of(keys[i])));
    assert_int_equal(map.len, 12);
    assert_non_null(map_put(&map, STR("m"), NULL));
    map_fini(&map);
}

/* openssl mac -macopt size:8 -macopt c-rounds:1 -macopt d-rounds:3 -macopt hexkey:00…0f SIPHASH
 * over the bytes 0, 1, … (bytes of the answer in little-endian order), and CPython 3.11's hash()
 * under PYTHONHASHSEED=0. */
static void the_hash_is_siphash_1_3(void **state)
{
    (void)state;
    static const struct {
        size_t bytes_len;
        uint64_t hash;
    } rows[] = {
        {0, 0xabac0158050fc4dc}, {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},
        {8, 0x369095118d299a8e}, {15, 0xd320d86d2a519956}, {63, 0x9d199062b7bbb3a8},
    };
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    const uint64_t zero_key[2] = {0, 0};
    unsigned char bytes[63];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(hash_keyed(key, bytes, rows[i].bytes_len) == rows[i].hash);
    assert_true(hash_keyed(zero_key, "a", 1) == 0x407448d2b89b1813);
    assert_true(hash_keyed(zero_key, "huiliu", 6) == 0x19f102e1438a9c75);
    assert_true(hash_keyed(zero_key, "0123456789abcdef", 16) == 0x1d42b30f7e060c24);
}

static void the_process_key_is_not_the_zero_key(void **state)
{
    (void)state;
    const uint64_t zero_key[2] = {0, 0};
    assert_true(hash_bytes("a", 1) == hash_bytes("a", 1));
    assert_true(hash_bytes("a", 1) != hash_keyed(zero_key, "a", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(random_changes_agree_with_an_array),
        cmocka_unit_test(the_maximum_refuses_new_keys_only),
        cmocka_unit_test(failed_memory_keeps_what_is_there),
        cmocka_unit_test(the_hash_is_siphash_1_3),
        cmocka_unit_test(the_process_key_is_not_the_zero_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
