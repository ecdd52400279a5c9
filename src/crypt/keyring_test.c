/* The key ring against python's hashlib.blake2b and an XChaCha20-Poly1305 made of `cryptography`'s
 * ChaCha20-Poly1305 and a HChaCha20 written after its RFC draft, over a key of bytes 0..31. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "crypt/crypt.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

static char home[] = "/tmp/huiliu-keyring-XXXXXX";
static char path[64];
static struct err err;

static int home_make(void **state)
{
    (void)state;
    unsetenv("HUILIU_KEY_FILE");
    unsetenv("CREDENTIALS_DIRECTORY");
    if (!mkdtemp(home))
        return -1;
    snprintf(path, sizeof path, "%s/key", home);
    return 0;
}

static int home_remove(void **state)
{
    (void)state;
    return rmdir(home);
}

static int key_remove(void **state)
{
    (void)state;
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

static void file_put(const char *file, const char *text, mode_t mode)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static struct keyring *ring_of(const char *text)
{
    struct keyring *ring = NULL;
    file_put(path, text, 0600);
    err.message[0] = '\0';
    if (keyring_open(str_of(home), &ring, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return ring;
}

static void assert_open_refused(const char *code)
{
    struct keyring *ring = NULL;
    assert_int_equal(keyring_open(str_of(home), &ring, &err), ERR_CONFIG);
    assert_string_equal(err.code, code);
    assert_null(ring);
}

static void assert_opens_to(const struct keyring *ring, struct str sealed, struct str context,
                            const char *wanted)
{
    struct buf plain;
    buf_init(&plain, 4096);
    assert_int_equal(seal_read(ring, &plain, sealed, context, NULL), ERR_OK);
    assert_string_equal(buf_str(&plain).ptr, wanted);
    buf_fini(&plain);
}

static void assert_seal_refused(const struct keyring *ring, struct str sealed, struct str context,
                                const char *code)
{
    struct buf plain;
    buf_init(&plain, 4096);
    assert_int_equal(seal_read(ring, &plain, sealed, context, &err), ERR_CONFIG);
    assert_string_equal(err.code, code);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
}

static void a_created_key_is_private_and_never_overwritten(void **state)
{
    (void)state;
    struct stat info;
    struct keyring *ring;
    mode_t mask_before = umask(0);
    assert_int_equal(keyring_create(str_of(home), NULL), ERR_OK);
    umask(mask_before);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(keyring_create(str_of(home), &err), ERR_CONFIG);
    assert_string_equal(err.code, "key_exists");
    struct stat again;
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_ino, info.st_ino);
    assert_int_equal(again.st_size, info.st_size);
    assert_int_equal(keyring_open(str_of(home), &ring, NULL), ERR_OK);
    keyring_close(ring);
}

static void two_created_keys_differ(void **state)
{
    (void)state;
    char first[33], second[33];
    struct keyring *ring;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(keyring_create(str_of(home), NULL), ERR_OK);
        assert_int_equal(keyring_open(str_of(home), &ring, NULL), ERR_OK);
        assert_int_equal(blind_index(ring, STR("p"), STR("v"), i ? second : first, NULL), ERR_OK);
        keyring_close(ring);
        unlink(path);
    }
    assert_string_not_equal(first, second);
}

static void a_missing_or_shared_key_is_refused(void **state)
{
    (void)state;
    assert_open_refused("key_missing");
    static const mode_t modes[] = {0640, 0604, 0660, 0620, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        file_put(path, "huiliu-key-1 first " KEY_A "\n", modes[i]);
        assert_open_refused("key_mode");
    }
}

static void wrong_key_files_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n\n",
        "huiliu-key-2 first " KEY_A "\n",
        "huiliu-key-1 first\n",
        "huiliu-key-1 first AAECAw==\n",
        "huiliu-key-1 first " KEY_A "AAAA\n",
        "huiliu-key-1 first *" KEY_A "\n",
        "huiliu-key-1 fi:st " KEY_A "\n",
        "huiliu-key-1 seventeen-letters " KEY_A "\n",
        "huiliu-key-1  " KEY_A "\n",
        "huiliu-key-1 first " KEY_A " old\n",
        "huiliu-key-1 first " KEY_A "\nhuiliu-key-1 second " KEY_B "\n",
        "huiliu-key-1 first " KEY_A " current\nhuiliu-key-1 second " KEY_B " current\n",
        "huiliu-key-1 first " KEY_A " current\nhuiliu-key-1 first " KEY_B "\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        file_put(path, texts[i], 0600);
        assert_open_refused("key_syntax");
    }
}

static void too_many_keys_and_too_long_files_are_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100000);
    for (int i = 0; i < 33; i++)
        buf_printf(&text, "huiliu-key-1 k%d " KEY_A "%s\n", i, i ? "" : " current");
    file_put(path, text.ptr, 0600);
    assert_open_refused("key_syntax");
    while (text.len <= 8 * 1024)
        buf_add(&text, STR("\n"));
    file_put(path, text.ptr, 0600);
    assert_open_refused("key_syntax");
    assert_non_null(strstr(err.message, "longer"));
    buf_fini(&text);
}

static void the_named_key_file_goes_before_the_home(void **state)
{
    (void)state;
    char other[80];
    struct keyring *ring;
    snprintf(other, sizeof other, "%s/other", home);
    file_put(other, "huiliu-key-1 other " KEY_B "\r\n", 0600);
    file_put(path, "broken", 0600);
    setenv("HUILIU_KEY_FILE", other, 1);
    assert_int_equal(keyring_open(str_of(home), &ring, NULL), ERR_OK);
    keyring_close(ring);
    unlink(other);
    assert_open_refused("key_missing");
    unsetenv("HUILIU_KEY_FILE");
}

static void a_systemd_credential_may_be_readable_by_its_group(void **state)
{
    (void)state;
    char credential[80];
    struct keyring *ring;
    snprintf(credential, sizeof credential, "%s/huiliu-key", home);
    file_put(path, "huiliu-key-1 home " KEY_A "\n", 0600);
    setenv("CREDENTIALS_DIRECTORY", home, 1);
    assert_int_equal(keyring_open(str_of(home), &ring, NULL), ERR_OK);
    keyring_close(ring);
    file_put(credential, "huiliu-key-1 credential " KEY_B "\n", 0440);
    assert_int_equal(keyring_open(str_of(home), &ring, NULL), ERR_OK);
    struct buf sealed;
    buf_init(&sealed, 256);
    assert_int_equal(seal_write(ring, &sealed, STR("x"), STR("c"), NULL), ERR_OK);
    assert_true(str_starts(buf_str(&sealed), STR("h1:credential:")));
    buf_fini(&sealed);
    keyring_close(ring);
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(credential);
}

/* The value that the other program sealed with key "first" and nonce 100..123. */
#define FOREIGN_SEALED                                                                             \
    "h1:first:ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7oVIGSFedJvXfT6YKd3EPu7LPEqx+6vdgUGo="

static void the_sealed_value_of_another_program_opens(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    assert_opens_to(ring, STR(FOREIGN_SEALED), STR("shop:12:app_secret"), "app secret");
    keyring_close(ring);
}

static void a_sealed_value_opens_only_where_it_belongs(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    struct buf sealed, again;
    buf_init(&sealed, 1024);
    buf_init(&again, 1024);
    assert_int_equal(seal_write(ring, &sealed, STR("13800138000"), STR("shop:1:phone"), NULL),
                     ERR_OK);
    assert_int_equal(seal_write(ring, &again, STR("13800138000"), STR("shop:1:phone"), NULL),
                     ERR_OK);
    assert_string_not_equal(sealed.ptr, again.ptr);
    assert_opens_to(ring, buf_str(&sealed), STR("shop:1:phone"), "13800138000");
    assert_seal_refused(ring, buf_str(&sealed), STR("shop:2:phone"), "seal_open");
    assert_null(strstr(err.message, "13800138000"));
    buf_reset(&sealed);
    assert_int_equal(seal_write(ring, &sealed, STR_NONE, STR_NONE, NULL), ERR_OK);
    assert_opens_to(ring, buf_str(&sealed), STR_NONE, "");
    buf_fini(&again);
    buf_fini(&sealed);
    keyring_close(ring);
}

static void every_changed_byte_of_a_sealed_value_is_noticed(void **state)
{
    (void)state;
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    char sealed[] = FOREIGN_SEALED;
    for (size_t i = 0; i < sizeof sealed - 1; i++) {
        struct buf plain;
        buf_init(&plain, 256);
        sealed[i] ^= 1;
        struct str changed = {sealed, sizeof sealed - 1};
        assert_int_equal(seal_read(ring, &plain, changed, STR("shop:12:app_secret"), NULL),
                         ERR_CONFIG);
        assert_int_equal(plain.len, 0);
        sealed[i] ^= 1;
        buf_fini(&plain);
    }
    for (size_t len = 0; len < sizeof sealed - 1; len++) {
        struct buf plain;
        buf_init(&plain, 256);
        assert_int_equal(
            seal_read(ring, &plain, (struct str){sealed, len}, STR("shop:12:app_secret"), NULL),
            ERR_CONFIG);
        buf_fini(&plain);
    }
    keyring_close(ring);
}

static void rotation_seals_with_the_new_key_and_opens_the_old(void **state)
{
    (void)state;
    char before[33], after[33];
    unsigned char record_before[16], record_after[16];
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A " current\n");
    assert_int_equal(blind_index(ring, STR("phone"), STR("1"), before, NULL), ERR_OK);
    record_hash(ring, STR("{}"), record_before);
    keyring_close(ring);

    ring = ring_of("huiliu-key-1 first " KEY_A "\nhuiliu-key-1 second " KEY_B " current\n");
    struct buf sealed;
    buf_init(&sealed, 1024);
    assert_int_equal(seal_write(ring, &sealed, STR("new"), STR("c"), NULL), ERR_OK);
    assert_true(str_starts(buf_str(&sealed), STR("h1:second:")));
    assert_opens_to(ring, buf_str(&sealed), STR("c"), "new");
    assert_opens_to(ring, STR(FOREIGN_SEALED), STR("shop:12:app_secret"), "app secret");
    assert_int_equal(blind_index(ring, STR("phone"), STR("1"), after, NULL), ERR_OK);
    record_hash(ring, STR("{}"), record_after);
    assert_string_equal(before, after);
    assert_memory_equal(record_before, record_after, 16);
    keyring_close(ring);

    ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    assert_seal_refused(ring, buf_str(&sealed), STR("c"), "seal_key_unknown");
    buf_fini(&sealed);
    keyring_close(ring);
}

static void blind_index_and_record_hash_equal_hashlib(void **state)
{
    (void)state;
    char hex[33], other[33];
    unsigned char raw[16];
    struct buf text;
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    assert_int_equal(blind_index(ring, STR("phone"), STR("13800138000"), hex, NULL), ERR_OK);
    assert_string_equal(hex, "c4d3d3b5c1043e2009ef72631f0c66c6");
    assert_int_equal(blind_index(ring, STR("name"), STR("13800138000"), other, NULL), ERR_OK);
    assert_string_not_equal(hex, other);
    record_hash(ring, STR("{\"a\":1}"), raw);
    buf_init(&text, 64);
    hex_write(&text, (struct str){(const char *)raw, sizeof raw}, false);
    assert_string_equal(text.ptr, "6074c97f3f864efc0bc3151ed6076846");
    buf_fini(&text);
    keyring_close(ring);
}

static void an_empty_value_has_no_blind_index(void **state)
{
    (void)state;
    char hex[33];
    struct keyring *ring = ring_of("huiliu-key-1 first " KEY_A "\n");
    assert_int_equal(blind_index(ring, STR("phone"), STR(""), hex, &err), ERR_SKIP_RECORD);
    assert_string_equal(err.code, "blind_empty");
    keyring_close(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_created_key_is_private_and_never_overwritten, key_remove),
        cmocka_unit_test_teardown(two_created_keys_differ, key_remove),
        cmocka_unit_test_teardown(a_missing_or_shared_key_is_refused, key_remove),
        cmocka_unit_test_teardown(wrong_key_files_are_refused, key_remove),
        cmocka_unit_test_teardown(too_many_keys_and_too_long_files_are_refused, key_remove),
        cmocka_unit_test_teardown(the_named_key_file_goes_before_the_home, key_remove),
        cmocka_unit_test_teardown(a_systemd_credential_may_be_readable_by_its_group, key_remove),
        cmocka_unit_test_teardown(the_sealed_value_of_another_program_opens, key_remove),
        cmocka_unit_test_teardown(a_sealed_value_opens_only_where_it_belongs, key_remove),
        cmocka_unit_test_teardown(every_changed_byte_of_a_sealed_value_is_noticed, key_remove),
        cmocka_unit_test_teardown(rotation_seals_with_the_new_key_and_opens_the_old, key_remove),
        cmocka_unit_test_teardown(blind_index_and_record_hash_equal_hashlib, key_remove),
        cmocka_unit_test_teardown(an_empty_value_has_no_blind_index, key_remove),
    };
    return cmocka_run_group_tests(tests, home_make, home_remove);
}
