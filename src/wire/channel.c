#include "wire/channel.h"

bool cf_channel_is_private(const cf_channel_rules *rules, cf_bytes channel)
{
    return rules->private_prefix.size > 0 && cf_bytes_starts_with(channel, rules->private_prefix);
}

cf_bytes cf_channel_namespace(const cf_channel_rules *rules, cf_bytes channel)
{
    cf_bytes none = {channel.data, 0};
    if (rules->namespace_boundary.size == 0)
        return none;
    if (cf_channel_is_private(rules, channel))
        channel = cf_bytes_slice(channel, rules->private_prefix.size, channel.size);
    ptrdiff_t end = cf_bytes_find(channel, rules->namespace_boundary);
    return end < 0 ? none : cf_bytes_slice(channel, 0, (size_t)end);
}

/* What stands behind the last boundary; false when the feature is off or the boundary does not occur. */
static bool behind_last(cf_bytes channel, cf_bytes boundary, cf_bytes *rest)
{
    if (boundary.size == 0)
        return false;
    ptrdiff_t at = cf_bytes_find_last(channel, boundary);
    if (at < 0)
        return false;
    *rest = cf_bytes_slice(channel, (size_t)at + boundary.size, channel.size);
    return true;
}

bool cf_channel_user_allowed(const cf_channel_rules *rules, cf_bytes channel, cf_bytes user)
{
    cf_bytes list;
    if (!behind_last(channel, rules->user_boundary, &list))
        return true;
    while (rules->user_separator.size > 0) {
        ptrdiff_t end = cf_bytes_find(list, rules->user_separator);
        if (end < 0)
            break;
        if (cf_bytes_equal(cf_bytes_slice(list, 0, (size_t)end), user))
            return true;
        list = cf_bytes_slice(list, (size_t)end + rules->user_separator.size, list.size);
    }
    return cf_bytes_equal(list, user);
}

bool cf_channel_client_allowed(const cf_channel_rules *rules, cf_bytes channel, cf_bytes client)
{
    cf_bytes wanted;
    return !behind_last(channel, rules->client_boundary, &wanted) || cf_bytes_equal(wanted, client);
}
