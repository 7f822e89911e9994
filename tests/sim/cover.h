/*
 * How often what is hard to meet was met: one count for each situation, so that
 * "covered" is measured. simulate --coverage prints them.
 */
#ifndef SIM_COVER_H
#define SIM_COVER_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, what happened) */
#define SIM_SITUATIONS(X)                                                                                                      \
    X(AUTH, "authorization: asked for")                                                                                        \
    X(AUTH_MANY, "authorization: one for several channels")                                                                    \
    X(AUTH_AT_ONCE, "authorization: answered while it is asked for")                                                           \
    X(AUTH_GOOD, "authorization: a good answer in time")                                                                       \
    X(AUTH_SLOW, "authorization: a good answer after more than a second")                                                      \
    X(AUTH_FAILED, "authorization: no answer could be had")                                                                    \
    X(AUTH_WRONG, "authorization: an answer that says something else")                                                         \
    X(AUTH_DENIED, "authorization: a channel that is denied, or left out")                                                     \
    X(AUTH_TWICE, "authorization: answered a second time")                                                                     \
    X(AUTH_LATE, "authorization: answered after it was cancelled")                                                             \
    X(AUTH_TIMEOUT, "authorization: never answered in time")                                                                   \
    X(AUTH_CUT, "authorization: cancelled with its connection")                                                                \
    X(REFRESH, "refresh: asked for")                                                                                           \
    X(REFRESH_AT_ONCE, "refresh: answered while it is asked for")                                                              \
    X(REFRESH_GOOD, "refresh: a good answer in time")                                                                          \
    X(REFRESH_SLOW, "refresh: a good answer after more than a second")                                                         \
    X(REFRESH_FAILED, "refresh: no answer could be had")                                                                       \
    X(REFRESH_WRONG, "refresh: an answer without credentials")                                                                 \
    X(REFRESH_STALE, "refresh: credentials that have expired already, or soon will")                                           \
    X(REFRESH_TWICE, "refresh: answered a second time")                                                                        \
    X(REFRESH_LATE, "refresh: answered after it was cancelled")                                                                \
    X(REFRESH_TIMEOUT, "refresh: never answered in time")                                                                      \
    X(REFRESH_CUT, "refresh: cancelled, since there is to be no connection")                                                   \
    X(REFRESH_GIVEN_UP, "refresh: all attempts failed, given up")                                                              \
    X(EXPIRY_IDLE, "credentials expire: disconnected for good")                                                                \
    X(EXPIRY_WAITING, "credentials expire: waiting for the next attempt")                                                      \
    X(EXPIRY_OPENING, "credentials expire: the transport is opening")                                                          \
    X(EXPIRY_CONNECTING, "credentials expire: connect is not answered yet")                                                    \
    X(EXPIRY_CONNECTED, "credentials expire: connected")                                                                       \
    X(EXPIRY_REFRESHING, "credentials expire: a refresh runs")                                                                 \
    X(EXPIRY_AUTHORIZING, "credentials expire: an authorization runs")                                                         \
    X(EXPIRY_BATCHING, "credentials expire: while batching")                                                                   \
    X(EXPIRY_AUTH_BATCHING, "credentials expire: while auth batching")                                                         \
    X(EXPIRY_CLOSED, "credentials expire: the server closed the connection")                                                   \
    X(BATCH_FRAME, "batching: several commands in one frame")                                                                  \
    X(BATCH_CUT, "batching: the connection ended before it")                                                                   \
    X(BATCH_INSIDE, "batching: begun, flushed or ended inside a callback")                                                     \
    X(AUTH_BATCH, "auth batching: ended while connected")                                                                      \
    X(AUTH_BATCH_RECONNECT, "auth batching: went on over a new connection")                                                    \
    X(LIMIT_MESSAGE_DECODER, "limit message_size_max: a frame was refused by the decoder")                                     \
    X(LIMIT_MESSAGE, "limit message_size_max: a message was refused by the client")                                            \
    X(LIMIT_QUEUE, "limit queue_size_max: a call or subscription was refused")                                                 \
    X(LIMIT_CALLS, "limit calls_max: a call was refused")                                                                      \
    X(LIMIT_SUBSCRIPTIONS, "limit subscriptions_max: a subscription was refused")                                              \
    X(LIMIT_CHANNEL, "limit channel_length_max: a subscription was refused")                                                   \
    X(LIMIT_FRAME, "limit frame_size_max: a publication was refused")                                                          \
    X(FRAME_DIVIDED, "limit frame_size_max: commands were divided among frames")                                               \
    X(LIMIT_RECOVERY, "limit recovery_size_max: more was pushed during a recovery than may wait")                              \
    X(LATE_BEFORE, "late answers: what was pushed came before the answer to subscribe")                                        \
    X(LATE_TWICE, "late answers: it came before the answer, and again in it")                                                  \
    X(LATE_BEHIND, "late answers: it came in the answer, and again behind it")                                                 \
    X(STORE_HELD, "late store: published before the recovery is answered, told behind it")                                     \
    X(STORE_TWICE, "late store: published before the recovery is answered, told in it")                                        \
    X(STORE_BEHIND, "late store: published when the recovery was answered")                                                    \
    X(STORE_SIDE_BY_SIDE, "late store: several subscribes of one message waited at a time")                                    \
    X(STORE_PUBLISHES, "late store: several publishes of one client were under way at a time")                                 \
    X(STORE_ASIDE, "late store: one of them was answered before one that stands before it")                                    \
    X(STORE_UNSUBSCRIBE, "late store: an unsubscribe failed")                                                                  \
    X(STORE_PRESENCE, "late store: a presence_remove failed")                                                                  \
    X(STORE_HISTORY, "late store: a history failed")                                                                           \
    X(STORE_CALL, "late store: a call of the API waited when the node was freed")                                              \
    X(PAIR_RECOVERED, "two nodes: a client recovered at the other one what it had missed")                                     \
    X(PAIR_UNSUBSCRIBE, "two nodes: the other one was asked to unsubscribe a user, and it came about")                         \
    X(PAIR_DISCONNECT, "two nodes: the other one was asked to disconnect a user, and it came about")                           \
    X(PUSH_TAKEN, "messages: read by the driver, and told by it")                                                              \
    X(WARNING_QUEUE, "limit queue_size_max: warned of")                                                                        \
    X(WARNING_CALLS, "limit calls_max: warned of")                                                                             \
    X(WARNING_SUBSCRIPTIONS, "limit subscriptions_max: warned of")                                                             \
    X(LIMIT_UNSENT, "limit queue_size_max: reached by what the transport has not sent")                                        \
    X(TURN_ENDED, "events per turn: a turn ended before all was told")                                                         \
    X(TURN_ANSWER, "events per turn: an answer of the backend came in between")                                                \
    X(REQUEST_STATUS, "authorization, refresh: failed with a status, and perhaps with Retry-After")                            \
    X(ASKED_AND_WAITS, "connect: asked for so often that the attempt has to wait")                                             \
    X(LIMIT_INSIDE, "limits: a refusal inside a callback")                                                                     \
    X(LIMIT_OFFLINE, "limits: a refusal while not connected")                                                                  \
    X(SERVER_TURN, "turns of the server: something was left for the next one")                                                 \
    X(SERVER_PAUSE, "turns of the server: a client was not read, since its share was spent or a subscriber behind")            \
    X(SERVER_BEHIND, "turns of the server: a subscriber was behind")                                                           \
    X(SOCKJS_XHR_STREAMING, "SockJS: open by xhr_streaming")                                                                   \
    X(SOCKJS_EVENTSOURCE, "SockJS: open by eventsource")                                                                       \
    X(SOCKJS_XHR, "SockJS: open by xhr")                                                                                       \
    X(SOCKJS_NEXT, "SockJS: open by another transport than the first")                                                         \
    X(SOCKJS_FULL, "SockJS: a streamed answer was full, the next one begun")                                                   \
    X(SOCKJS_BLOCKED, "SockJS: a client did not take what the server had written")                                             \
    X(SOCKJS_SEND_LOST, "SockJS: an xhr_send, or its answer, was lost")                                                        \
    X(SOCKJS_FORGOTTEN, "SockJS: a client came back too late, its session was forgotten")                                      \
    X(SOCKJS_CLOSED, "SockJS: the server closed with a frame")                                                                 \
    X(SOCKJS_WAITED, "SockJS: messages waited for a poll that came after them")                                                \
    X(SOCKJS_SECOND, "SockJS: a second receiver was turned away")

typedef enum sim_situation {
#define SIM_SITUATION_ENUM(name, text) SIM_SITUATION_##name,
    SIM_SITUATIONS(SIM_SITUATION_ENUM)
#undef SIM_SITUATION_ENUM
        SIM_SITUATION_COUNT
} sim_situation;

typedef struct sim_cover {
    uint64_t times[SIM_SITUATION_COUNT];
    uint64_t seeds[SIM_SITUATION_COUNT];
} sim_cover;

/* What one seed has met. */
void sim_cover_add(sim_cover *all, const unsigned *met);
/* A line for each; false when one was never met. */
bool sim_cover_print(const sim_cover *all);

#endif
