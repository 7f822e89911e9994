#include "server/engine/redis/state.h"

#include <string.h>

#include "server/engine/redis/command.h"
#include "server/engine/redis/encode.h"
#include "server/engine/redis/key.h"

/* What others have put there and is no message of the channel is left out. */
static size_t read_messages(const redisReply *reply, cf_bytes channel, cf_publication *publications, cf_client_info *infos)
{
    size_t count = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *item = reply->element[i];
        cf_bytes text = cf_bytes_make(item->str, item->type == REDIS_REPLY_STRING ? item->len : 0);
        if (cf_redis_read_message(text, &publications[count], &infos[count]) &&
            cf_bytes_equal(publications[count].channel, channel))
            count++;
    }
    return count;
}

/* How many are newer than `since`; all where it is not there. */
static size_t newer(const cf_publication *publications, size_t count, cf_bytes since, bool *found)
{
    for (size_t i = 0; i < count; i++) {
        if (cf_bytes_equal(publications[i].uid, since)) {
            *found = true;
            return i;
        }
    }
    return count;
}

/* What the answer needs of the question: the channel, and behind it the message since which it is asked. */
typedef struct history_note {
    size_t channel_size;
    bool recover;
} history_note;

static void answer_history(cf_redis_operation *operation, const redisReply *reply, cf_publication *publications,
                           cf_client_info *infos)
{
    cf_bytes note = cf_redis_operation_note(operation);
    history_note head;
    memcpy(&head, note.data, sizeof head);
    cf_bytes channel = cf_bytes_slice(note, sizeof head, sizeof head + head.channel_size);
    cf_bytes since = cf_bytes_slice(note, sizeof head + head.channel_size, note.size);
    bool found = false;
    size_t count = read_messages(reply, channel, publications, infos);
    if (head.recover)
        count = newer(publications, count, since, &found);
    operation->callback.history(operation->user, CF_ENGINE_OK, publications, count, found);
}

static void on_history(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    const cf_allocator *allocator = operation->shard->common->allocator;
    size_t count = reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    if (status == CF_ENGINE_OK && reply->type != REDIS_REPLY_ARRAY)
        status = CF_ENGINE_UNAVAILABLE;
    cf_publication *publications = cf_alloc_zero(allocator, count + 1, sizeof *publications);
    cf_client_info *infos = cf_alloc_zero(allocator, count + 1, sizeof *infos);
    if (status == CF_ENGINE_OK && (publications == NULL || infos == NULL))
        status = CF_ENGINE_NO_MEMORY;
    if (status == CF_ENGINE_OK)
        answer_history(operation, reply, publications, infos);
    else
        operation->callback.history(operation->user, status, NULL, 0, false);
    cf_free(allocator, publications);
    cf_free(allocator, infos);
}

static cf_redis_operation *make_history(cf_redis_engine *engine, cf_redis_shard *shard, cf_bytes channel,
                                        const cf_engine_history_query *query, void *user)
{
    history_note head = {channel.size, query->recover};
    cf_buffer *note = &engine->payload;
    cf_buffer_append(note, cf_bytes_make((const char *)&head, sizeof head));
    cf_buffer_append(note, channel);
    cf_buffer_append(note, query->since);
    engine->command.failed = engine->command.failed || note->failed;
    return cf_redis_make(engine, shard, on_history, user, cf_buffer_bytes(note));
}

void cf_redis_history(cf_engine *base, cf_bytes channel, const cf_engine_history_query *query, cf_engine_history_done done,
                      void *user)
{
    cf_redis_engine *engine = cf_redis_engine_of(base);
    cf_redis_shard *shard = cf_redis_engine_shard(engine, channel);
    cf_buffer *command = cf_redis_begin_command(engine, "LRANGE", 3);
    cf_redis_add_key(command, engine->common.prefix, CF_REDIS_HISTORY, channel);
    cf_redis_add_int(command, 0);
    cf_redis_add_int(command, (int64_t)query->limit - 1);
    cf_redis_operation *made = make_history(engine, shard, channel, query, user);
    if (made == NULL) {
        done(user, CF_ENGINE_NO_MEMORY, NULL, 0, false);
        return;
    }
    made->callback.history = done;
    made->repeatable = true;
    made->marked = cf_redis_shard_listens(shard, channel);
    cf_redis_shard_do(shard, made);
}
