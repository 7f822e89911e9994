/*
 * libcentrifuge for an application's backend: tokens and signs for its users'
 * clients, calls of the server's HTTP API.
 *
 *     char token[CENTRIFUGE_SIGN_SIZE];
 *     centrifuge_backend_token("secret", "42", "1795452449", "", token);
 *
 *     centrifuge_backend_options options;
 *     centrifuge_backend_options_default(&options);
 *     options.url = "http://localhost:8000";
 *     options.secret = "secret";
 *     centrifuge_backend *backend;
 *     if (centrifuge_backend_new(&backend, &options) == CENTRIFUGE_ERROR_OK) {
 *         if (centrifuge_backend_publish(backend, "news", "\"hello\"", NULL, NULL))
 *             fprintf(stderr, "%s\n", centrifuge_backend_error_text(backend));
 *         centrifuge_backend_destroy(backend);
 *     }
 *
 * Rules that hold everywhere:
 *
 * - Text. Strings are UTF-8 and end with NUL. JSON is a string with one valid JSON value; the server hands `data` on byte
 *   for byte.
 * - Ownership. What is handed to a function is copied or used up before it returns. What a call gives back belongs to the
 *   backend object and stays until its next call or centrifuge_backend_destroy; nothing has to be freed.
 * - Threads. The functions without a backend object may be called from any thread. A backend object may be used by any
 *   thread, but by one at a time; several threads may have one each.
 * - Processes. In a child that was forked a backend object makes a connection of its own with the next call, and
 *   centrifuge_backend_destroy leaves the parent's alone; memory of libcurl stays with the child.
 * - Calls block until the answer is there, or for `timeout` milliseconds.
 * - Times are milliseconds, sizes are bytes.
 *
 * C99 or later, C++11 or later.
 */
#ifndef CENTRIFUGE_BACKEND_H
#define CENTRIFUGE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <centrifuge/error.h>
#include <centrifuge/header.h>
#include <centrifuge/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tokens and signs ------------------------------------------------ */

/* Bytes of a token or sign as text: 64 lower-case hexadecimal characters and NUL. */
#define CENTRIFUGE_SIGN_SIZE 65

/*
 * The token with which a client may connect or refresh.
 *
 * `secret`     the server's option `secret`; must not be empty
 * `user`       the user's id in your application; "" for an anonymous one
 * `timestamp`  now in Unix seconds, as decimal text: what the client hands over must be the same text
 * `info`       JSON text about the user, as the client will hand it over; "" or NULL for none
 * `token`      gets the text
 *
 * Pure: no allocation, no state. Errors: INVALID_ARGUMENT for NULL or an empty secret; `token` is "" then (unless it is NULL).
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_token(const char *secret, const char *user, const char *timestamp,
                                                         const char *info, char token[CENTRIFUGE_SIGN_SIZE]);

/*
 * The sign with which one connection may subscribe to a private channel.
 *
 * `secret`   the server's option `secret`; must not be empty
 * `client`   id of the connection, as the client got it from the server
 * `channel`  with its prefix: "$news"
 * `info`     JSON text about the user in this channel, as the client will hand it over; "" or NULL for none
 * `sign`     gets the text
 *
 * Pure: no allocation, no state. Errors: INVALID_ARGUMENT for NULL or an empty secret, client or channel; `sign` is "" then
 * (unless it is NULL).
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_sign(const char *secret, const char *client, const char *channel,
                                                        const char *info, char sign[CENTRIFUGE_SIGN_SIZE]);

/*
 * The value of the header X-API-Sign for a request to the HTTP API, for programs that send it themselves.
 *
 * `secret`  the server's option `secret`; must not be empty
 * `body`    the body of the request, `size` bytes, exactly as it will be sent
 * `sign`    gets the text
 *
 * Pure: no allocation, no state. `body` may be NULL when `size` is 0. Errors: INVALID_ARGUMENT for any other NULL or an empty
 * secret; `sign` is "" then (unless it is NULL).
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_api_sign(const char *secret, const void *body, size_t size,
                                                            char sign[CENTRIFUGE_SIGN_SIZE]);

/* ---- options of the HTTP API's caller --------------------------------------------- */

/*
 * Everything that can be chosen. Fill with centrifuge_backend_options_default, then change what differs. Strings are copied
 * by centrifuge_backend_new. Members are only ever appended.
 */
typedef struct centrifuge_backend_options {
    size_t size; /* of this struct as the application knows it; set by centrifuge_backend_options_default */

    /*
     * Required. http:// or https:// and the server's host and port, with its path prefix if it has one. "/api/" is appended
     * unless it is there. An address of the kind that clients take (ws://, .../connection/websocket) is understood too.
     */
    const char *url;
    const char *secret; /* the server's option `secret`, to sign requests; required unless `insecure` */
    bool insecure;      /* for a server with `insecure_api`: requests are not signed; default false */

    int64_t timeout;         /* ms for a whole call, connecting included; default 10000 */
    int64_t connect_timeout; /* ms of it for names, TCP, proxy and TLS; default 5000 */
    /* Bytes of an answer; default 16 MiB; SIZE_MAX is 'no limit'. Beyond: the call fails with LIMIT_MESSAGE_SIZE. */
    size_t message_size_max;

    /* -- the way to the server: handed to libcurl -- */

    const char *proxy;           /* default NULL: as the environment says (http_proxy, https_proxy, no_proxy); "" for none */
    const char *proxy_user;      /* "name:password" for the proxy; default none */
    bool tls_verify;             /* check the server's certificate and its name; default true. false only for tests */
    const char *tls_ca_file;     /* PEM file of certificate authorities to trust instead of the system's */
    const char *tls_ca_path;     /* directory of them, prepared with c_rehash */
    const char *tls_certificate; /* PEM file: the backend's own certificate */
    const char *tls_key;         /* PEM file: its key; default: in the file of the certificate */
    const char *tls_key_password;

    /*
     * Further headers of every request, as a proxy in front of the server may want them; default none. Host, Authorization and
     * Content-Type take the place of ours; what the length of a body is made of (Connection, Content-Length, Transfer-Encoding
     * and the like) and X-API-Sign are refused.
     */
    const centrifuge_header *headers;
    size_t header_count;
} centrifuge_backend_options;

/*
 * Fills `options` with the defaults, none of the required ones. Call as centrifuge_backend_options_default(&options).
 * Errors: INVALID_ARGUMENT for NULL.
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_options_default_sized(centrifuge_backend_options *options, size_t size);
#define centrifuge_backend_options_default(options)                                                                            \
    centrifuge_backend_options_default_sized((options), sizeof(centrifuge_backend_options))

/*
 * Are they complete and valid? The first that is not gives the error; `what` (may be NULL) gets the name of the option,
 * static, or NULL when there is none to name. Errors: INVALID_ARGUMENT, MISSING_URL, INVALID_URL, INVALID_OPTION (also for a
 * missing secret, and for a header that is none or refused: "headers: Connection is set by the library").
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_options_check(const centrifuge_backend_options *options, const char **what);

/* ---- life of a backend object --------------------------------------------------------------------------- */

/* One server's HTTP API, with a connection that is kept between calls. */
typedef struct centrifuge_backend centrifuge_backend;

/*
 * Makes a backend object; nothing is sent yet. `*backend` is set to it, or to NULL on error.
 * Errors: those of centrifuge_backend_options_check, NO_MEMORY, SYSTEM, UNSUPPORTED (libcurl lacks what an option needs).
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_new(centrifuge_backend **backend, const centrifuge_backend_options *options);

/* Closes the connection and frees all that it gave back. NULL is allowed. */
CENTRIFUGE_API void centrifuge_backend_destroy(centrifuge_backend *backend);

/* ---- calls of the HTTP API --------------------------------------------------------------- */

/*
 * Errors of every call:
 *
 *   REFUSED             the server answered with an error: centrifuge_backend_error_text, centrifuge_backend_advice
 *   INVALID_ARGUMENT    NULL or an empty name where one is needed: nothing was sent
 *   INVALID_JSON, INVALID_UTF8  nothing was sent
 *   TIMEOUT             no answer within `timeout`; it is not known whether the server did what was asked
 *   NETWORK, TLS        no connection, or it was lost; after it was lost it is not known whether the server did what was asked
 *   INVALID_OPTION, UNSUPPORTED  a file of the TLS options or the kind of proxy is wrong: the next call would fail, too
 *   SYSTEM              the system has no descriptors left
 *   HTTP_STATUS         another status than 200: 401 for a wrong secret, 400 for what the server cannot read
 *   PROTOCOL            the answer is not one of a Centrifugo server
 *   LIMIT_MESSAGE_SIZE, NO_MEMORY
 *
 * An answer, `const char **`, may be NULL; it gets JSON text that stays until the next call, NULL on error.
 */

/*
 * Publishes `data` (JSON) into a channel. `client`: id of the connection that counts as the publisher; `uid`: id of the
 * message, made by the server when not given. NULL or "" for none.
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_publish(centrifuge_backend *backend, const char *channel, const char *data,
                                                           const char *client, const char *uid);

/*
 * Publishes `data` into `count` channels, at least one, in one request. The server works through them in order and stops at
 * the first that it does not know; what was published stays.
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_broadcast(centrifuge_backend *backend, const char *const *channels,
                                                             size_t count, const char *data, const char *client);

/* Takes a channel away from all connections of a user; NULL or "" for all their channels. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_unsubscribe(centrifuge_backend *backend, const char *user,
                                                               const char *channel);

/* Closes all connections of a user; they are told not to come back by themselves. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_disconnect(centrifuge_backend *backend, const char *user);

/* Who is in a channel: an object from connection id to {"user","client",["default_info"],["channel_info"]}. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_presence(centrifuge_backend *backend, const char *channel,
                                                            const char **data);

/* The channel's last messages, newest first: an array of {"uid","channel","data",["client"],["info"]}. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_history(centrifuge_backend *backend, const char *channel, const char **data);

/* Channels with subscribers: an array of names. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_channels(centrifuge_backend *backend, const char **data);

/* The nodes and what they count: {"nodes":[{"uid","version","name","started_at","metrics"}],"metrics_interval":seconds}. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_stats(centrifuge_backend *backend, const char **data);

/* The node that answers and what it has counted since it started: {"uid","version","name","started_at","metrics"}. */
CENTRIFUGE_API centrifuge_error centrifuge_backend_node(centrifuge_backend *backend, const char **data);

/*
 * Sends any commands: a JSON object {"uid","method","params"} or an array of them. `replies` gets the server's answer, an
 * array with one reply for each: {["uid"],"method","error",["advice"],"body"}. Errors inside of replies are not looked at:
 * REFUSED does not come from here.
 */
CENTRIFUGE_API centrifuge_error centrifuge_backend_call(centrifuge_backend *backend, const char *commands,
                                                        const char **replies);

/* ---- about the last call --------------------------------------------------------------- */

/* What was wrong, for people: the server's own text after REFUSED. "" after a call that succeeded. Until the next call. */
CENTRIFUGE_API const char *centrifuge_backend_error_text(const centrifuge_backend *backend);
/* The server's advice: "fix" (change something first), "retry" (later may do), or "". Until the next call. */
CENTRIFUGE_API const char *centrifuge_backend_advice(const centrifuge_backend *backend);
/* Status of the server's HTTP answer; 0 when there was none. */
CENTRIFUGE_API int centrifuge_backend_http_status(const centrifuge_backend *backend);

#ifdef __cplusplus
}
#endif

#endif
