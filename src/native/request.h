/*
 * HTTP requests by libcurl on the client's loop: those that belong together share a multi handle with its connections.
 */
#ifndef CF_NATIVE_REQUEST_H
#define CF_NATIVE_REQUEST_H

#include "native/native.h"

typedef struct cf_native_multi {
    centrifuge_client *client;
    CURLM *handle; /* NULL: not open */
    cf_time deadline;
    centrifuge_socket sockets[CF_NATIVE_HTTP_SOCKETS_MAX]; /* that libcurl wants to be watched */
    size_t socket_count;
} cf_native_multi;

/* `connections`: as many at the same time, what is more waits. False without memory. */
bool cf_native_multi_open(cf_native_multi *multi, centrifuge_client *client, long connections);
/* After all of its requests; also one that is not open. */
void cf_native_multi_close(cf_native_multi *multi);
bool cf_native_multi_owns(const cf_native_multi *multi, centrifuge_socket handle);
/* `handle` is ready for `events`, or CURL_SOCKET_TIMEOUT. False: libcurl does nothing more with any request. */
bool cf_native_multi_progress(cf_native_multi *multi, curl_socket_t handle, int events);
/* Does what is due; `read_all`: what waits on the sockets is read, whether the loop told of it or not. False as above. */
bool cf_native_multi_timers(cf_native_multi *multi, cf_time now, bool read_all);

/* Zeroed before it is made. */
typedef struct cf_native_request {
    CURL *easy;
    CURLU *url;
    cf_http_trust *trust; /* held for libcurl */
    struct curl_slist *headers;
    unsigned sent; /* times, of one that goes out once */
    char problem[CURL_ERROR_SIZE];
} cf_native_request;

/* Ready for further options. `user` is handed to `receive` (CURLOPT_WRITEFUNCTION), and named by cf_native_multi_next_done. */
CURLcode cf_native_request_make(cf_native_request *request, centrifuge_client *client, cf_bytes url,
                                curl_write_callback receive, void *user);
/* As libcurl wants it: "name: value". */
CURLcode cf_native_request_header(cf_native_request *request, const char *line);
/* Copies the body, for which data must not be NULL. */
CURLcode cf_native_request_post(cf_native_request *request, cf_bytes body);
/* It fails when it takes so long (ms) to reach the server, or then no byte of it moves for that long and some seconds. */
CURLcode cf_native_request_patience(const cf_native_request *request, int64_t milliseconds);
/* It fails where libcurl would send it again. */
void cf_native_request_once(cf_native_request *request);
CURLcode cf_native_request_begin(cf_native_request *request, cf_native_multi *multi);
/* Aborts it, if it is under way. */
void cf_native_request_free(cf_native_request *request, cf_native_multi *multi);
/* The `user` of one that has ended since, and how; NULL: none. */
void *cf_native_multi_next_done(cf_native_multi *multi, CURLcode *code);
/* Of the answer; 0 before it. */
long cf_native_request_status(const cf_native_request *request);
/* What the server asks to wait for, in ms; 0 for nothing. */
int64_t cf_native_request_retry_after(const cf_native_request *request);
/* Why it failed with `code`; the text has no secrets, and is valid as long as the request or until the next call. */
centrifuge_error cf_native_request_problem(cf_native_request *request, const cf_native_settings *settings, CURLcode code,
                                           const char **text);

#endif
