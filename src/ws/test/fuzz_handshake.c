/*
 * A server's answer to the opening handshake. Judging a part of it never says more than judging the whole: what is refused or
 * accepted early stays so.
 */
#include "ws/handshake.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_bytes key = CF_BYTES("dGhlIHNhbXBsZSBub25jZQ==");
    cf_bytes protocols = CF_BYTES("chat, superchat");
    size_t used;
    size_t early_used;
    int status;
    const char *problem;
    cf_bytes received = cf_bytes_make((const char *)data, size);
    cf_ws_response_state state = cf_ws_check_response(received, key, protocols, &used, &status, &problem);
    if ((state == CF_WS_RESPONSE_INVALID) != (problem != NULL) || used > size)
        abort();
    if (cf_ws_response_header(received, CF_BYTES("Location")).size > size)
        abort();
    if (state == CF_WS_RESPONSE_OK && (status != 101 || used == 0))
        abort();
    for (size_t part = size > 600 ? size : 0; part < size; part++) {
        cf_ws_response_state early =
            cf_ws_check_response(cf_bytes_slice(received, 0, part), key, protocols, &early_used, &status, &problem);
        if (early != CF_WS_RESPONSE_MORE && (early != state || (state != CF_WS_RESPONSE_INVALID && early_used != used)))
            abort();
    }
    cf_ws_request request = {true, received, received, received, received};
    cf_ws_check_request(&request);
    return 0;
}
