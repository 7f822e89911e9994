/*
 * redis_floor: what Redis and its client cost at least for the same messages: a bare loop that publishes on one connection and
 * hears on another one, pipelined.
 *
 *   redis_floor --port P --pid PID --messages M --flight F --size B [--core C]
 *       M messages of B bytes, F at a time. Prints this program's and Redis's CPU time per message, and the time.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *connect_to(long port)
{
    redisContext *context = redisConnect("127.0.0.1", (int)port);
    if (context == NULL || context->err != 0)
        bench_die("redisConnect");
    return context;
}

static void take_replies(redisContext *context, long count)
{
    void *reply;
    for (; count > 0; count--) {
        if (redisGetReply(context, &reply) != REDIS_OK)
            bench_die("redisGetReply");
        freeReplyObject(reply);
    }
}

/* One flight: all are sent, answered, and heard. */
static void fly(redisContext *publisher, redisContext *subscriber, const char *command, int size, long count)
{
    for (long i = 0; i < count; i++)
        if (redisAppendFormattedCommand(publisher, command, (size_t)size) != REDIS_OK)
            bench_die("redisAppendFormattedCommand");
    take_replies(publisher, count);
    take_replies(subscriber, count);
}

static int write_command(char **command, long size)
{
    char *data = malloc((size_t)size);
    if (data == NULL)
        bench_die("malloc");
    memset(data, 'x', (size_t)size);
    int length = redisFormatCommand(command, "PUBLISH floor %b", data, (size_t)size);
    free(data);
    if (length < 0)
        bench_die("redisFormatCommand");
    return length;
}

int main(int argc, char **argv)
{
    long messages = bench_option(argc, argv, "--messages", 100000);
    long flight = bench_option(argc, argv, "--flight", 256);
    pid_t redis = (pid_t)bench_option(argc, argv, "--pid", 0);
    char *command;
    bench_pin(bench_option(argc, argv, "--core", -1));
    int size = write_command(&command, bench_option(argc, argv, "--size", 250));
    redisContext *publisher = connect_to(bench_option(argc, argv, "--port", 6379));
    redisContext *subscriber = connect_to(bench_option(argc, argv, "--port", 6379));
    if (redisAppendCommand(subscriber, "SUBSCRIBE floor") != REDIS_OK)
        bench_die("redisAppendCommand");
    take_replies(subscriber, 1);
    uint64_t own = bench_own_cpu();
    uint64_t its = bench_cpu(redis);
    uint64_t begin = bench_now();
    for (long left = messages; left > 0; left -= flight)
        fly(publisher, subscriber, command, size, left < flight ? left : flight);
    uint64_t count = (uint64_t)messages;
    printf("cpu_ns=%" PRIu64 " redis_ns=%" PRIu64 " wall_ns=%" PRIu64 "\n", (bench_own_cpu() - own) / count,
           (bench_cpu(redis) - its) / count, (bench_now() - begin) / count);
    redisFreeCommand(command);
    redisFree(publisher);
    redisFree(subscriber);
    return 0;
}
