/*
 * What nodes tell each other through the engine: that they live, and what a backend wants done to a user everywhere
 * (server-spec.md 7.6). Here is how it is written; cluster.c acts on it.
 */
#ifndef CF_SERVER_CONTROL_H
#define CF_SERVER_CONTROL_H

#include "json/json.h"
#include "server/engine/engine.h"

typedef enum cf_control_kind { CF_CONTROL_PING, CF_CONTROL_UNSUBSCRIBE, CF_CONTROL_DISCONNECT } cf_control_kind;

/* A node as `stats` shows it. */
typedef struct cf_node_info {
    cf_bytes uid;
    cf_bytes version;
    cf_bytes name;
    int64_t started_at; /* Unix s */
    cf_bytes metrics;   /* JSON, an object */
} cf_node_info;

/* Which members count depends on the kind. Slices of the message, or of the scratch memory. */
typedef struct cf_control {
    cf_control_kind kind;
    cf_node_info info;
    cf_bytes user;
    cf_bytes channel; /* empty: all */
} cf_control;

/* False for what this server does not understand, or cannot act on. `scratch` needs room for the parameters. */
bool cf_control_read(const cf_engine_control *message, cf_control *control, cf_buffer *scratch);

/* The name of its method. */
cf_bytes cf_control_method(cf_control_kind kind);
/* The parameters of all but a ping. */
void cf_control_write(cf_buffer *out, const cf_control *control);
/* Up to the value of `metrics`, which the caller writes, and `}` behind it. */
void cf_control_begin_info(cf_buffer *out, const cf_node_info *info);

#endif
