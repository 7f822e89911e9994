/*
 * The option that somebody may have meant.
 */
#include "server/config/options.h"

#include <string.h>

#define NAME_MAX_SIZE 48 /* bytes of a name that is compared; the longest option has 30 */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of the table of distances between the beginnings of two names: of all of `b` and so many bytes of `a`. */
typedef struct rows {
    size_t earlier[NAME_MAX_SIZE + 1];
    size_t before[NAME_MAX_SIZE + 1];
    size_t now[NAME_MAX_SIZE + 1];
} rows;

static bool is_swap(cf_bytes a, cf_bytes b, size_t i, size_t j)
{
    return i > 0 && j > 0 && lower(a.data[i]) == lower(b.data[j - 1]) && lower(a.data[i - 1]) == lower(b.data[j]);
}

static void fill_row(rows *table, cf_bytes a, cf_bytes b, size_t i)
{
    table->now[0] = i + 1;
    for (size_t j = 0; j < b.size; j++) {
        size_t replaced = table->before[j] + (lower(a.data[i]) != lower(b.data[j]));
        table->now[j + 1] = least(replaced, least(table->before[j + 1], table->now[j]) + 1);
        if (is_swap(a, b, i, j))
            table->now[j + 1] = least(table->now[j + 1], table->earlier[j - 1] + 1);
    }
}

/* How many bytes are missing, too many, wrong, or swapped with the next one. */
static size_t distance(cf_bytes a, cf_bytes b)
{
    rows table = {0};
    if (a.size > NAME_MAX_SIZE || b.size > NAME_MAX_SIZE)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.size; j++)
        table.before[j] = j;
    for (size_t i = 0; i < a.size; i++) {
        fill_row(&table, a, b, i);
        memcpy(table.earlier, table.before, sizeof(table.before));
        memcpy(table.before, table.now, sizeof(table.now));
    }
    return table.before[b.size];
}

/* One, and one more for every six bytes. */
static size_t mistakes_allowed(cf_bytes name)
{
    return 1 + name.size / 6;
}

static const cf_option *nearest_of(const cf_option *table, size_t count, cf_bytes name, size_t *best)
{
    const cf_option *found = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t mistakes = distance(name, cf_bytes_of(table[i].name));
        if (mistakes >= *best)
            continue;
        *best = mistakes;
        found = &table[i];
    }
    return found;
}

const cf_option *cf_option_nearest(cf_bytes name)
{
    size_t best = mistakes_allowed(name) + 1;
    const cf_option *server = nearest_of(cf_options, cf_option_count, name, &best);
    const cf_option *channel = nearest_of(cf_channel_option_table, cf_channel_option_count, name, &best);
    return channel != NULL ? channel : server;
}

const char *cf_option_nearest_of_channel(cf_bytes name)
{
    size_t best = mistakes_allowed(name) + 1;
    const cf_option *found = nearest_of(cf_channel_option_table, cf_channel_option_count, name, &best);
    if (distance(name, CF_BYTES("name")) < best)
        return "name";
    return found != NULL ? found->name : NULL;
}
