#include "server/admin/login.h"

#include "base/digest.h"
#include "server/admin/token.h"

#include <stdio.h>
#include <string.h>

/* ---- who has tried too often ---- */

static bool has_none_left(const cf_login_address *address, cf_time now)
{
    return address->free_at > now + (cf_time)(CF_LOGIN_TRIES - 1) * CF_LOGIN_PAUSE;
}

/* The address, or the place of the one that matters least. */
static cf_login_address *place_of(cf_logins *logins, const char *address)
{
    cf_login_address *least = &logins->addresses[0];
    for (size_t i = 0; i < CF_LOGIN_ADDRESSES; i++) {
        cf_login_address *at = &logins->addresses[i];
        if (strcmp(at->text, address) == 0)
            return at;
        if (at->free_at < least->free_at)
            least = at;
    }
    return least;
}

/* Who takes the place of another one takes over what that one has tried: many addresses are no way around the limit. */
static void count_wrong(cf_login_address *place, const char *address, cf_time now)
{
    (void)snprintf(place->text, sizeof place->text, "%s", address);
    place->free_at = (place->free_at > now ? place->free_at : now) + CF_LOGIN_PAUSE;
}

/* ---- the password ---- */

/* In a time that says nothing of either length: their digests are compared. */
static bool is_password(cf_bytes given, cf_bytes password)
{
    uint8_t a[CF_SHA256_SIZE];
    uint8_t b[CF_SHA256_SIZE];
    cf_hmac_sha256(CF_BYTES("password"), &given, 1, a);
    cf_hmac_sha256(CF_BYTES("password"), &password, 1, b);
    return cf_equal_constant_time(cf_bytes_make((const char *)a, sizeof a), cf_bytes_make((const char *)b, sizeof b));
}

static int give_token(const cf_services *services, cf_buffer *body)
{
    cf_buffer_append(body, CF_BYTES("{\"token\":\""));
    if (services->config->insecure_admin)
        cf_buffer_append(body, CF_BYTES("insecure"));
    else
        cf_admin_token_write(body, services->config->admin_secret, services->unix_time);
    cf_buffer_append(body, CF_BYTES("\"}\n"));
    return body->failed ? 500 : 200;
}

/* An empty one is no try: so a page finds out whether it needs any. */
static int refuse_password(cf_services *services, cf_login_address *place, const char *address, cf_bytes password)
{
    if (password.size == 0)
        return 400;
    count_wrong(place, address, services->now);
    cf_services_notice(services, CF_NOTICE_bad_login, "login of an operator from %s refused: the password is wrong", address);
    return 400;
}

int cf_login(cf_logins *logins, cf_services *services, const char *address, cf_bytes password, cf_buffer *body)
{
    const cf_config *config = services->config;
    cf_login_address *place = place_of(logins, address);
    if (config->insecure_admin)
        return give_token(services, body);
    if (config->admin_password.size == 0 || config->admin_secret.size == 0)
        return 400;
    if (has_none_left(place, services->now)) {
        cf_services_notice(services, CF_NOTICE_bad_login, "login of an operator from %s refused: too many wrong passwords",
                           address);
        return 429;
    }
    if (is_password(password, config->admin_password))
        return give_token(services, body);
    return refuse_password(services, place, address, password);
}
