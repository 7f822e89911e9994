#include "server/config/loader.h"

#include <string.h>

#define ADDRESS_MAX 254 /* bytes: longer than a host's name can be */

/* ---- texts ---- */

static bool has_control_character(cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    }
    return false;
}

void cf_config_check_text(cf_loader *load, const cf_option *option, const cf_setting *setting, cf_bytes text)
{
    if (text.size == 0)
        return;
    if (memchr(text.data, 0, text.size) != NULL)
        cf_config_fail_option(load, setting, option->name, "has a NUL character in it: remove it");
    else if (has_control_character(text))
        cf_config_warn_option(load, setting, option->name,
                              "has a line end or another control character in it, which counts as a part of it");
    else if (text.data[0] == ' ' || text.data[text.size - 1] == ' ')
        cf_config_warn_option(load, setting, option->name, "begins or ends with a blank, which counts as a part of it");
}

/* ---- channels ---- */

static void warn_channel(cf_loader *load, const cf_setting *settings, cf_bytes space, const char *name, const char *why)
{
    const cf_setting *setting = &settings[cf_option_find(cf_bytes_of(name)) - cf_channel_option_table];
    if (space.size == 0)
        cf_config_warn_option(load, setting, name, "has no effect: %s", why);
    else
        cf_config_warn_option(load, setting, name,
                              "of namespace '%.*s' has no effect: %s; nothing is inherited from the top level",
                              cf_config_shown(space), space.data, why);
}

void cf_config_check_channel(cf_loader *load, const cf_setting *settings, const cf_channel_options *options, cf_bytes space)
{
    if (options->history_size > 0 && options->history_lifetime > 0)
        return;
    if (options->history_size > 0)
        warn_channel(load, settings, space, "history_size", "there is no history without 'history_lifetime'");
    if (options->history_lifetime > 0)
        warn_channel(load, settings, space, "history_lifetime", "there is no history without 'history_size'");
    if (options->recover)
        warn_channel(load, settings, space, "recover", "it needs a history, 'history_size' and 'history_lifetime'");
    if (options->history_drop_inactive)
        warn_channel(load, settings, space, "history_drop_inactive", "there is no history");
}

/* ---- names of channels ---- */

static bool overlap(cf_bytes a, cf_bytes b)
{
    return a.size > 0 && b.size > 0 && (cf_bytes_find(a, b) >= 0 || cf_bytes_find(b, a) >= 0);
}

/* What has a meaning in a channel's name. */
enum { SIGNS = 5 };
typedef struct signs {
    const char *names[SIGNS];
    cf_bytes texts[SIGNS];
} signs;

static signs signs_of(const cf_channel_rules *rules)
{
    return (signs){
        {"private_channel_prefix", "namespace_channel_boundary", "user_channel_boundary", "client_channel_boundary",
         "user_channel_separator"},
        {rules->private_prefix, rules->namespace_boundary, rules->user_boundary, rules->client_boundary,
         rules->user_boundary.size > 0 ? rules->user_separator : (cf_bytes){0}},
    };
}

static void check_two_signs(cf_loader *load, const signs *all, size_t first, size_t second)
{
    if (!overlap(all->texts[first], all->texts[second]))
        return;
    size_t other = first;
    size_t set = second;
    if (cf_loader_setting(load, all->names[set])->origin == CF_SETTING_NONE) {
        other = second;
        set = first;
    }
    cf_config_warn_option(load, cf_loader_setting(load, all->names[set]), all->names[set],
                          "is '%.*s', which cannot be told from '%s' ('%.*s') in a channel's name",
                          cf_config_shown(all->texts[set]), all->texts[set].data, all->names[other],
                          cf_config_shown(all->texts[other]), all->texts[other].data);
}

static void check_signs(cf_loader *load)
{
    signs all = signs_of(&load->config->channel_rules);
    for (size_t first = 0; first < SIGNS; first++) {
        for (size_t second = first + 1; second < SIGNS; second++)
            check_two_signs(load, &all, first, second);
    }
}

void cf_config_check_reach(cf_loader *load, const cf_setting *place, cf_bytes space)
{
    const cf_channel_rules *rules = &load->config->channel_rules;
    cf_bytes boundary = rules->namespace_boundary;
    if (boundary.size == 0 || load->status != CF_CONFIG_OK)
        return;
    if (cf_bytes_find(space, boundary) >= 0 ||
        (rules->private_prefix.size > 0 && cf_bytes_starts_with(space, rules->private_prefix)))
        cf_config_warn_option(
            load, place, "namespaces",
            "has '%.*s', whose channels are not found: its name has the boundary in it or begins with the prefix",
            cf_config_shown(space), space.data);
    if ((int64_t)(space.size + boundary.size) > load->config->max_channel_length)
        cf_config_warn_option(load, place, "namespaces",
                              "has '%.*s', in which nobody can subscribe: its name alone is longer than 'max_channel_length'",
                              cf_config_shown(space), space.data);
}

/* ---- where the server listens, and for what ---- */

static bool is_one_of(cf_bytes text, const char *allowed)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == 0 || (strchr(allowed, c) == NULL && (unsigned char)c < 0x80))
            return false;
    }
    return true;
}

/* The system reads 127.1 too, but no part is empty, and of four none is above 255. */
static bool is_ipv4(cf_bytes text)
{
    size_t parts = 0;
    bool large = false;
    while (text.data != NULL && parts < 5) {
        int64_t number = 0;
        ptrdiff_t dot = cf_bytes_find(text, CF_BYTES("."));
        cf_bytes part = cf_bytes_slice(text, 0, dot < 0 ? text.size : (size_t)dot);
        if (!cf_bytes_to_int64(part, &number))
            return false;
        large = large || number > 255;
        parts++;
        text = dot < 0 ? (cf_bytes){0} : cf_bytes_slice(text, (size_t)dot + 1, text.size);
    }
    return parts < 4 || (parts == 4 && !large);
}

static bool is_listen_address(cf_bytes text)
{
    cf_bytes rest = cf_bytes_slice(text, (size_t)(cf_bytes_find(text, CF_BYTES(":")) + 1), text.size);
    if (is_one_of(text, "0123456789."))
        return is_ipv4(text);
    if (rest.size < text.size) /* what is behind '%' is the name of an interface */
        return cf_bytes_find(rest, CF_BYTES(":")) >= 0 &&
               is_one_of(cf_bytes_slice(text, 0, (size_t)cf_bytes_find(text, CF_BYTES("%"))), "0123456789abcdefABCDEF:.");
    return is_one_of(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
}

static void check_address(cf_loader *load, cf_bytes address)
{
    if (address.size > 0 && address.size < ADDRESS_MAX && is_listen_address(address))
        return;
    cf_config_fail_option(load, cf_loader_setting(load, "address"), "address",
                          "is '%.*s', for which ListenAndServe has no address: give an address or a host name alone, as "
                          "127.0.0.1, ::1 or localhost, several by commas; 'port' is an option of its own",
                          cf_config_shown(address), address.data);
}

/* Is it one of those that stand before it in the list? */
static bool is_again(cf_bytes list, cf_bytes address)
{
    cf_bytes earlier;
    while (cf_config_next_text(&list, &earlier) && earlier.data != address.data)
        if (cf_bytes_equal(earlier, address))
            return true;
    return false;
}

static void check_addresses(cf_loader *load)
{
    cf_bytes rest = load->config->address;
    cf_bytes address;
    while (load->config->address.size > 0 && cf_config_next_text(&rest, &address)) {
        check_address(load, address);
        if (is_again(load->config->address, address))
            cf_config_fail_option(load, cf_loader_setting(load, "address"), "address", "has '%.*s' twice: remove one",
                                  cf_config_shown(address), address.data);
    }
}

static bool is_clean_path(cf_bytes path)
{
    static const char *const unclean[] = {"//", "/./", "/../"};
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        cf_bytes part = cf_bytes_of(unclean[i]);
        if (cf_bytes_find(path, part) >= 0 || cf_bytes_ends_with(path, cf_bytes_slice(part, 0, part.size - 1)))
            return false;
    }
    return true;
}

static void check_prefix(cf_loader *load)
{
    cf_bytes prefix = load->config->http_prefix;
    const cf_setting *setting = cf_loader_setting(load, "http_prefix");
    if (prefix.size == 0)
        return;
    if (prefix.data[0] != '/')
        cf_config_fail_option(load, setting, "http_prefix",
                              "is '%.*s', with which no request reaches an endpoint: it begins with '/', as in '/realtime'",
                              cf_config_shown(prefix), prefix.data);
    else if (!is_clean_path(prefix))
        cf_config_warn_option(
            load, setting, "http_prefix",
            "is '%.*s', with which WebSocket and API cannot be reached: it ends without '/', and has no '//', "
            "'/.' or '/..' in it",
            cf_config_shown(prefix), prefix.data);
}

static void check_files(cf_loader *load)
{
    const cf_config *config = load->config;
    if (config->pid_file.size > 0 && cf_bytes_equal(config->pid_file, config->log_file))
        cf_config_fail_option(load, cf_loader_setting(load, "pid_file"), "pid_file",
                              "is the file of 'log_file' too: each needs its own");
}

/* ---- options that another one makes idle ---- */

static bool always(const cf_config *config)
{
    (void)config;
    return true;
}

static bool is_insecure(const cf_config *config)
{
    return config->insecure;
}

static bool in_memory(const cf_config *config)
{
    return cf_bytes_equal(config->engine, CF_BYTES("memory"));
}

static bool no_sentinels(const cf_config *config)
{
    return config->redis_master_name.size == 0;
}

static bool no_redis_tls(const cf_config *config)
{
    return !config->redis_tls;
}

static bool no_queues(const cf_config *config)
{
    return !config->redis_api;
}

static bool nothing_expires(const cf_config *config)
{
    return config->connection_lifetime == 0;
}

static bool compresses_nothing(const cf_config *config)
{
    return !config->websocket_compression;
}

static bool is_plain(const cf_config *config)
{
    return !config->ssl;
}

static bool no_user_lists(const cf_config *config)
{
    return config->channel_rules.user_boundary.size == 0;
}

static bool no_admin(const cf_config *config)
{
    return !config->admin && !config->web;
}

static bool no_web(const cf_config *config)
{
    return !config->web;
}

#define NOT_ADMIN     "neither 'admin' nor 'web' is on"
#define NOT_WEB       "'web' is off"
#define NOT_REDIS     "'engine' is 'memory'; with 'redis' it counts"
#define NOT_REDIS_TLS "'redis_tls' is off"

static const struct {
    const char *option;
    bool (*is_idle)(const cf_config *config);
    const char *why;
} idle[] = {
    {"debug", always, "there are no profile endpoints"},
    {"presence_expire_interval", in_memory, "presence of the memory engine ends with the connection"},
    {"connection_lifetime", is_insecure, "with 'insecure' there are no credentials that could expire"},
    {"expired_connection_close_delay", nothing_expires, "nothing expires without 'connection_lifetime'"},
    {"redis_host", in_memory, NOT_REDIS},
    {"redis_port", in_memory, NOT_REDIS},
    {"redis_password", in_memory, NOT_REDIS},
    {"redis_db", in_memory, NOT_REDIS},
    {"redis_url", in_memory, NOT_REDIS},
    {"redis_master_name", in_memory, NOT_REDIS},
    {"redis_sentinels", in_memory, NOT_REDIS},
    {"redis_sentinel_password", no_sentinels, "no 'redis_master_name' is asked for"},
    {"redis_tls", in_memory, NOT_REDIS},
    {"redis_tls_ca", no_redis_tls, NOT_REDIS_TLS},
    {"redis_tls_cert", no_redis_tls, NOT_REDIS_TLS},
    {"redis_tls_key", no_redis_tls, NOT_REDIS_TLS},
    {"redis_tls_name", no_redis_tls, NOT_REDIS_TLS},
    {"redis_api", in_memory, NOT_REDIS},
    {"redis_api_num_shards", no_queues, "'redis_api' is off"},
    {"redis_prefix", in_memory, NOT_REDIS},
    {"redis_connect_timeout", in_memory, NOT_REDIS},
    {"redis_read_timeout", in_memory, NOT_REDIS},
    {"websocket_compression_min_size", compresses_nothing, "nothing is compressed without 'websocket_compression'"},
    {"websocket_compression_level", compresses_nothing, "nothing is compressed without 'websocket_compression'"},
    {"ssl_cert", is_plain, "there is no TLS without 'ssl'"},
    {"ssl_key", is_plain, "there is no TLS without 'ssl'"},
    {"ssl_only_openssl", is_plain, "there is no TLS without 'ssl'"},
    {"web_path", no_web, NOT_WEB},
    {"admin_password", no_web, NOT_WEB},
    {"admin_secret", no_admin, NOT_ADMIN},
    {"insecure_admin", no_admin, NOT_ADMIN},
    {"user_channel_separator", no_user_lists, "'user_channel_boundary' is empty"},
};

static void check_idle(cf_loader *load)
{
    cf_config initial;
    cf_config_default(&initial);
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        const cf_option *option = cf_option_find(cf_bytes_of(idle[i].option));
        const char *value = (const char *)load->config + option->offset;
        if (idle[i].is_idle(load->config) && !cf_option_same(option, value, (const char *)&initial + option->offset))
            cf_config_warn_option(load, cf_loader_setting(load, option->name), option->name, "has no effect: %s", idle[i].why);
    }
}

static void check_namespaces(cf_loader *load)
{
    if (load->config->namespace_count > 0 && load->config->channel_rules.namespace_boundary.size == 0)
        cf_config_warn_option(load, cf_loader_setting(load, "namespaces"), "namespaces",
                              "has no effect: 'namespace_channel_boundary' is empty");
}

static void check_engine(cf_loader *load)
{
    cf_bytes engine = load->config->engine;
    if (cf_bytes_equal(engine, CF_BYTES("redis")))
        cf_config_read_redis(load);
    else if (!in_memory(load->config))
        cf_config_fail_option(load, cf_loader_setting(load, "engine"), "engine",
                              "is unknown: Unknown engine: %.*s; there are 'memory' and 'redis'", cf_config_shown(engine),
                              engine.data);
}

static void check_log_format(cf_loader *load)
{
    cf_bytes format = load->config->log_format;
    if (!cf_bytes_equal(format, CF_BYTES("text")) && !cf_bytes_equal(format, CF_BYTES("json")))
        cf_config_fail_option(load, cf_loader_setting(load, "log_format"), "log_format",
                              "is '%.*s': there are 'text' and 'json'", cf_config_shown(format), format.data);
}

/* ---- keys ---- */

static void check_secret(cf_loader *load)
{
    const cf_config *config = load->config;
    if (config->secret.size > 0 || (config->insecure && config->insecure_api))
        return;
    if (config->insecure)
        cf_config_warn(load,
                       "option 'secret' is empty: the API refuses every request; set it, or 'insecure_api' for development");
    else if (load->input->secret_may_be_empty)
        cf_config_warn(load,
                       "option 'secret' is empty: the server starts only where CENTRIFUGO_SECRET is set, or with --insecure");
    else
        cf_config_fail(load, CF_CONFIG_INVALID,
                       "config error: option 'secret' is empty: anybody could make tokens. Set it in the configuration file "
                       "('centrifuged genconfig' writes one) or as CENTRIFUGO_SECRET; for development there is --insecure");
}

/* Without them nobody can log in, which harms nobody either. */
static void check_admin(cf_loader *load)
{
    const cf_config *config = load->config;
    if (no_admin(config) || config->insecure_admin)
        return;
    if (config->admin_secret.size == 0)
        cf_config_warn(load,
                       "option 'admin_secret' is empty: nobody can use the admin interface; set it, as a long random text");
    else if (config->web && config->admin_password.size == 0)
        cf_config_warn(load, "option 'admin_password' is empty: nobody can log in; set it");
}

void cf_config_check_all(cf_loader *load)
{
    check_secret(load);
    check_admin(load);
    check_addresses(load);
    check_prefix(load);
    check_files(load);
    check_signs(load);
    check_namespaces(load);
    check_engine(load);
    check_log_format(load);
    check_idle(load);
    cf_config_check_channel(load, load->settings + cf_option_count, &load->config->channel, (cf_bytes){0});
}
