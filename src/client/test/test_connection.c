#include "driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* client-spec.md 7 and 14 */

static int set_up(void **state)
{
    driver *d = malloc(sizeof(driver));
    driver_init(d);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    driver_end(*state);
    free(*state);
    return 0;
}

static void connects_subscribes_receives_and_publishes(void **state)
{
    driver *d = *state;
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_connect(d);
    expect(d, "open 1 ws://host/connection/websocket\n");
    driver_opened(d);
    expect(d, "send 1 {'method':'connect','params':{'user':'u','info':'','timestamp':'1','token':'t'},'uid':'1'}\n");
    d->now += 7;
    driver_welcome(d, 1);
    expect(d, "send 1 {'method':'subscribe','params':{'channel':'news'},'uid':'2'}\n"
              "connect c1 raw-websocket 7 ms\n");
    driver_accept(d, 2, "news");
    expect(d, "news: subscribe first\n");
    driver_receive(d,
                   "{'method':'message','body':{'uid':'m1','channel':'news','data':{'a':1},'client':'x','info':{'user':'y'}}}");
    expect(d, "news: message m1 {'a':1} from 'x' info {'user':'y'}\n");
    assert_int_equal(driver_publish(d, news, "[1, 2]", "p"), CENTRIFUGE_ERROR_OK);
    expect(d, "send 1 {'method':'publish','params':{'channel':'news','data':[1, 2]},'uid':'3'}\n");
    driver_receive(d, "{'uid':'3','method':'publish','body':{'channel':'news','status':true}}");
    expect(d, "result p OK {'channel':'news','status':true}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connects_subscribes_receives_and_publishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
