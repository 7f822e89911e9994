/*
 * Channel names (server-spec.md 3.1). An empty prefix, boundary or separator
 * means that the feature is off (10.2, fix 10).
 */
#ifndef CF_WIRE_CHANNEL_H
#define CF_WIRE_CHANNEL_H

#include "base/bytes.h"

typedef struct cf_channel_rules {
    cf_bytes private_prefix;     /* $ */
    cf_bytes namespace_boundary; /* : */
    cf_bytes user_boundary;      /* # */
    cf_bytes user_separator;     /* , */
    cf_bytes client_boundary;    /* & */
} cf_channel_rules;

bool cf_channel_is_private(const cf_channel_rules *rules, cf_bytes channel);
/* The namespace's name; empty for none: the top-level options. */
cf_bytes cf_channel_namespace(const cf_channel_rules *rules, cf_bytes channel);
bool cf_channel_user_allowed(const cf_channel_rules *rules, cf_bytes channel, cf_bytes user);
bool cf_channel_client_allowed(const cf_channel_rules *rules, cf_bytes channel, cf_bytes client);

#endif
