#include "base/test/test.h"

#include "base/digest.h"

static char million[1000000];

static void check_hex(const uint8_t *digest, size_t size, const char *expected)
{
    char text[2 * CF_SHA256_SIZE + 1] = {0};
    cf_hex_encode(digest, size, text);
    assert_string_equal(text, expected);
}

/* The examples of FIPS 180-4: one block, two blocks, a million times 'a'; and RFC 6455 section 1.3. */
static void sha1_examples(void **state)
{
    (void)state;
    uint8_t digest[CF_SHA1_SIZE];
    cf_sha1(CF_BYTES("abc"), digest);
    check_hex(digest, sizeof(digest), "a9993e364706816aba3e25717850c26c9cd0d89d");
    cf_sha1(cf_bytes_make(NULL, 0), digest);
    check_hex(digest, sizeof(digest), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    cf_sha1(CF_BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest);
    check_hex(digest, sizeof(digest), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    cf_sha1(cf_bytes_make(million, sizeof(million)), digest);
    check_hex(digest, sizeof(digest), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    cf_sha1(CF_BYTES("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), digest);
    check_hex(digest, sizeof(digest), "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
}

static void check_sha256(cf_bytes data, const char *expected)
{
    uint8_t digest[CF_SHA256_SIZE];
    cf_sha256 hash;
    cf_sha256_init(&hash);
    cf_sha256_update(&hash, data);
    cf_sha256_final(&hash, digest);
    check_hex(digest, sizeof(digest), expected);
}

static void sha256_examples(void **state)
{
    (void)state;
    check_sha256(CF_BYTES("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256(cf_bytes_make(NULL, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256(CF_BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha256(cf_bytes_make(million, sizeof(million)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void sha256_of_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 200; piece += 7) {
        uint8_t digest[CF_SHA256_SIZE];
        cf_sha256 hash;
        cf_sha256_init(&hash);
        for (size_t at = 0; at < 1000; at += piece)
            cf_sha256_update(&hash, cf_bytes_make(million + at, piece < 1000 - at ? piece : 1000 - at));
        cf_sha256_final(&hash, digest);
        check_hex(digest, sizeof(digest), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
    }
}

static void fill(char *memory, size_t size, int byte)
{
    memset(memory, byte, size);
}

/* RFC 4231, section 4; of case 5 only the first 128 bits are given there. */
static void hmac_examples(void **state)
{
    (void)state;
    char key_b[20], key_a[131], data_d[50], data_c[50], key_count[25], key_c[20];
    fill(key_b, sizeof(key_b), 0x0b);
    fill(key_a, sizeof(key_a), 0xaa);
    fill(key_c, sizeof(key_c), 0x0c);
    fill(data_d, sizeof(data_d), 0xdd);
    fill(data_c, sizeof(data_c), 0xcd);
    for (size_t i = 0; i < sizeof(key_count); i++)
        key_count[i] = (char)(i + 1);
    const struct {
        cf_bytes key;
        cf_bytes data;
        const char *expected;
        size_t size;
    } cases[] = {
        {{key_b, 20}, CF_BYTES("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 32},
        {CF_BYTES("Jefe"), CF_BYTES("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 32},
        {{key_a, 20}, {data_d, 50}, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", 32},
        {{key_count, 25}, {data_c, 50}, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b", 32},
        {{key_c, 20}, CF_BYTES("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b", 16},
        /* not of the RFC: no key is one of zeros */
        {{NULL, 0}, CF_BYTES("hello"), "4352b26e33fe0d769a8922a6ba29004109f01688e26acc9e6cb347e5a5afc4da", 32},
        {{key_a, 131},
         CF_BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
         32},
        {{key_a, 131},
         CF_BYTES("This is a test using a larger than block-size key and a larger than block-size data. "
                  "The key needs to be hashed before being used by the HMAC algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
         32},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t digest[CF_SHA256_SIZE];
        cf_bytes parts[3] = {cf_bytes_slice(cases[i].data, 0, 3), cf_bytes_slice(cases[i].data, 3, 3),
                             cf_bytes_slice(cases[i].data, 3, cases[i].data.size)};
        cf_hmac_sha256(cases[i].key, parts, 3, digest);
        check_hex(digest, cases[i].size, cases[i].expected);
    }
}

/* RFC 4648, section 10. */
static void base64_examples(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        const char *expected;
    } cases[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"},
                 {"\xfb\xff\xbf", "+/+/"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[16] = {0};
        size_t size = cf_base64_encode((const uint8_t *)cases[i].data, strlen(cases[i].data), text);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(size, strlen(cases[i].expected));
    }
}

static void constant_time_comparison_sees_every_byte(void **state)
{
    (void)state;
    char a[64], b[64];
    fill(a, sizeof(a), 'x');
    assert_true(cf_equal_constant_time(cf_bytes_make(NULL, 0), CF_BYTES("")));
    assert_false(cf_equal_constant_time(cf_bytes_make(a, 63), cf_bytes_make(a, 64)));
    for (size_t i = 0; i < sizeof(b); i++) {
        fill(b, sizeof(b), 'x');
        assert_true(cf_equal_constant_time(cf_bytes_make(a, 64), cf_bytes_make(b, 64)));
        b[i] = (char)('x' ^ 0x80);
        assert_false(cf_equal_constant_time(cf_bytes_make(a, 64), cf_bytes_make(b, 64)));
    }
}

int main(void)
{
    fill(million, sizeof(million), 'a');
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_examples),
        cmocka_unit_test(sha256_examples),
        cmocka_unit_test(sha256_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(hmac_examples),
        cmocka_unit_test(base64_examples),
        cmocka_unit_test(constant_time_comparison_sees_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
