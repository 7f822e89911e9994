#define _POSIX_C_SOURCE 200809L
#include "base/test/test.h"

#include "base/assert.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void break_a_rule(int output)
{
    signal(SIGABRT, SIG_DFL);
    dup2(output, STDERR_FILENO);
    CF_ASSERT(1 + 1 == 3);
    _exit(0);
}

static void a_broken_rule_is_named_and_ends_the_process(void **state)
{
    (void)state;
    int ends[2];
    char text[512] = {0};
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        break_a_rule(ends[1]);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "test_assert.c:"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
}

static void a_condition_is_evaluated_once(void **state)
{
    int evaluated = 0;
    (void)state;
    CF_ASSERT(++evaluated == 1);
    assert_int_equal(evaluated, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_rule_is_named_and_ends_the_process),
        cmocka_unit_test(a_condition_is_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
