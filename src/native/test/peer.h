/*
 * A server that does what a test's script says, in a thread of its own, on a free port of 127.0.0.1.
 *
 * A script is a function that calls the peer_* functions below in order. They return false once something did not go as the
 * script says; what it was is kept, and peer_finish makes the test fail with it.
 */
#ifndef CF_NATIVE_TEST_PEER_H
#define CF_NATIVE_TEST_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cf_peer cf_peer;
typedef void (*peer_script)(cf_peer *peer);

/* How the peer does TLS; files are PEM. */
typedef struct cf_peer_tls {
    const char *certificate;
    const char *key;
    const char *client_ca; /* a client certificate made by it is required; NULL: none is asked for */
} cf_peer_tls;

#define PEER_TEXT_MAX ((size_t)8 << 20)

struct cf_peer {
    int listener;
    int port;
    int socket; /* the current connection, -1 for none */
    void *tls_context;
    void *tls;
    pthread_t thread;
    peer_script script;
    void *user;          /* of the test, for the script */
    atomic_int accepted; /* connections so far */
    atomic_int step;     /* for tests to see how far the script is */
    char failure[512];
    char head[8192]; /* the last request head */
    char *input;     /* bytes received and not used */
    size_t input_size;
    size_t input_capacity;
    char *text; /* the last message, NUL-terminated */
    size_t text_size;
    uint16_t close_code; /* of the last close frame */
};

/* ---- in the test's thread ---- */

void peer_start(cf_peer *peer, peer_script script, void *user, const cf_peer_tls *tls);
/* "ws://127.0.0.1:PORT" or wss; static, overwritten by the next call. */
const char *peer_url(const cf_peer *peer);
/* Waits for the script's end; fails the test when it did not go as it says. */
void peer_finish(cf_peer *peer);
/* A port on which nobody listens. */
int peer_unused_port(void);

/* ---- in a script ---- */

bool peer_fail(cf_peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool peer_accept(cf_peer *peer);
/* Accepts without TLS and reads a request head, up to the empty line. */
bool peer_read_head(cf_peer *peer);
/* Accepts, with TLS if the peer has it, and reads a request: its head, and its body into `text`. */
bool peer_read_request(cf_peer *peer);
/* As it, on the connection that is there. */
bool peer_read_next_request(cf_peer *peer);
/* As the first; the body must be `body`. */
bool peer_expect_request(cf_peer *peer, const char *body);
/* Answers it with a status line's end ("200 OK") and a body. */
bool peer_respond(cf_peer *peer, const char *status, const char *body);
/* Reads the opening request and answers it. */
bool peer_upgrade(cf_peer *peer);
bool peer_send_raw(cf_peer *peer, const void *data, size_t size);
/* One unmasked frame. */
bool peer_send_frame(cf_peer *peer, int opcode, const void *data, size_t size);
bool peer_send(cf_peer *peer, const char *text);
/* The next text message into `text`; answers no pings. False also at a close frame or the end. */
bool peer_read(cf_peer *peer);
/* The next frame, whatever it is; its opcode, or -1 at the end of the stream. */
int peer_read_frame(cf_peer *peer);
/* Reads a message that must contain `part`. */
bool peer_expect(cf_peer *peer, const char *part);
/* Answers the last message read: {"uid": its uid, "method": method, "body": body}. */
bool peer_answer(cf_peer *peer, const char *method, const char *body);
/* accept, upgrade, connect command and its answer, with `client` as the connection's id. */
bool peer_welcome(cf_peer *peer, const char *client);
/* Reads a subscribe command for the channel and answers it. */
bool peer_subscribed(cf_peer *peer, const char *channel);
bool peer_close_frame(cf_peer *peer, uint16_t code, const char *reason);
/* Waits for the client to end the connection: a close frame or the end of the stream. */
bool peer_wait_end(cf_peer *peer);
/* Ends the connection without a word. */
void peer_drop(cf_peer *peer);
/* Ends it with a reset. */
void peer_reset(cf_peer *peer);

#endif
