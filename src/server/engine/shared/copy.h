/*
 * Copies of what an operation is given, or answers, in one piece of memory, for another thread.
 */
#ifndef CF_SERVER_ENGINE_SHARED_COPY_H
#define CF_SERVER_ENGINE_SHARED_COPY_H

#include "server/engine/engine.h"

/* Each writes to `*at`, which has room for so many bytes and moves on. */
size_t cf_copy_size_of_info(const cf_client_info *info);
size_t cf_copy_size_of_publication(const cf_publication *publication);
cf_bytes cf_copy_bytes(char **at, cf_bytes bytes);
cf_client_info cf_copy_info(char **at, const cf_client_info *info);
/* `info`: where its info goes, if it has one. */
cf_publication cf_copy_publication(char **at, const cf_publication *publication, cf_client_info *info);

/* All of them, which are freed as one. NULL without memory. */
cf_client_info *cf_copy_infos(const cf_allocator *allocator, const cf_client_info *infos, size_t count);
cf_publication *cf_copy_publications(const cf_allocator *allocator, const cf_publication *publications, size_t count);

#endif
