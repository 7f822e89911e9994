/*
 * A plugin with the library in it is unloaded while a name is being resolved: libcurl's thread outlives the client. This
 * program has a getaddrinfo of its own, which answers when the library is closed.
 */
#define _GNU_SOURCE

#include <centrifuge/client.h>

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

static atomic_bool asked;
static atomic_bool closed;

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                                                       struct addrinfo **result);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    (void)name;
    (void)service;
    (void)hints;
    (void)result;
    atomic_store(&asked, true);
    while (!atomic_load(&closed))
        sched_yield();
    return EAI_NONAME;
}

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void *nothing(void *argument)
{
    return argument;
}

/* ThreadSanitizer begins a thread of its own with the first of the program. */
static void begin_a_thread(void)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, nothing, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* The function of that name; a cast from an object's pointer would be no C. */
static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (!found)
        fail_msg("%s", dlerror());
    return found;
}

#define LOAD(library, pointer, name)                                                                                           \
    do {                                                                                                                       \
        void *found = function(library, name);                                                                                 \
        memcpy(&(pointer), &found, sizeof(pointer));                                                                           \
    } while (0)

static void unloading_does_not_pull_the_ground_from_under_a_thread(void **state)
{
    (void)state;
    centrifuge_error (*set_defaults)(centrifuge_options *, size_t);
    centrifuge_error (*make)(centrifuge_client **, const centrifuge_options *);
    centrifuge_error (*call[3])(centrifuge_client *);
    begin_a_thread();
    int before = threads();
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    LOAD(library, set_defaults, "centrifuge_options_default_sized");
    LOAD(library, make, "centrifuge_client_new");
    LOAD(library, call[0], "centrifuge_client_connect");
    LOAD(library, call[1], "centrifuge_client_tick");
    LOAD(library, call[2], "centrifuge_client_destroy");
    centrifuge_options options;
    centrifuge_client *client;
    assert_int_equal(set_defaults(&options, sizeof options), CENTRIFUGE_ERROR_OK);
    options.url = "ws://slow.example";
    options.insecure = true;
    assert_int_equal(make(&client, &options), CENTRIFUGE_ERROR_OK);
    assert_int_equal(call[0](client), CENTRIFUGE_ERROR_OK);
    while (!atomic_load(&asked))
        assert_int_equal(call[1](client), CENTRIFUGE_ERROR_OK);
    assert_int_equal(call[2](client), CENTRIFUGE_ERROR_OK);
    assert_int_equal(dlclose(library), 0);
    atomic_store(&closed, true);
    while (threads() > before)
        sched_yield();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unloading_does_not_pull_the_ground_from_under_a_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
