#include "base/test/test.h"

#include "base/percent.h"

typedef struct fixture {
    test_allocator memory;
    cf_allocator allocator;
    cf_buffer out;
} fixture;

static void begin(fixture *f, size_t fail_at)
{
    f->memory = test_allocator_failing_at(fail_at);
    f->allocator = test_allocator_make(&f->memory);
    cf_buffer_init(&f->out, &f->allocator, CF_BUFFER_NO_LIMIT);
}

static void end(fixture *f)
{
    cf_buffer_free(&f->out);
    assert_int_equal(f->memory.live, 0);
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 0);
    assert_true(cf_percent_decode(CF_BYTES("a%2Bb+c%00%fF"), true, &f.out));
    assert_bytes(cf_buffer_bytes(&f.out), "a+b c\0\xff");
    cf_buffer_clear(&f.out);
    assert_true(cf_percent_decode(CF_BYTES("a+b"), false, &f.out));
    assert_bytes(cf_buffer_bytes(&f.out), "a+b");
    assert_true(cf_percent_decode(CF_BYTES(""), false, &f.out));
    end(&f);
}

static void a_text_is_decoded_where_it_stands(void **state)
{
    (void)state;
    char text[] = "%2Fa%2fb%20";
    cf_buffer out = {.data = text, .capacity = strlen(text), .limit = strlen(text)};
    assert_true(cf_percent_decode(cf_bytes_of(text), false, &out));
    assert_bytes(cf_buffer_bytes(&out), "/a/b ");
}

static void bad_escapes_are_refused(void **state)
{
    static const cf_bytes bad[] = {CF_LITERAL("%"), CF_LITERAL("%a"), CF_LITERAL("%ga"), CF_LITERAL("%ag"), CF_LITERAL("x%2")};
    (void)state;
    fixture f;
    begin(&f, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cf_percent_decode(bad[i], true, &f.out));
        assert_false(f.out.failed);
    }
    end(&f);
}

static void the_first_good_field_of_a_name_counts(void **state)
{
    static const struct {
        const char *pairs;
        const char *value; /* NULL: there is none */
    } cases[] = {
        {"d=1", "1"},
        {"a=0&d=1&d=2", "1"},
        {"a=d&dd=3&%64=a%20b+c", "a b c"},
        {"d=%&d=%4&d=2", "2"},
        {"d", ""},
        {"&&d=", ""},
        {"d=a=b", "a=b"},
        {"", NULL},
        {"D=1", NULL},
        {"x=d", NULL},
        {"d=%zz", NULL},
        {"%=1", NULL},
        {"dx=1&=1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        begin(&f, 0);
        cf_buffer_append(&f.out, CF_BYTES("!"));
        bool found = cf_percent_field(cf_bytes_of(cases[i].pairs), CF_BYTES("d"), &f.out);
        assert_int_equal(found, cases[i].value != NULL);
        assert_text(cf_bytes_slice(cf_buffer_bytes(&f.out), 1, f.out.size), found ? cases[i].value : "");
        end(&f);
    }
}

static void without_memory_nothing_is_found(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 1);
    assert_false(cf_percent_field(CF_BYTES("a=1&d=%41"), CF_BYTES("d"), &f.out));
    assert_true(f.out.failed);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(a_text_is_decoded_where_it_stands),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(the_first_good_field_of_a_name_counts),
        cmocka_unit_test(without_memory_nothing_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
