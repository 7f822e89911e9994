/*
 * What the measuring programs share: options, pinning, clocks and the little of
 * WebSocket that a load generator needs. None of it is used by the product.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Prints the message and what the system says, and ends the program. */
_Noreturn void bench_die(const char *what);

/* --name VALUE; `fallback` when it is not given. Ends the program for a value that is no number. */
long bench_option(int argc, char **argv, const char *name, long fallback);

/* As many open files as the system allows. */
void bench_raise_files(void);
/* Binds this process to one processor; -1: not at all. */
void bench_pin(long processor);

uint64_t bench_now(void); /* ns, monotonic */
/* CPU time of this process, ns. */
uint64_t bench_own_cpu(void);
/* CPU time that another process has used, user and system, ns: precise from schedstat where the kernel has it. */
uint64_t bench_cpu(pid_t pid);
/* Resident memory of a process, bytes: all of it, and what is its own (no files). */
typedef struct bench_memory_sizes {
    uint64_t all;
    uint64_t own;
} bench_memory_sizes;

bench_memory_sizes bench_memory(pid_t pid);

/* A listening socket on 127.0.0.1; `port` 0 becomes the one that was given. */
int bench_listen(uint16_t *port);
/* A connecting, non-blocking socket. */
int bench_connect(uint16_t port);
void bench_nonblocking(int fd);
void bench_write_all(int fd, const char *data, size_t size);

/* A server's unmasked text frame around `text` into `out`; returns its size. */
size_t bench_server_frame(char *out, const char *text, size_t size);
/* A client's text frame, masked with zeros (RFC 6455 section 5.3 asks for random ones: not for a benchmark). */
size_t bench_client_frame(char *out, const char *text, size_t size);

/* Counts the text frames in a stream that comes in pieces. */
typedef struct bench_frames {
    unsigned char head[10];
    unsigned head_size;
    uint64_t left; /* bytes of the payload still to come */
    uint64_t texts;
    uint64_t last_size; /* of the last text frame, with its header */
    bool closed;        /* a close frame came */
    unsigned pings;     /* that wait for their pong */
} bench_frames;

void bench_frames_read(bench_frames *frames, const unsigned char *data, size_t size);

#endif
