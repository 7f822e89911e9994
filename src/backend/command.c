/*
 * The calls: a command is written, sent, and its reply is read.
 */
#include "backend/backend.h"

#include "base/utf8.h"

#include <string.h>

/* A command that is being written. After an error nothing more is added, and nothing is sent. */
typedef struct command {
    centrifuge_backend *backend;
    cf_method method;
    centrifuge_error error;
    bool members; /* a comma is needed */
} command;

static command begin(centrifuge_backend *backend, cf_method method)
{
    command made = {backend, method, backend != NULL ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_INVALID_ARGUMENT, false};
    if (backend == NULL)
        return made;
    cf_backend_begin(backend);
    cf_buffer_append(&backend->request, CF_BYTES("{\"method\":\""));
    cf_buffer_append(&backend->request, cf_method_name(method));
    cf_buffer_append(&backend->request, CF_BYTES("\",\"params\":{"));
    return made;
}

static void refuse_argument(command *made, centrifuge_error error, const char *text)
{
    made->error = cf_backend_fail(made->backend, error, text);
}

/* Checks before anything is sent; `missing` is the text when there is nothing. */
static bool check_text(command *made, const char *text, const char *missing)
{
    if (made->error != CENTRIFUGE_ERROR_OK)
        return false;
    if (text == NULL || text[0] == '\0')
        refuse_argument(made, CENTRIFUGE_ERROR_INVALID_ARGUMENT, missing);
    else if (!cf_utf8_valid(cf_bytes_of(text)))
        refuse_argument(made, CENTRIFUGE_ERROR_INVALID_UTF8, "an argument is not valid UTF-8");
    return made->error == CENTRIFUGE_ERROR_OK;
}

static void add_key(command *made, const char *key)
{
    cf_buffer *out = &made->backend->request;
    if (made->members)
        cf_buffer_append_byte(out, ',');
    made->members = true;
    cf_json_write_string(out, cf_bytes_of(key));
    cf_buffer_append_byte(out, ':');
}

static void add_name(command *made, const char *key, const char *name, const char *missing)
{
    if (!check_text(made, name, missing))
        return;
    add_key(made, key);
    cf_json_write_string(&made->backend->request, cf_bytes_of(name));
}

static void add_optional(command *made, const char *key, const char *name)
{
    if (name != NULL && name[0] != '\0')
        add_name(made, key, name, "");
}

static void add_data(command *made, const char *data)
{
    if (!check_text(made, data, "'data' is missing"))
        return;
    if (!cf_json_valid(cf_bytes_of(data))) {
        refuse_argument(made, CENTRIFUGE_ERROR_INVALID_JSON, "'data' is not valid JSON");
        return;
    }
    add_key(made, "data");
    cf_buffer_append(&made->backend->request, cf_bytes_of(data));
}

static void add_channels(command *made, const char *const *channels, size_t count)
{
    if (made->error != CENTRIFUGE_ERROR_OK)
        return;
    if (channels == NULL || count == 0) {
        refuse_argument(made, CENTRIFUGE_ERROR_INVALID_ARGUMENT, "'channels' is empty");
        return;
    }
    cf_buffer *out = &made->backend->request;
    add_key(made, "channels");
    for (size_t i = 0; i < count && check_text(made, channels[i], "a channel's name is missing"); i++) {
        cf_buffer_append_byte(out, i == 0 ? '[' : ',');
        cf_json_write_string(out, cf_bytes_of(channels[i]));
    }
    cf_buffer_append_byte(out, ']');
}

static centrifuge_error out_of_memory(centrifuge_backend *backend)
{
    return cf_backend_fail(backend, CENTRIFUGE_ERROR_NO_MEMORY, "out of memory");
}

static centrifuge_error no_answer(centrifuge_backend *backend)
{
    return cf_backend_fail(backend, CENTRIFUGE_ERROR_PROTOCOL, "the answer is not one of a Centrifugo server; check 'url'");
}

static centrifuge_error refused(centrifuge_backend *backend, const cf_wire_message *reply)
{
    if (cf_bytes_equal(reply->advice, CF_BYTES("fix")))
        backend->advice = "fix";
    else if (cf_bytes_equal(reply->advice, CF_BYTES("retry")))
        backend->advice = "retry";
    cf_buffer_append(&backend->refusal, reply->error_text);
    const char *text = cf_buffer_text(&backend->refusal);
    return text != NULL ? cf_backend_fail(backend, CENTRIFUGE_ERROR_REFUSED, text) : out_of_memory(backend);
}

/* The slice lies inside of the answer, which is not read again: the byte behind it becomes its end. */
static const char *as_text(centrifuge_backend *backend, cf_bytes slice)
{
    size_t start = (size_t)(slice.data - backend->response.data);
    backend->response.data[start + slice.size] = '\0';
    return backend->response.data + start;
}

static centrifuge_error read_reply(centrifuge_backend *backend, cf_method method, const char **data)
{
    cf_wire_messages replies;
    cf_wire_message reply;
    if (!cf_wire_messages_begin(&replies, cf_buffer_bytes(&backend->response)) ||
        !cf_wire_messages_next(&replies, &reply, &backend->scratch))
        return backend->scratch.failed ? out_of_memory(backend) : no_answer(backend);
    if (reply.method != method)
        return no_answer(backend);
    if (reply.has_error)
        return refused(backend, &reply);
    if (data == NULL)
        return CENTRIFUGE_ERROR_OK;
    if (reply.b.data.data == NULL)
        return no_answer(backend);
    *data = as_text(backend, reply.b.data);
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error finish(command *made, const char **data)
{
    centrifuge_backend *backend = made->backend;
    if (data != NULL)
        *data = NULL;
    if (made->error != CENTRIFUGE_ERROR_OK)
        return made->error;
    cf_buffer_append(&backend->request, CF_BYTES("}}"));
    if (backend->request.failed)
        return out_of_memory(backend);
    centrifuge_error error = cf_backend_http_post(backend);
    return error != CENTRIFUGE_ERROR_OK ? error : read_reply(backend, made->method, data);
}

centrifuge_error centrifuge_backend_publish(centrifuge_backend *backend, const char *channel, const char *data,
                                            const char *client, const char *uid)
{
    command made = begin(backend, CF_METHOD_PUBLISH);
    add_name(&made, "channel", channel, "'channel' is missing");
    add_data(&made, data);
    add_optional(&made, "client", client);
    add_optional(&made, "uid", uid);
    return finish(&made, NULL);
}

centrifuge_error centrifuge_backend_broadcast(centrifuge_backend *backend, const char *const *channels, size_t count,
                                              const char *data, const char *client)
{
    command made = begin(backend, CF_METHOD_BROADCAST);
    add_channels(&made, channels, count);
    add_data(&made, data);
    add_optional(&made, "client", client);
    return finish(&made, NULL);
}

centrifuge_error centrifuge_backend_unsubscribe(centrifuge_backend *backend, const char *user, const char *channel)
{
    command made = begin(backend, CF_METHOD_UNSUBSCRIBE);
    add_name(&made, "user", user, "'user' is missing");
    add_optional(&made, "channel", channel);
    return finish(&made, NULL);
}

centrifuge_error centrifuge_backend_disconnect(centrifuge_backend *backend, const char *user)
{
    command made = begin(backend, CF_METHOD_DISCONNECT);
    add_name(&made, "user", user, "'user' is missing");
    return finish(&made, NULL);
}

/* `unused` takes the place of what the caller does not want: the reply must have it all the same. */
static centrifuge_error ask_channel(centrifuge_backend *backend, cf_method method, const char *channel, const char **data)
{
    const char *unused;
    command made = begin(backend, method);
    add_name(&made, "channel", channel, "'channel' is missing");
    return finish(&made, data != NULL ? data : &unused);
}

static centrifuge_error ask(centrifuge_backend *backend, cf_method method, const char **data)
{
    const char *unused;
    command made = begin(backend, method);
    return finish(&made, data != NULL ? data : &unused);
}

centrifuge_error centrifuge_backend_presence(centrifuge_backend *backend, const char *channel, const char **data)
{
    return ask_channel(backend, CF_METHOD_PRESENCE, channel, data);
}

centrifuge_error centrifuge_backend_history(centrifuge_backend *backend, const char *channel, const char **data)
{
    return ask_channel(backend, CF_METHOD_HISTORY, channel, data);
}

centrifuge_error centrifuge_backend_channels(centrifuge_backend *backend, const char **data)
{
    return ask(backend, CF_METHOD_CHANNELS, data);
}

centrifuge_error centrifuge_backend_stats(centrifuge_backend *backend, const char **data)
{
    return ask(backend, CF_METHOD_STATS, data);
}

centrifuge_error centrifuge_backend_node(centrifuge_backend *backend, const char **data)
{
    return ask(backend, CF_METHOD_NODE, data);
}

/* The server takes nothing in front of the first brace or bracket. */
static const char *skip_space(const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')
        text++;
    return text;
}

static centrifuge_error check_commands(centrifuge_backend *backend, const char *commands)
{
    if (commands == NULL || (*skip_space(commands) != '{' && *skip_space(commands) != '['))
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_INVALID_ARGUMENT, "'commands' is no JSON object or array");
    if (!cf_utf8_valid(cf_bytes_of(commands)))
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_INVALID_UTF8, "'commands' is not valid UTF-8");
    if (!cf_json_valid(cf_bytes_of(commands)))
        return cf_backend_fail(backend, CENTRIFUGE_ERROR_INVALID_JSON, "'commands' is not valid JSON");
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error call(centrifuge_backend *backend, const char *commands, const char **replies)
{
    centrifuge_error error = check_commands(backend, commands);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_buffer_append(&backend->request, cf_bytes_of(skip_space(commands)));
    if (backend->request.failed)
        return out_of_memory(backend);
    error = cf_backend_http_post(backend);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_bytes answer = cf_buffer_bytes(&backend->response);
    if (!cf_json_valid(answer) || *answer.data != '[')
        return no_answer(backend);
    *replies = cf_buffer_text(&backend->response);
    return *replies != NULL ? CENTRIFUGE_ERROR_OK : out_of_memory(backend);
}

centrifuge_error centrifuge_backend_call(centrifuge_backend *backend, const char *commands, const char **replies)
{
    const char *unused;
    if (replies == NULL)
        replies = &unused;
    *replies = NULL;
    if (backend == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    cf_backend_begin(backend);
    return call(backend, commands, replies);
}
