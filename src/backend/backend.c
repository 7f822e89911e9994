#include "backend/backend.h"

#include "system/heap.h"

#include <stdlib.h>
#include <string.h>

centrifuge_error cf_backend_new(centrifuge_backend **backend, const centrifuge_backend_options *options,
                                const cf_allocator *allocator)
{
    centrifuge_backend_options known;
    centrifuge_error error = cf_backend_read_options(&known, options, NULL);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    centrifuge_backend *made = cf_alloc_zero(allocator, 1, sizeof(*made));
    if (made == NULL)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    made->allocator = allocator;
    made->text = made->advice = "";
    cf_buffer_init(&made->request, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&made->response, allocator, known.message_size_max);
    cf_buffer_init(&made->scratch, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&made->refusal, allocator, CF_BUFFER_NO_LIMIT);
    error = cf_backend_http_open(made, &known);
    if (error == CENTRIFUGE_ERROR_OK && !known.insecure) {
        made->secret = cf_copy(allocator, cf_bytes_of(known.secret));
        error = made->secret == NULL ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
    }
    if (error != CENTRIFUGE_ERROR_OK) {
        centrifuge_backend_destroy(made);
        return error;
    }
    *backend = made;
    return CENTRIFUGE_ERROR_OK;
}

centrifuge_error centrifuge_backend_new(centrifuge_backend **backend, const centrifuge_backend_options *options)
{
    if (backend == NULL)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    *backend = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return CENTRIFUGE_ERROR_SYSTEM;
    return cf_backend_new(backend, options, &cf_heap);
}

/* The secret does not stay behind in freed memory. */
static void wipe(char *text)
{
    for (volatile char *at = text; *at != '\0'; at++)
        *at = '\0';
}

void centrifuge_backend_destroy(centrifuge_backend *backend)
{
    if (backend == NULL)
        return;
    const cf_allocator *allocator = backend->allocator;
    cf_backend_http_close(backend);
    if (backend->secret != NULL)
        wipe(backend->secret);
    cf_free(allocator, backend->secret);
    cf_buffer_free(&backend->request);
    cf_buffer_free(&backend->response);
    cf_buffer_free(&backend->scratch);
    cf_buffer_free(&backend->refusal);
    cf_free(allocator, backend);
}

void cf_backend_begin(centrifuge_backend *backend)
{
    cf_buffer_clear(&backend->request);
    cf_buffer_clear(&backend->response);
    cf_buffer_clear(&backend->scratch);
    cf_buffer_clear(&backend->refusal);
    backend->too_large = false;
    backend->text = backend->advice = "";
    backend->status = 0;
}

centrifuge_error cf_backend_fail(centrifuge_backend *backend, centrifuge_error error, const char *text)
{
    backend->text = text;
    return error;
}

const char *centrifuge_backend_error_text(const centrifuge_backend *backend)
{
    return backend != NULL ? backend->text : "";
}

const char *centrifuge_backend_advice(const centrifuge_backend *backend)
{
    return backend != NULL ? backend->advice : "";
}

int centrifuge_backend_http_status(const centrifuge_backend *backend)
{
    return backend != NULL ? backend->status : 0;
}
