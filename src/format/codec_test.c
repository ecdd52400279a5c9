/* Codings against published vectors and against a naive second computation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "format/codec.h"

#define assert_text(buf_, literal)                                                                 \
    do {                                                                                           \
        struct str got_ = buf_str(&(buf_)), wanted_ = STR(literal);                                \
        assert_int_equal(got_.len, wanted_.len);                                                   \
        assert_memory_equal(got_.ptr, wanted_.ptr, wanted_.len);                                   \
    } while (0)

static void assert_code(enum err_class got, const struct err *err, enum err_class wanted,
                        const char *code)
{
    assert_int_equal(got, wanted);
    assert_int_equal(err->class_, wanted);
    assert_string_equal(err->code, code);
}

static void fill_random(char *bytes, size_t len, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)rng_below(&rng, 256);
}

static void hex_writes_both_cases_and_reads_any(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    hex_write(&out, STR("\x00\x7f\xab\xff"), false);
    hex_write(&out, STR("\xab"), true);
    assert_text(out, "007fabffAB");
    struct buf back;
    buf_init(&back, 64);
    assert_int_equal(hex_read(&back, buf_str(&out), NULL), ERR_OK);
    assert_text(back, "\x00\x7f\xab\xff\xab");
    buf_fini(&back);
    buf_fini(&out);
}

static void hex_refuses_odd_length_and_foreign_digits(void **state)
{
    (void)state;
    struct err err;
    struct buf out;
    buf_init(&out, 64);
    assert_code(hex_read(&out, STR("abc"), &err), &err, ERR_BAD_REPLY, "hex");
    assert_code(hex_read(&out, STR("0g"), &err), &err, ERR_BAD_REPLY, "hex");
    buf_fini(&out);
}

static void base64_reproduces_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        struct str plain, text;
    } vectors[] = {
        {{"", 0}, {"", 0}},
        {{"f", 1}, {"Zg==", 4}},
        {{"fo", 2}, {"Zm8=", 4}},
        {{"foo", 3}, {"Zm9v", 4}},
        {{"foob", 4}, {"Zm9vYg==", 8}},
        {{"fooba", 5}, {"Zm9vYmE=", 8}},
        {{"foobar", 6}, {"Zm9vYmFy", 8}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct buf text, plain;
        buf_init(&text, 64);
        buf_init(&plain, 64);
        base64_write(&text, vectors[i].plain);
        assert_true(str_eq(buf_str(&text), vectors[i].text));
        assert_int_equal(base64_read(&plain, vectors[i].text, NULL), ERR_OK);
        assert_true(str_eq(buf_str(&plain), vectors[i].plain));
        buf_fini(&plain);
        buf_fini(&text);
    }
}

static void base64_survives_every_length_up_to_a_kilobyte(void **state)
{
    (void)state;
    char bytes[1024];
    fill_random(bytes, sizeof bytes, 4648);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct buf text, plain;
        buf_init(&text, 2048);
        buf_init(&plain, sizeof bytes);
        base64_write(&text, (struct str){bytes, len});
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_int_equal(base64_read(&plain, buf_str(&text), NULL), ERR_OK);
        assert_true(str_eq(buf_str(&plain), (struct str){bytes, len}));
        buf_fini(&plain);
        buf_fini(&text);
    }
}

static void base64_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    static const char *const texts[] = {"Zg",   "Zg=",  "Zg= ",     "Zm9v\n",   "Zm9v ",
                                        "Zh==", "Zm9=", "Z===",     "====",     "Zg==Zg==",
                                        "Zm-_", "=m9v", "Zm9vZg=a", "Zm 9vYg=", "Zm9\xc3"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err;
        struct buf out;
        buf_init(&out, 64);
        assert_code(base64_read(&out, str_of(texts[i]), &err), &err, ERR_BAD_REPLY, "base64");
        buf_fini(&out);
    }
}

static void percent_keeps_only_unreserved_characters(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        size_t before = out.len;
        percent_write(&out, (struct str){&byte, 1});
        bool unreserved =
            c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c);
        assert_int_equal(out.len - before, unreserved ? 1 : 3);
    }
    struct buf back;
    buf_init(&back, 256);
    assert_int_equal(percent_read(&back, buf_str(&out), false, NULL), ERR_OK);
    assert_int_equal(back.len, 256);
    for (int c = 0; c < 256; c++)
        assert_int_equal((unsigned char)back.ptr[c], c);
    buf_fini(&back);
    buf_reset(&out);
    percent_write(&out, STR("{\"a\": [\"\xe6\xb5\x81\"]}~x"));
    assert_text(out, "%7B%22a%22%3A%20%5B%22%E6%B5%81%22%5D%7D~x");
    buf_fini(&out);
}

static void percent_reads_plus_as_space_only_in_forms(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    assert_int_equal(percent_read(&out, STR("a+b%2B|"), true, NULL), ERR_OK);
    assert_int_equal(percent_read(&out, STR("a+b%2b"), false, NULL), ERR_OK);
    assert_text(out, "a b+|a+b+");
    buf_fini(&out);
}

static void percent_refuses_broken_escapes(void **state)
{
    (void)state;
    static const char *const texts[] = {"%", "%4", "a%4", "%zz", "%4g", "%g4", "%%41", "% 41"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err;
        struct buf out;
        buf_init(&out, 64);
        assert_code(percent_read(&out, str_of(texts[i]), true, &err), &err, ERR_BAD_REPLY,
                    "percent");
        buf_fini(&out);
    }
}

static void decoders_tell_the_limit_from_their_input(void **state)
{
    (void)state;
    struct err err;
    struct buf out;
    buf_init(&out, 3);
    assert_int_equal(hex_read(&out, STR("414243"), &err), ERR_OK);
    assert_code(hex_read(&out, STR("44"), &err), &err, ERR_BAD_REPLY, "too_large");
    buf_reset(&out);
    assert_int_equal(base64_read(&out, STR("Zm9v"), &err), ERR_OK);
    buf_reset(&out);
    assert_code(base64_read(&out, STR("Zm9vYg=="), &err), &err, ERR_BAD_REPLY, "too_large");
    buf_reset(&out);
    assert_code(percent_read(&out, STR("%41bcd"), false, &err), &err, ERR_BAD_REPLY, "too_large");
    buf_fini(&out);
}

static void utf8_tells_where_it_goes_wrong(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        size_t offset;
    } bad[] = {
        {{"a\x80", 2}, 1},                /* lone continuation */
        {{"\xc3", 1}, 0},                 /* cut */
        {{"ab\xc0\xaf", 4}, 2},           /* overlong "/" */
        {{"\xe0\x80\xaf", 3}, 0},         /* overlong */
        {{"\xf0\x80\x80\xaf", 4}, 0},     /* overlong */
        {{"\xed\xa0\x80", 3}, 0},         /* surrogate */
        {{"\xf4\x90\x80\x80", 4}, 0},     /* above U+10FFFF */
        {{"\xe6\xb5\x81\xe6\xb5", 5}, 3}, /* cut after a good one */
        {{"x\0y", 3}, 1},                 /* U+0000 */
        {{"\xff", 1}, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t offset = SIZE_MAX;
        assert_false(utf8_valid(bad[i].text, &offset));
        assert_int_equal(offset, bad[i].offset);
        assert_false(utf8_valid(bad[i].text, NULL));
    }
    assert_true(utf8_valid(STR("a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80"
                               "\x80\xf4\x8f\xbf\xbf\x7f"),
                           NULL));
    assert_true(utf8_valid(STR_NONE, NULL));
}

static void utf8_cut_never_splits_a_character(void **state)
{
    (void)state;
    struct str text = STR("a\xe6\xb5\x81\xf0\x9f\x98\x80z");
    static const size_t wanted[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9};
    for (size_t max = 0; max < sizeof wanted / sizeof *wanted; max++)
        assert_int_equal(utf8_cut(text, max).len, wanted[max]);
}

/* Made by `printf 'huiliu huiliu huiliu' | zstd -3 --no-check` and by python's gzip and zlib. */
static const unsigned char foreign_zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x6d, 0x00,
                                             0x00, 0x38, 0x68, 0x75, 0x69, 0x6c, 0x69, 0x75,
                                             0x20, 0x01, 0x00, 0x3a, 0x8a, 0x11};
static const unsigned char foreign_gzip[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x28, 0xcd, 0xcc, 0xc9,
    0x2c, 0x55, 0xc8, 0x40, 0xa6, 0x00, 0xf1, 0xfe, 0x4e, 0x8b, 0x14, 0x00, 0x00, 0x00};
static const unsigned char foreign_zlib[] = {0x78, 0x9c, 0xcb, 0x28, 0xcd, 0xcc, 0xc9, 0x2c, 0x55,
                                             0xc8, 0x40, 0xa6, 0x00, 0x53, 0x3c, 0x07, 0xf1};

#define BYTES(array) ((struct str){(const char *)(array), sizeof(array)})

static void compressed_bytes_of_other_programs_are_read(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(zstd_read(&out, BYTES(foreign_zstd), NULL), ERR_OK);
    assert_int_equal(gzip_read(&out, BYTES(foreign_gzip), NULL), ERR_OK);
    assert_int_equal(gzip_read(&out, BYTES(foreign_zlib), NULL), ERR_OK);
    assert_text(out, "huiliu huiliu huiliuhuiliu huiliu huiliuhuiliu huiliu huiliu");
    buf_fini(&out);
}

typedef enum err_class reader(struct buf *out, struct str bytes, struct err *err);

static enum err_class zstd_write_3(struct buf *out, struct str bytes, struct err *err)
{
    return zstd_write(out, bytes, 3, err);
}

static const struct {
    reader *write, *read;
    const char *code;
} compressors[] = {{zstd_write_3, zstd_read, "zstd"}, {gzip_write, gzip_read, "gzip"}};

static void compression_gives_back_what_it_was_given(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 1300, 16383, 16384, 16385, 300000};
    char *bytes = malloc(300000);
    assert_non_null(bytes);
    fill_random(bytes, 300000, 1300);
    memset(bytes + 600, 'x', 100000);
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
            struct str plain = {bytes, lens[i]};
            struct buf packed, back;
            buf_init(&packed, 400000);
            buf_init(&back, lens[i]);
            assert_int_equal(compressors[c].write(&packed, plain, NULL), ERR_OK);
            assert_int_equal(compressors[c].read(&back, buf_str(&packed), NULL), ERR_OK);
            assert_true(str_eq(buf_str(&back), plain));
            buf_fini(&back);
            buf_fini(&packed);
        }
    }
    free(bytes);
}

static void a_zstd_frame_names_its_content_size(void **state)
{
    (void)state;
    struct buf packed;
    buf_init(&packed, 1000);
    assert_int_equal(zstd_write(&packed, STR("twelve bytes"), 3, NULL), ERR_OK);
    /* RFC 8878: magic, then a descriptor whose single-segment flag makes byte 5 the size. */
    assert_memory_equal(packed.ptr, "\x28\xb5\x2f\xfd\x20\x0c", 6);
    buf_fini(&packed);
}

static void a_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    enum { UNFOLDED = 64 * 1024 * 1024, LIMIT = 1024 * 1024 };
    char *zeros = calloc(1, UNFOLDED);
    assert_non_null(zeros);
    for (size_t c = 0; c < 2; c++) {
        struct err err;
        struct buf packed, out;
        buf_init(&packed, 1024 * 1024);
        buf_init(&out, LIMIT);
        assert_int_equal(compressors[c].write(&packed, (struct str){zeros, UNFOLDED}, NULL),
                         ERR_OK);
        assert_true(packed.len < UNFOLDED / 500);
        assert_code(compressors[c].read(&out, buf_str(&packed), &err), &err, ERR_BAD_REPLY,
                    "too_large");
        assert_true(out.len <= LIMIT);
        buf_fini(&out);
        buf_fini(&packed);
    }
    free(zeros);
}

static void cut_broken_and_prolonged_streams_are_refused(void **state)
{
    (void)state;
    char bytes[3000];
    fill_random(bytes, sizeof bytes, 7);
    for (size_t c = 0; c < 2; c++) {
        struct err err;
        struct buf packed, out;
        buf_init(&packed, 10000);
        buf_init(&out, 10000);
        assert_int_equal(compressors[c].write(&packed, (struct str){bytes, sizeof bytes}, NULL),
                         ERR_OK);
        for (size_t len = 0; len < packed.len; len += 1 + len / 7) {
            buf_reset(&out);
            assert_code(compressors[c].read(&out, str_sub(buf_str(&packed), 0, len), &err), &err,
                        ERR_BAD_REPLY, compressors[c].code);
        }
        buf_reset(&out);
        buf_add_char(&packed, 'x');
        assert_code(compressors[c].read(&out, buf_str(&packed), &err), &err, ERR_BAD_REPLY,
                    compressors[c].code);
        buf_reset(&out);
        packed.ptr[0] ^= 1;
        assert_code(compressors[c].read(&out, buf_str(&packed), &err), &err, ERR_BAD_REPLY,
                    compressors[c].code);
        buf_fini(&out);
        buf_fini(&packed);
    }
}

static void gzip_members_in_a_row_are_one_text(void **state)
{
    (void)state;
    struct buf packed, out;
    buf_init(&packed, 1000);
    buf_init(&out, 1000);
    assert_int_equal(gzip_write(&packed, STR("first,"), NULL), ERR_OK);
    assert_int_equal(gzip_write(&packed, STR("second"), NULL), ERR_OK);
    assert_int_equal(gzip_read(&out, buf_str(&packed), NULL), ERR_OK);
    assert_text(out, "first,second");
    buf_fini(&out);
    buf_fini(&packed);
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host, *path, *query;
        int port;
    } good[] = {
        {"https://open.douyin.com/goodlife/v1/?a=1&b=/?2", "https", "open.douyin.com",
         "/goodlife/v1/", "a=1&b=/?2", 443},
        {"http://127.0.0.1:8080", "http", "127.0.0.1", "", "", 8080},
        {"HTTP://x?q", "http", "x", "", "q", 80},
        {"https://[::1]:9/p#part?no", "https", "::1", "/p", "", 9},
        {"https://[2001:db8::1]/", "https", "2001:db8::1", "/", "", 443},
        {"https://h:65535/a://b", "https", "h", "/a://b", "", 65535},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct url url;
        struct err err = {.message = ""};
        if (url_parse(str_of(good[i].text), &url, &err) != ERR_OK)
            fail_msg("%s: %s", good[i].text, err.message);
        assert_true(str_eq(url.scheme, str_of(good[i].scheme)));
        assert_true(str_eq(url.host, str_of(good[i].host)));
        assert_true(str_eq(url.path, str_of(good[i].path)));
        assert_true(str_eq(url.query, str_of(good[i].query)));
        assert_int_equal(url.port, good[i].port);
    }
}

static void urls_that_cannot_be_called_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "example.com",
                                      "ftp://x/",
                                      "https://",
                                      "https:///p",
                                      "https://a b/",
                                      "http://x:0/",
                                      "http://x:65536",
                                      "http://x:/",
                                      "http://x:8a",
                                      "http://u:p@x/",
                                      "http://[::1",
                                      "http://[::1]x/",
                                      "http://[zz]/",
                                      "http://a:b:c/",
                                      "//x/",
                                      "http://x/\n",
                                      "http://x\x7f/",
                                      "http://a,b/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct url url;
        struct err err;
        assert_code(url_parse(str_of(bad[i]), &url, &err), &err, ERR_CONFIG, "url");
    }
}

static void a_refused_url_does_not_show_its_query(void **state)
{
    (void)state;
    struct url url;
    struct err err;
    assert_int_equal(url_parse(STR("http://x:0/?access_token=geheim"), &url, &err), ERR_CONFIG);
    assert_null(strstr(err.message, "geheim"));
}

static void loopback_is_told_from_names_that_look_like_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {
        {"http://127.0.0.1/", true},
        {"http://127.255.3.9:1/", true},
        {"http://[::1]/", true},
        {"http://[0:0:0:0:0:0:0:1]/", true},
        {"http://LocalHost/", true},
        {"http://127.0.0.1.example.com/", false},
        {"http://localhost.example/", false},
        {"http://128.0.0.1/", false},
        {"http://[::2]/", false},
        {"http://0.0.0.0/", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url url;
        assert_int_equal(url_parse(str_of(cases[i].text), &url, NULL), ERR_OK);
        assert_int_equal(url_is_loopback(&url), cases[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_writes_both_cases_and_reads_any),
        cmocka_unit_test(hex_refuses_odd_length_and_foreign_digits),
        cmocka_unit_test(base64_reproduces_rfc_4648),
        cmocka_unit_test(base64_survives_every_length_up_to_a_kilobyte),
        cmocka_unit_test(base64_refuses_what_is_not_canonical),
        cmocka_unit_test(percent_keeps_only_unreserved_characters),
        cmocka_unit_test(percent_reads_plus_as_space_only_in_forms),
        cmocka_unit_test(percent_refuses_broken_escapes),
        cmocka_unit_test(decoders_tell_the_limit_from_their_input),
        cmocka_unit_test(utf8_tells_where_it_goes_wrong),
        cmocka_unit_test(utf8_cut_never_splits_a_character),
        cmocka_unit_test(compressed_bytes_of_other_programs_are_read),
        cmocka_unit_test(compression_gives_back_what_it_was_given),
        cmocka_unit_test(a_zstd_frame_names_its_content_size),
        cmocka_unit_test(a_bomb_stops_at_the_limit),
        cmocka_unit_test(cut_broken_and_prolonged_streams_are_refused),
        cmocka_unit_test(gzip_members_in_a_row_are_one_text),
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(urls_that_cannot_be_called_are_refused),
        cmocka_unit_test(a_refused_url_does_not_show_its_query),
        cmocka_unit_test(loopback_is_told_from_names_that_look_like_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
