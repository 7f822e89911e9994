/*
 * Merging: first every option gets the setting of its strongest source, then
 * each setting is read and checked, so that what is overridden cannot fail.
 */
#include "server/config/loader.h"
#include "server/config/storage.h"

#include <stdio.h>
#include <string.h>

#define NAMESPACE_NAME_LEAST 2

/*
 * A value that cannot be read: an error in a flag; elsewhere it counts as 0, false or "" as in the reference. A list or object
 * is not shown: who writes one for a text may have a secret in it.
 */
static void unreadable(cf_loader *load, const cf_setting *setting, const char *name, const char *wanted, const char *taken)
{
    bool nested = setting->value.kind == CF_JSON_ARRAY || setting->value.kind == CF_JSON_OBJECT;
    cf_bytes shown = nested ? CF_BYTES("a list or object") : setting->value.raw;
    const char *quote = nested ? "" : "'";
    if (setting->origin == CF_SETTING_FLAG)
        cf_config_fail_option(load, setting, name, "is %s%.*s%s, which is not %s", quote, cf_config_shown(shown), shown.data,
                              quote, wanted);
    else
        cf_config_warn_option(load, setting, name, "is %s%.*s%s, which is not %s: %s", quote, cf_config_shown(shown),
                              shown.data, quote, wanted, taken);
}

/* ---- collecting ---- */

static size_t option_index(const cf_option *option)
{
    if (cf_option_of_channel(option))
        return cf_option_count + (size_t)(option - cf_channel_option_table);
    return (size_t)(option - cf_options);
}

const cf_setting *cf_loader_setting(const cf_loader *load, const char *name)
{
    return &load->settings[option_index(cf_option_find(cf_bytes_of(name)))];
}

/* The last place that is not behind `offset`; there is one. */
static const cf_config_mark *find_place(const cf_config_input *input, size_t offset)
{
    size_t first = 0;
    size_t count = input->place_count;
    while (count > 1) {
        size_t half = count / 2;
        first = input->places[first + half].offset <= offset ? first + half : first;
        count -= half;
    }
    return &input->places[first];
}

static void set_place(cf_setting *setting, const cf_config_mark *place)
{
    setting->line = place->line;
    setting->column = place->column;
    setting->inherited = place->inherited;
    setting->plain = place->plain;
}

/* `at`: a key, or the brace of an object. */
static cf_setting file_setting(const cf_loader *load, const cf_json_reader *reader, const char *at)
{
    cf_setting setting = {.origin = CF_SETTING_FILE};
    cf_json_reader place = *reader;
    place.offset = (size_t)(at - reader->start);
    if (load->input->place_count > 0)
        set_place(&setting, find_place(load->input, place.offset));
    else
        cf_json_position(&place, &setting.line, &setting.column);
    return setting;
}

static const cf_option *file_option(cf_loader *load, const cf_json_value *key)
{
    cf_buffer_clear(&load->text);
    cf_json_decode_string(key->raw, &load->text);
    return cf_option_find(cf_buffer_bytes(&load->text));
}

static void warn_unknown(cf_loader *load, const cf_setting *setting, const char *meant, const char *more)
{
    cf_bytes key = cf_buffer_bytes(&load->text);
    cf_config_text place = cf_config_place(load, setting, "");
    if (meant != NULL)
        cf_config_warn(load, "%s: unknown option '%.*s' is ignored%s; did you mean '%s'?", place.text, cf_config_shown(key),
                       key.data == NULL ? "" : key.data, more, meant);
    else
        cf_config_warn(load, "%s: unknown option '%.*s' is ignored%s", place.text, cf_config_shown(key),
                       key.data == NULL ? "" : key.data, more);
}

/* Of keys that are there twice the last one counts. */
static void keep_setting(cf_loader *load, const cf_option *option, const cf_setting *setting, cf_setting *kept)
{
    if (kept->origin == CF_SETTING_FILE && !kept->inherited)
        cf_config_warn_option(load, setting, option->name, "is there twice: this one counts, not the one at %zu:%zu",
                              kept->line, kept->column);
    *kept = *setting;
}

static const char *nearest_name(cf_bytes name)
{
    const cf_option *option = cf_option_nearest(name);
    return option != NULL ? option->name : NULL;
}

static void collect_members(cf_loader *load, cf_json_reader *reader)
{
    cf_json_value key;
    while (cf_json_next_member(reader, &key)) {
        cf_setting setting = file_setting(load, reader, key.raw.data - 1);
        const cf_option *option = file_option(load, &key);
        if (!cf_json_read(reader, &setting.value))
            return;
        if (option == NULL)
            warn_unknown(load, &setting, nearest_name(cf_buffer_bytes(&load->text)), "");
        else if (setting.value.kind != CF_JSON_NULL)
            keep_setting(load, option, &setting, &load->settings[option_index(option)]);
    }
}

/* JSON begins with a brace: a NUL beside it, or the mark, is an encoding with two or four bytes a character. */
static bool is_wide(cf_bytes text)
{
    return text.size >= 2 && (text.data[0] == 0 || text.data[1] == 0 || cf_bytes_starts_with(text, CF_BYTES("\xff\xfe")) ||
                              cf_bytes_starts_with(text, CF_BYTES("\xfe\xff")));
}

static const char *syntax_error(const cf_json_reader *reader)
{
    if (is_wide(cf_bytes_make(reader->start, (size_t)(reader->end - reader->start))))
        return "the file is UTF-16: save it as UTF-8";
    if (reader->error == CF_JSON_ERROR_KIND)
        return "the configuration must be one JSON object";
    return cf_json_error_text(reader->error);
}

static void collect_file(cf_loader *load)
{
    cf_json_reader reader;
    size_t line = 0;
    size_t column = 0;
    cf_json_reader_init(&reader, load->file);
    if (cf_json_enter_object(&reader))
        collect_members(load, &reader);
    if (cf_json_finish(&reader))
        return;
    cf_json_position(&reader, &line, &column);
    cf_config_fail(load, CF_CONFIG_PARSE_ERROR, "While parsing config: %s:%zu:%zu: %s", load->input->file_path, line, column,
                   syntax_error(&reader));
}

static void collect_variable(cf_loader *load, const cf_option *option)
{
    cf_setting setting = cf_config_variable_setting(load, option);
    if (setting.origin != CF_SETTING_NONE)
        load->settings[option_index(option)] = setting;
}

static void collect_environment(cf_loader *load)
{
    for (size_t i = 0; i < cf_option_count; i++)
        collect_variable(load, &cf_options[i]);
    for (size_t i = 0; i < cf_channel_option_count; i++)
        collect_variable(load, &cf_channel_option_table[i]);
    cf_config_check_variables(load);
}

static void collect_flag(cf_loader *load, const cf_config_flag *flag)
{
    const cf_option *option = cf_option_find_flag(flag->name);
    if (option == NULL)
        return;
    cf_setting setting = {.origin = CF_SETTING_FLAG, .value = {.kind = CF_JSON_STRING, .raw = flag->value}};
    load->settings[option_index(option)] = setting;
    if (option->confidential)
        cf_config_warn_option(load, &setting, option->name, "can be read by every user of this machine: set %s instead",
                              cf_option_variable(CF_OPTION_PREFIX, option->name).text);
}

static void collect_flags(cf_loader *load)
{
    for (size_t i = 0; i < load->input->flag_count; i++)
        collect_flag(load, &load->input->flags[i]);
}

/* ---- reading and checking ---- */

static void check_range(cf_loader *load, const cf_option *option, const cf_setting *setting, int64_t value)
{
    if (value >= option->minimum && value <= option->maximum)
        return;
    cf_bytes written = setting->value.raw;
    cf_config_fail_option(load, setting, option->name, "is %.*s: allowed is %lld to %lld%s%s", cf_config_shown(written),
                          written.data, (long long)option->minimum, (long long)option->maximum, option->unit != NULL ? " " : "",
                          option->unit != NULL ? option->unit : "");
}

static int64_t read_int(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    int64_t value = 0;
    if (!cf_setting_int(setting, &value))
        unreadable(load, setting, option->name, "a number", "taken as 0");
    check_range(load, option, setting, value);
    return value;
}

static bool read_bool(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    bool value = false;
    if (!cf_setting_bool(setting, &value))
        unreadable(load, setting, option->name, "true or false", "taken as false");
    return value;
}

static void read_text(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    if (!cf_setting_text(setting, &load->text))
        unreadable(load, setting, option->name, "a text", "taken as empty");
}

static void append_text(cf_loader *load, cf_buffer *texts, const cf_json_value *element)
{
    cf_setting setting = {.origin = CF_SETTING_FILE, .value = *element};
    if (texts->size > 0)
        cf_buffer_append_byte(texts, ',');
    if (cf_setting_text(&setting, &load->text))
        cf_buffer_append(texts, cf_buffer_bytes(&load->text));
}

static void join_texts(cf_loader *load, const cf_setting *setting)
{
    cf_buffer texts;
    cf_json_reader reader;
    cf_json_value element;
    cf_buffer_init(&texts, load->allocator, CF_BUFFER_NO_LIMIT);
    cf_json_reader_init(&reader, setting->value.raw);
    (void)cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader) && cf_json_read(&reader, &element))
        append_text(load, &texts, &element);
    cf_buffer_clear(&load->text);
    cf_buffer_append(&load->text, cf_buffer_bytes(&texts));
    load->text.failed = load->text.failed || texts.failed;
    cf_buffer_free(&texts);
}

static void read_texts(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    if (option->kind == CF_OPTION_TEXTS && setting->value.kind == CF_JSON_ARRAY)
        join_texts(load, setting);
    else
        read_text(load, option, setting);
}

/* -1 for an empty one. */
static int64_t read_port(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    int64_t value = 0;
    read_text(load, option, setting);
    if (load->text.size == 0)
        return -1;
    if (!cf_bytes_to_int64(cf_buffer_bytes(&load->text), &value)) {
        cf_config_fail_option(load, setting, option->name, "is '%.*s', which is not a port: give a number from 0 to 65535",
                              cf_config_shown(cf_buffer_bytes(&load->text)), load->text.data);
        return -1;
    }
    check_range(load, option, setting, value);
    return value;
}

static bool differs_from_default(cf_loader *load, const cf_option *option, const cf_setting *setting)
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

static void refuse_option(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    if (option->instead != NULL)
        cf_config_fail_option(load, setting, option->name, "cannot be used: %s is not part of this version; %s",
                              option->missing, option->instead);
    else
        cf_config_fail_option(
            load, setting, option->name,
            "cannot be used: %s is not part of this version; remove the option or set it to its default%s%s%s", option->missing,
            option->initial[0] != 0 ? " '" : "", option->initial, option->initial[0] != 0 ? "'" : "");
}

static void apply_missing(cf_loader *load, const cf_option *option, const cf_setting *setting)
{
    if (!differs_from_default(load, option, setting))
        return;
    if (option->state == CF_OPTION_REFUSED) {
        refuse_option(load, option, setting);
        return;
    }
    cf_config_warn_option(load, setting, option->name, "has no effect: %s is not part of this version", option->missing);
}

static void apply_built(cf_loader *load, const cf_option *option, const cf_setting *setting, void *target)
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
    case CF_OPTION_TEXTS:
        read_texts(load, option, setting);
        cf_config_check_text(load, option, setting, cf_buffer_bytes(&load->text));
        if (!cf_config_store_text(load->config, cf_buffer_bytes(&load->text), target))
            cf_config_fail_memory(load);
        break;
    case CF_OPTION_LIST:
        break;
    }
}

static void apply(cf_loader *load, const cf_option *option, void *base)
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

static void namespace_option(cf_loader *load, const cf_option *option, const cf_setting *setting, cf_channel_options *options)
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

static void namespace_member(cf_loader *load, const cf_setting *setting, cf_namespace *space)
{
    if (setting->value.kind == CF_JSON_NULL)
        return;
    if (cf_bytes_equal_fold(cf_buffer_bytes(&load->text), CF_BYTES("name"))) {
        space->name = (cf_bytes){0};
        if (setting->value.kind == CF_JSON_STRING && cf_setting_text(setting, &load->text) &&
            !cf_config_store_text(load->config, cf_buffer_bytes(&load->text), &space->name))
            cf_config_fail_memory(load);
        return;
    }
    const cf_option *option = cf_option_find(cf_buffer_bytes(&load->text));
    if (option == NULL || !cf_option_of_channel(option))
        warn_unknown(load, setting, cf_option_nearest_of_channel(cf_buffer_bytes(&load->text)),
                     ": it is no option of a namespace");
    else
        keep_setting(load, option, setting, &load->space[option - cf_channel_option_table]);
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

static void check_name(cf_loader *load, const cf_setting *setting, cf_bytes name)
{
    const char *data = name.data == NULL ? "" : name.data;
    cf_config_text place = cf_config_place(load, setting, "namespaces");
    if (!name_is_good(name))
        cf_config_fail(load, CF_CONFIG_INVALID,
                       "config error: wrong namespace name \xe2\x80\x93 %.*s (%s; a name is two or more of a-z A-Z 0-9 _ -)",
                       cf_config_shown(name), data, place.text);
    for (size_t i = 0; i < load->config->namespace_count; i++) {
        if (cf_bytes_equal(load->config->namespaces[i].name, name))
            cf_config_fail(load, CF_CONFIG_INVALID, "config error: namespace name must be unique: '%.*s' is there twice (%s)",
                           cf_config_shown(name), data, place.text);
    }
}

static void finish_namespace(cf_loader *load, const cf_setting *place, cf_namespace *space)
{
    for (size_t i = 0; i < cf_channel_option_count; i++) {
        if (load->space[i].origin != CF_SETTING_NONE)
            namespace_option(load, &cf_channel_option_table[i], &load->space[i], &space->options);
    }
    check_name(load, place, space->name);
    cf_config_check_reach(load, place, space->name);
    cf_config_check_channel(load, load->space, &space->options, space->name);
}

/* A part of the list, which stands at `at`. */
static cf_setting part_setting(const cf_loader *load, const cf_setting *list, const cf_json_reader *reader, const char *at)
{
    cf_setting part = list->origin == CF_SETTING_FILE ? file_setting(load, reader, at) : *list;
    part.inside = true;
    return part;
}

static void read_namespace(cf_loader *load, cf_json_reader *reader, const cf_setting *list)
{
    cf_namespace space = {0};
    cf_json_value key;
    cf_setting place = part_setting(load, list, reader, reader->at);
    if (!cf_json_enter_object(reader))
        return;
    memset(load->space, 0, cf_channel_option_count * sizeof(cf_setting));
    while (cf_json_next_member(reader, &key)) {
        cf_setting setting = part_setting(load, list, reader, key.raw.data - 1);
        cf_buffer_clear(&load->text);
        cf_json_decode_string(key.raw, &load->text);
        if (!cf_json_read(reader, &setting.value))
            return;
        namespace_member(load, &setting, &space);
    }
    finish_namespace(load, &place, &space);
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

/* In the file the reader walks the whole text, so that places in it stay right. */
static cf_json_reader list_reader(const cf_loader *load, const cf_setting *list)
{
    cf_json_reader reader;
    cf_bytes text = list->value.raw;
    cf_json_reader_init(&reader, list->origin == CF_SETTING_FILE ? load->file : text);
    reader.at = text.data;
    reader.end = text.data + text.size;
    return reader;
}

static bool is_list(const cf_setting *setting)
{
    cf_json_reader reader;
    if (setting->origin == CF_SETTING_FILE)
        return setting->value.kind == CF_JSON_ARRAY;
    cf_json_reader_init(&reader, setting->value.raw);
    return cf_json_peek(&reader) == CF_JSON_ARRAY && cf_json_valid(setting->value.raw);
}

static void refuse_list(cf_loader *load, const cf_setting *setting)
{
    if (setting->origin == CF_SETTING_FILE)
        cf_config_warn_option(load, setting, "namespaces", "is not a list: there are no namespaces");
    else
        cf_config_fail_option(load, setting, "namespaces", "is not a list in JSON, as in [{\"name\": \"chat\"}]");
}

static void read_namespaces(cf_loader *load, cf_json_reader *reader, const cf_setting *setting)
{
    cf_json_value other;
    (void)cf_json_enter_array(reader);
    while (load->status == CF_CONFIG_OK && cf_json_next_element(reader)) {
        if (cf_json_peek(reader) == CF_JSON_OBJECT)
            read_namespace(load, reader, setting);
        else if (cf_json_read(reader, &other))
            cf_config_fail_option(load, setting, "namespaces",
                                  "has an element that is not an object: each namespace is {\"name\": ...}");
    }
}

static void apply_namespaces(cf_loader *load)
{
    const cf_setting *setting = cf_loader_setting(load, "namespaces");
    if (setting->origin == CF_SETTING_NONE)
        return;
    cf_json_reader reader = list_reader(load, setting);
    if (!is_list(setting)) {
        refuse_list(load, setting);
        return;
    }
    load->config->namespaces = cf_config_store(load->config, (count_elements(reader) + 1) * sizeof(cf_namespace));
    if (load->config->namespaces != NULL)
        read_namespaces(load, &reader, setting);
    else
        cf_config_fail_memory(load);
}

/* ---- all together ---- */

static void default_name(cf_loader *load)
{
    if (load->config->name.size > 0)
        return;
    char name[CF_CONFIG_MESSAGE_MAX];
    (void)snprintf(name, sizeof(name), "%s_%lld", load->input->hostname != NULL ? load->input->hostname : "localhost",
                   (long long)load->config->port);
    if (!cf_config_store_text(load->config, cf_bytes_of(name), &load->config->name))
        cf_config_fail_memory(load);
}

static void check_log_level(cf_loader *load)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error", "critical", "fatal", "none"};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (cf_bytes_equal_fold(load->config->log_level, cf_bytes_of(levels[i])))
            return;
    }
    cf_config_warn_option(load, cf_loader_setting(load, "log_level"), "log_level", "is unknown: 'info' counts");
}

static void apply_all(cf_loader *load)
{
    cf_config *config = load->config;
    config->api_port = config->admin_port = -1;
    config->name = (cf_bytes){0};
    for (size_t i = 0; i < cf_option_count; i++)
        apply(load, &cf_options[i], config);
    for (size_t i = 0; i < cf_channel_option_count; i++)
        apply(load, &cf_channel_option_table[i], &config->channel);
    apply_namespaces(load);
    if (config->api_port < 0)
        config->api_port = config->port;
    if (config->admin_port < 0)
        config->admin_port = config->port;
    default_name(load);
    check_log_level(load);
    cf_config_check_all(load);
}

static void load_all(cf_loader *load)
{
    size_t longest = load->input->file_text.size;
    load->settings = cf_alloc_zero(load->allocator, cf_option_count + 2 * cf_channel_option_count, sizeof(cf_setting));
    if (load->settings == NULL || !cf_buffer_reserve(&load->text, longest + 1) ||
        !cf_config_storage_open(load->config, load->allocator)) {
        cf_config_fail_memory(load);
        return;
    }
    load->space = load->settings + cf_option_count + cf_channel_option_count;
    if (load->input->file_path != NULL)
        collect_file(load);
    collect_environment(load);
    collect_flags(load);
    if (load->status == CF_CONFIG_OK)
        apply_all(load);
    if (load->text.failed)
        cf_config_fail_memory(load);
}

/* Editors of Windows put a byte order mark before UTF-8. */
static cf_bytes without_mark(cf_bytes text)
{
    static const cf_bytes mark = CF_LITERAL("\xef\xbb\xbf");
    return cf_bytes_starts_with(text, mark) ? cf_bytes_slice(text, mark.size, text.size) : text;
}

cf_config_status cf_config_load(cf_config *config, const cf_config_input *input, const cf_allocator *allocator,
                                cf_config_report *report)
{
    cf_loader load = {.input = input, .allocator = allocator, .report = report, .config = config};
    load.file = without_mark(input->file_text);
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

static bool keep(cf_config *next, const cf_option *option, void *target, const void *old)
{
    if (option->kind == CF_OPTION_BOOL)
        *(bool *)target = *(const bool *)old;
    else if (option->kind == CF_OPTION_STRING || option->kind == CF_OPTION_TEXTS)
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
        if (cf_option_same(option, target, old))
            continue;
        cf_buffer_append(&report->warnings, CF_BYTES("option '"));
        cf_buffer_append(&report->warnings, cf_bytes_of(option->name));
        cf_buffer_append(&report->warnings, CF_BYTES("' changed: it counts after a restart\n"));
        if (!keep(next, option, target, old))
            return false;
    }
    return true;
}
