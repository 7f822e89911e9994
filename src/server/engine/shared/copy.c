#include "server/engine/shared/copy.h"

#include <string.h>

size_t cf_copy_size_of_info(const cf_client_info *info)
{
    return info->user.size + info->client.size + info->default_info.size + info->channel_info.size;
}

size_t cf_copy_size_of_publication(const cf_publication *publication)
{
    return publication->uid.size + publication->channel.size + publication->data.size + publication->client.size +
           (publication->info == NULL ? 0 : cf_copy_size_of_info(publication->info));
}

/* What is not there is not there afterwards either. */
cf_bytes cf_copy_bytes(char **at, cf_bytes bytes)
{
    cf_bytes copy = {bytes.data == NULL ? NULL : *at, bytes.size};
    if (bytes.size > 0)
        memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return copy;
}

cf_client_info cf_copy_info(char **at, const cf_client_info *info)
{
    return (cf_client_info){
        .user = cf_copy_bytes(at, info->user),
        .client = cf_copy_bytes(at, info->client),
        .default_info = cf_copy_bytes(at, info->default_info),
        .channel_info = cf_copy_bytes(at, info->channel_info),
    };
}

cf_publication cf_copy_publication(char **at, const cf_publication *publication, cf_client_info *info)
{
    cf_publication copy = {
        .uid = cf_copy_bytes(at, publication->uid),
        .channel = cf_copy_bytes(at, publication->channel),
        .data = cf_copy_bytes(at, publication->data),
        .client = cf_copy_bytes(at, publication->client),
    };
    if (publication->info != NULL) {
        *info = cf_copy_info(at, publication->info);
        copy.info = info;
    }
    return copy;
}

cf_client_info *cf_copy_infos(const cf_allocator *allocator, const cf_client_info *infos, size_t count)
{
    size_t size = count * sizeof *infos;
    for (size_t i = 0; i < count; i++)
        size += cf_copy_size_of_info(&infos[i]);
    cf_client_info *copies = cf_alloc(allocator, size);
    if (copies == NULL)
        return NULL;
    char *at = (char *)(copies + count);
    for (size_t i = 0; i < count; i++)
        copies[i] = cf_copy_info(&at, &infos[i]);
    return copies;
}

/* First the messages, then a place for the info of each, then the texts. */
cf_publication *cf_copy_publications(const cf_allocator *allocator, const cf_publication *publications, size_t count)
{
    size_t size = count * (sizeof *publications + sizeof(cf_client_info));
    for (size_t i = 0; i < count; i++)
        size += cf_copy_size_of_publication(&publications[i]);
    cf_publication *copies = cf_alloc(allocator, size);
    if (copies == NULL)
        return NULL;
    cf_client_info *infos = (cf_client_info *)(void *)(copies + count);
    char *at = (char *)(infos + count);
    for (size_t i = 0; i < count; i++)
        copies[i] = cf_copy_publication(&at, &publications[i], &infos[i]);
    return copies;
}
