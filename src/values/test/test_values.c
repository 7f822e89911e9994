/*
 * The public JSON functions as an application uses them: values, walks, writing, entries of answers.
 */
#define _POSIX_C_SOURCE 200809L

#include "base/test/test.h"

#include <centrifuge/json.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

static centrifuge_bytes json(const char *text)
{
    return (centrifuge_bytes){text, strlen(text)};
}

static void assert_json(centrifuge_bytes value, const char *expected)
{
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.bytes, expected, value.size);
}

/* The library's own stands in a room above this one. */
static const char *name_of(centrifuge_error error)
{
#define NAME(number, name, text, temporary) [number] = #name,
    static const char *const names[] = {CENTRIFUGE_ERROR_TABLE(NAME)};
#undef NAME
    return names[error];
}

#define ERROR(call, expected) assert_string_equal(name_of(call), expected)

/* ---- reading ---- */

static void kinds_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        centrifuge_json_kind kind;
    } cases[] = {
        {"", CENTRIFUGE_JSON_NONE},       {"  ", CENTRIFUGE_JSON_NONE},      {"x", CENTRIFUGE_JSON_NONE},
        {"null", CENTRIFUGE_JSON_NULL},   {" true", CENTRIFUGE_JSON_BOOL},   {"false", CENTRIFUGE_JSON_BOOL},
        {"-1", CENTRIFUGE_JSON_NUMBER},   {"\"a\"", CENTRIFUGE_JSON_STRING}, {"[1]", CENTRIFUGE_JSON_ARRAY},
        {"\n{}", CENTRIFUGE_JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(centrifuge_json_get_kind(json(cases[i].text)), cases[i].kind);
    assert_int_equal(centrifuge_json_get_kind((centrifuge_bytes){NULL, 0}), CENTRIFUGE_JSON_NONE);
}

static void text_is_checked_and_the_place_told(void **state)
{
    (void)state;
    size_t offset = 7;
    ERROR(centrifuge_json_check(json(" {\"a\":[1,2]} "), &offset), "OK");
    ERROR(centrifuge_json_check(json("{\"a\":1,}"), &offset), "INVALID_JSON");
    assert_int_equal(offset, 7);
    ERROR(centrifuge_json_check(json("1 2"), &offset), "INVALID_JSON");
    assert_int_equal(offset, 2);
    ERROR(centrifuge_json_check(json("\"\xff\""), &offset), "INVALID_UTF8");
    ERROR(centrifuge_json_check(json(""), NULL), "INVALID_JSON");
}

static void members_are_found_at_any_depth(void **state)
{
    (void)state;
    centrifuge_bytes object = json("{\"a\":{\"b\":[1, 2]}, \"\\u0063\":\"x\", \"a\" : {\"b\" : null}}");
    assert_json(centrifuge_json_find(object, "c"), "\"x\"");
    assert_json(centrifuge_json_find(object, "a"), "{\"b\" : null}");
    assert_json(centrifuge_json_find(centrifuge_json_find(object, "a"), "b"), "null");
    assert_int_equal(centrifuge_json_find(object, "d").size, 0);
    assert_int_equal(centrifuge_json_find(centrifuge_json_find(object, "d"), "e").size, 0);
    assert_int_equal(centrifuge_json_find(json("[1]"), "a").size, 0);
    assert_int_equal(centrifuge_json_find(json("{\"a\":1"), "a").size, 0);
    assert_int_equal(centrifuge_json_find(object, NULL).size, 0);
}

static void a_string_is_decoded_into_the_room_that_is_given(void **state)
{
    (void)state;
    char text[8] = "before";
    size_t length = 99;
    ERROR(centrifuge_json_text(json("\"a\\u00e9\\n\""), text, sizeof text, &length), "OK");
    assert_string_equal(text, "a\xc3\xa9\n");
    assert_int_equal(length, 4);
    ERROR(centrifuge_json_text(json("\"1234567\""), text, sizeof text, NULL), "OK");
    assert_string_equal(text, "1234567");
    ERROR(centrifuge_json_text(json("\"12345678\""), text, sizeof text, &length), "NO_ROOM");
    assert_string_equal(text, "");
    assert_int_equal(length, 8);
    ERROR(centrifuge_json_text(json("\"\""), text, 1, &length), "OK");
    assert_int_equal(length, 0);
    ERROR(centrifuge_json_text(json("\"a\\u0000b\""), text, sizeof text, NULL), "INVALID_ARGUMENT");
    assert_string_equal(text, "");
    ERROR(centrifuge_json_text(json("\"a\\u0000b\""), text, sizeof text, &length), "OK");
    assert_int_equal(length, 3);
    ERROR(centrifuge_json_text(json("12"), text, sizeof text, &length), "JSON_KIND");
    assert_int_equal(length, 0);
    ERROR(centrifuge_json_text((centrifuge_bytes){NULL, 0}, text, sizeof text, NULL), "JSON_KIND");
    ERROR(centrifuge_json_text(json("\"a"), text, sizeof text, NULL), "INVALID_JSON");
    ERROR(centrifuge_json_text(json("\"a\""), text, 0, NULL), "INVALID_ARGUMENT");
    ERROR(centrifuge_json_text(json("\"a\""), NULL, 8, NULL), "INVALID_ARGUMENT");
}

static void strings_are_compared_by_what_they_mean(void **state)
{
    (void)state;
    assert_true(centrifuge_json_equal(json("\"l\\u0065ft\""), "left"));
    assert_false(centrifuge_json_equal(json("\"lef\""), "left"));
    assert_false(centrifuge_json_equal(json("left"), "left"));
    assert_false(centrifuge_json_equal(json("\"\""), NULL));
    assert_false(centrifuge_json_equal((centrifuge_bytes){NULL, 0}, ""));
}

static void numbers_and_truth_are_read(void **state)
{
    (void)state;
    int64_t whole = 5;
    double exact = 5;
    bool truth = false;
    ERROR(centrifuge_json_int(json("-9223372036854775808"), &whole), "OK");
    assert_true(whole == INT64_MIN);
    ERROR(centrifuge_json_int(json("1.9e3"), &whole), "OK");
    assert_true(whole == 1900);
    ERROR(centrifuge_json_int(json("1e19"), &whole), "JSON_KIND");
    ERROR(centrifuge_json_int(json("\"1\""), &whole), "JSON_KIND");
    assert_true(whole == 1900);
    ERROR(centrifuge_json_int(json("1"), NULL), "INVALID_ARGUMENT");
    ERROR(centrifuge_json_double(json(" -20.25 "), &exact), "OK");
    assert_true(exact == -20.25);
    ERROR(centrifuge_json_double(json("1e999"), &exact), "JSON_KIND");
    ERROR(centrifuge_json_double(json("true"), &exact), "JSON_KIND");
    ERROR(centrifuge_json_double(json("01"), &exact), "INVALID_JSON");
    assert_true(exact == -20.25);
    ERROR(centrifuge_json_double(json("1e-999"), &exact), "OK");
    assert_true(exact == 0);
    ERROR(centrifuge_json_bool(json("true"), &truth), "OK");
    assert_true(truth);
    ERROR(centrifuge_json_bool(json("1"), &truth), "JSON_KIND");
    assert_true(truth);
}

static void a_number_may_have_so_many_bytes(void **state)
{
    (void)state;
    char text[CENTRIFUGE_JSON_NUMBER_MAX + 2];
    double exact = 0;
    memset(text, '1', sizeof text);
    text[1] = '.';
    ERROR(centrifuge_json_double((centrifuge_bytes){text, CENTRIFUGE_JSON_NUMBER_MAX}, &exact), "OK");
    assert_true(exact > 1.11 && exact < 1.12);
    ERROR(centrifuge_json_double((centrifuge_bytes){text, CENTRIFUGE_JSON_NUMBER_MAX + 1}, &exact), "JSON_KIND");
}

static void arrays_and_objects_are_walked_through(void **state)
{
    (void)state;
    centrifuge_json_items items;
    centrifuge_json_walk(&items, json(" [1, \"a,b\", {\"c\":[]} ] "));
    assert_true(centrifuge_json_next(&items));
    assert_json(items.value, "1");
    assert_int_equal(items.name.size, 0);
    assert_true(centrifuge_json_next(&items));
    assert_json(items.value, "\"a,b\"");
    assert_true(centrifuge_json_next(&items));
    assert_json(items.value, "{\"c\":[]}");
    assert_false(centrifuge_json_next(&items));
    ERROR(items.error, "OK");
    assert_false(centrifuge_json_next(&items));

    centrifuge_json_walk(&items, json("{\"a\" : 1,\"\\n\":2}"));
    assert_true(centrifuge_json_next(&items));
    assert_json(items.name, "\"a\"");
    assert_json(items.value, "1");
    assert_true(centrifuge_json_next(&items));
    assert_true(centrifuge_json_equal(items.name, "\n"));
    assert_false(centrifuge_json_next(&items));
    ERROR(items.error, "OK");
}

static void a_walk_says_why_it_ended(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int count;
        const char *error;
    } cases[] = {
        {"[]", 0, "OK"},
        {"{}", 0, "OK"},
        {"", 0, "JSON_KIND"},
        {"12", 0, "JSON_KIND"},
        {"[1,2", 2, "INVALID_JSON"},
        {"[1,]", 1, "INVALID_JSON"},
        {"[1 2]", 1, "INVALID_JSON"},
        {"[1] 2", 1, "INVALID_JSON"},
        {"{\"a\":1,}", 1, "INVALID_JSON"},
        {"{1:2}", 0, "INVALID_JSON"},
        {"[\"\xff\"]", 0, "INVALID_UTF8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        centrifuge_json_items items;
        int count = 0;
        centrifuge_json_walk(&items, json(cases[i].text));
        while (centrifuge_json_next(&items))
            count++;
        assert_int_equal(count, cases[i].count);
        ERROR(items.error, cases[i].error);
    }
}

/* ---- writing ---- */

static void write_all_kinds(centrifuge_json_writer *writer)
{
    centrifuge_json_open_object(writer, NULL);
    centrifuge_json_add_text(writer, "te\"xt", "a\n\"b\"");
    centrifuge_json_add_bytes(writer, "bytes", "a\0b", 3);
    centrifuge_json_add_text(writer, "none", NULL);
    centrifuge_json_open_array(writer, "list");
    centrifuge_json_add_int(writer, NULL, INT64_MIN);
    centrifuge_json_add_double(writer, NULL, 0.1);
    centrifuge_json_add_bool(writer, NULL, true);
    centrifuge_json_add_null(writer, NULL);
    centrifuge_json_open_object(writer, NULL);
    centrifuge_json_close(writer);
    centrifuge_json_close(writer);
    centrifuge_json_add_value(writer, "value", json("[1, 2]"));
    centrifuge_json_close(writer);
}

static const char all_kinds[] = "{\"te\\\"xt\":\"a\\n\\\"b\\\"\",\"bytes\":\"a\\u0000b\",\"none\":null,"
                                "\"list\":[-9223372036854775808,0.1,true,null,{}],\"value\":[1, 2]}";

static void values_of_all_kinds_are_written(void **state)
{
    (void)state;
    char room[256];
    centrifuge_json_writer writer;
    centrifuge_bytes written;
    centrifuge_json_begin(&writer, room, sizeof room);
    write_all_kinds(&writer);
    ERROR(centrifuge_json_end(&writer, &written), "OK");
    assert_string_equal(room, all_kinds);
    assert_int_equal(written.size, strlen(room));
    assert_ptr_equal(written.bytes, room);
}

static void what_does_not_fit_is_not_written_by_halves(void **state)
{
    (void)state;
    char room[sizeof all_kinds + 1];
    for (size_t size = 0; size <= sizeof all_kinds; size++) {
        centrifuge_json_writer writer;
        centrifuge_bytes written;
        memset(room, 'x', sizeof room);
        centrifuge_json_begin(&writer, room, size);
        write_all_kinds(&writer);
        bool fits = size == sizeof all_kinds;
        ERROR(centrifuge_json_end(&writer, &written), fits ? "OK" : "NO_ROOM");
        assert_int_equal(written.size, fits ? sizeof all_kinds - 1 : 0);
        assert_int_equal(room[size], 'x');
        assert_true(fits || size == 0 || room[0] == '\0');
    }
}

/* Writes by the letters: { [ } open and close, n a number with a name, i one without, d a NaN, u and v no UTF-8, r no JSON. */
static void write_by_letters(centrifuge_json_writer *writer, const char *letters)
{
    for (; *letters; letters++) {
        switch (*letters) {
        case '{':
            centrifuge_json_open_object(writer, NULL);
            break;
        case '[':
            centrifuge_json_open_array(writer, NULL);
            break;
        case '}':
            centrifuge_json_close(writer);
            break;
        case 'n':
            centrifuge_json_add_int(writer, "n", 1);
            break;
        case 'i':
            centrifuge_json_add_int(writer, NULL, 1);
            break;
        case 'd':
            centrifuge_json_add_double(writer, NULL, (double)NAN);
            break;
        case 'u':
            centrifuge_json_add_text(writer, NULL, "\xff");
            break;
        case 'v':
            centrifuge_json_add_int(writer, "\xff", 1);
            break;
        default:
            centrifuge_json_add_value(writer, NULL, json("{"));
        }
    }
}

static void the_first_mistake_is_told_at_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *letters;
        const char *error;
    } cases[] = {
        {"i", "OK"},
        {"{n}", "OK"},
        {"[ii}", "OK"},
        {"", "INVALID_ARGUMENT"},
        {"ii", "INVALID_ARGUMENT"},
        {"n", "INVALID_ARGUMENT"},
        {"{i}", "INVALID_ARGUMENT"},
        {"[n}", "INVALID_ARGUMENT"},
        {"{", "INVALID_ARGUMENT"},
        {"}", "INVALID_ARGUMENT"},
        {"{}}", "INVALID_ARGUMENT"},
        {"d", "INVALID_ARGUMENT"},
        {"u", "INVALID_UTF8"},
        {"{v}", "INVALID_UTF8"},
        {"r", "INVALID_JSON"},
        {"[u}r", "INVALID_UTF8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[64];
        centrifuge_json_writer writer;
        centrifuge_bytes written;
        centrifuge_json_begin(&writer, room, sizeof room);
        write_by_letters(&writer, cases[i].letters);
        ERROR(centrifuge_json_end(&writer, &written), cases[i].error);
    }
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    for (int more = 0; more <= 1; more++) {
        char room[256];
        centrifuge_json_writer writer;
        centrifuge_bytes written;
        centrifuge_json_begin(&writer, room, sizeof room);
        for (int i = 0; i < CENTRIFUGE_JSON_WRITE_DEPTH_MAX + more; i++)
            centrifuge_json_open_array(&writer, NULL);
        for (int i = 0; i < CENTRIFUGE_JSON_WRITE_DEPTH_MAX + more; i++)
            centrifuge_json_close(&writer);
        ERROR(centrifuge_json_end(&writer, &written), more ? "INVALID_ARGUMENT" : "OK");
    }
}

static void check_double(double number, const char *expected)
{
    char room[64];
    double back;
    centrifuge_json_writer writer;
    centrifuge_bytes written;
    centrifuge_json_begin(&writer, room, sizeof room);
    centrifuge_json_add_double(&writer, NULL, number);
    ERROR(centrifuge_json_end(&writer, &written), "OK");
    assert_string_equal(room, expected);
    ERROR(centrifuge_json_double(written, &back), "OK");
    assert_true(back == number);
}

static void check_doubles(void)
{
    check_double(0.5, "0.5");
    check_double(-1234567.125, "-1234567.125");
    check_double(3, "3");
    check_double(DBL_MAX, "1.7976931348623157e+308");
    check_double(0.30000000000000004, "0.30000000000000004");
    check_double(1e-300, "1e-300");
}

static void numbers_are_written_as_short_as_they_are_exact(void **state)
{
    (void)state;
    check_doubles();
}

/* Made by the test, since a system need not have one. False: there is no program that makes it. */
static bool use_locale_with_comma(const char *folder)
{
    char text[256];
    snprintf(text, sizeof text, "%s/comma", folder);
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    fputs("LC_NUMERIC\ndecimal_point \"<U002C>\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n", file);
    fclose(file);
    snprintf(text, sizeof text, "localedef -c -i %s/comma %s/xx_XX >/dev/null 2>&1", folder, folder);
    if (system(text) == -1 || setenv("LOCPATH", folder, 1) != 0)
        return false;
    return setlocale(LC_NUMERIC, "xx_XX") != NULL;
}

static void numbers_keep_their_point_where_the_locale_has_a_comma(void **state)
{
    (void)state;
    char folder[] = "/tmp/centrifuge-locale-XXXXXX", text[256];
    assert_non_null(mkdtemp(folder));
    bool made = use_locale_with_comma(folder);
    snprintf(text, sizeof text, "rm -rf %s", folder);
    assert_int_equal(system(text), 0);
    if (!made)
        skip();
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    check_doubles();
    setlocale(LC_NUMERIC, "C");
}

/* ---- entries of answers ---- */

static void a_history_is_read_message_by_message(void **state)
{
    (void)state;
    centrifuge_entries entries;
    centrifuge_message message;
    centrifuge_entries_begin(
        &entries, json("[{\"uid\":\"u2\",\"channel\":\"n\\u0065ws\",\"data\":{\"a\": 1},\"client\":\"c\","
                       "\"info\":{\"user\":\"\\u003c4\\u003e\",\"client\":\"c\"}}, 5, {\"uid\":\"u1\",\"data\":2}]"));
    assert_true(centrifuge_entries_next_message(&entries, &message));
    assert_string_equal(message.uid, "u2");
    assert_string_equal(message.channel, "news");
    assert_string_equal(message.client, "c");
    assert_string_equal(message.user, "<4>");
    assert_json(message.data, "{\"a\": 1}");
    assert_true(message.history && message.raw.bytes[0] == '{' && message.info.size > 0);
    assert_true(centrifuge_entries_next_message(&entries, &message));
    assert_string_equal(message.uid, "u1");
    assert_string_equal(message.user, "");
    assert_string_equal(message.client, "");
    assert_json(message.data, "2");
    assert_int_equal(message.info.size, 0);
    assert_false(centrifuge_entries_next_message(&entries, &message));
    ERROR(entries.error, "OK");
}

static void a_presence_is_read_client_by_client(void **state)
{
    (void)state;
    centrifuge_entries entries;
    centrifuge_client_info client;
    centrifuge_entries_begin(&entries, json("{\"c1\":{\"user\":\"42\",\"client\":\"c1\",\"default_info\":{\"a\":1}},"
                                            "\"c2\":{\"client\":\"c2\",\"user\":\"\",\"channel_info\":[2]}}"));
    assert_true(centrifuge_entries_next_client(&entries, &client));
    assert_string_equal(client.client, "c1");
    assert_string_equal(client.user, "42");
    assert_json(client.default_info, "{\"a\":1}");
    assert_int_equal(client.channel_info.size, 0);
    assert_true(centrifuge_entries_next_client(&entries, &client));
    assert_string_equal(client.client, "c2");
    assert_string_equal(client.user, "");
    assert_json(client.channel_info, "[2]");
    assert_false(centrifuge_entries_next_client(&entries, &client));
    ERROR(entries.error, "OK");
}

static void a_string_without_room_is_left_out_and_told(void **state)
{
    (void)state;
    char text[CENTRIFUGE_ENTRY_STRINGS_MAX + 100];
    char user[CENTRIFUGE_ENTRY_STRINGS_MAX];
    centrifuge_entries entries;
    centrifuge_client_info client;
    memset(user, 'u', sizeof user);
    snprintf(text, sizeof text, "{\"a\":{\"user\":\"%.*s\",\"client\":\"c1\"},\"b\":{\"user\":\"42\",\"client\":\"c2\"}}",
             (int)sizeof user, user);
    centrifuge_entries_begin(&entries, json(text));
    assert_true(centrifuge_entries_next_client(&entries, &client));
    assert_string_equal(client.client, "c1");
    assert_string_equal(client.user, "");
    ERROR(entries.error, "NO_ROOM");
    assert_true(centrifuge_entries_next_client(&entries, &client));
    assert_string_equal(client.user, "42");
    assert_false(centrifuge_entries_next_client(&entries, &client));
    ERROR(entries.error, "NO_ROOM");
}

static void what_is_no_answer_has_no_entries(void **state)
{
    (void)state;
    centrifuge_entries entries;
    centrifuge_message message;
    centrifuge_entries_begin(&entries, (centrifuge_bytes){NULL, 0});
    assert_false(centrifuge_entries_next_message(&entries, &message));
    ERROR(entries.error, "JSON_KIND");
    centrifuge_entries_begin(&entries, json("[{\"uid\":\"u1\"}, {]"));
    assert_true(centrifuge_entries_next_message(&entries, &message));
    assert_false(centrifuge_entries_next_message(&entries, &message));
    ERROR(entries.error, "INVALID_JSON");
}

/* An application of an older version knows fewer members, one of a newer more. */
static void structs_of_other_versions_are_filled(void **state)
{
    (void)state;
    centrifuge_entries entries;
    struct {
        centrifuge_client_info known;
        char more[16];
    } client;
    memset(&client, 'x', sizeof client);
    centrifuge_entries_begin(&entries, json("{\"c1\":{\"user\":\"42\",\"client\":\"c1\"}}"));
    assert_true(centrifuge_entries_next_client_sized(&entries, &client.known, sizeof client));
    assert_int_equal(client.more[15], 0);
    memset(&client, 'x', sizeof client);
    centrifuge_entries_begin(&entries, json("{\"c1\":{\"user\":\"42\",\"client\":\"c1\"}}"));
    assert_true(centrifuge_entries_next_client_sized(&entries, &client.known, offsetof(centrifuge_client_info, default_info)));
    assert_string_equal(client.known.user, "42");
    assert_memory_equal(&client.known.default_info, "xxxxxxxx", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(text_is_checked_and_the_place_told),
        cmocka_unit_test(members_are_found_at_any_depth),
        cmocka_unit_test(a_string_is_decoded_into_the_room_that_is_given),
        cmocka_unit_test(strings_are_compared_by_what_they_mean),
        cmocka_unit_test(numbers_and_truth_are_read),
        cmocka_unit_test(a_number_may_have_so_many_bytes),
        cmocka_unit_test(arrays_and_objects_are_walked_through),
        cmocka_unit_test(a_walk_says_why_it_ended),
        cmocka_unit_test(values_of_all_kinds_are_written),
        cmocka_unit_test(what_does_not_fit_is_not_written_by_halves),
        cmocka_unit_test(the_first_mistake_is_told_at_the_end),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(numbers_are_written_as_short_as_they_are_exact),
        cmocka_unit_test(numbers_keep_their_point_where_the_locale_has_a_comma),
        cmocka_unit_test(a_history_is_read_message_by_message),
        cmocka_unit_test(a_presence_is_read_client_by_client),
        cmocka_unit_test(a_string_without_room_is_left_out_and_told),
        cmocka_unit_test(what_is_no_answer_has_no_entries),
        cmocka_unit_test(structs_of_other_versions_are_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
