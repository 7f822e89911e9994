#include "native/open.h"

#include "native/choice.h"
#include "native/socket.h"
#include "native/sockjs.h"

/* A raw WebSocket has half of an attempt, at most so many milliseconds, to be answered. */
#define PATIENCE_MAX 5000

static int64_t patience(const centrifuge_client *client)
{
    int64_t half = client->settings.connect_timeout / 2;
    return half > 0 && half < PATIENCE_MAX ? half : PATIENCE_MAX;
}

static centrifuge_error open_raw(centrifuge_client *client, uint32_t id, cf_bytes endpoint,
                                 const cf_native_transport_events *tell, cf_native_transport **opened)
{
    cf_buffer address;
    cf_buffer_init(&address, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_native_sockjs_append_address(&address, endpoint, (cf_bytes){"", 0}, CF_BYTES("websocket"));
    centrifuge_error error = CENTRIFUGE_ERROR_NO_MEMORY;
    if (!address.failed)
        error = cf_native_socket_open(client, id, cf_buffer_bytes(&address), tell, opened);
    cf_buffer_free(&address);
    if (error || cf_native_choice_count(client) == 1)
        return error;
    if (cf_native_socket_hurry(*opened, endpoint, patience(client)))
        return CENTRIFUGE_ERROR_OK;
    (*opened)->ops->kill(*opened);
    *opened = NULL;
    return CENTRIFUGE_ERROR_NO_MEMORY;
}

centrifuge_error cf_native_open(centrifuge_client *client, uint32_t id, cf_bytes address,
                                const cf_native_transport_events *tell, cf_native_transport **opened)
{
    size_t place = cf_native_choice_begin(client);
    if (client->settings.transports[place] == CF_NATIVE_NO_TRANSPORT)
        return cf_native_socket_open(client, id, address, tell, opened);
    if (client->settings.transports[place] == CF_NATIVE_RAW_WEBSOCKET)
        return open_raw(client, id, address, tell, opened);
    return cf_native_sockjs_open(client, id, address, place, tell, opened);
}

/* Another transport has no more luck where certificates are wrong. */
static bool is_curable(centrifuge_error error)
{
    return error == CENTRIFUGE_ERROR_NETWORK || error == CENTRIFUGE_ERROR_HTTP_STATUS || error == CENTRIFUGE_ERROR_PROTOCOL ||
           error == CENTRIFUGE_ERROR_TIMEOUT;
}

/* Not where nobody is, and not when the server asks for patience. */
static const char *other_endpoint(const cf_native_transport *lost, centrifuge_error error)
{
    bool opened = lost->client->choice_tried != CF_NATIVE_NO_TRANSPORT;
    if (lost->ops != &cf_native_socket_ops || opened || !is_curable(error) || lost->client->retry_after > 0)
        return NULL;
    return cf_native_socket_other(lost);
}

static void log_fall_back(centrifuge_client *client, const char *detail)
{
    cf_buffer text;
    cf_buffer_init(&text, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, CF_BYTES("no WebSocket comes through, SockJS is tried: "));
    cf_buffer_append(&text, cf_bytes_of(detail));
    cf_native_events_log(client, CF_LOG_INFO, cf_buffer_bytes(&text));
    cf_buffer_free(&text);
}

bool cf_native_open_other(cf_native_transport *lost, centrifuge_error error, const char *detail)
{
    centrifuge_client *client = lost->client;
    const char *endpoint = client->ending ? NULL : other_endpoint(lost, error);
    if (!endpoint)
        return false;
    log_fall_back(client, detail);
    client->http_status = 0;
    return cf_native_sockjs_open(client, lost->id, cf_bytes_of(endpoint), 1, lost->tell, &client->live) == CENTRIFUGE_ERROR_OK;
}
