#define _POSIX_C_SOURCE 200809L

#include "base/test/test.h"

#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void without_files_all_hold_what_libcurl_trusts(void **state)
{
    (void)state;
    cf_http_trust *first = cf_http_trust_hold(NULL, NULL);
    assert_non_null(first);
    cf_http_trust *second = cf_http_trust_hold(NULL, NULL);
    assert_ptr_equal(first, second);
    assert_ptr_equal(cf_http_trust_share(first), first);
    cf_http_trust_release(first);
    cf_http_trust_release(second);
    cf_http_trust_release(first);
    cf_http_trust_release(NULL);
    assert_null(cf_http_trust_share(NULL));
}

static void other_places_are_other_stores(void **state)
{
    (void)state;
    cf_http_trust *all = cf_http_trust_hold(NULL, NULL);
    cf_http_trust *path = cf_http_trust_hold(NULL, "/etc/ssl/certs");
    assert_non_null(path);
    assert_ptr_not_equal(all, path);
    cf_http_trust_release(all);
    cf_http_trust_release(path);
}

/* libcurl then tells what is wrong. */
static void a_file_that_cannot_be_read_is_left_to_libcurl(void **state)
{
    (void)state;
    assert_null(cf_http_trust_hold("/nowhere/ca.pem", NULL));
    assert_null(cf_http_trust_hold("/dev/null", NULL));
    assert_null(cf_http_trust_hold(NULL, "/nowhere"));
    assert_null(cf_http_trust_hold(NULL, "/dev/null"));
}

/* Of a directory libcurl would say nothing. */
static void a_directory_that_is_none_is_given_to_libcurl_as_a_file(void **state)
{
    (void)state;
    assert_string_equal(cf_http_trust_file("a.pem", "/nowhere"), "/nowhere");
    assert_string_equal(cf_http_trust_file(NULL, "/dev/null"), "/dev/null");
    assert_string_equal(cf_http_trust_file("a.pem", "/etc"), "a.pem");
    assert_string_equal(cf_http_trust_file("a.pem", ""), "a.pem");
    assert_null(cf_http_trust_file(NULL, NULL));
}

static void copy(const char *from, const char *to, const char *behind)
{
    char buffer[65536];
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t size; (size = fread(buffer, 1, sizeof buffer, in)) > 0;)
        assert_int_equal(fwrite(buffer, 1, size, out), size);
    fputs(behind, out);
    fclose(in);
    fclose(out);
}

static void a_file_that_changed_is_read_again(void **state)
{
    (void)state;
    const char *given = curl_version_info(CURLVERSION_NOW)->cainfo;
    char file[] = "/tmp/centrifuge-trust-XXXXXX";
    int descriptor = mkstemp(file);
    assert_true(descriptor >= 0);
    close(descriptor);
    copy(given, file, "");
    cf_http_trust *before = cf_http_trust_hold(file, NULL);
    copy(given, file, "\n");
    cf_http_trust *after = cf_http_trust_hold(file, NULL);
    assert_non_null(before);
    assert_non_null(after);
    assert_ptr_not_equal(before, after);
    cf_http_trust_release(before);
    cf_http_trust_release(after);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_files_all_hold_what_libcurl_trusts),
        cmocka_unit_test(other_places_are_other_stores),
        cmocka_unit_test(a_file_that_cannot_be_read_is_left_to_libcurl),
        cmocka_unit_test(a_directory_that_is_none_is_given_to_libcurl_as_a_file),
        cmocka_unit_test(a_file_that_changed_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
