#include "server/config/options.h"

#define AT(member)         offsetof(cf_config, member)
#define CHANNEL_AT(member) offsetof(cf_channel_options, member)
#define NONE               SIZE_MAX

#define YEARS (int64_t)1000000000 /* s: longer than anybody waits, and no overflow in ms */
#define MANY  (int64_t)1000000000
#define GIB   (int64_t)1073741824

/* features that later versions bring */
#define TLS     "TLS"
#define ADMIN   "the admin interface"
#define REDIS   "the Redis engine"
#define DEFLATE "permessage-deflate"
#define THREADS "more than one thread"

/* clang-format off */
const cf_option cf_options[] = {
    {"secret", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(secret), NULL,
     "Key of client tokens, channel signs and API signs. Must not be empty unless `insecure` is on."},
    {"name", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 'n', CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(name), NULL,
     "Name of this node in `stats`; empty: `<hostname>_<port>`."},
    {"debug", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 'd', CF_RELOAD_NO, CF_OPTION_BUILT, AT(debug), NULL,
     "Accepted for compatibility: one warning line at the start, no profile endpoints."},
    {"insecure", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(insecure), NULL,
     "Clients connect without tokens and may publish and subscribe anonymously. For development only."},
    {"insecure_api", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(insecure_api), NULL,
     "The HTTP API takes commands without a sign. Only where nobody else reaches `api_port`."},
    {"connection_lifetime", CF_OPTION_INT, "0", "s", 0, YEARS, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_CREDENTIALS, CF_OPTION_BUILT, AT(connection_lifetime), NULL,
     "How long credentials are good before the client must refresh them; 0: for ever."},
    {"expired_connection_close_delay", CF_OPTION_INT, "25", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_CREDENTIALS, CF_OPTION_BUILT, AT(expired_connection_close_delay), NULL,
     "Grace time for a refresh before an expired connection is closed."},
    {"stale_connection_close_delay", CF_OPTION_INT, "25", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_BUILT, AT(stale_connection_close_delay), NULL,
     "A connection that has not sent a good `connect` by then is closed; 0: never."},
    {"max_channel_length", CF_OPTION_INT, "255", "bytes", 1, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(max_channel_length), NULL,
     "Longest channel name that a client may subscribe to."},
    {"user_connection_limit", CF_OPTION_INT, "0", "connections", 0, MANY, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(user_connection_limit), NULL,
     "Most connections of one user on this node; 0: no limit. Anonymous ones are not limited."},
    {"client_channel_limit", CF_OPTION_INT, "128", "channels", 1, MANY, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(client_channel_limit), NULL,
     "Most channels of one connection."},
    {"client_request_max_size", CF_OPTION_INT, "65536", "bytes", 1, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_BUILT, AT(client_request_max_size), NULL,
     "Largest message from a client; a larger one closes the connection (1009)."},
    {"client_queue_max_size", CF_OPTION_INT, "10485760", "bytes", 1, 64 * GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_BUILT, AT(client_queue_max_size), NULL,
     "Most bytes that may wait for a client, one answer to a recovery or `history` included, with the memory that they take; beyond it is closed as `slow`. "
     "As much may be published to its channels while a history is read for it; beyond it is closed as `internal server error`, and connects again."},
    {"client_queue_initial_capacity", CF_OPTION_INT, "2", "messages", 0, MANY, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_IDLE, NONE, "a queue with a first capacity",
     "Accepted for compatibility, without effect."},
    {"client_message_write_timeout", CF_OPTION_INT, "0", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_BUILT, AT(client_message_write_timeout), NULL,
     "A connection that takes no byte for so long while something waits is closed; 0: only `client_queue_max_size` counts."},
    {"publish_wait_timeout", CF_OPTION_INT, "1", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(publish_wait_timeout), NULL,
     "How long publishers to a channel, and a client's own commands, wait for a subscriber that is behind with reading; 0: not at all, so that a burst closes it as `slow`."},
    {"ping_interval", CF_OPTION_INT, "25", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NEW, CF_OPTION_BUILT, AT(ping_interval), NULL,
     "WebSocket pings to clients; one that sends nothing for 10/9 of it is dropped. 0: neither."},
    {"presence_ping_interval", CF_OPTION_INT, "25", "s", 1, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(presence_ping_interval), NULL,
     "How often a connection renews its presence."},
    {"presence_expire_interval", CF_OPTION_INT, "60", "s", 1, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(presence_expire_interval), NULL,
     "How long presence counts without being renewed (remote engines)."},
    {"node_ping_interval", CF_OPTION_INT, "3", "s", 1, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(node_ping_interval), NULL,
     "How often the gauges of `node` and `stats` are taken (clients, channels, uptime, memory, CPU)."},
    {"node_metrics_interval", CF_OPTION_INT, "60", "s", 1, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(node_metrics_interval), NULL,
     "The interval that the counters of `stats` cover."},
    {"private_channel_prefix", CF_OPTION_STRING, "$", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(channel_rules.private_prefix), NULL,
     "Channels that begin with it are private and need a sign; empty: there are none."},
    {"namespace_channel_boundary", CF_OPTION_STRING, ":", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(channel_rules.namespace_boundary), NULL,
     "Ends the namespace in a channel name; empty: there are none."},
    {"user_channel_boundary", CF_OPTION_STRING, "#", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(channel_rules.user_boundary), NULL,
     "Begins the list of users who may subscribe; empty: there are no such lists."},
    {"user_channel_separator", CF_OPTION_STRING, ",", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(channel_rules.user_separator), NULL,
     "Separates these users; empty: the list is one user."},
    {"client_channel_boundary", CF_OPTION_STRING, "&", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(channel_rules.client_boundary), NULL,
     "Begins the id of the one connection that may subscribe; empty: there are no such channels."},
    {"namespaces", CF_OPTION_LIST, "[]", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, NONE, NULL,
     "List of objects with a unique `name` (two or more of `a-z A-Z 0-9 _ -`) and channel options. Nothing is inherited from the top level."},
    {"address", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ANYWHERE, 'a', CF_RELOAD_NO, CF_OPTION_BUILT, AT(address), NULL,
     "Address or host name to listen on; empty: all."},
    {"port", CF_OPTION_PORT, "8000", "", 0, 65535, CF_OPTION_ANYWHERE, 'p', CF_RELOAD_NO, CF_OPTION_BUILT, AT(port), NULL,
     "Port of the WebSocket endpoint; 0: any free one, named in the log."},
    {"api_port", CF_OPTION_PORT, "", "", 0, 65535, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_BUILT, AT(api_port), NULL,
     "Port of the HTTP API; empty: `port`."},
    {"http_prefix", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_BUILT, AT(http_prefix), NULL,
     "Put before the path of every endpoint, as in `/realtime`."},
    {"api_request_max_size", CF_OPTION_INT, "10485760", "bytes", 1, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(api_request_max_size), NULL,
     "Largest body of an HTTP request; a larger one is answered with 413."},
    {"sockjs_url", CF_OPTION_STRING, "//cdn.jsdelivr.net/sockjs/1.1/sockjs.min.js", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_BUILT, AT(sockjs_url), NULL,
     "Address of the SockJS script for its iframe page: of the version that the pages use."},
    {"sockjs_heartbeat_delay", CF_OPTION_INT, "25", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_BUILT, AT(sockjs_heartbeat_delay), NULL,
     "How long a SockJS client that receives may hear nothing; 0 sends no heartbeats."},
    {"http_idle_timeout", CF_OPTION_INT, "75", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(http_idle_timeout), NULL,
     "How long an HTTP connection may wait for its next request; 0: it is closed behind each answer. Longer than a proxy in front keeps its connections."},
    {"log_level", CF_OPTION_STRING, "info", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(log_level), NULL,
     "`trace`, `debug`, `info`, `warn`, `error`, `critical`, `fatal` or `none`."},
    {"log_file", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, AT(log_file), NULL,
     "Appended to instead of writing to standard output; opened again on SIGHUP."},
    {"pid_file", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_BUILT, AT(pid_file), NULL,
     "Gets the process id at the start, removed at the end."},
    {"engine", CF_OPTION_STRING, "memory", "", 0, 0, CF_OPTION_ANYWHERE, 'e', CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, REDIS,
     "Only `memory` in this version."},
    {"gomaxprocs", CF_OPTION_INT, "0", "", 0, MANY, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, THREADS,
     "Accepted for compatibility, without effect."},
    {"admin", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, ADMIN, "The admin endpoint."},
    {"web", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 'w', CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, ADMIN, "The admin web page."},
    {"web_path", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, ADMIN, "Folder of the web page."},
    {"admin_port", CF_OPTION_PORT, "", "", 0, 65535, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, ADMIN, "Port of the admin endpoint."},
    {"admin_password", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_IDLE, NONE, ADMIN, "Password of the web page."},
    {"admin_secret", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_IDLE, NONE, ADMIN, "Key of admin tokens."},
    {"insecure_admin", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_LIVE, CF_OPTION_IDLE, NONE, ADMIN, "Admin connections without a token."},
    {"insecure_web", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, ADMIN, "Without effect in Centrifugo 1.8 too."},
    {"websocket_compression", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, DEFLATE, "Compressed WebSocket messages."},
    {"websocket_compression_min_size", CF_OPTION_INT, "0", "bytes", 0, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, DEFLATE, "Smaller messages are not compressed."},
    {"websocket_compression_level", CF_OPTION_INT, "1", "", -2, 9, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, DEFLATE, "Level of the compression."},
    {"websocket_read_buffer_size", CF_OPTION_INT, "0", "bytes", 0, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, "a buffer for each connection",
     "Accepted for compatibility, without effect: all connections share one buffer."},
    {"websocket_write_buffer_size", CF_OPTION_INT, "0", "bytes", 0, GIB, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, "a buffer for each connection",
     "Accepted for compatibility, without effect."},
    {"ssl", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, TLS, "TLS on all ports."},
    {"ssl_cert", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Path of the certificate."},
    {"ssl_key", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Path of its key."},
    {"ssl_autocert", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, TLS, "Certificates by ACME."},
    {"ssl_autocert_host_whitelist", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Hosts to get certificates for."},
    {"ssl_autocert_cache_dir", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Folder of certificates."},
    {"ssl_autocert_email", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Contact."},
    {"ssl_autocert_server_name", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Host name where the client gives none."},
    {"ssl_autocert_force_rsa", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "RSA keys only."},
    {"ssl_autocert_http", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Answer http-01 challenges."},
    {"ssl_autocert_http_addr", CF_OPTION_STRING, ":80", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, TLS, "Where to answer them."},
    {"redis_host", CF_OPTION_STRING, "127.0.0.1", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Hosts, by commas."},
    {"redis_port", CF_OPTION_STRING, "6379", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Ports, by commas."},
    {"redis_password", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Password of every shard."},
    {"redis_db", CF_OPTION_STRING, "0", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Database of every shard."},
    {"redis_url", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_ANYWHERE, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Addresses, by commas."},
    {"redis_master_name", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Names for Sentinel."},
    {"redis_sentinels", CF_OPTION_STRING, "", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Sentinel addresses."},
    {"redis_pool", CF_OPTION_INT, "256", "connections", 0, MANY, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Connections to one shard."},
    {"redis_api", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_REFUSED, NONE, REDIS, "API commands from Redis queues."},
    {"redis_api_num_shards", CF_OPTION_INT, "0", "", 0, MANY, CF_OPTION_FLAG, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Number of API queues."},
    {"redis_prefix", CF_OPTION_STRING, "centrifugo", "", 0, 0, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Prefix of all keys."},
    {"redis_connect_timeout", CF_OPTION_INT, "1", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Connecting."},
    {"redis_read_timeout", CF_OPTION_INT, "10", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Waiting for an answer."},
    {"redis_write_timeout", CF_OPTION_INT, "1", "s", 0, YEARS, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Sending."},
    {"redis_pubsub_num_workers", CF_OPTION_INT, "0", "", 0, MANY, CF_OPTION_FILE_ONLY, 0, CF_RELOAD_NO, CF_OPTION_IDLE, NONE, REDIS, "Threads."},
};
const size_t cf_option_count = sizeof(cf_options) / sizeof(cf_options[0]);

const cf_option cf_channel_option_table[] = {
    {"watch", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_IDLE, CHANNEL_AT(watch), ADMIN, "Admin connections see the messages."},
    {"publish", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(publish), NULL, "Subscribed clients may publish."},
    {"anonymous", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(anonymous), NULL, "Clients with an empty user id may subscribe."},
    {"presence", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(presence), NULL, "Who is subscribed can be asked for."},
    {"join_leave", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(join_leave), NULL, "Subscribers are told who comes and goes."},
    {"history_size", CF_OPTION_INT, "0", "messages", 0, MANY, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(history_size), NULL, "Most messages kept in a channel's history; 0: none."},
    {"history_lifetime", CF_OPTION_INT, "0", "s", 0, YEARS, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(history_lifetime), NULL, "How long the history lives after the last message; 0: there is none."},
    {"recover", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(recover), NULL, "Clients get what they missed when they subscribe again; needs history."},
    {"history_drop_inactive", CF_OPTION_BOOL, "false", "", 0, 0, CF_OPTION_ENVIRONMENT, 0, CF_RELOAD_LIVE, CF_OPTION_BUILT, CHANNEL_AT(history_drop_inactive), NULL, "Messages to channels that nobody was subscribed to lately are not kept."},
};
/* clang-format on */
const size_t cf_channel_option_count = sizeof(cf_channel_option_table) / sizeof(cf_channel_option_table[0]);

bool cf_option_of_channel(const cf_option *option)
{
    return option >= cf_channel_option_table && option < cf_channel_option_table + cf_channel_option_count;
}

bool cf_option_same(const cf_option *option, const void *a, const void *b)
{
    if (option->kind == CF_OPTION_BOOL)
        return *(const bool *)a == *(const bool *)b;
    if (option->kind == CF_OPTION_STRING)
        return cf_bytes_equal(*(const cf_bytes *)a, *(const cf_bytes *)b);
    return *(const int64_t *)a == *(const int64_t *)b;
}

static const cf_option *find_in(const cf_option *table, size_t count, cf_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (cf_bytes_equal_fold(cf_bytes_of(table[i].name), name))
            return &table[i];
    }
    return NULL;
}

const cf_option *cf_option_find(cf_bytes name)
{
    const cf_option *option = find_in(cf_options, cf_option_count, name);
    return option != NULL ? option : find_in(cf_channel_option_table, cf_channel_option_count, name);
}

const cf_option *cf_option_find_flag(cf_bytes name)
{
    const cf_option *option = find_in(cf_options, cf_option_count, name);
    if (option == NULL || !(option->sources & CF_OPTION_FLAG) || !cf_bytes_equal(cf_bytes_of(option->name), name))
        return NULL;
    return option;
}

const cf_option *cf_option_find_letter(char letter)
{
    for (size_t i = 0; letter != 0 && i < cf_option_count; i++) {
        if (cf_options[i].letter == letter)
            return &cf_options[i];
    }
    return NULL;
}

/* ---- the reference ---- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

static const char *kind_text(cf_option_kind kind)
{
    static const char *const texts[] = {"bool", "int", "string", "port", "list"};
    return texts[kind];
}

static const char *reload_text(cf_option_reload reload)
{
    static const char *const texts[] = {"live", "new connections", "new credentials", "no"};
    return texts[reload];
}

static void write_range(cf_buffer *out, const cf_option *option)
{
    if (option->kind != CF_OPTION_INT && option->kind != CF_OPTION_PORT) {
        put(out, " ");
        return;
    }
    cf_buffer_append_int(out, option->minimum);
    put(out, " to ");
    cf_buffer_append_int(out, option->maximum);
    if (option->unit[0] != 0) {
        put(out, " ");
        put(out, option->unit);
    }
}

static void write_sources(cf_buffer *out, const cf_option *option)
{
    put(out, "file");
    if (option->sources & CF_OPTION_ENVIRONMENT)
        put(out, ", environment");
    if (option->sources & CF_OPTION_FLAG)
        put(out, ", flag");
    if (option->letter != 0) {
        put(out, " `-");
        cf_buffer_append_byte(out, option->letter);
        put(out, "`");
    }
}

static void write_row(cf_buffer *out, const cf_option *option)
{
    put(out, "| `");
    put(out, option->name);
    put(out, "` | ");
    put(out, kind_text(option->kind));
    put(out, " | ");
    if (option->initial[0] != 0) {
        put(out, "`");
        put(out, option->initial);
        put(out, "`");
    } else {
        put(out, "empty");
    }
    put(out, " | ");
    write_range(out, option);
    put(out, " | ");
    write_sources(out, option);
    put(out, " | ");
    put(out, reload_text(option->reload));
    put(out, " | ");
    put(out, option->meaning);
    put(out, " |\n");
}

static void write_rows(cf_buffer *out, const cf_option *table, size_t count, bool built)
{
    put(out, "| option | type | default | range | set by | reload | meaning |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        if ((table[i].state == CF_OPTION_BUILT) == built)
            write_row(out, &table[i]);
    }
}

void cf_option_write_reference(cf_buffer *out)
{
    put(out, "### Options of the server\n\n");
    write_rows(out, cf_options, cf_option_count, true);
    put(out, "\n### Options of channels\n\nAt the top level they count for channels without a namespace.\n\n");
    write_rows(out, cf_channel_option_table, cf_channel_option_count, true);
    put(out, "\n### Not part of this version\n\n"
             "A value that would turn the feature on is refused at the start; any other value that is not the default is "
             "warned of, since it has no effect.\n\n| option | belongs to | set to another value |\n|---|---|---|\n");
    for (size_t i = 0; i < cf_option_count + cf_channel_option_count; i++) {
        const cf_option *option = i < cf_option_count ? &cf_options[i] : &cf_channel_option_table[i - cf_option_count];
        if (option->state == CF_OPTION_BUILT)
            continue;
        put(out, "| `");
        put(out, option->name);
        put(out, "` | ");
        put(out, option->missing);
        put(out, option->state == CF_OPTION_REFUSED ? " | refused |\n" : " | warned of |\n");
    }
}
