#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

long bench_option(int argc, char **argv, const char *name, long fallback)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) != 0)
            continue;
        char *end = NULL;
        long value = strtol(argv[i + 1], &end, 10);
        if (end == argv[i + 1] || *end != '\0') {
            fprintf(stderr, "%s: not a number: %s\n", name, argv[i + 1]);
            exit(2);
        }
        return value;
    }
    return fallback;
}

void bench_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        bench_die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        bench_die("setrlimit");
}

void bench_pin(long processor)
{
    if (processor < 0)
        return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        bench_die("sched_setaffinity");
}

uint64_t bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t cpu_from_stat(pid_t pid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        bench_die(path);
    fclose(file);
    /* behind the name in parentheses: state, ten numbers, utime, stime (proc(5)) */
    const char *at = strrchr(line, ')');
    uint64_t user = 0;
    uint64_t system = 0;
    if (at == NULL || sscanf(at + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64, &user, &system) != 2)
        bench_die(path);
    return (user + system) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t bench_own_cpu(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ns that one thread ran, or 0. */
static uint64_t thread_ran(pid_t pid, const char *thread)
{
    char path[128];
    uint64_t ran = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%.32s/schedstat", (int)pid, thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    int got = fscanf(file, "%" SCNu64, &ran);
    fclose(file);
    return got == 1 ? ran : 0;
}

/* Of all threads; 0 where the system does not tell. */
static uint64_t threads_ran(pid_t pid)
{
    char path[64];
    uint64_t ran = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return 0;
    for (const struct dirent *thread = readdir(threads); thread != NULL; thread = readdir(threads))
        if (thread->d_name[0] != '.')
            ran += thread_ran(pid, thread->d_name);
    closedir(threads);
    return ran;
}

uint64_t bench_cpu(pid_t pid)
{
    uint64_t ran = threads_ran(pid);
    return ran > 0 ? ran : cpu_from_stat(pid);
}

bench_memory_sizes bench_memory(pid_t pid)
{
    char path[64];
    char line[256];
    bench_memory_sizes sizes = {0, 0};
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        bench_die(path);
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t kilobytes;
        if (sscanf(line, "VmRSS: %" SCNu64, &kilobytes) == 1)
            sizes.all = kilobytes * 1024;
        if (sscanf(line, "RssAnon: %" SCNu64, &kilobytes) == 1)
            sizes.own = kilobytes * 1024;
    }
    fclose(file);
    return sizes;
}

void bench_nonblocking(int fd)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        bench_die("fcntl");
}

int bench_listen(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        bench_die("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

int bench_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    struct linger reset = {1, 0}; /* no TIME_WAIT: the next run needs the ports */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        bench_die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno != EINPROGRESS)
        bench_die("connect");
    return fd;
}

void bench_write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
        if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
            sched_yield();
            continue;
        }
        if (written <= 0)
            bench_die("send");
        data += written;
        size -= (size_t)written;
    }
}

/* RFC 6455 section 5.2 */
static size_t write_head(unsigned char *out, size_t size, unsigned char mask_bit)
{
    out[0] = 0x81;
    if (size < 126) {
        out[1] = (unsigned char)(mask_bit | size);
        return 2;
    }
    if (size > 0xffff) {
        fprintf(stderr, "a message of more than 65535 bytes\n");
        exit(2);
    }
    out[1] = (unsigned char)(mask_bit | 126);
    out[2] = (unsigned char)(size >> 8);
    out[3] = (unsigned char)size;
    return 4;
}

size_t bench_server_frame(char *out, const char *text, size_t size)
{
    size_t head = write_head((unsigned char *)out, size, 0);
    memcpy(out + head, text, size);
    return head + size;
}

size_t bench_client_frame(char *out, const char *text, size_t size)
{
    size_t head = write_head((unsigned char *)out, size, 0x80);
    memset(out + head, 0, 4);
    memcpy(out + head + 4, text, size);
    return head + 4 + size;
}

static unsigned head_wanted(const bench_frames *frames)
{
    if (frames->head_size < 2)
        return 2;
    unsigned length = frames->head[1] & 0x7f;
    return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static void head_complete(bench_frames *frames)
{
    uint64_t length = frames->head[1] & 0x7f;
    unsigned first = 2;
    if (length >= 126) {
        length = 0;
        for (; first < frames->head_size; first++)
            length = length << 8 | frames->head[first];
    }
    frames->left = length;
    unsigned opcode = frames->head[0] & 0xf;
    frames->closed = frames->closed || opcode == 8;
    if (opcode == 1)
        frames->last_size = frames->head_size + length;
}

static void frame_complete(bench_frames *frames)
{
    if ((frames->head[0] & 0xf) == 1)
        frames->texts++;
    if ((frames->head[0] & 0xf) == 9)
        frames->pings++;
    frames->head_size = 0;
}

void bench_frames_read(bench_frames *frames, const unsigned char *data, size_t size)
{
    while (size > 0) {
        if (frames->left > 0) {
            size_t part = size < frames->left ? size : (size_t)frames->left;
            frames->left -= part;
            data += part;
            size -= part;
            if (frames->left == 0)
                frame_complete(frames);
            continue;
        }
        frames->head[frames->head_size++] = *data++;
        size--;
        if (frames->head_size < 2 || frames->head_size < head_wanted(frames))
            continue;
        head_complete(frames);
        if (frames->left == 0)
            frame_complete(frames);
    }
}
