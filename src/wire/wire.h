/*
 * What clients and servers say to each other, whatever it looks like on the way.
 *
 * All cf_bytes that come out of a decoder are borrowed: from the text, or from
 * the scratch buffer that was handed in.
 */
#ifndef CF_WIRE_WIRE_H
#define CF_WIRE_WIRE_H

#include "base/bytes.h"
#include "wire/trouble.h"

typedef enum cf_method {
    CF_METHOD_UNKNOWN,
    CF_METHOD_CONNECT,
    CF_METHOD_REFRESH,
    CF_METHOD_SUBSCRIBE,
    CF_METHOD_UNSUBSCRIBE,
    CF_METHOD_PUBLISH,
    CF_METHOD_PRESENCE,
    CF_METHOD_HISTORY,
    CF_METHOD_PING,
    CF_METHOD_MESSAGE,
    CF_METHOD_JOIN,
    CF_METHOD_LEAVE,
    CF_METHOD_DISCONNECT,
    CF_METHOD_BROADCAST, /* the HTTP API only, as are the next three */
    CF_METHOD_CHANNELS,
    CF_METHOD_STATS,
    CF_METHOD_NODE,
    CF_METHOD_COUNT
} cf_method;

/* ---- commands ------------------------------------------------------------ */

typedef struct cf_connect_params { /* also of refresh */
    cf_bytes user;
    cf_bytes timestamp;
    cf_bytes info;
    cf_bytes token;
    bool json; /* of the client's side: they are JSON values, or empty for an empty text */
} cf_connect_params;

typedef struct cf_subscribe_params {
    cf_bytes channel;
    cf_bytes client;
    cf_bytes last;
    bool recover;
    cf_bytes info;
    cf_bytes sign;
} cf_subscribe_params;

/* Parameters of every other method, client's and API's; each method reads its own fields only. */
typedef struct cf_params {
    cf_bytes channel;
    cf_bytes data;     /* raw JSON; data NULL when absent. Of ping: a decoded string */
    cf_bytes client;   /* API publish and broadcast */
    cf_bytes uid;      /* API publish */
    cf_bytes user;     /* API unsubscribe and disconnect */
    cf_bytes channels; /* API broadcast: raw JSON array of strings, checked; data NULL when absent or null */
} cf_params;

/* ---- replies and pushes -------------------------------------------------- */

/* One connected client as others see it. */
typedef struct cf_client_info {
    cf_bytes user;
    cf_bytes client;
    cf_bytes default_info; /* raw valid JSON; size 0 when absent */
    cf_bytes channel_info; /* the same */
} cf_client_info;

/* A published message. */
typedef struct cf_publication {
    cf_bytes uid;
    cf_bytes channel;
    cf_bytes data;              /* raw valid JSON */
    cf_bytes client;            /* size 0 when absent */
    const cf_client_info *info; /* NULL when absent */
} cf_publication;

/* The answer to one command: what a method does not have is zero. */
typedef struct cf_reply {
    cf_method method;
    cf_trouble trouble;
    cf_bytes uid; /* of the command */
    cf_bytes channel;
    cf_bytes data;   /* of a ping, as it was sent */
    cf_bytes client; /* of connect and refresh, as is what follows */
    cf_bytes version;
    int64_t ttl; /* seconds; 0: the connection does not expire */
    bool expired;
    bool recovers; /* of a subscribe: it tells what was missed */
    bool recovered;
    cf_bytes last;                      /* of a subscribe: the newest message's id */
    const cf_publication *publications; /* of history and subscribe, newest first */
    const cf_client_info *infos;        /* of presence */
    size_t count;                       /* of publications or infos */
} cf_reply;

#endif
