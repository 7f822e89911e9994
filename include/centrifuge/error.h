/*
 * Errors of libcentrifuge: one table, from which the numbers, the names, the
 * texts and the advice ("can trying again help?") are all made.
 *
 * Numbers are fixed: they are never changed and never used again.
 */
#ifndef CENTRIFUGE_ERROR_H
#define CENTRIFUGE_ERROR_H

#include <stdbool.h>

#include <centrifuge/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(number, NAME, text, temporary): temporary is 1 where the same call may succeed later without a change of the program. */
#define CENTRIFUGE_ERROR_TABLE(X)                                                                                              \
    X(0, OK, "no error", 0)                                                                                                    \
    X(1, NO_MEMORY, "out of memory", 1)                                                                                        \
    X(2, INVALID_ARGUMENT, "invalid argument", 0)                                                                              \
    X(3, INVALID_OPTION, "invalid option", 0)                                                                                  \
    X(4, MISSING_URL, "option 'url' is missing: the address of the server", 0)                                                 \
    X(5, MISSING_USER, "option 'user' is missing: the user's id in your application, \"\" for an anonymous one", 0)            \
    X(6, MISSING_TIMESTAMP, "option 'timestamp' is missing: Unix seconds as text, as used in the token", 0)                    \
    X(7, MISSING_TOKEN, "option 'token' is missing: the HMAC SHA-256 made by your backend", 0)                                 \
    X(8, INVALID_URL, "the address is not one of a server: use ws://, wss://, http:// or https://", 0)                         \
    X(9, UNSUPPORTED, "not supported by this build", 0)                                                                        \
    X(10, INVALID_STATE, "not possible in the current state", 0)                                                               \
    X(11, CLOSED, "the client is being destroyed", 0)                                                                          \
    X(12, TIMEOUT, "timeout", 1)                                                                                               \
    X(13, DISCONNECTED, "disconnected", 1)                                                                                     \
    X(14, UNSUBSCRIBED, "subscription unsubscribed", 0)                                                                        \
    X(15, REFUSED, "refused by the server", 0)                                                                                 \
    X(16, LIMIT_MESSAGE_SIZE, "a received message is larger than the limit 'message_size_max'", 0)                             \
    X(17, LIMIT_QUEUE, "more outgoing bytes wait than the limit 'queue_size_max' allows", 1)                                   \
    X(18, LIMIT_CALLS, "more calls wait for an answer than the limit 'calls_max' allows", 1)                                   \
    X(19, LIMIT_SUBSCRIPTIONS, "more subscriptions than the limit 'subscriptions_max' allows", 0)                              \
    X(20, INVALID_JSON, "the data is not valid JSON", 0)                                                                       \
    X(21, INVALID_UTF8, "the text is not valid UTF-8", 0)                                                                      \
    X(22, WRONG_THREAD, "called from a thread that does not own the client", 0)                                                \
    X(23, NETWORK, "network error", 1)                                                                                         \
    X(24, TLS, "the secure connection could not be made", 0)                                                                   \
    X(25, PROTOCOL, "the server broke the protocol", 1)                                                                        \
    X(26, HTTP_STATUS, "the server answered with an HTTP error", 1)                                                            \
    X(27, SYSTEM, "the operating system refused", 1)                                                                           \
    X(28, LIMIT_CHANNEL, "the channel name is longer than the limit 'channel_length_max'", 0)                                  \
    X(29, LIMIT_EVENTS, "more events wait than the limit 'events_per_turn' allows in one turn", 1)                             \
    X(30, LIMIT_FRAME_SIZE, "what is to be sent is larger than a frame may be; see 'frame_size_max'", 0)                       \
    X(31, LIMIT_POSTS, "more posted functions wait than the limit 'posts_max' allows", 1)                                      \
    X(32, LIMIT_RECOVERY, "more bytes came during recoveries than the limit 'recovery_size_max' allows", 1)                    \
    X(33, NO_ROOM, "the memory that was given is too small for it", 0)                                                         \
    X(34, JSON_KIND, "there is no JSON value of the kind that was asked for", 0)                                               \
    X(35, DRAINING, "the client is being drained: no further calls are taken", 0)

typedef enum centrifuge_error {
#define CENTRIFUGE_ERROR_ENUM(number, name, text, temporary) CENTRIFUGE_ERROR_##name = number,
    CENTRIFUGE_ERROR_TABLE(CENTRIFUGE_ERROR_ENUM)
#undef CENTRIFUGE_ERROR_ENUM
        CENTRIFUGE_ERROR_COUNT_
} centrifuge_error;

/* ---- names and texts of errors ---------------------------------------------------------------------- */

/* The name, "NO_MEMORY" for CENTRIFUGE_ERROR_NO_MEMORY; "UNKNOWN" for a number that is none. Static. Any thread. */
CENTRIFUGE_API const char *centrifuge_error_name(centrifuge_error error);
/* A sentence for people: what was wrong and, where it helps, what to do. Static. Any thread. */
CENTRIFUGE_API const char *centrifuge_error_text(centrifuge_error error);
/* Can the same call succeed later without a change of the program? Any thread. */
CENTRIFUGE_API bool centrifuge_error_temporary(centrifuge_error error);

#ifdef __cplusplus
}
#endif

#endif
