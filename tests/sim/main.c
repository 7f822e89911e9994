/*
 * simulate: seeds of the simulator, one, many, or with a wrong done on purpose.
 */
#include "script.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every so many seeds one is played twice: both traces must be the same. */
#define REPLAY_EVERY 25

typedef struct arguments {
    uint64_t from;
    uint64_t seeds;
    bool trace;
    bool all;
    bool coverage;
    bool allocations;
    const char *sabotage;
} arguments;

typedef struct sabotage_kind {
    const char *name;
    const char *invariants; /* that may see it, between spaces */
} sabotage_kind;

static const sabotage_kind sabotages[SIM_SABOTAGE_COUNT] = {
    [SIM_SABOTAGE_NONE] = {"none", ""},
    [SIM_SABOTAGE_DROP_MESSAGE] = {"drop-message", " message-hole recovery-hole own-message-first probe "},
    [SIM_SABOTAGE_DUPLICATE_MESSAGE] = {"duplicate-message", " message-order "},
    [SIM_SABOTAGE_SWAP_MESSAGES] = {"swap-messages", " message-order message-hole own-message-first probe "},
    [SIM_SABOTAGE_FORGE_DATA] = {"forge-data", " message-data "},
    [SIM_SABOTAGE_FORGET_RESULT] = {"forget-result", " call-once progress "},
    [SIM_SABOTAGE_DOUBLE_RESULT] = {"double-result", " call-once "},
    [SIM_SABOTAGE_DOUBLE_CONNECT] = {"double-connect", " event-order "},
    [SIM_SABOTAGE_HIDE_UNSUBSCRIBE] = {"hide-unsubscribe", " event-order subscription-state "},
    [SIM_SABOTAGE_FALSE_RECOVERED] = {"false-recovered", " recovery-hole message-hole "},
    [SIM_SABOTAGE_SECOND_TRANSPORT] = {"second-transport", " one-transport "},
    [SIM_SABOTAGE_HASTY_RETRY] = {"hasty-retry", " retry-delay "},
    [SIM_SABOTAGE_HASTY_USER] = {"hasty-user", " asked-pace "},
    [SIM_SABOTAGE_DEAF_CLIENT] = {"deaf-client", " progress "},
    [SIM_SABOTAGE_LEAK_CLIENT] = {"leak-client", " client-memory "},
    [SIM_SABOTAGE_LEAK_SERVER] = {"leak-server", " server-memory "},
    [SIM_SABOTAGE_KEEP_SESSION] = {"keep-session", " sessions "},
    [SIM_SABOTAGE_STALE_SIGN] = {"stale-sign", " stale-sign "},
    [SIM_SABOTAGE_FORGET_CANCEL] = {"forget-cancel", " request-left "},
    [SIM_SABOTAGE_OLD_CREDENTIALS] = {"old-credentials", " credentials-used "},
    [SIM_SABOTAGE_NO_REFRESH] = {"no-refresh", " refresh-in-time progress "},
    [SIM_SABOTAGE_EARLY_GIVE_UP] = {"early-give-up", " refresh-gives-up "},
    [SIM_SABOTAGE_FORGE_REQUEST] = {"forge-request", " auth-body "},
    [SIM_SABOTAGE_HASTY_REFRESH] = {"hasty-refresh", " refresh-pace "},
    [SIM_SABOTAGE_NO_BATCH] = {"no-batch", " batch-holds "},
    [SIM_SABOTAGE_NO_AUTH_BATCH] = {"no-auth-batch", " auth-batched "},
    [SIM_SABOTAGE_SPLIT_BATCH] = {"split-batch", " batch-one-frame "},
    [SIM_SABOTAGE_LOSE_COMMAND] = {"lose-command", " calls-sent "},
    [SIM_SABOTAGE_REPEAT_COMMAND] = {"repeat-command", " call-sent-once "},
    [SIM_SABOTAGE_LARGER_LIMITS] = {"larger-limits", " limit-holds "},
    [SIM_SABOTAGE_SMALLER_LIMITS] = {"smaller-limits", " limit-early limit-names "},
    [SIM_SABOTAGE_WRONG_LIMIT] = {"wrong-limit", " limit-names "},
    [SIM_SABOTAGE_LARGE_FRAME] = {"large-frame", " frame-size "},
    [SIM_SABOTAGE_LEAKY_REFUSAL] = {"leaky-refusal", " refusal-changes "},
    [SIM_SABOTAGE_HIDE_LIMIT] = {"hide-limit", " limit-told "},
    [SIM_SABOTAGE_STUCK_LIMIT] = {"stuck-limit", " limit-lets-go "},
    [SIM_SABOTAGE_WRONG_WARNING] = {"wrong-warning", " high-water "},
    [SIM_SABOTAGE_HIDE_WARNING] = {"hide-warning", " high-water-first "},
    [SIM_SABOTAGE_TELL_TWICE] = {"tell-twice", " told-order "},
    [SIM_SABOTAGE_OVERTAKE] = {"overtake", " publish-order "},
    [SIM_SABOTAGE_DEAF_NODE] = {"deaf-node", " pair-unsubscribe pair-disconnect "},
    [SIM_SABOTAGE_LOSE_LETTER] = {"lose-letter", " api-once told-hole "},
    [SIM_SABOTAGE_FORGET_API] = {"forget-api", " api-once "},
    [SIM_SABOTAGE_FORGET_PRESENCE] = {"forget-presence", " present "},
    [SIM_SABOTAGE_STEAL_POLL] = {"steal-poll", " told-hole message-hole recovery-hole probe "},
    [SIM_SABOTAGE_OTHER_SESSION] = {"other-session", " second-receiver "},
    [SIM_SABOTAGE_KEEP_POLL] = {"keep-poll", " sessions sockjs-sessions "},
    [SIM_SABOTAGE_LEAK_SOCKJS] = {"leak-sockjs", " sockjs-memory "},
    [SIM_SABOTAGE_SEND_TWICE] = {"send-twice", " server-blames "},
    [SIM_SABOTAGE_MANY_STRANGERS] = {"many-strangers", " strangers-bounded "},
    [SIM_SABOTAGE_HIDE_WAITING] = {"hide-waiting", " answer-bounded "},
};

/* ---- a crash names its seed too ---- */

static char crash_line[120];

static void say_seed(void)
{
    if (write(STDERR_FILENO, crash_line, strlen(crash_line)) < 0)
        return;
}

static void on_crash(int number)
{
    say_seed();
    signal(number, SIG_DFL);
    raise(number);
}

/* Of the sanitizers' runtime, where there is one. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* The part of the sanitizers that has a runtime of its own reads this; on an abort the seed is said. */
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static void watch_crashes(void)
{
    signal(SIGABRT, on_crash);
    signal(SIGILL, on_crash);
    signal(SIGTRAP, on_crash);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(say_seed);
    else
        signal(SIGSEGV, on_crash);
}

static sim_cover covered;

static bool play(sim_world *world, uint64_t seed, sim_sabotage sabotage, sim_tracing tracing, bool quiet)
{
    snprintf(crash_line, sizeof(crash_line), "\nseed %" PRIu64 " crashed. Replay: simulate --seed %" PRIu64 " --trace\n", seed,
             seed);
    bool good = sim_world_play(world, seed, sabotage, tracing, quiet || tracing == SIM_TRACING_OFF);
    if (!good && tracing == SIM_TRACING_OFF)
        (void)sim_world_play(world, seed, sabotage, SIM_TRACING_KEEP, quiet);
    sim_cover_add(&covered, world->met);
    return good;
}

/* ---- the ways to run ---- */

/* What a broken world still holds is no leak of the product: the program ends without looking for leaks. */
static _Noreturn void leave(int status)
{
    fflush(stdout);
    _Exit(status);
}

static void run_all(sim_world *world, const arguments *given)
{
    unsigned broken = 0;
    for (uint64_t seed = given->from; seed < given->from + given->seeds; seed++) {
        if (play(world, seed, SIM_SABOTAGE_NONE, SIM_TRACING_OFF, true))
            continue;
        broken++;
        printf("%" PRIu64 " %s\n", seed, sim_trace_newest(&world->trace));
    }
    if (given->coverage)
        sim_cover_print(&covered);
    printf("%u of %" PRIu64 " seeds from %" PRIu64 " break an invariant\n", broken, given->seeds, given->from);
    leave(broken > 0);
}

static int run_seeds(sim_world *world, const arguments *given)
{
    if (given->all)
        run_all(world, given);
    for (uint64_t i = 0; i < given->seeds; i++) {
        uint64_t seed = given->from + i;
        bool twice = seed % REPLAY_EVERY == 0 && !given->trace;
        sim_tracing tracing = twice ? SIM_TRACING_KEEP : SIM_TRACING_OFF;
        if (!play(world, seed, SIM_SABOTAGE_NONE, given->trace ? SIM_TRACING_PRINT : tracing, false))
            leave(1);
        uint64_t hash = world->trace.hash;
        if (!twice)
            continue;
        if (!play(world, seed, SIM_SABOTAGE_NONE, tracing, false) || world->trace.hash != hash) {
            fprintf(stderr, "seed %" PRIu64 " does not replay: two runs differ\n", seed);
            leave(1);
        }
    }
    bool complete = !given->coverage || sim_cover_print(&covered);
    printf("%" PRIu64 " seeds from %" PRIu64 ": every invariant holds\n", given->seeds, given->from);
    if (!complete)
        fputs("but a situation was never met\n", stderr);
    return complete ? 0 : 1;
}

/* The first seed on which the wrong is noticed, and by an invariant that is there for it. */
static int run_sabotage(sim_world *world, const arguments *given, sim_sabotage which)
{
    const sabotage_kind *kind = &sabotages[which];
    for (uint64_t seed = given->from; seed < given->from + given->seeds; seed++) {
        if (play(world, seed, which, given->trace ? SIM_TRACING_PRINT : SIM_TRACING_OFF, true))
            continue;
        char name[64];
        snprintf(name, sizeof(name), " %s ", world->invariant);
        bool expected = world->sabotaged && strstr(kind->invariants, name) != NULL;
        printf("%s: seed %" PRIu64 " breaks%s%s\n", kind->name, seed, name,
               expected ? "as it must" : "which is not what it should break");
        leave(expected ? 0 : 1);
    }
    fprintf(stderr, "%s: not noticed in %" PRIu64 " seeds\n", kind->name, given->seeds);
    return 1;
}

static int usage(void)
{
    fputs("usage: simulate [--seeds N] [--from S] [--seed S] [--all] [--coverage] [--trace] [--allocations] [--sabotage NAME]\n"
          "  --seeds N        play N seeds (default 2000), each twenty-fifth of them twice\n"
          "  --from S         from this one on (default 1)\n"
          "  --seed S         play one seed\n"
          "  --all            go on behind a broken one; print a line for each\n"
          "  --coverage       count what was met; it is an error when a situation never was\n"
          "  --trace          print every line of the trace\n"
          "  --allocations    no seeds, but scripts: each with every allocation failing in turn\n"
          "  --sabotage NAME  do a wrong on purpose: it must be noticed. Names:\n",
          stderr);
    for (size_t i = 1; i < SIM_SABOTAGE_COUNT; i++)
        fprintf(stderr, "                     %s\n", sabotages[i].name);
    return 2;
}

static bool read_number(const char *text, uint64_t *number)
{
    char *end = NULL;
    if (text == NULL)
        return false;
    *number = strtoull(text, &end, 10);
    return end != text && *end == '\0';
}

static bool *find_flag(const char *name, arguments *given)
{
    if (strcmp(name, "--trace") == 0)
        return &given->trace;
    if (strcmp(name, "--all") == 0)
        return &given->all;
    if (strcmp(name, "--coverage") == 0)
        return &given->coverage;
    return strcmp(name, "--allocations") == 0 ? &given->allocations : NULL;
}

static bool read_arguments(int argc, char **argv, arguments *given)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool *flag = find_flag(argv[i], given);
        if (flag != NULL) {
            *flag = true;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0 && read_number(value, &given->seeds)) {
        } else if (strcmp(argv[i], "--from") == 0 && read_number(value, &given->from)) {
        } else if (strcmp(argv[i], "--seed") == 0 && read_number(value, &given->from)) {
            given->seeds = 1;
        } else if (strcmp(argv[i], "--sabotage") == 0 && value != NULL) {
            given->sabotage = value;
        } else {
            return false;
        }
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    arguments given = {.from = 1, .seeds = 2000};
    if (!read_arguments(argc, argv, &given))
        return usage();
    watch_crashes();
    sim_world *world = sim_alloc(sizeof(*world));
    int result = 2;
    if (given.allocations)
        leave(sim_script_play_all(world) ? 0 : 1);
    if (given.sabotage == NULL)
        result = run_seeds(world, &given);
    for (size_t i = 1; given.sabotage != NULL && i < SIM_SABOTAGE_COUNT; i++)
        if (strcmp(given.sabotage, sabotages[i].name) == 0)
            result = run_sabotage(world, &given, (sim_sabotage)i);
    free(world);
    return result == 2 ? usage() : result;
}
