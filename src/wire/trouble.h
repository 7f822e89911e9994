/*
 * What goes wrong for a client or a caller of the HTTP API: one table of the errors that replies tell and of the reasons for
 * which a connection is closed. Whoever notices it names it; a dialect finds here what to write.
 */
#ifndef CF_WIRE_TROUBLE_H
#define CF_WIRE_TROUBLE_H

#include "base/bytes.h"

/* What version 1 advises a client whose command failed to do. */
typedef enum cf_advice { CF_ADVICE_NONE, CF_ADVICE_FIX, CF_ADVICE_RETRY } cf_advice;

/*
 * X(name, text, advice, reconnect, number, temporary, code). Text, advice and reconnect are version 1's (server-spec.md 2.3,
 * 2.12); number and temporary are the error of a reply, and code the close, as protocols with numbers have them (number 0: no
 * reply tells it).
 */
#define CF_TROUBLES(X)                                                                                                         \
    X(INTERNAL, "internal server error", CF_ADVICE_RETRY, true, 100, true, 3004)                                               \
    X(UNAUTHORIZED, "unauthorized", CF_ADVICE_NONE, false, 101, false, 3501)                                                   \
    X(NO_NAMESPACE, "namespace not found", CF_ADVICE_FIX, false, 102, false, 3501)                                             \
    X(DENIED, "permission denied", CF_ADVICE_FIX, false, 103, false, 3507)                                                     \
    X(NO_METHOD, "method not found", CF_ADVICE_NONE, false, 104, false, 3501)                                                  \
    X(SUBSCRIBED, "already subscribed", CF_ADVICE_FIX, false, 105, false, 3501)                                                \
    X(LIMIT_EXCEEDED, "limit exceeded", CF_ADVICE_FIX, false, 106, false, 3504)                                                \
    X(INVALID, "invalid message", CF_ADVICE_FIX, false, 107, false, 3501)                                                      \
    X(NOT_AVAILABLE, "not available", CF_ADVICE_RETRY, false, 108, false, 3508)                                                \
    X(INVALID_TOKEN, "invalid token", CF_ADVICE_NONE, false, 0, false, 3500)                                                   \
    X(EXPIRED, "expired", CF_ADVICE_NONE, true, 110, false, 3005)                                                              \
    X(STALE, "stale", CF_ADVICE_NONE, false, 0, false, 3502)                                                                   \
    X(SLOW, "slow", CF_ADVICE_NONE, false, 0, false, 3008)                                                                     \
    X(UNWRITABLE, "error sending message", CF_ADVICE_NONE, true, 0, false, 3009)                                               \
    X(DISCONNECT, "disconnect", CF_ADVICE_NONE, false, 0, false, 3503)                                                         \
    X(SHUTDOWN, "shutting down", CF_ADVICE_NONE, true, 0, false, 3001)

typedef enum cf_trouble {
    CF_TROUBLE_NONE,
#define CF_TROUBLE_ENUM(name, text, advice, reconnect, number, temporary, code) CF_TROUBLE_##name,
    CF_TROUBLES(CF_TROUBLE_ENUM)
#undef CF_TROUBLE_ENUM
} cf_trouble;

/* Without CF_TROUBLE_NONE: the last one's number. */
enum {
#define CF_TROUBLE_ONE(name, text, advice, reconnect, number, temporary, code) +1
    CF_TROUBLE_COUNT = 0 CF_TROUBLES(CF_TROUBLE_ONE)
#undef CF_TROUBLE_ONE
};

typedef struct cf_trouble_facts {
    cf_bytes text;
    cf_advice advice;
    bool reconnect; /* a client that is closed for it may come back */
    bool temporary;
    uint16_t number;
    uint16_t code;
} cf_trouble_facts;

/* Of CF_TROUBLE_NONE: zeros. */
const cf_trouble_facts *cf_trouble_facts_of(cf_trouble trouble);

static inline cf_bytes cf_trouble_text(cf_trouble trouble)
{
    return cf_trouble_facts_of(trouble)->text;
}

#endif
