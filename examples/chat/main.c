/*
 * The backend of the chat as a program: reads its options, serves until Ctrl-C.
 */
#define _GNU_SOURCE
#include "chat.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: CENTRIFUGO_SECRET=... chat [options]\n"
                            "\n"
                            "  --address IP     where to listen; default 127.0.0.1\n"
                            "  --port N         default 8001; 0 for any free one\n"
                            "  --server URL     centrifuged as browsers reach it; default ws://127.0.0.1:8000\n"
                            "  --word WORD      opens the members' room; default sesame\n"
                            "  --page FOLDER    files of the page; default examples/chat/page\n"
                            "  --library FILE   what is served as centrifuge.js; default dist/centrifuge.js\n"
                            "\n"
                            "The secret is the one of centrifuged; it reads the same variable.\n";

static const struct option names[] = {
    {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
    {"server", required_argument, NULL, 's'},  {"word", required_argument, NULL, 'w'},
    {"page", required_argument, NULL, 'd'},    {"library", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

static bool read_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* It goes into the page's security policy: one address, and nothing that could end it there. */
static bool is_server(const char *text)
{
    bool scheme = strncmp(text, "ws://", 5) == 0 || strncmp(text, "wss://", 6) == 0;
    return scheme && strlen(text) < 128 && text[strcspn(text, " ;,'\"\r\n\t")] == '\0';
}

static void quit(int code, const char *problem)
{
    if (problem)
        fprintf(stderr, "chat: %s\n\n", problem);
    fputs(usage, code ? stderr : stdout);
    exit(code);
}

static void read_options(int argc, char **argv, chat_settings *settings)
{
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'a':
            settings->address = optarg;
            break;
        case 'p':
            if (!read_port(optarg, &settings->port))
                quit(2, "--port: a number from 0 to 65535");
            break;
        case 's':
            settings->server = optarg;
            break;
        case 'w':
            settings->word = optarg;
            break;
        case 'd':
            settings->page = optarg;
            break;
        case 'l':
            settings->library = optarg;
            break;
        default:
            quit(option == 'h' ? 0 : 2, NULL);
        }
    }
    if (optind < argc)
        quit(2, "there are options only");
    if (!is_server(settings->server))
        quit(2, "--server: an address that begins with ws:// or wss://");
    if (!settings->secret || !*settings->secret)
        quit(2, "CENTRIFUGO_SECRET is missing");
}

int main(int argc, char **argv)
{
    chat_settings settings = {.address = "127.0.0.1",
                              .port = 8001,
                              .server = "ws://127.0.0.1:8000",
                              .secret = getenv("CENTRIFUGO_SECRET"),
                              .word = "sesame",
                              .page = "examples/chat/page",
                              .library = "dist/centrifuge.js"};
    read_options(argc, argv, &settings);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Before the thread of the HTTP server starts, which inherits it. */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    chat_http *http = chat_random(settings.session_key, sizeof settings.session_key) ? chat_http_start(&settings) : NULL;
    if (!http)
        return 1;
    printf("chat: http://%s:%u/\n", settings.address, (unsigned)chat_http_port(http));
    fflush(stdout);
    int signal;
    sigwait(&signals, &signal);
    chat_http_stop(http);
    return 0;
}
