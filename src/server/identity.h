/*
 * Who a client is, and until when, whatever has proved it. Version 1's credentials do today (command/credentials.h).
 */
#ifndef CF_SERVER_IDENTITY_H
#define CF_SERVER_IDENTITY_H

#include "server/config/config.h"

#define CF_EXPIRES_NEVER INT64_MAX

/* Slices of the message. */
typedef struct cf_identity {
    cf_bytes user;
    cf_bytes info;      /* valid JSON that others see beside the user; size 0: none */
    int64_t expires_at; /* Unix s, or CF_EXPIRES_NEVER */
    int64_t issued_at;  /* Unix s: from here the end is told again when connection_lifetime has changed */
} cf_identity;

/* Unix s, or CF_EXPIRES_NEVER: until when something is good that was issued then. */
static inline int64_t cf_identity_end(const cf_config *config, int64_t issued_at)
{
    int64_t lifetime = config->connection_lifetime;
    return lifetime <= 0 || issued_at > CF_EXPIRES_NEVER - lifetime ? CF_EXPIRES_NEVER : issued_at + lifetime;
}

#endif
