/*
 * Headers of HTTP requests, as clients and backends are given them. Included by client.h and backend.h.
 */
#ifndef CENTRIFUGE_HEADER_H
#define CENTRIFUGE_HEADER_H

/* ---- headers of HTTP requests ----------------------------------------------------------------------- */

/* A header of an HTTP request. */
typedef struct centrifuge_header {
    const char *name;
    const char *value;
} centrifuge_header;

#endif
