/*
 * The backend of the chat: what its files share. It is what an application has beside centrifuged: it knows its users, hands
 * out credentials for connections and signs for private channels, and serves the page.
 *
 *     main.c      options, start and end
 *     http.c      requests and answers (libmicrohttpd)
 *     files.c     the page's files
 *     answers.c   the endpoints: JSON in, JSON out (Jansson), no HTTP
 *     session.c   who asks: a signed text that the page sends along
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <centrifuge/backend.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CHAT_NAME_MAX     64   /* bytes of a nickname */
#define CHAT_USER_SIZE    17   /* 16 hexadecimal digits and NUL */
#define CHAT_SESSION_SIZE 1152 /* of a session as text */
#define CHAT_CHANNELS_MAX 16   /* of one request for signs */

#define CHAT_ROOM    "chat:room"
#define CHAT_MEMBERS "$chat:members"

typedef struct chat_settings {
    const char *address; /* to listen on */
    uint16_t port;       /* 0: any free one */
    const char *server;  /* centrifuged as the page reaches it: ws://HOST:PORT */
    const char *secret;  /* centrifuged's option `secret` */
    const char *word;    /* lets a user into the members' room */
    const char *page;    /* folder of the page's files */
    const char *library; /* the file that is served as centrifuge.js */
    char session_key[CENTRIFUGE_SIGN_SIZE];
} chat_settings;

/* ---- session.c ------------------------------------------------------------------------------------------ */

typedef struct chat_session {
    char user[CHAT_USER_SIZE];
    char name[CHAT_NAME_MAX + 1];
    bool member;
} chat_session;

/* Random hexadecimal digits, `size` with the NUL. */
bool chat_random(char *text, size_t size);
bool chat_session_write(const char *key, const chat_session *session, char text[CHAT_SESSION_SIZE]);
/* False for what was not written with this key. */
bool chat_session_read(const char *key, const char *text, chat_session *session);

/* ---- answers.c ------------------------------------------------------------------------------------------ */

/* `body` belongs to the receiver; NULL: no memory. */
typedef struct chat_answer {
    unsigned status;
    json_t *body;
} chat_answer;

/* `session` is who asks, NULL when nobody has signed in. `request` is what was posted. */
typedef chat_answer chat_endpoint(const chat_settings *settings, const chat_session *session, json_t *request);

chat_endpoint chat_sign_in;
chat_endpoint chat_enter;
chat_endpoint chat_authorize;
chat_endpoint chat_refresh;

chat_answer chat_refuse(unsigned status, const char *reason);

/* ---- http.c --------------------------------------------------------------------------------------------- */

typedef struct chat_http chat_http;

/* NULL when it cannot listen there, or a file of the page is missing: standard error says which. */
chat_http *chat_http_start(const chat_settings *settings);
uint16_t chat_http_port(const chat_http *http);
void chat_http_stop(chat_http *http);

#endif
