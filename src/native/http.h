/*
 * Requests for signs and credentials.
 */
#ifndef CF_NATIVE_HTTP_H
#define CF_NATIVE_HTTP_H

#include "native/request.h"

/* While there are requests. */
typedef struct cf_native_http {
    cf_native_multi multi;
    cf_list requests;
} cf_native_http;

/* What the core asks for; the answer, if only that there is none, is told to it in any case. */
void cf_native_http_authorize(centrifuge_client *client, uint32_t id, cf_bytes body);
void cf_native_http_refresh(centrifuge_client *client, uint32_t id);
void cf_native_http_cancel(centrifuge_client *client, uint32_t id);
/* The application's answer; data NULL: it has none. */
void cf_native_http_answer(centrifuge_client *client, cf_native_asked asked, uint32_t id, cf_bytes answer);
bool cf_native_http_owns(const cf_native_http *http, centrifuge_socket handle);
/* As cf_native_socket_progress. */
void cf_native_http_progress(centrifuge_client *client, curl_socket_t handle, int events);
/* `read_all`: what waits on the sockets is read, whether the loop told of it or not. */
void cf_native_http_timers(centrifuge_client *client, cf_time now, bool read_all);
/* Drops all requests. */
void cf_native_http_close(centrifuge_client *client);

#endif
