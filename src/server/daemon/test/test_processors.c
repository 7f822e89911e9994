#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "server/daemon/processors.h"

/* Control groups in a folder of the test's own. */

static char folder[] = "/tmp/processors-XXXXXX";
static char groups[64];

static void put(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *at = strchr(path + sizeof folder, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = 0;
        (void)mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static unsigned allowed(unsigned available)
{
    return cf_processors_allowed(available, groups, folder);
}

static void without_control_groups_all_that_are_available_count(void **state)
{
    (void)state;
    assert_int_equal(cf_processors_allowed(8, "/nothing/is/here", "/nor/here"), 8);
    assert_int_equal(cf_processors_allowed(0, "/nothing/is/here", "/nor/here"), 1);
    assert_in_range(cf_processors(), 1, UINT32_MAX);
}

static void a_container_with_a_part_of_a_machine_has_no_more(void **state)
{
    (void)state;
    put("groups", "0::/\n");
    put("cpu.max", "100000 100000\n");
    assert_int_equal(allowed(64), 1);
    put("cpu.max", "150000 100000\n");
    assert_int_equal(allowed(64), 2);
    assert_int_equal(allowed(1), 1);
    put("cpu.max", "50000 100000\n");
    assert_int_equal(allowed(64), 1);
    put("cpu.max", "max 100000\n");
    assert_int_equal(allowed(64), 64);
}

static void the_narrowest_of_the_groups_around_counts(void **state)
{
    (void)state;
    put("groups", "0::/system.slice/centrifuged.service\n");
    put("system.slice/cpu.max", "300000 100000\n");
    put("system.slice/centrifuged.service/cpu.max", "max 100000\n");
    assert_int_equal(allowed(64), 3);
    put("system.slice/centrifuged.service/cpu.max", "200000 100000\n");
    assert_int_equal(allowed(64), 2);
}

static void version_1_counts_too(void **state)
{
    (void)state;
    put("groups", "12:cpuset:/docker/1\n4:cpuacct,cpu:/docker/1\n1:name=systemd:/docker/1\n");
    put("cpu/docker/1/cpu.cfs_quota_us", "-1\n");
    put("cpu/docker/1/cpu.cfs_period_us", "100000\n");
    put("cpu/cpu.cfs_quota_us", "250000\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(allowed(64), 3);
}

static void what_is_not_understood_limits_nothing(void **state)
{
    (void)state;
    put("groups", "\n0\n0:\n0::\n0::nowhere\n0::/strange\n0::/zero\n");
    put("strange/cpu.max", "many of them\n");
    put("zero/cpu.max", "0 0\n");
    put("cpu.max", "");
    assert_int_equal(allowed(5), 5);
}

static int make_folder(void **state)
{
    (void)state;
    bool made = mkdtemp(folder) != NULL;
    (void)snprintf(groups, sizeof groups, "%s/groups", folder);
    return made ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_control_groups_all_that_are_available_count),
        cmocka_unit_test(a_container_with_a_part_of_a_machine_has_no_more),
        cmocka_unit_test(the_narrowest_of_the_groups_around_counts),
        cmocka_unit_test(version_1_counts_too),
        cmocka_unit_test(what_is_not_understood_limits_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
