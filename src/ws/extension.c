#include "ws/handshake.h"

/* What an offer may say once, each (RFC 7692 section 7.1). */
enum { SERVER_NO_CONTEXT = 1, CLIENT_NO_CONTEXT = 2, CLIENT_WINDOW = 4 };

/* Takes what stands before the next separator, without the white space around it. */
static cf_bytes take(cf_bytes *rest, cf_bytes separator)
{
    ptrdiff_t found = cf_bytes_find(*rest, separator);
    size_t size = found < 0 ? rest->size : (size_t)found;
    cf_bytes part = cf_ws_trim(cf_bytes_slice(*rest, 0, size));
    *rest = found < 0 ? (cf_bytes){0} : cf_bytes_slice(*rest, size + 1, rest->size);
    return part;
}

static cf_bytes unquoted(cf_bytes value)
{
    bool quoted = value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
    return quoted ? cf_bytes_slice(value, 1, value.size - 1) : value;
}

/* 8 to 15 */
static bool is_window(cf_bytes value)
{
    value = unquoted(value);
    if (value.size == 1)
        return value.data[0] == '8' || value.data[0] == '9';
    return value.size == 2 && value.data[0] == '1' && value.data[1] >= '0' && value.data[1] <= '5';
}

/* 0: one that we do not know, cannot keep to, or that is wrong. */
static unsigned parameter(cf_bytes text)
{
    bool has_value = cf_bytes_find(text, CF_BYTES("=")) >= 0;
    cf_bytes name = take(&text, CF_BYTES("="));
    if (cf_bytes_equal(name, CF_BYTES("server_no_context_takeover")) && !has_value)
        return SERVER_NO_CONTEXT;
    if (cf_bytes_equal(name, CF_BYTES("client_no_context_takeover")) && !has_value)
        return CLIENT_NO_CONTEXT;
    if (cf_bytes_equal(name, CF_BYTES("client_max_window_bits")) && (!has_value || is_window(cf_ws_trim(text))))
        return CLIENT_WINDOW;
    return 0;
}

static bool is_good(cf_bytes offer)
{
    unsigned seen = 0;
    bool more = cf_bytes_find(offer, CF_BYTES(";")) >= 0;
    if (!cf_bytes_equal(take(&offer, CF_BYTES(";")), CF_BYTES("permessage-deflate")))
        return false;
    while (more) {
        more = cf_bytes_find(offer, CF_BYTES(";")) >= 0;
        unsigned one = parameter(take(&offer, CF_BYTES(";")));
        if (one == 0 || (seen & one) != 0)
            return false;
        seen |= one;
    }
    return true;
}

bool cf_ws_offers_deflate(cf_bytes offers)
{
    while (offers.size > 0) {
        cf_bytes offer = take(&offers, CF_BYTES(","));
        if (offer.size == 0)
            return false;
        if (is_good(offer))
            return true;
    }
    return false;
}
