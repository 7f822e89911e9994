#include "wire/v1/v1.h"

#include <string.h>

/* By cf_method. */
static const struct {
    char text[12];
    size_t size;
} names[CF_METHOD_COUNT] = {
    [CF_METHOD_UNKNOWN] = {"", 0},
    [CF_METHOD_CONNECT] = {"connect", 7},
    [CF_METHOD_REFRESH] = {"refresh", 7},
    [CF_METHOD_SUBSCRIBE] = {"subscribe", 9},
    [CF_METHOD_UNSUBSCRIBE] = {"unsubscribe", 11},
    [CF_METHOD_PUBLISH] = {"publish", 7},
    [CF_METHOD_PRESENCE] = {"presence", 8},
    [CF_METHOD_HISTORY] = {"history", 7},
    [CF_METHOD_PING] = {"ping", 4},
    [CF_METHOD_MESSAGE] = {"message", 7},
    [CF_METHOD_JOIN] = {"join", 4},
    [CF_METHOD_LEAVE] = {"leave", 5},
    [CF_METHOD_DISCONNECT] = {"disconnect", 10},
    [CF_METHOD_BROADCAST] = {"broadcast", 9},
    [CF_METHOD_CHANNELS] = {"channels", 8},
    [CF_METHOD_STATS] = {"stats", 5},
    [CF_METHOD_NODE] = {"node", 4},
};

cf_method cf_method_of(cf_bytes name)
{
    for (int method = CF_METHOD_UNKNOWN + 1; method < CF_METHOD_COUNT; method++) {
        const char *known = names[method].text;
        if (names[method].size == name.size && known[0] == name.data[0] && memcmp(known, name.data, name.size) == 0)
            return (cf_method)method;
    }
    return CF_METHOD_UNKNOWN;
}

cf_bytes cf_method_name(cf_method method)
{
    return cf_bytes_make(names[method].text, names[method].size);
}
