/*
 * The endpoints: what the page posts, and what it is answered. The last two are asked by centrifuge.js itself, the first two by
 * the page.
 *
 *     /session               {"name"} -> credentials for a connection, and a session
 *     /session/member        {"word"} -> a session of a member
 *     /centrifuge/auth/      {"client", "channels"} -> a sign for each private channel that this user may subscribe to
 *     /centrifuge/refresh/   anything -> new credentials
 */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

chat_answer chat_refuse(unsigned status, const char *reason)
{
    return (chat_answer){status, json_pack("{s:s}", "error", reason)};
}

/* ---- credentials ---------------------------------------------------------------------------------------- */

/* What a client connects with. Everyone who sees a message of this user sees `info` too. */
static json_t *credentials(const chat_settings *settings, const chat_session *session)
{
    char timestamp[24], token[CENTRIFUGE_SIGN_SIZE];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)time(NULL));
    json_t *json = json_pack("{s:s}", "name", session->name);
    char *info = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    json = NULL;
    if (info && !centrifuge_backend_token(settings->secret, session->user, timestamp, info, token))
        json = json_pack("{s:s, s:s, s:s, s:s}", "user", session->user, "timestamp", timestamp, "info", info, "token", token);
    free(info);
    return json;
}

chat_answer chat_refresh(const chat_settings *settings, const chat_session *session, json_t *request)
{
    (void)request;
    if (!session)
        return chat_refuse(401, "sign in first");
    return (chat_answer){200, credentials(settings, session)};
}

/* ---- signing in ----------------------------------------------------------------------------------------- */

static bool is_blank(const char *name)
{
    return name[strspn(name, " \t\r\n")] == '\0';
}

/* Who has signed in before stays the same user. */
chat_answer chat_sign_in(const chat_settings *settings, const chat_session *session, json_t *request)
{
    const char *name;
    json_error_t error;
    if (json_unpack_ex(request, &error, 0, "{s:s}", "name", &name))
        return chat_refuse(400, error.text);
    if (is_blank(name) || strlen(name) > CHAT_NAME_MAX)
        return chat_refuse(400, "a name has 1 to 64 bytes");
    chat_session mine = {.member = session && session->member};
    if (session)
        memcpy(mine.user, session->user, sizeof mine.user);
    else if (!chat_random(mine.user, sizeof mine.user))
        return chat_refuse(500, "no random numbers");
    memcpy(mine.name, name, strlen(name) + 1);
    char text[CHAT_SESSION_SIZE];
    if (!chat_session_write(settings->session_key, &mine, text))
        return (chat_answer){500, NULL};
    json_t *body = json_pack("{s:s, s:s, s:b, s:o}", "server", settings->server, "session", text, "member", mine.member,
                             "credentials", credentials(settings, &mine));
    return (chat_answer){200, body};
}

chat_answer chat_enter(const chat_settings *settings, const chat_session *session, json_t *request)
{
    const char *word;
    json_error_t error;
    if (!session)
        return chat_refuse(401, "sign in first");
    if (json_unpack_ex(request, &error, 0, "{s:s}", "word", &word))
        return chat_refuse(400, error.text);
    if (strcmp(word, settings->word) != 0)
        return chat_refuse(403, "that is not the word");
    chat_session member = *session;
    member.member = true;
    char text[CHAT_SESSION_SIZE];
    if (!chat_session_write(settings->session_key, &member, text))
        return (chat_answer){500, NULL};
    return (chat_answer){200, json_pack("{s:s}", "session", text)};
}

/* ---- private channels ----------------------------------------------------------------------------------- */

/* The application's own rule. */
static bool may_subscribe(const chat_session *session, const char *channel)
{
    return session->member && strcmp(channel, CHAT_MEMBERS) == 0;
}

/* A sign is good for this connection and this channel only. */
static json_t *entry(const chat_settings *settings, const chat_session *session, const char *client, const char *channel)
{
    char sign[CENTRIFUGE_SIGN_SIZE];
    if (!may_subscribe(session, channel) || centrifuge_backend_sign(settings->secret, client, channel, "", sign))
        return json_pack("{s:i}", "status", 403);
    return json_pack("{s:s}", "sign", sign);
}

chat_answer chat_authorize(const chat_settings *settings, const chat_session *session, json_t *request)
{
    const char *client;
    json_t *channels, *channel;
    json_error_t error;
    size_t i;
    if (!session)
        return chat_refuse(401, "sign in first");
    if (json_unpack_ex(request, &error, 0, "{s:s, s:o}", "client", &client, "channels", &channels))
        return chat_refuse(400, error.text);
    if (!json_is_array(channels) || json_array_size(channels) > CHAT_CHANNELS_MAX)
        return chat_refuse(400, "channels: an array of at most 16 names");
    json_t *body = json_object();
    json_array_foreach(channels, i, channel)
    {
        if (!json_is_string(channel)) {
            json_decref(body);
            return chat_refuse(400, "channels: a name is a string");
        }
        const char *name = json_string_value(channel);
        json_object_set_new(body, name, entry(settings, session, client, name));
    }
    return (chat_answer){200, body};
}
