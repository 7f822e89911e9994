#define _DEFAULT_SOURCE /* SIGWINCH */
#include "cli/top.h"

#include "cli/loop.h"
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { INTERVAL_DEFAULT = 2000 }; /* ms */

static const int64_t MILLISECOND = 1000000;

typedef struct top_command {
    const cf_cli_options *options;
    cf_cli_loop *loop;
    cf_cli_top_view view;
    bool has_looked;         /* once at least */
    struct termios terminal; /* as it was */
} top_command;

/* ---- the terminal ---- */

/* It is enough that it interrupts the waiting. */
static void on_resize(int number)
{
    (void)number;
}

/* Keys are read without Enter, and not shown; what is wider than the terminal is cut by it. */
static void take_terminal(top_command *command)
{
    if (!command->view.full_screen || tcgetattr(STDIN_FILENO, &command->terminal) != 0)
        return;
    struct termios raw = command->terminal;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    cf_cli_loop_want_input(command->loop, true);
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = on_resize}, NULL);
    cf_cli_print("\033[?1049h\033[?25l\033[?7l");
}

static void give_terminal_back(const top_command *command)
{
    if (!command->view.full_screen)
        return;
    tcsetattr(STDIN_FILENO, TCSANOW, &command->terminal);
    cf_cli_print("\033[?7h\033[?25h\033[?1049l");
    cf_cli_print_works();
}

static bool is_end_key(void)
{
    char key = 0;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

/* ---- its course ---- */

/* False: it ends. */
static bool wait_for_next(top_command *command, int64_t next)
{
    cf_cli_loop_set_alarm(command->loop, next);
    for (;;) {
        cf_cli_wakeup wakeup = cf_cli_loop_turn(command->loop);
        if (wakeup == CF_CLI_WAKE_TIMEOUT)
            return true;
        cf_cli_top_follow_resize(&command->view);
        if (wakeup != CF_CLI_WAKE_NOTHING && (wakeup != CF_CLI_WAKE_INPUT || is_end_key()))
            return false;
    }
}

/* A person goes on looking at a server that restarts; a program is told. */
static centrifuge_error look(top_command *command)
{
    cf_cli_top_view *view = &command->view;
    centrifuge_error error = cf_cli_top_look(view);
    if (error == CENTRIFUGE_ERROR_OK) {
        command->has_looked = true;
        cf_cli_top_print(view);
        return error;
    }
    if (!view->full_screen || !command->has_looked || cf_cli_exit_of(error) != CF_CLI_NETWORK)
        return error;
    cf_cli_top_print_failure(view);
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error run(top_command *command)
{
    int64_t next = cf_cli_loop_now();
    centrifuge_error error;
    while ((error = look(command)) == CENTRIFUGE_ERROR_OK) {
        int64_t now = cf_cli_loop_now();
        next += command->view.interval * MILLISECOND;
        if (next < now)
            next = now; /* a look took longer */
        if (!cf_cli_print_works() || command->options->once || !wait_for_next(command, next))
            break;
    }
    return error;
}

static cf_cli_exit open_and_run(top_command *command)
{
    cf_cli_exit code;
    command->view.backend = cf_cli_api_open(command->options, &code);
    if (command->view.backend == NULL)
        return code;
    cf_cli_loop_watch_output(command->loop, true);
    command->view.full_screen =
        cf_cli_print_is_for_people() && isatty(STDIN_FILENO) && !command->options->once && cf_cli_terminal_moves();
    take_terminal(command);
    centrifuge_error error = run(command);
    give_terminal_back(command);
    if (error != CENTRIFUGE_ERROR_OK)
        code = cf_cli_api_report(command->view.backend, command->options, "no answer about", NULL, error);
    centrifuge_backend_destroy(command->view.backend);
    return code;
}

cf_cli_exit cf_cli_top(const cf_cli_options *options)
{
    static top_command command; /* too large for some stacks */
    command.options = options;
    command.view.place = options->place;
    command.view.interval = options->interval > 0 ? options->interval : INTERVAL_DEFAULT;
    command.loop = cf_cli_loop_new();
    if (command.loop == NULL) {
        cf_cli_complain("cannot start: %s", strerror(errno));
        return CF_CLI_ERROR;
    }
    cf_cli_print_reader_may_leave();
    cf_cli_exit code = open_and_run(&command);
    cf_cli_loop_free(command.loop);
    return code;
}
