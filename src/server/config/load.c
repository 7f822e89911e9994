/*
 * Merging: first every option gets the setting of its strongest source, then
 * each setting is read and checked, so that what is overridden cannot fail.
 */
#include "server/config/storage.h"
#include "server/config/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX          1024        /* bytes of one text */
#define WARNINGS_MAX         (64 * 1024) /* bytes of all of them */
#define OPTION_NAME_MAX      64
#define SHOWN_VALUE_MAX      80 /* bytes of a value in a message */
#define ENVIRONMENT_PREFIX   "CENTRIFUGO_"
#define NAMESPACE_NAME_LEAST 2

typedef struct loader {
    const cf_config_input *input;
    const cf_allocator *allocator;
    cf_config_report *report;
    cf_config *config;
    cf_setting *settings; /* of the server's options, then of the channels' */
    cf_buffer text;       /* of the string that is being looked at */
    cf_config_status status;
} loader;

void cf_config_report_init(cf_config_report *report, const cf_allocator *allocator)
{
    cf_buffer_init(&report->error, allocator, MESSAGE_MAX);
    cf_buffer_init(&report->warnings, allocator, WARNINGS_MAX);
}

void cf_config_report_free(cf_config_report *report)
{
    cf_buffer_free(&report->error);
    cf_buffer_free(&report->warnings);
}

/* ---- what there is to say ---- */

typedef struct message {
    char text[MESSAGE_MAX];
} message;

__attribute__((format(printf, 2, 3))) static void format(message *out, const char *pattern, ...)
{
    va_list list;
    va_start(list, pattern);
    if (vsnprintf(out->text, sizeof(out->text), pattern, list) < 0)
        out->text[0] = 0;
    va_end(list);
}

/* "config.json:3:5", "CENTRIFUGO_PORT" or "--port" */
static message place_of(const loader *load, const cf_setting *setting, const char *name)
{
    message place;
    char upper[OPTION_NAME_MAX];
    size_t size = 0;
    switch (setting->origin) {
    case CF_SETTING_FILE:
        format(&place, "%s:%zu:%zu", load->input->file_path, setting->line, setting->column);
        break;
    case CF_SETTING_ENVIRONMENT:
        for (; name[size] != 0 && size + 1 < sizeof(upper); size++)
            upper[size] = name[size] >= 'a' && name[size] <= 'z' ? (char)(name[size] - 'a' + 'A') : name[size];
        upper[size] = 0;
        format(&place, ENVIRONMENT_PREFIX "%s", upper);
        break;
    case CF_SETTING_FLAG:
        format(&place, "--%s", name);
        break;
    default:
        format(&place, "default");
    }
    return place;
}

static int shown_size(cf_bytes text)
{
    return (int)(text.size < SHOWN_VALUE_MAX ? text.size : SHOWN_VALUE_MAX);
}

static void warn(loader *load, const cf_setting *setting, const char *name, const char *text)
{
    message place = place_of(load, setting, name);
    message line;
    format(&line, "%s: option '%s' %s\n", place.text, name, text);
    cf_buffer_append(&load->report->warnings, cf_bytes_of(line.text));
}

/* The first error is the one that is reported. */
static void fail(loader *load, cf_config_status status, const char *text)
{
    if (load->status != CF_CONFIG_OK)
        return;
    load->status = status;
    cf_buffer_append(&load->report->error, cf_bytes_of(text));
}

static void fail_option(loader *load, const cf_setting *setting, const char *name, const char *text)
{
    message place = place_of(load, setting, name);
    message line;
    format(&line, "config error: %s: option '%s' %s", place.text, name, text);
    fail(load, CF_CONFIG_INVALID, line.text);
}

static void fail_memory(loader *load)
{
    fail(load, CF_CONFIG_NO_MEMORY, "out of memory");
}

/* A value that cannot be read: an error in a flag; elsewhere it counts as 0, false or "" as in the reference. */
static void unreadable(loader *load, const cf_setting *setting, const char *name, const char *wanted, const char *taken)
{
    message text;
    format(&text, "is '%.*s', which is not %s", shown_size(setting->value.raw), setting->value.raw.data, wanted);
    if (setting->origin == CF_SETTING_FLAG) {
        fail_option(load, setting, name, text.text);
        return;
    }
    size_t size = strlen(text.text);
    (void)snprintf(text.text + size, sizeof(text.text) - size, ": %s", taken);
    warn(load, setting, name, text.text);
}

/* ---- collecting ---- */

static size_t option_index(const cf_option *option)
{
    if (cf_option_of_channel(option))
        return cf_option_count + (size_t)(option - cf_channel_option_table);
    return (size_t)(option - cf_options);
}

static cf_setting file_setting(const cf_json_reader *reader, const cf_json_value *key)
{
    cf_setting setting = {.origin = CF_SETTING_FILE};
    cf_json_reader place = *reader;
    place.offset = (size_t)(key->raw.data - reader->start) - 1;
    cf_json_position(&place, &setting.line, &setting.column);
    return setting;
}

static const cf_option *file_option(loader *load, const cf_json_value *key)
{
    cf_buffer_clear(&load->text);
    cf_json_decode_string(key->raw, &load->text);
    return cf_option_find(cf_buffer_bytes(&load->text));
}

static void warn_unknown(loader *load, const cf_setting *setting, const char *known)
{
    message place = place_of(load, setting, "");
    message line;
    format(&line, "%s: unknown option '%.*s' is ignored%s\n", place.text, shown_size(cf_buffer_bytes(&load->text)),
           load->text.data == NULL ? "" : load->text.data, known);
    cf_buffer_append(&load->report->warnings, cf_bytes_of(line.text));
}

static void collect_file(loader *load)
{
    cf_json_reader reader;
    cf_json_value key;
    cf_json_reader_init(&reader, load->input->file_text);
    if (cf_json_enter_object(&reader)) {
        while (cf_json_next_member(&reader, &key)) {
            cf_setting setting = file_setting(&reader, &key);
            const cf_option *option = file_option(load, &key);
            if (!cf_json_read(&reader, &setting.value))
                break;
            if (option == NULL)
                warn_unknown(load, &setting, "");
            else if (setting.value.kind != CF_JSON_NULL)
                load->settings[option_index(option)] = setting;
        }
    }
    if (cf_json_finish(&reader))
        return;
    size_t line = 0;
    size_t column = 0;
    cf_json_position(&reader, &line, &column);
    message text;
    format(&text, "While parsing config: %s:%zu:%zu: %s", load->input->file_path, line, column,
           reader.error == CF_JSON_ERROR_KIND ? "the configuration must be one JSON object" : cf_json_error_text(reader.error));
    fail(load, CF_CONFIG_PARSE_ERROR, text.text);
}

static void collect_text(loader *load, const cf_option *option, cf_setting_origin origin, cf_bytes text)
{
    cf_setting setting = {.origin = origin, .value = {.kind = CF_JSON_STRING, .raw = text}};
    load->settings[option_index(option)] = setting;
}

static void collect_variable(loader *load, const cf_option *option)
{
    if (!(option->sources & CF_OPTION_ENVIRONMENT))
        return;
    cf_setting named = {.origin = CF_SETTING_ENVIRONMENT};
    message variable = place_of(load, &named, option->name);
    const char *value = load->input->environment(load->input->user, variable.text);
    if (value != NULL && value[0] != 0)
        collect_text(load, option, CF_SETTING_ENVIRONMENT, cf_bytes_of(value));
}

static void collect_environment(loader *load)
{
    for (size_t i = 0; i < cf_option_count; i++)
        collect_variable(load, &cf_options[i]);
    for (size_t i = 0; i < cf_channel_option_count; i++)
        collect_variable(load, &cf_channel_option_table[i]);
}

static void collect_flags(loader *load)
{
    for (size_t i = 0; i < load->input->flag_count; i++) {
        const cf_option *option = cf_option_find_flag(load->input->flags[i].name);
        if (option != NULL)
            collect_text(load, option, CF_SETTING_FLAG, load->input->flags[i].value);
    }
}

/* ---- reading and checking ---- */

static void check_range(loader *load, const cf_option *option, const cf_setting *setting, int64_t value)
{
    if (value >= option->minimum && value <= option->maximum)
        return;
    message text;
    format(&text, "is %lld: allowed is %lld to %lld%s%s", (long long)value, (long long)option->minimum,
           (long long)option->maximum, option->unit[0] != 0 ? " " : "", option->unit);
    fail_option(load, setting, option->name, text.text);
}

static int64_t read_int(loader *load, const cf_option *option, const cf_setting *setting)
{
    int64_t value = 0;
    if (!cf_setting_int(setting, &value))
        unreadable(load, setting, option->name, "a number", "taken as 0");
    check_range(load, option, setting, value);
    return value;
}

static bool read_bool(loader *load, const cf_option *option, const cf_setting *setting)
{
    bool value = false;
    if (!cf_setting_bool(setting, &value))
        unreadable(load, setting, option->name, "true or false", "taken as false");
    return value;
}

static void read_text(loader *load, const cf_option *option, const cf_setting *setting)
{
    if (!cf_setting_text(setting, &load->text))
        unreadable(load, setting, option->name, "a text", "taken as empty");
}

/* -1 for an empty one. */
static int64_t read_port(loader *load, const cf_option *option, const cf_setting *setting)
{
    int64_t value = 0;
    read_text(load, option, setting);
    if (load->text.size == 0)
        return -1;
    if (!cf_bytes_to_int64(cf_buffer_bytes(&load->text), &value)) {
        message text;
        format(&text, "is '%.*s', which is not a port: give a number from 0 to 65535", shown_size(cf_buffer_bytes(&load->text)),
               load->text.data);
        fail_option(load, setting, option->name, text.text);
        return -1;
    }
    check_range(load, option, setting, value);
    return value;
}

static bool differs_from_default(loader *load, const cf_option *option, const cf_setting *setting)
{
    int64_t initial = 0;
    switch (option->kind) {
    case CF_OPTION_BOOL:
        return read_bool(load, option, setting);
    case CF_OPTION_INT:
        (void)cf_bytes_to_int64(cf_bytes_of(option->initial), &initial);
        return read_int(load, option, setting) != initial;
    default:
        read_text(load, option, setting);
        return !cf_bytes_equal(cf_buffer_bytes(&load->text), cf_bytes_of(option->initial));
    }
}

static void refuse(loader *load, const cf_option *option, const cf_setting *setting)
{
    message text;
    cf_bytes value = cf_buffer_bytes(&load->text);
    if (strcmp(option->name, "engine") == 0 && !cf_bytes_equal(value, CF_BYTES("redis")))
        format(&text, "is unknown: Unknown engine: %.*s; this version has 'memory'", shown_size(value), value.data);
    else
        format(&text, "cannot be used: %s is not part of this version; remove the option or set it to its default%s%s%s",
               option->missing, option->initial[0] != 0 ? " '" : "", option->initial, option->initial[0] != 0 ? "'" : "");
    fail_option(load, setting, option->name, text.text);
}

static void apply_missing(loader *load, const cf_option *option, const cf_setting *setting)
{
    if (!differs_from_default(load, option, setting))
        return;
    if (option->state == CF_OPTION_REFUSED) {
        refuse(load, option, setting);
        return;
    }
    message text;
    format(&text, "has no effect: %s is not part of this version", option->missing);
    warn(load, setting, option->name, text.text);
}

static void apply_built(loader *load, const cf_option *option, const cf_setting *setting, void *target)
{
    int64_t port;
    switch (option->kind) {
    case CF_OPTION_BOOL:
        *(bool *)target = read_bool(load, option, setting);
        break;
    case CF_OPTION_INT:
        *(int64_t *)target = read_int(load, option, setting);
        break;
    case CF_OPTION_PORT:
        port = read_port(load, option, setting);
        if (port >= 0)
            *(int64_t *)target = port;
        break;
    case CF_OPTION_STRING:
        read_text(load, option, setting);
        if (!cf_config_store_text(load->config, cf_buffer_bytes(&load->text), target))
            fail_memory(load);
        break;
    case CF_OPTION_LIST:
        break;
    }
}

static void apply(loader *load, const cf_option *option, void *base)
{
    const cf_setting *setting = &load->settings[option_index(option)];
    if (setting->origin == CF_SETTING_NONE)
        return;
    if (option->state != CF_OPTION_BUILT)
        apply_missing(load, option, setting);
    if (option->offset != SIZE_MAX)
        apply_built(load, option, setting, (char *)base + option->offset);
}

/* ---- namespaces ---- */

static void namespace_option(loader *load, const cf_option *option, const cf_setting *setting, cf_channel_options *options)
{
    void *target = (char *)options + option->offset;
    bool boolean = false;
    int64_t number = 0;
    if (option->kind == CF_OPTION_BOOL ? !cf_setting_strict_bool(setting, &boolean)
                                       : !cf_setting_strict_int(setting, &number)) {
        unreadable(load, setting, option->name, option->kind == CF_OPTION_BOOL ? "true or false" : "a number",
                   "the default counts");
        return;
    }
    if (option->kind == CF_OPTION_BOOL) {
        *(bool *)target = boolean;
        if (boolean && option->state == CF_OPTION_IDLE)
            apply_missing(load, option, setting);
        return;
    }
    check_range(load, option, setting, number);
    *(int64_t *)target = number;
}

static void namespace_member(loader *load, const cf_setting *setting, cf_namespace *space)
{
    if (setting->value.kind == CF_JSON_NULL)
        return;
    if (cf_bytes_equal_fold(cf_buffer_bytes(&load->text), CF_BYTES("name"))) {
        space->name = (cf_bytes){0};
        if (setting->value.kind == CF_JSON_STRING && cf_setting_text(setting, &load->text) &&
            !cf_config_store_text(load->config, cf_buffer_bytes(&load->text), &space->name))
            fail_memory(load);
        return;
    }
    const cf_option *option = cf_option_find(cf_buffer_bytes(&load->text));
    if (option == NULL || !cf_option_of_channel(option))
        warn_unknown(load, setting, ": it is no option of a namespace");
    else
        namespace_option(load, option, setting, &space->options);
}

static bool name_is_good(cf_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return name.size >= NAMESPACE_NAME_LEAST;
}

static void check_namespace(loader *load, const cf_setting *setting, const cf_namespace *space)
{
    message text;
    cf_bytes name = space->name;
    const char *data = name.data == NULL ? "" : name.data;
    if (!name_is_good(name)) {
        format(&text,
               "config error: wrong namespace name \xe2\x80\x93 %.*s (%s:%zu:%zu; a name is two or more of a-z A-Z 0-9 _ -)",
               shown_size(name), data, load->input->file_path, setting->line, setting->column);
        fail(load, CF_CONFIG_INVALID, text.text);
    }
    for (size_t i = 0; i < load->config->namespace_count; i++) {
        if (!cf_bytes_equal(load->config->namespaces[i].name, name))
            continue;
        format(&text, "config error: namespace name must be unique: '%.*s' is there twice (%s:%zu:%zu)", shown_size(name), data,
               load->input->file_path, setting->line, setting->column);
        fail(load, CF_CONFIG_INVALID, text.text);
    }
}

static void read_namespace(loader *load, cf_json_reader *reader)
{
    cf_namespace space = {0};
    cf_json_value key;
    cf_json_value here = {.raw = {reader->at + 1, 0}};
    cf_setting place = file_setting(reader, &here);
    if (!cf_json_enter_object(reader))
        return;
    while (cf_json_next_member(reader, &key)) {
        cf_setting setting = file_setting(reader, &key);
        cf_buffer_clear(&load->text);
        cf_json_decode_string(key.raw, &load->text);
        if (!cf_json_read(reader, &setting.value))
            return;
        namespace_member(load, &setting, &space);
    }
    check_namespace(load, &place, &space);
    load->config->namespaces[load->config->namespace_count++] = space;
}

static size_t count_elements(cf_json_reader reader)
{
    cf_json_value element;
    size_t count = 0;
    if (cf_json_enter_array(&reader)) {
        while (cf_json_next_element(&reader) && cf_json_read(&reader, &element))
            count++;
    }
    return count;
}

/* The reader walks the whole file's text, so that places in it stay right. */
static cf_json_reader reader_at(const loader *load, cf_bytes value)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, load->input->file_text);
    reader.at = value.data;
    reader.end = value.data + value.size;
    return reader;
}

static void apply_namespaces(loader *load)
{
    const cf_setting *setting = &load->settings[option_index(cf_option_find(CF_BYTES("namespaces")))];
    if (setting->origin == CF_SETTING_NONE)
        return;
    if (setting->value.kind != CF_JSON_ARRAY) {
        warn(load, setting, "namespaces", "is not a list: there are no namespaces");
        return;
    }
    cf_json_reader reader = reader_at(load, setting->value.raw);
    size_t count = count_elements(reader);
    load->config->namespaces = cf_config_store(load->config, (count + 1) * sizeof(cf_namespace));
    if (load->config->namespaces == NULL) {
        fail_memory(load);
        return;
    }
    (void)cf_json_enter_array(&reader);
    while (load->status == CF_CONFIG_OK && cf_json_next_element(&reader)) {
        cf_json_value other;
        if (cf_json_peek(&reader) == CF_JSON_OBJECT) {
            read_namespace(load, &reader);
        } else if (cf_json_read(&reader, &other)) {
            fail_option(load, setting, "namespaces", "has an element that is not an object: each namespace is {\"name\": ...}");
        }
    }
}

/* ---- all together ---- */

static void default_name(loader *load)
{
    if (load->config->name.size > 0)
        return;
    message name;
    format(&name, "%s_%lld", load->input->hostname != NULL ? load->input->hostname : "localhost",
           (long long)load->config->port);
    if (!cf_config_store_text(load->config, cf_bytes_of(name.text), &load->config->name))
        fail_memory(load);
}

static void check_log_level(loader *load)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error", "critical", "fatal", "none"};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (cf_bytes_equal_fold(load->config->log_level, cf_bytes_of(levels[i])))
            return;
    }
    warn(load, &load->settings[option_index(cf_option_find(CF_BYTES("log_level")))], "log_level", "is unknown: 'info' counts");
}

static void check_secret(loader *load)
{
    if (load->input->secret_may_be_empty || load->config->secret.size > 0 || load->config->insecure)
        return;
    fail(load, CF_CONFIG_INVALID,
         "config error: option 'secret' is empty: anybody could make tokens. Set it in the configuration file "
         "('centrifuged genconfig' writes one) or as CENTRIFUGO_SECRET; for development there is --insecure");
}

static void apply_all(loader *load)
{
    cf_config *config = load->config;
    config->api_port = -1;
    config->name = (cf_bytes){0};
    for (size_t i = 0; i < cf_option_count; i++)
        apply(load, &cf_options[i], config);
    for (size_t i = 0; i < cf_channel_option_count; i++)
        apply(load, &cf_channel_option_table[i], &config->channel);
    apply_namespaces(load);
    if (config->api_port < 0)
        config->api_port = config->port;
    default_name(load);
    check_log_level(load);
    check_secret(load);
}

static void load_all(loader *load)
{
    size_t longest = load->input->file_text.size;
    load->settings = cf_alloc_zero(load->allocator, cf_option_count + cf_channel_option_count, sizeof(cf_setting));
    if (load->settings == NULL || !cf_buffer_reserve(&load->text, longest + 1) ||
        !cf_config_storage_open(load->config, load->allocator)) {
        fail_memory(load);
        return;
    }
    if (load->input->file_path != NULL)
        collect_file(load);
    if (load->input->environment != NULL)
        collect_environment(load);
    collect_flags(load);
    if (load->status == CF_CONFIG_OK)
        apply_all(load);
    if (load->text.failed)
        fail_memory(load);
}

cf_config_status cf_config_load(cf_config *config, const cf_config_input *input, const cf_allocator *allocator,
                                cf_config_report *report)
{
    loader load = {.input = input, .allocator = allocator, .report = report, .config = config};
    cf_config_default(config);
    cf_buffer_init(&load.text, allocator, CF_BUFFER_NO_LIMIT);
    load_all(&load);
    cf_buffer_free(&load.text);
    cf_free(allocator, load.settings);
    if (load.status != CF_CONFIG_OK)
        cf_config_free(config);
    return load.status;
}

/* ---- reload ---- */

static bool same_value(const cf_option *option, const void *a, const void *b)
{
    if (option->kind == CF_OPTION_BOOL)
        return *(const bool *)a == *(const bool *)b;
    if (option->kind == CF_OPTION_STRING)
        return cf_bytes_equal(*(const cf_bytes *)a, *(const cf_bytes *)b);
    return *(const int64_t *)a == *(const int64_t *)b;
}

static bool keep(cf_config *next, const cf_option *option, void *target, const void *old)
{
    if (option->kind == CF_OPTION_BOOL)
        *(bool *)target = *(const bool *)old;
    else if (option->kind == CF_OPTION_STRING)
        return cf_config_store_text(next, *(const cf_bytes *)old, target);
    else
        *(int64_t *)target = *(const int64_t *)old;
    return true;
}

bool cf_config_keep_start_only(cf_config *next, const cf_config *running, cf_config_report *report)
{
    for (size_t i = 0; i < cf_option_count; i++) {
        const cf_option *option = &cf_options[i];
        if (option->reload != CF_RELOAD_NO || option->offset == SIZE_MAX)
            continue;
        void *target = (char *)next + option->offset;
        const void *old = (const char *)running + option->offset;
        if (same_value(option, target, old))
            continue;
        message line;
        format(&line, "option '%s' changed: it counts after a restart\n", option->name);
        cf_buffer_append(&report->warnings, cf_bytes_of(line.text));
        if (!keep(next, option, target, old))
            return false;
    }
    return true;
}
