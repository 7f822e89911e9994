#include "server/config/loader.h"

#include "base/percent.h"
#include "server/config/storage.h"

#define SERVERS_MAX 1000

/* ---- lists by commas -------------------------------------------------------- */

static size_t count_items(cf_bytes list)
{
    size_t count = 1;
    for (size_t i = 0; i < list.size; i++)
        count += list.data[i] == ',';
    return count;
}

static cf_bytes without_blanks(cf_bytes text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = cf_bytes_slice(text, 1, text.size);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* The only one counts for all. */
static cf_bytes item_of(cf_bytes list, size_t index)
{
    if (count_items(list) == 1)
        return without_blanks(list);
    for (; index > 0; index--)
        list = cf_bytes_slice(list, (size_t)cf_bytes_find(list, CF_BYTES(",")) + 1, list.size);
    ptrdiff_t comma = cf_bytes_find(list, CF_BYTES(","));
    return without_blanks(cf_bytes_slice(list, 0, comma < 0 ? list.size : (size_t)comma));
}

/* ---- one server -------------------------------------------------------------- */

static void refuse_option(cf_loader *load, const char *option, size_t index, const char *why)
{
    cf_config_fail_option(load, cf_loader_setting(load, option), option, "is not good for shard %zu: %s", index + 1, why);
}

static bool read_port(cf_bytes text, int64_t *port)
{
    return cf_bytes_to_int64(text, port) && *port > 0 && *port < 65536;
}

static bool store(cf_loader *load, cf_bytes text, cf_bytes *stored)
{
    if (cf_config_store_text(load->config, text, stored))
        return true;
    cf_config_fail_memory(load);
    return false;
}

/* Host and port, behind user and password and before the database. */
static const char *read_authority(cf_loader *load, cf_bytes text, cf_redis_server *server)
{
    ptrdiff_t colon = cf_bytes_find_last(text, CF_BYTES(":"));
    if (colon < 0 || !read_port(cf_bytes_slice(text, (size_t)colon + 1, text.size), &server->port))
        return "an address has a port, as in redis://127.0.0.1:6379";
    cf_bytes host = cf_bytes_slice(text, 0, (size_t)colon);
    if (cf_bytes_starts_with(host, CF_BYTES("[")) && cf_bytes_ends_with(host, CF_BYTES("]")))
        host = cf_bytes_slice(host, 1, host.size - 1);
    if (host.size == 0)
        return "an address has a host, as in redis://127.0.0.1:6379";
    (void)store(load, host, &server->host);
    return NULL;
}

/* `user`: what stands before the '@'. The name in it does not count. */
static const char *read_password(cf_loader *load, cf_bytes user, cf_redis_server *server)
{
    ptrdiff_t colon = cf_bytes_find(user, CF_BYTES(":"));
    cf_buffer_clear(&load->text);
    if (colon < 0)
        return NULL;
    if (!cf_percent_decode(cf_bytes_slice(user, (size_t)colon + 1, user.size), false, &load->text))
        return "its password has a '%' without two hexadecimal digits: write %25 for it";
    (void)store(load, cf_buffer_bytes(&load->text), &server->password);
    return NULL;
}

/* redis://:password@host:port/db. The scheme does not count (server-spec.md 8.6), unless TLS is meant. */
static const char *read_url(cf_loader *load, cf_bytes url, cf_redis_server *server)
{
    ptrdiff_t scheme = cf_bytes_find(url, CF_BYTES("://"));
    if (cf_bytes_starts_with(url, CF_BYTES("rediss://")) && !load->config->redis_tls)
        return "rediss:// asks for TLS: set 'redis_tls'";
    cf_bytes rest = scheme < 0 ? url : cf_bytes_slice(url, (size_t)scheme + 3, url.size);
    ptrdiff_t slash = cf_bytes_find(rest, CF_BYTES("/"));
    cf_bytes database = slash < 0 ? CF_BYTES("") : cf_bytes_slice(rest, (size_t)slash + 1, rest.size);
    cf_bytes authority = slash < 0 ? rest : cf_bytes_slice(rest, 0, (size_t)slash);
    ptrdiff_t at = cf_bytes_find_last(authority, CF_BYTES("@"));
    const char *problem = at < 0 ? NULL : read_password(load, cf_bytes_slice(authority, 0, (size_t)at), server);
    if (problem == NULL)
        problem = read_authority(load, cf_bytes_slice(authority, (size_t)(at + 1), authority.size), server);
    if (problem == NULL && database.size > 0)
        (void)store(load, database, &server->database);
    return problem;
}

static void read_host_and_port(cf_loader *load, size_t index, cf_redis_server *server)
{
    const cf_config *config = load->config;
    cf_bytes host = item_of(config->redis_host, index);
    (void)store(load, host.size > 0 ? host : CF_BYTES("127.0.0.1"), &server->host);
    cf_bytes port = item_of(config->redis_port, index);
    if (!read_port(port.size > 0 ? port : CF_BYTES("6379"), &server->port))
        refuse_option(load, "redis_port", index, "give a number from 1 to 65535");
}

static void read_server(cf_loader *load, size_t index, cf_redis_server *server)
{
    const cf_config *config = load->config;
    int64_t number;
    cf_bytes url = item_of(config->redis_url, index);
    server->password = config->redis_password;
    server->database = config->redis_db.size > 0 ? config->redis_db : CF_BYTES("0");
    const char *problem = NULL;
    if (url.size > 0)
        problem = read_url(load, url, server);
    else if (config->redis_master_name.size == 0)
        read_host_and_port(load, index, server);
    if (problem != NULL)
        refuse_option(load, "redis_url", index, problem);
    if (!cf_bytes_to_int64(server->database, &number) || number < 0)
        refuse_option(load, config->redis_url.size > 0 ? "redis_url" : "redis_db", index, "its database is no number");
}

/* ---- Sentinel ------------------------------------------------------------------ */

static void read_master(cf_loader *load, size_t index, cf_redis_server *server)
{
    cf_bytes name = item_of(load->config->redis_master_name, index);
    server->host = CF_BYTES("");
    (void)store(load, name, &server->master);
    if (name.size == 0)
        refuse_option(load, "redis_master_name", index,
                      "Redis master name must be set for every Redis shard when Sentinel used");
}

static void read_sentinel(cf_loader *load, size_t index, cf_redis_server *server)
{
    cf_bytes text = item_of(load->config->redis_sentinels, index);
    if (read_authority(load, text, server) != NULL)
        cf_config_fail_option(load, cf_loader_setting(load, "redis_sentinels"), "redis_sentinels",
                              "is not good: Malformed Sentinel address: %.*s; give host:port, as in 127.0.0.1:26379",
                              cf_config_shown(text), text.data);
}

/* All or none of the shards are found by Sentinel. */
static void read_sentinels(cf_loader *load)
{
    cf_config *config = load->config;
    if (config->redis_master_name.size == 0)
        return;
    if (config->redis_sentinels.size == 0) {
        cf_config_fail_option(load, cf_loader_setting(load, "redis_master_name"), "redis_master_name",
                              "needs 'redis_sentinels': Provide at least one Sentinel address");
        return;
    }
    config->redis_sentinel_count = count_items(config->redis_sentinels);
    config->redis_sentinel_servers = cf_config_store(config, config->redis_sentinel_count * sizeof(cf_redis_server));
    if (config->redis_sentinel_servers == NULL) {
        cf_config_fail_memory(load);
        return;
    }
    for (size_t i = 0; i < config->redis_sentinel_count; i++)
        read_sentinel(load, i, &config->redis_sentinel_servers[i]);
    for (size_t i = 0; i < config->redis_server_count; i++)
        read_master(load, i, &config->redis_servers[i]);
}

/* ---- all of them -------------------------------------------------------------- */

static void check_count(cf_loader *load, const char *option, cf_bytes list, const char *what)
{
    size_t count = count_items(list);
    if (count != 1 && count != load->config->redis_server_count)
        cf_config_fail_option(load, cf_loader_setting(load, option), option,
                              "names %zu of %zu shards: Malformed sharding configuration: wrong number of redis %s", count,
                              load->config->redis_server_count, what);
}

static void count_servers(cf_config *config)
{
    const cf_bytes lists[] = {config->redis_host, config->redis_port, config->redis_url, config->redis_master_name};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t count = count_items(lists[i]);
        if (count > config->redis_server_count)
            config->redis_server_count = count;
    }
}

void cf_config_read_redis(cf_loader *load)
{
    cf_config *config = load->config;
    count_servers(config);
    check_count(load, "redis_host", config->redis_host, "hosts");
    check_count(load, "redis_port", config->redis_port, "ports");
    check_count(load, "redis_url", config->redis_url, "urls");
    if (config->redis_master_name.size > 0 && count_items(config->redis_master_name) != config->redis_server_count)
        refuse_option(load, "redis_master_name", count_items(config->redis_master_name),
                      "Redis master name must be set for every Redis shard when Sentinel used");
    if (config->redis_server_count > SERVERS_MAX)
        cf_config_fail_option(load, cf_loader_setting(load, "redis_host"), "redis_host", "names more than %d shards",
                              SERVERS_MAX);
    if (load->status != CF_CONFIG_OK)
        return;
    config->redis_servers = cf_config_store(config, config->redis_server_count * sizeof(cf_redis_server));
    if (config->redis_servers == NULL)
        cf_config_fail_memory(load);
    for (size_t i = 0; config->redis_servers != NULL && i < config->redis_server_count; i++)
        read_server(load, i, &config->redis_servers[i]);
    if (config->redis_servers != NULL)
        read_sentinels(load);
}
