#include "cli/bench.h"

#include <string.h>

/* Where in the string, behind its quote, each part stands. */
enum {
    RUN_AT = 1,
    RUN_DIGITS = CF_CLI_BENCH_RUN_SIZE - 1,
    PUBLISHER_AT = RUN_AT + RUN_DIGITS,
    PUBLISHER_DIGITS = 4,
    NUMBER_AT = PUBLISHER_AT + PUBLISHER_DIGITS,
    TIME_AT = NUMBER_AT + 16
};

static const char hexadecimal[] = "0123456789abcdef";

static void put(char *at, int digits, uint64_t value)
{
    while (digits > 0) {
        at[--digits] = hexadecimal[value & 15];
        value >>= 4;
    }
}

/* False: a character is no lower-case hexadecimal digit. */
static bool get(const char *at, int digits, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        const char *digit = at[i] != '\0' ? strchr(hexadecimal, at[i]) : NULL;
        if (digit == NULL)
            return false;
        *value = *value << 4 | (uint64_t)(digit - hexadecimal);
    }
    return true;
}

void cf_cli_bench_message_fill(char *message, size_t size, const char *run)
{
    memset(message, '.', size);
    message[0] = message[size - 1] = '"';
    message[size] = '\0';
    memcpy(message + RUN_AT, run, RUN_DIGITS);
}

void cf_cli_bench_message_stamp(char *message, const cf_cli_bench_stamp *stamp)
{
    put(message + PUBLISHER_AT, PUBLISHER_DIGITS, stamp->publisher);
    put(message + NUMBER_AT, 16, stamp->number);
    put(message + TIME_AT, 16, (uint64_t)stamp->time);
}

bool cf_cli_bench_message_read(centrifuge_bytes message, const char *run, cf_cli_bench_stamp *stamp)
{
    uint64_t time;
    if (message.size < CF_CLI_BENCH_SIZE_MIN || memcmp(message.bytes + RUN_AT, run, RUN_DIGITS) != 0 ||
        !get(message.bytes + PUBLISHER_AT, PUBLISHER_DIGITS, &stamp->publisher) ||
        !get(message.bytes + NUMBER_AT, 16, &stamp->number) || !get(message.bytes + TIME_AT, 16, &time))
        return false;
    stamp->time = (int64_t)time;
    return true;
}
