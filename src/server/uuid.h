/*
 * Random UUIDs, version 4 (RFC 9562).
 */
#ifndef CF_SERVER_UUID_H
#define CF_SERVER_UUID_H

#include <stdint.h>

#define CF_UUID_RANDOM 16 /* bytes */
#define CF_UUID_SIZE   36 /* characters */

/* Of random bytes. No NUL is written. */
void cf_uuid_write(const uint8_t random[CF_UUID_RANDOM], char id[CF_UUID_SIZE]);

#endif
