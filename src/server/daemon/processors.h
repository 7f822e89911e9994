/*
 * How many threads can work at a time: processors that the process may run on, and the share of them that its control groups
 * have (Linux's cpu.max, as containers are limited by).
 */
#ifndef CF_SERVER_DAEMON_PROCESSORS_H
#define CF_SERVER_DAEMON_PROCESSORS_H

#define CF_PROCESSORS_PATH_MAX 4096 /* bytes of a control group's path; a longer one is not looked at */

/* At least 1. A part of a processor counts as one. */
unsigned cf_processors(void);
/* `groups`: a file as /proc/self/cgroup; `mount`: where control groups are, as /sys/fs/cgroup. */
unsigned cf_processors_allowed(unsigned available, const char *groups, const char *mount);

#endif
