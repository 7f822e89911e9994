#include "server/config/options.h"

#define AT(member)         .offset = offsetof(cf_config, member)
#define CHANNEL_AT(member) .offset = offsetof(cf_channel_options, member)
#define NOWHERE            .offset = SIZE_MAX

/* A row begins with one of these: what stands where, and what is allowed. */
#define IS_BOOL(option) .name = #option, .kind = CF_OPTION_BOOL, .initial = "false"
#define IS_INT(option, value, lo, hi)                                                                                          \
    .name = #option, .kind = CF_OPTION_INT, .initial = #value, .minimum = (lo), .maximum = (hi)
#define IS_TEXT(option, value) .name = #option, .kind = CF_OPTION_STRING, .initial = (value)
#define IS_PORT(option, value) .name = #option, .kind = CF_OPTION_PORT, .initial = (value), .maximum = 65535

#define BOOL(option)                      IS_BOOL(option), AT(option)
#define INT(option, value, lo, hi)        IS_INT(option, value, lo, hi), AT(option)
#define TEXT(option, value)               IS_TEXT(option, value), AT(option)
#define NAMED_TEXT(option, member, value) IS_TEXT(option, value), AT(member)
#define TEXTS(option, value)              .name = #option, .kind = CF_OPTION_TEXTS, .initial = (value), AT(option)
#define PORT(option, value)               IS_PORT(option, value), AT(option)
#define LIST(option)                      .name = #option, .kind = CF_OPTION_LIST, .initial = "[]", NOWHERE

#define CHANNEL_BOOL(option)               IS_BOOL(option), CHANNEL_AT(option)
#define CHANNEL_INT(option, value, lo, hi) IS_INT(option, value, lo, hi), CHANNEL_AT(option)

#define MISSING_BOOL(option)               IS_BOOL(option), NOWHERE
#define MISSING_INT(option, value, lo, hi) IS_INT(option, value, lo, hi), NOWHERE
#define MISSING_TEXT(option, value)        IS_TEXT(option, value), NOWHERE

#define YEARS (int64_t)1000000000 /* s: longer than anybody waits, and no overflow in ms */
#define MANY  (int64_t)1000000000
#define GIB   (int64_t)1073741824

#define QUEUES 1000

/* features that later versions bring */
#define ACME    "fetching certificates by itself"
#define PAGE    "a mode of the page alone"
#define POOL    "a pool of connections"
#define THREADS "more than one thread"

const cf_option cf_options[] = {
    {TEXT(secret, ""), .centrifugo = true, .confidential = true,
     .meaning = "Key of client tokens, channel signs and API signs. Must not be empty unless `insecure` is on."},
    {TEXT(name, ""), .letter = 'n', .meaning = "Name of this node in `stats`; empty: `<hostname>_<port>`."},
    {BOOL(debug), .letter = 'd', .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Accepted for compatibility: one warning line at the start, no profile endpoints."},
    {BOOL(insecure), .centrifugo = true,
     .meaning = "Clients connect without tokens and may publish and subscribe anonymously. For development only."},
    {BOOL(insecure_api), .centrifugo = true,
     .meaning = "The HTTP API takes commands without a sign. Only where nobody else reaches `api_port`."},
    {INT(connection_lifetime, 0, 0, YEARS), .unit = "s", .centrifugo = true, .reload = CF_RELOAD_CREDENTIALS,
     .meaning = "How long credentials are good before the client must refresh them; 0: for ever."},
    {INT(expired_connection_close_delay, 25, 0, YEARS), .unit = "s", .reload = CF_RELOAD_CREDENTIALS,
     .meaning = "Grace time for a refresh before an expired connection is closed."},
    {INT(stale_connection_close_delay, 25, 0, YEARS), .unit = "s", .reload = CF_RELOAD_NEW,
     .meaning = "A connection that has not sent a good `connect` by then is closed; 0: never."},
    {INT(max_channel_length, 255, 1, GIB), .unit = "bytes", .meaning = "Longest channel name that a client may subscribe to."},
    {INT(user_connection_limit, 0, 0, MANY), .unit = "connections",
     .meaning = "Most connections of one user on this node; 0: no limit. Anonymous ones are not limited."},
    {INT(client_channel_limit, 128, 1, MANY), .unit = "channels", .meaning = "Most channels of one connection."},
    {INT(client_request_max_size, 65536, 1, GIB), .unit = "bytes", .reload = CF_RELOAD_NEW,
     .meaning = "Largest message from a client; a larger one closes the connection (1009). A request of SockJS, which may "
                "bring several, takes sixteen times as much; a larger one is answered with 413."},
    {INT(client_queue_max_size, 10485760, 1, 64 * GIB), .unit = "bytes", .reload = CF_RELOAD_NEW,
     .meaning = "Most bytes that may wait for a client, one answer to a recovery or `history` included, with the "
                "memory that they take; beyond it is closed as `slow`. As much may be published to its channels "
                "while a history is read for it; beyond it is closed as `internal server error`, and connects "
                "again."},
    {INT(client_queue_initial_capacity, 2, 0, MANY), .unit = "messages", .reload = CF_RELOAD_NEW, .state = CF_OPTION_IDLE,
     .missing = "a queue with a first capacity", .meaning = "Accepted for compatibility, without effect."},
    {INT(client_message_write_timeout, 0, 0, YEARS), .unit = "s", .reload = CF_RELOAD_NEW,
     .meaning = "A connection that takes no byte for so long while something waits is closed; 0: only "
                "`client_queue_max_size` counts."},
    {INT(publish_wait_timeout, 1, 0, YEARS), .unit = "s",
     .meaning = "How long publishers to a channel, and a client's own commands, wait for a subscriber that is "
                "behind with reading; 0: not at all, so that a burst closes it as `slow`."},
    {INT(ping_interval, 25, 0, YEARS), .unit = "s", .reload = CF_RELOAD_NEW,
     .meaning = "WebSocket pings to clients; one that sends nothing for 10/9 of it is dropped. 0: neither."},
    {INT(presence_ping_interval, 25, 1, YEARS), .unit = "s", .meaning = "How often a connection renews its presence."},
    {INT(presence_expire_interval, 60, 1, YEARS), .unit = "s",
     .meaning = "How long presence counts without being renewed (remote engines)."},
    {INT(node_ping_interval, 3, 1, YEARS), .unit = "s",
     .meaning = "How often the gauges of `node` and `stats` are taken (clients, channels, uptime, memory, CPU)."},
    {INT(node_metrics_interval, 60, 1, YEARS), .unit = "s", .meaning = "The interval that the counters of `stats` cover."},
    {NAMED_TEXT(private_channel_prefix, channel_rules.private_prefix, "$"),
     .meaning = "Channels that begin with it are private and need a sign; empty: there are none."},
    {NAMED_TEXT(namespace_channel_boundary, channel_rules.namespace_boundary, ":"),
     .meaning = "Ends the namespace in a channel name; empty: there are none."},
    {NAMED_TEXT(user_channel_boundary, channel_rules.user_boundary, "#"),
     .meaning = "Begins the list of users who may subscribe; empty: there are no such lists."},
    {NAMED_TEXT(user_channel_separator, channel_rules.user_separator, ","),
     .meaning = "Separates these users; empty: the list is one user."},
    {NAMED_TEXT(client_channel_boundary, channel_rules.client_boundary, "&"),
     .meaning = "Begins the id of the one connection that may subscribe; empty: there are no such channels."},
    {LIST(namespaces), .reload = CF_RELOAD_LIVE,
     .meaning = "List of objects with a unique `name` (two or more of `a-z A-Z 0-9 _ -`) and channel options. "
                "Nothing is inherited from the top level. In the environment and as a flag it is JSON."},
    {TEXTS(address, ""), .letter = 'a', .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Addresses or host names to listen on; empty: all."},
    {PORT(port, "8000"), .letter = 'p', .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Port of the WebSocket endpoint; 0: any free one, named in the log."},
    {PORT(api_port, ""), .centrifugo = true, .reload = CF_RELOAD_NO, .meaning = "Port of the HTTP API; empty: `port`."},
    {PORT(admin_port, ""), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Port of what is for operators; empty: `port`."},
    {TEXT(api_socket, ""), .reload = CF_RELOAD_NO,
     .meaning = "Unix socket of the HTTP API, besides its port: a path of at most 107 bytes. Its owner and group may use it."},
    {BOOL(prometheus), .meaning = "`/metrics` on `admin_port` tells what is counted, in the text format of Prometheus."},
    {TEXT(http_prefix, ""), .reload = CF_RELOAD_NO, .meaning = "Put before the path of every endpoint, as in `/realtime`."},
    {INT(api_request_max_size, 10485760, 1, GIB), .unit = "bytes",
     .meaning = "Largest body of a request to the HTTP API; a larger one is answered with 413."},
    {TEXT(sockjs_url, "//cdn.jsdelivr.net/sockjs/1.1/sockjs.min.js"), .reload = CF_RELOAD_NO,
     .meaning = "Address of the SockJS script for its iframe page: of the version that the pages use."},
    {INT(sockjs_heartbeat_delay, 25, 0, YEARS), .unit = "s", .reload = CF_RELOAD_NO,
     .meaning = "How long a SockJS client that receives may hear nothing; 0 sends no heartbeats."},
    {INT(http_idle_timeout, 75, 0, YEARS), .unit = "s",
     .meaning = "How long an HTTP connection may wait for its next request; 0: it is closed behind each answer. "
                "Longer than a proxy in front keeps its connections."},
    {INT(shutdown_spread, 0, 0, 3600), .unit = "s",
     .meaning = "At the end, the time over which clients are told `shutting down`, so that other nodes get them one by one; 0: "
                "all at once."},
    {TEXT(log_level, "info"), .meaning = "`trace`, `debug`, `info`, `warn`, `error`, `critical`, `fatal` or `none`."},
    {TEXT(log_format, "text"), .meaning = "`text`, or `json`: an object a line, for programs that collect lines."},
    {TEXT(log_file, ""), .meaning = "Appended to instead of writing to standard output; opened again on SIGHUP."},
    {TEXT(pid_file, ""), .reload = CF_RELOAD_NO, .meaning = "Gets the process id at the start, removed at the end."},
    {INT(workers, 0, 0, 64), .unit = "threads", .reload = CF_RELOAD_NO,
     .meaning = "How many threads serve clients, each with a share of the connections; 0: one for each processor that the "
                "process may use, at most 64."},
    {TEXT(engine, "memory"), .letter = 'e', .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "`memory`, for one process, or `redis`, for many that are one service."},
    {MISSING_INT(gomaxprocs, 0, 0, MANY), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = THREADS,
     .meaning = "Accepted for compatibility, without effect."},
    {BOOL(admin), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "The admin WebSocket `/socket`, on `admin_port`, for programs that make tokens with `admin_secret`."},
    {BOOL(web), .letter = 'w', .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Besides `/socket`, the page for operators at `/`, and its login `/auth/`."},
    {TEXT(web_path, ""), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Folder whose files are served at `/` instead of the page that is built in."},
    {TEXT(admin_password, ""), .centrifugo = true, .confidential = true,
     .meaning = "Password of the login. Empty: nobody logs in."},
    {TEXT(admin_secret, ""), .centrifugo = true, .confidential = true,
     .meaning = "Key of the tokens that a login gives, good for 30 days; another one ends them. Empty: nobody logs in."},
    {BOOL(insecure_admin), .centrifugo = true,
     .meaning = "Page and `/socket` need no password and no token. Only where nobody else reaches `admin_port`."},
    {MISSING_BOOL(insecure_web), .centrifugo = true, .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = PAGE,
     .meaning = "Without effect in Centrifugo 1.8 too."},
    {BOOL(websocket_compression), .reload = CF_RELOAD_NO,
     .meaning = "Messages are compressed for WebSocket clients who offer it (permessage-deflate), and may be by them."},
    {INT(websocket_compression_min_size, 0, 0, GIB), .unit = "bytes", .reload = CF_RELOAD_NO,
     .meaning = "Messages of so many bytes or less are sent as they are; 0: none is."},
    {INT(websocket_compression_level, 1, -MANY, MANY), .reload = CF_RELOAD_NO,
     .meaning = "1 is fast, 9 finds most, -2 is Huffman coding alone, -1 what zlib thinks best, 0 no compression. Any other "
                "number counts as 1, with an error in the log."},
    {MISSING_INT(websocket_read_buffer_size, 0, 0, GIB), .unit = "bytes", .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE,
     .missing = "a buffer for each connection",
     .meaning = "Accepted for compatibility, without effect: all connections share one buffer."},
    {MISSING_INT(websocket_write_buffer_size, 0, 0, GIB), .unit = "bytes", .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE,
     .missing = "a buffer for each connection", .meaning = "Accepted for compatibility, without effect."},
    {BOOL(ssl), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "TLS on all ports: `wss://` and `https://`, nothing else."},
    {TEXT(ssl_cert, ""), .centrifugo = true, .reload = CF_RELOAD_NEW,
     .meaning = "File with the certificate, and behind it those that lead to its authority (PEM); read again on SIGHUP."},
    {TEXT(ssl_key, ""), .centrifugo = true, .reload = CF_RELOAD_NEW,
     .meaning = "File with the certificate's key, without a passphrase (PEM); read again on SIGHUP."},
    {BOOL(ssl_only_openssl), .reload = CF_RELOAD_NEW,
     .meaning = "A TLS 1.3 connection stays with OpenSSL after its handshake, too, and takes ten times the memory."},
    {MISSING_BOOL(ssl_autocert), .reload = CF_RELOAD_NO, .state = CF_OPTION_REFUSED, .missing = ACME,
     .instead = "let certbot fetch the certificate, name its files with 'ssl_cert' and 'ssl_key', and send SIGHUP in its "
                "deploy hook (docs/operating.md)",
     .meaning = "Certificates by ACME."},
    {MISSING_TEXT(ssl_autocert_host_whitelist, ""), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Hosts to get certificates for."},
    {MISSING_TEXT(ssl_autocert_cache_dir, ""), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Folder of certificates."},
    {MISSING_TEXT(ssl_autocert_email, ""), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Contact."},
    {MISSING_TEXT(ssl_autocert_server_name, ""), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Host name where the client gives none."},
    {MISSING_BOOL(ssl_autocert_force_rsa), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "RSA keys only."},
    {MISSING_BOOL(ssl_autocert_http), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Answer http-01 challenges."},
    {MISSING_TEXT(ssl_autocert_http_addr, ":80"), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = ACME,
     .meaning = "Where to answer them."},
    {TEXT(redis_host, "127.0.0.1"), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Where Redis is. Several, by commas, share the channels (shards)."},
    {TEXT(redis_port, "6379"), .centrifugo = true, .reload = CF_RELOAD_NO,
     .meaning = "Its port; one for all shards, or one for each, by commas."},
    {TEXT(redis_password, ""), .confidential = true, .reload = CF_RELOAD_NO, .meaning = "Password of every shard."},
    {TEXT(redis_db, "0"), .reload = CF_RELOAD_NO, .meaning = "Number of the database, of every shard."},
    {TEXT(redis_url, ""), .centrifugo = true, .confidential = true, .reload = CF_RELOAD_NO,
     .meaning = "`redis://:password@host:port/db`, by commas for several shards; what it has goes before the options above."},
    {TEXT(redis_master_name, ""), .reload = CF_RELOAD_NO,
     .meaning =
         "Names of the masters that Sentinel watches, one for each shard, by commas; host and port are asked of Sentinel."},
    {TEXT(redis_sentinels, ""), .reload = CF_RELOAD_NO,
     .meaning = "Addresses of the Sentinels, `host:port`, by commas. They are asked one after the other, and tell of others."},
    {TEXT(redis_sentinel_password, ""), .confidential = true, .reload = CF_RELOAD_NO, .meaning = "Password of every Sentinel."},
    {BOOL(redis_tls), .reload = CF_RELOAD_NO, .meaning = "TLS to every Redis and every Sentinel."},
    {TEXT(redis_tls_ca, ""), .reload = CF_RELOAD_NO,
     .meaning = "File with the certificates that are trusted (PEM); empty: those that the system trusts."},
    {TEXT(redis_tls_cert, ""), .reload = CF_RELOAD_NO,
     .meaning =
         "File with the certificate that Redis asks for, where it does (PEM), and behind it those that lead to its authority."},
    {TEXT(redis_tls_key, ""), .reload = CF_RELOAD_NO, .meaning = "File with its key, without a passphrase (PEM)."},
    {TEXT(redis_tls_name, ""), .reload = CF_RELOAD_NO,
     .meaning = "The name that every certificate has to be of; empty: the host or address that is connected to."},
    {MISSING_INT(redis_pool, 256, 0, MANY), .unit = "connections", .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE,
     .missing = POOL, .meaning = "Accepted for compatibility, without effect: one connection carries all commands."},
    {BOOL(redis_api), .reload = CF_RELOAD_NO,
     .meaning =
         "Commands of the API are taken from the lists `<redis_prefix>.api` and those with a number behind it, unsigned."},
    {INT(redis_api_num_shards, 0, 0, QUEUES), .reload = CF_RELOAD_NO, .unit = "lists",
     .meaning = "How many lists have a number: `.api.0` and on."},
    {TEXT(redis_prefix, "centrifugo"), .reload = CF_RELOAD_NO,
     .meaning = "Begins every key and channel in Redis. Nodes with the same one are one service."},
    {INT(redis_connect_timeout, 1, 1, YEARS), .unit = "s", .reload = CF_RELOAD_NO,
     .meaning = "How long connecting may take, and how long an operation waits for a lost Redis before it fails."},
    {INT(redis_read_timeout, 10, 1, YEARS), .unit = "s", .reload = CF_RELOAD_NO,
     .meaning = "How long Redis may take to answer; then the connection is given up and opened again."},
    {MISSING_INT(redis_write_timeout, 1, 0, YEARS), .unit = "s", .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE,
     .missing = "a timeout of its own for sending", .meaning = "Accepted for compatibility: `redis_read_timeout` counts."},
    {MISSING_INT(redis_pubsub_num_workers, 0, 0, MANY), .reload = CF_RELOAD_NO, .state = CF_OPTION_IDLE, .missing = THREADS,
     .meaning = "Accepted for compatibility, without effect."},
};
const size_t cf_option_count = sizeof(cf_options) / sizeof(cf_options[0]);

const cf_option cf_channel_option_table[] = {
    {CHANNEL_BOOL(watch), .centrifugo = true, .meaning = "Operators who watch see the messages (`admin`, `web`)."},
    {CHANNEL_BOOL(publish), .centrifugo = true, .meaning = "Subscribed clients may publish."},
    {CHANNEL_BOOL(anonymous), .centrifugo = true, .meaning = "Clients with an empty user id may subscribe."},
    {CHANNEL_BOOL(presence), .centrifugo = true, .meaning = "Who is subscribed can be asked for."},
    {CHANNEL_BOOL(join_leave), .centrifugo = true, .meaning = "Subscribers are told who comes and goes."},
    {CHANNEL_INT(history_size, 0, 0, MANY), .unit = "messages", .centrifugo = true,
     .meaning = "Most messages kept in a channel's history; 0: none."},
    {CHANNEL_INT(history_lifetime, 0, 0, YEARS), .unit = "s", .centrifugo = true,
     .meaning = "How long the history lives after the last message; 0: there is none."},
    {CHANNEL_BOOL(recover), .centrifugo = true,
     .meaning = "Clients get what they missed when they subscribe again; needs history."},
    {CHANNEL_BOOL(history_drop_inactive), .centrifugo = true,
     .meaning = "Messages to channels that nobody was subscribed to lately are not kept."},
};
const size_t cf_channel_option_count = sizeof(cf_channel_option_table) / sizeof(cf_channel_option_table[0]);

bool cf_option_of_channel(const cf_option *option)
{
    return option >= cf_channel_option_table && option < cf_channel_option_table + cf_channel_option_count;
}

bool cf_option_same(const cf_option *option, const void *a, const void *b)
{
    if (option->kind == CF_OPTION_BOOL)
        return *(const bool *)a == *(const bool *)b;
    if (option->kind == CF_OPTION_STRING || option->kind == CF_OPTION_TEXTS)
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
    const cf_option *option = cf_option_find(name);
    return option != NULL && cf_bytes_equal(cf_bytes_of(option->name), name) ? option : NULL;
}

const cf_option *cf_option_find_letter(char letter)
{
    for (size_t i = 0; letter != 0 && i < cf_option_count; i++) {
        if (cf_options[i].letter == letter)
            return &cf_options[i];
    }
    return NULL;
}

cf_option_name cf_option_variable(const char *prefix, const char *name)
{
    cf_option_name variable = {{0}};
    size_t size = 0;
    for (const char *at = prefix; *at != 0; at++)
        variable.text[size++] = *at;
    for (const char *at = name; *at != 0 && size + 1 < sizeof(variable.text); at++)
        variable.text[size++] = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    return variable;
}

/* ---- the reference ---- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

static const char *kind_text(cf_option_kind kind)
{
    static const char *const texts[] = {"bool", "int", "string", "strings", "port", "list"};
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
    if (option->unit != NULL) {
        put(out, " ");
        put(out, option->unit);
    }
}

static void write_sources(cf_buffer *out, const cf_option *option)
{
    const char *prefix = option->centrifugo ? CF_OPTION_PREFIX_CENTRIFUGO : CF_OPTION_PREFIX;
    put(out, "`");
    put(out, cf_option_variable(prefix, option->name).text);
    put(out, "`, `--");
    put(out, option->name);
    if (option->letter != 0) {
        put(out, "`, `-");
        cf_buffer_append_byte(out, option->letter);
    }
    put(out, "`");
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
    put(out, "| option | type | default | range | variable and flag | reload | meaning |\n|---|---|---|---|---|---|---|\n");
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
