#include "server/config/value.h"

static bool text_bool(cf_bytes text, bool *value)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (cf_bytes_equal(text, cf_bytes_of(yes[i])))
            return *value = true;
        if (cf_bytes_equal(text, cf_bytes_of(no[i])))
            return true;
    }
    return false;
}

/* YAML 1.1 has these; only where a bool is wanted. */
static bool word_bool(cf_bytes text, bool *value)
{
    static const char *const yes[] = {"y", "yes", "on", "true"};
    static const char *const no[] = {"n", "no", "off", "false"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (cf_bytes_equal_fold(text, cf_bytes_of(yes[i])))
            return *value = true;
        if (cf_bytes_equal_fold(text, cf_bytes_of(no[i])))
            return true;
    }
    return false;
}

/* What is beyond an int64 is its end, which is in no option's range. */
static bool digits(cf_bytes text, int base, bool negative, int64_t *value)
{
    int64_t result = 0;
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = cf_hex_digit(text.data[i]);
        if (digit < 0 || digit >= base)
            return false;
        result = result > (INT64_MAX - digit) / base ? INT64_MAX : result * base + digit;
    }
    *value = negative ? -result : result;
    return true;
}

/* 0x20 is 32, 010 is 8, 10 is 10. */
static bool text_int(cf_bytes text, int64_t *value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    if (negative || (text.size > 0 && text.data[0] == '+'))
        text = cf_bytes_slice(text, 1, text.size);
    if (text.size > 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X'))
        return digits(cf_bytes_slice(text, 2, text.size), 16, negative, value);
    if (text.size > 1 && text.data[0] == '0')
        return digits(cf_bytes_slice(text, 1, text.size), 8, negative, value);
    return digits(text, 10, negative, value);
}

static bool number_int(const cf_json_value *number, int64_t *value)
{
    if (!cf_json_to_int64(number, value))
        *value = number->raw.data[0] == '-' ? INT64_MIN : INT64_MAX;
    return true;
}

bool cf_setting_bool(const cf_setting *setting, bool *value)
{
    *value = setting->value.kind == CF_JSON_TRUE;
    if (setting->value.kind == CF_JSON_TRUE || setting->value.kind == CF_JSON_FALSE)
        return true;
    if (setting->value.kind != CF_JSON_STRING)
        return false;
    return text_bool(setting->value.raw, value) || (setting->plain && word_bool(setting->value.raw, value));
}

bool cf_setting_int(const cf_setting *setting, int64_t *value)
{
    *value = setting->value.kind == CF_JSON_TRUE;
    switch (setting->value.kind) {
    case CF_JSON_TRUE:
    case CF_JSON_FALSE:
        return true;
    case CF_JSON_NUMBER:
        return number_int(&setting->value, value);
    case CF_JSON_STRING:
        return text_int(setting->value.raw, value);
    default:
        return false;
    }
}

bool cf_setting_text(const cf_setting *setting, cf_buffer *text)
{
    cf_buffer_clear(text);
    switch (setting->value.kind) {
    case CF_JSON_STRING:
        if (setting->value.escaped)
            cf_json_decode_string(setting->value.raw, text);
        else
            cf_buffer_append(text, setting->value.raw);
        return true;
    case CF_JSON_NUMBER:
    case CF_JSON_TRUE:
    case CF_JSON_FALSE:
        cf_buffer_append(text, setting->value.raw);
        return true;
    default:
        return false;
    }
}

bool cf_setting_strict_bool(const cf_setting *setting, bool *value)
{
    *value = setting->value.kind == CF_JSON_TRUE;
    if (setting->value.kind == CF_JSON_STRING)
        return setting->plain && word_bool(setting->value.raw, value);
    return setting->value.kind == CF_JSON_TRUE || setting->value.kind == CF_JSON_FALSE;
}

bool cf_setting_strict_int(const cf_setting *setting, int64_t *value)
{
    *value = 0;
    if (setting->value.kind == CF_JSON_STRING)
        return setting->plain && text_int(setting->value.raw, value);
    return setting->value.kind == CF_JSON_NUMBER && number_int(&setting->value, value);
}
