/*
 * Who asks: user, name and membership as JSON in hexadecimal digits, a point, and the HMAC-SHA256 of the digits. The backend
 * keeps nothing about its users, and nobody can change what it has signed. The key is another one than centrifuged's secret, so
 * that nothing signed here is good there. A larger application keeps its sessions in a table and its users in a database.
 */
#define _POSIX_C_SOURCE 200809L
#include "chat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define JSON_MAX ((CHAT_SESSION_SIZE - CENTRIFUGE_SIGN_SIZE - 1) / 2)

static void write_hex(const unsigned char *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

static unsigned char hex_value(char digit)
{
    return (unsigned char)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void read_hex(const char *text, size_t size, char *bytes)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
}

bool chat_random(char *text, size_t size)
{
    unsigned char bytes[32];
    size_t wanted = (size - 1) / 2;
    if (wanted > sizeof bytes || getrandom(bytes, wanted, 0) != (ssize_t)wanted)
        return false;
    write_hex(bytes, wanted, text);
    return true;
}

bool chat_session_write(const char *key, const chat_session *session, char text[CHAT_SESSION_SIZE])
{
    json_t *json = json_pack("{s:s, s:s, s:b}", "user", session->user, "name", session->name, "member", session->member);
    char *plain = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    size_t size = plain ? strlen(plain) : 0;
    bool fits = size > 0 && size <= JSON_MAX;
    if (fits) {
        write_hex((const unsigned char *)plain, size, text);
        text[2 * size] = '.';
        fits = !centrifuge_backend_api_sign(key, text, 2 * size, text + 2 * size + 1);
    }
    free(plain);
    return fits;
}

/* Takes the same time wherever they differ. */
static bool same_sign(const char *a, const char *b)
{
    unsigned char difference = 0;
    for (size_t i = 0; i < CENTRIFUGE_SIGN_SIZE - 1; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

/* Bytes of the JSON in it; 0: it is not ours. */
static size_t signed_size(const char *key, const char *text)
{
    const char *point = strchr(text, '.');
    if (!point || strlen(point + 1) != CENTRIFUGE_SIGN_SIZE - 1)
        return 0;
    size_t digits = (size_t)(point - text);
    char sign[CENTRIFUGE_SIGN_SIZE];
    if (digits / 2 > JSON_MAX || centrifuge_backend_api_sign(key, text, digits, sign) || !same_sign(sign, point + 1))
        return 0;
    return digits / 2;
}

bool chat_session_read(const char *key, const char *text, chat_session *session)
{
    size_t size = signed_size(key, text);
    if (size == 0)
        return false;
    char plain[JSON_MAX];
    read_hex(text, size, plain);
    json_t *json = json_loadb(plain, size, 0, NULL);
    const char *user, *name;
    int member;
    bool read = json && json_unpack(json, "{s:s, s:s, s:b}", "user", &user, "name", &name, "member", &member) == 0;
    if (read) {
        session->member = member;
        strncpy(session->user, user, sizeof session->user - 1);
        strncpy(session->name, name, sizeof session->name - 1);
        session->user[sizeof session->user - 1] = session->name[sizeof session->name - 1] = '\0';
    }
    json_decref(json);
    return read;
}
