#include "server/services.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_MAX 1024

static const char digits62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* 62 to the tenth: the counter has ten digits. */
#define COUNTER_END UINT64_C(839299365868340224)

static void random_bytes(cf_services *services, void *out, size_t size)
{
    services->environment.random(services->environment.user, out, size);
}

void cf_services_start_message_ids(cf_services *services)
{
    uint8_t bytes[sizeof services->message_id_prefix];
    random_bytes(services, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        services->message_id_prefix[i] = digits62[bytes[i] % 62];
    services->message_id_counter = 0;
}

void cf_services_message_id(cf_services *services, char id[CF_MESSAGE_ID_SIZE])
{
    const size_t prefix = sizeof services->message_id_prefix;
    if (services->message_id_counter == COUNTER_END)
        cf_services_start_message_ids(services);
    uint64_t counter = services->message_id_counter++;
    for (size_t i = 0; i < prefix; i++)
        id[i] = services->message_id_prefix[i];
    for (size_t i = CF_MESSAGE_ID_SIZE; i > prefix; i--) {
        id[i - 1] = digits62[counter % 62];
        counter /= 62;
    }
}

void cf_services_uuid(cf_services *services, char id[CF_UUID_SIZE])
{
    uint8_t bytes[CF_UUID_RANDOM];
    random_bytes(services, bytes, sizeof bytes);
    cf_uuid_write(bytes, id);
}

static void log_line(cf_services *services, cf_server_log level, char *line, int size)
{
    if (size < 0)
        return;
    size_t length = size < LOG_LINE_MAX ? (size_t)size : LOG_LINE_MAX - 1;
    services->environment.log(services->environment.user, level, cf_bytes_make(line, length));
}

static bool is_logged(const cf_services *services, cf_server_log level)
{
    return services->environment.log != NULL && level >= services->log_level;
}

void cf_services_log(cf_services *services, cf_server_log level, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list arguments;
    if (!is_logged(services, level))
        return;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    log_line(services, level, line, size);
}

static const cf_server_log notice_levels[] = {
#define NOTICE_LEVEL(member, level) [CF_NOTICE_##member] = level,
    CF_NOTICES(NOTICE_LEVEL)
#undef NOTICE_LEVEL
};

void cf_services_notice(cf_services *services, cf_notice notice, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list arguments;
    services->notices[notice].total++;
    if (!is_logged(services, notice_levels[notice]))
        return;
    if (services->now < services->notices[notice].next) {
        services->notices[notice].left_out++;
        return;
    }
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    size_t left_out = services->notices[notice].left_out;
    if (left_out > 0 && size >= 0 && size < LOG_LINE_MAX)
        size += snprintf(line + size, sizeof line - (size_t)size, " (%zu more like it before)", left_out);
    services->notices[notice].left_out = 0;
    services->notices[notice].next = cf_time_after(services->now, CF_NOTICE_PAUSE);
    log_line(services, notice_levels[notice], line, size);
}
