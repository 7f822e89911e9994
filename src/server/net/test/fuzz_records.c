/*
 * What a client may seal, in any order, and bytes that nobody has sealed: cut at every place they mean the same.
 *
 * The input is a row of steps: what it does (a kind of record, new keys, or bytes as they are), a size, and as many bytes.
 */
#include "base/assert.h"
#include "server/net/records.h"
#include "system/heap.h"

#include <string.h>

#define STEP_HEAD 2
#define PLAIN_MAX 65536

static const char secret[] = " 9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";

/* Both directions have the same secret: either end may be either. */
static void begin(cf_records *records)
{
    char line[200];
    *records = (cf_records){.suite = NULL};
    memcpy(line, "CLIENT_TRAFFIC_SECRET_0 00", 26);
    memcpy(line + 26, secret, sizeof(secret));
    cf_records_learn(records, line);
    memcpy(line, "SERVER", 6);
    cf_records_learn(records, line);
    CF_ASSERT(cf_records_begin(records, 0x1301));
}

static void add_step(cf_records *client, cf_record_ciphers *ciphers, uint8_t what, cf_bytes bytes, cf_buffer *out)
{
    if (what % 8 == 0)
        cf_buffer_append(out, bytes);
    else if (what % 8 == 1)
        CF_ASSERT(cf_records_seal_update(client, ciphers, out));
    else
        CF_ASSERT(cf_records_seal(client, ciphers, (cf_record_kind)(18 + what % 8), bytes, out));
}

static void write_records(cf_record_ciphers *ciphers, cf_bytes input, cf_buffer *out)
{
    cf_records client;
    begin(&client);
    while (input.size >= STEP_HEAD) {
        cf_bytes bytes = cf_bytes_slice(input, STEP_HEAD, STEP_HEAD + (uint8_t)input.data[1]);
        add_step(&client, ciphers, (uint8_t)input.data[0], bytes, out);
        input = cf_bytes_slice(input, STEP_HEAD + bytes.size, input.size);
    }
}

/* What was said, and how it ended. False: by a limit of what is read at once. */
static bool read_records(cf_record_ciphers *ciphers, cf_bytes bytes, size_t step, cf_buffer *said)
{
    static char plain[PLAIN_MAX];
    cf_records server;
    cf_buffer answer;
    cf_records_outcome outcome = CF_RECORDS_MORE;
    cf_records_reading reading = {.rest = cf_bytes_slice(bytes, 0, 0), .problem = NULL};
    begin(&server);
    cf_buffer_init(&answer, &cf_heap, CF_BUFFER_NO_LIMIT);
    for (size_t end = 0; outcome == CF_RECORDS_MORE && end < bytes.size;) {
        size_t from = end - reading.rest.size;
        end = bytes.size - end < step ? bytes.size : end + step;
        reading = (cf_records_reading){.rest = cf_bytes_slice(bytes, from, end), .plain = plain, .answer = &answer};
        outcome = cf_records_read(&server, ciphers, &reading);
        CF_ASSERT(reading.size <= end - from && (outcome == CF_RECORDS_FAILED) == (reading.problem != NULL));
        cf_buffer_append(said, cf_bytes_make(plain, reading.size));
    }
    cf_buffer_append_int(said, outcome);
    cf_buffer_append(said, cf_bytes_of(reading.problem));
    cf_buffer_free(&answer);
    return reading.problem == NULL || strncmp(reading.problem, "too many", strlen("too many")) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {PLAIN_MAX, 1, 7};
    cf_record_ciphers *ciphers = cf_record_ciphers_new(&cf_heap);
    cf_buffer sealed, said[3];
    CF_ASSERT(ciphers != NULL);
    cf_buffer_init(&sealed, &cf_heap, CF_BUFFER_NO_LIMIT);
    write_records(ciphers, cf_bytes_make((const char *)data, size < 8192 ? size : 8192), &sealed);
    bool same = true;
    for (size_t i = 0; i < 3; i++) {
        cf_buffer_init(&said[i], &cf_heap, CF_BUFFER_NO_LIMIT);
        same = read_records(ciphers, cf_buffer_bytes(&sealed), steps[i], &said[i]) && same;
        CF_ASSERT(!same || cf_bytes_equal(cf_buffer_bytes(&said[i]), cf_buffer_bytes(&said[0])));
    }
    for (size_t i = 0; i < 3; i++)
        cf_buffer_free(&said[i]);
    cf_buffer_free(&sealed);
    cf_record_ciphers_free(ciphers);
    return 0;
}
