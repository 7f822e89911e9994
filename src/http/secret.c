#include "http/http.h"

#include <stdlib.h>
#include <string.h>

#define MASK "***"

/* `size` bytes at `at` become the mask, and what follows moves up; what is shorter than the mask becomes as many stars. */
static char *mask(char *at, size_t size)
{
    size_t shown = size < strlen(MASK) ? size : strlen(MASK);
    memcpy(at, MASK, shown);
    memmove(at + shown, at + size, strlen(at + size) + 1);
    return at + shown;
}

/* Where the word begins in which `at` stands: behind a quote, white space or the two slashes of an address. */
static char *word_of(char *text, char *at)
{
    while (at > text && !strchr(" \t\"'", at[-1]) && !(at - text >= 2 && at[-1] == '/' && at[-2] == '/'))
        at--;
    return at;
}

void cf_http_hide(char *text, cf_bytes secret)
{
    for (char *at = text; secret.size > 0 && *at;) {
        if (strncmp(at, secret.data, secret.size) == 0)
            at = mask(at, secret.size);
        else
            at++;
    }
}

static void hide_words(char *text)
{
    for (char *at = strchr(text, '@'); at; at = strchr(at + 1, '@')) {
        char *user = word_of(text, at);
        at = mask(user, (size_t)(at - user));
    }
}

void cf_http_hide_users(char *text)
{
    static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        cf_http_hide(text, cf_http_user_of(getenv(variables[i])));
    hide_words(text);
}

cf_bytes cf_http_user_of(const char *address)
{
    cf_bytes text = cf_bytes_of(address);
    ptrdiff_t at = cf_bytes_find_last(text, CF_BYTES("@"));
    ptrdiff_t slashes = cf_bytes_find(text, CF_BYTES("//"));
    return cf_bytes_slice(text, slashes < 0 ? 0 : (size_t)slashes + 2, at < 0 ? 0 : (size_t)at);
}

const char *cf_http_key_password(const char *password)
{
    return password ? password : "";
}
