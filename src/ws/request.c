#include "ws/handshake.h"

int cf_ws_check_request(const cf_ws_request *request)
{
    if (!request->get)
        return 405;
    cf_bytes key = cf_ws_trim(request->key);
    if (!cf_ws_has_token(request->connection, CF_BYTES("upgrade")) ||
        !cf_ws_has_token(request->upgrade, CF_BYTES("websocket")) || !cf_ws_has_token(request->version, CF_BYTES("13")) ||
        key.size == 0 || key.size > CF_WS_KEY_MAX)
        return 400;
    return 101;
}

void cf_ws_append_response(cf_buffer *out, cf_bytes key, bool deflate)
{
    char accept[CF_WS_ACCEPT_SIZE];
    cf_ws_accept_key(cf_ws_trim(key), accept);
    cf_buffer_append(out, CF_BYTES("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: "));
    cf_buffer_append(out, cf_bytes_make(accept, sizeof(accept)));
    if (deflate)
        cf_buffer_append(out, CF_BYTES("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                       "client_no_context_takeover"));
    cf_buffer_append(out, CF_BYTES("\r\n\r\n"));
}

static void append_header(cf_buffer *out, cf_bytes name, cf_bytes value)
{
    cf_buffer_append(out, name);
    cf_buffer_append(out, CF_BYTES(": "));
    cf_buffer_append(out, value);
    cf_buffer_append(out, CF_BYTES("\r\n"));
}

static bool is_host(const cf_ws_header *header)
{
    return cf_bytes_equal_fold(header->name, CF_BYTES("Host"));
}

void cf_ws_append_request(cf_buffer *out, cf_bytes host, cf_bytes target, cf_bytes key, cf_bytes authorization,
                          const cf_ws_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_host(&headers[i]))
            host = headers[i].value;
    }
    cf_buffer_append(out, CF_BYTES("GET "));
    cf_buffer_append(out, target);
    cf_buffer_append(out, CF_BYTES(" HTTP/1.1\r\n"));
    append_header(out, CF_BYTES("Host"), host);
    append_header(out, CF_BYTES("Upgrade"), CF_BYTES("websocket"));
    append_header(out, CF_BYTES("Connection"), CF_BYTES("Upgrade"));
    append_header(out, CF_BYTES("Sec-WebSocket-Key"), key);
    append_header(out, CF_BYTES("Sec-WebSocket-Version"), CF_BYTES("13"));
    if (authorization.size > 0)
        append_header(out, CF_BYTES("Authorization"), authorization);
    for (size_t i = 0; i < count; i++) {
        if (!is_host(&headers[i]))
            append_header(out, headers[i].name, headers[i].value);
    }
    cf_buffer_append(out, CF_BYTES("\r\n"));
}
