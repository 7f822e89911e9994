#include "wire/v1/sign.h"

static void sign_parts(cf_bytes secret, const cf_bytes *parts, size_t count, cf_sign out)
{
    uint8_t digest[CF_SHA256_SIZE];
    cf_hmac_sha256(secret, parts, count, digest);
    cf_hex_encode(digest, sizeof(digest), out);
}

void cf_sign_token(cf_bytes secret, cf_bytes user, cf_bytes timestamp, cf_bytes info, cf_sign out)
{
    sign_parts(secret, (const cf_bytes[]){user, timestamp, info}, 3, out);
}

void cf_sign_channel(cf_bytes secret, cf_bytes client, cf_bytes channel, cf_bytes info, cf_sign out)
{
    sign_parts(secret, (const cf_bytes[]){client, channel, info}, 3, out);
}

void cf_sign_api(cf_bytes secret, cf_bytes body, cf_sign out)
{
    sign_parts(secret, &body, 1, out);
}

bool cf_sign_matches(const cf_sign expected, cf_bytes given)
{
    return cf_equal_constant_time(cf_bytes_make(expected, sizeof(cf_sign)), given);
}
