#include "base/test/test.h"

#include "base/list.h"
#include "base/map.h"

typedef struct element {
    cf_map_node node;
    char key[16];
    size_t size;
    bool in_map;
} element;

#define ELEMENTS 600

static cf_bytes key_of(const element *one)
{
    return cf_bytes_make(one->key, one->size);
}

static void make_elements(element *elements)
{
    memset(elements, 0, ELEMENTS * sizeof(*elements));
    for (int i = 1; i < ELEMENTS; i++)
        elements[i].size = (size_t)snprintf(elements[i].key, sizeof(elements[i].key), "%0*d", 1 + i % 12, i);
}

/* A generator of our own (xorshift), so that a failure repeats on every machine. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void remove_at(element **order, size_t *count, size_t index)
{
    memmove(order + index, order + index + 1, (*count - index - 1) * sizeof(order[0]));
    (*count)--;
}

static size_t index_of(element **order, size_t count, const element *one)
{
    size_t i = 0;
    while (i < count && order[i] != one)
        i++;
    return i;
}

/* The map holds exactly the elements of the array, in its order. */
static void check_map(const cf_map *map, element *elements, element **order, size_t count)
{
    assert_int_equal(cf_map_count(map), count);
    const cf_map_node *node = map->head;
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(node, &order[i]->node);
        node = cf_map_next(node);
    }
    assert_null(node);
    for (size_t i = 0; i < ELEMENTS; i++)
        assert_ptr_equal(cf_map_find(map, key_of(&elements[i])), elements[i].in_map ? &elements[i].node : NULL);
}

/* `order` is the naive map: an array that is searched from the front. */
static void random_operations(uint32_t seed, size_t fail_at)
{
    static element elements[ELEMENTS];
    static element *order[ELEMENTS];
    size_t count = 0;
    test_allocator memory = test_allocator_failing_at(fail_at);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    make_elements(elements);
    cf_map_init(&map, &allocator, seed);
    uint32_t random = seed | 1;
    for (int step = 0; step < 4000; step++) {
        element *chosen = &elements[next_random(&random) % ELEMENTS];
        if (chosen->in_map) {
            cf_map_remove(&map, &chosen->node);
            remove_at(order, &count, index_of(order, count, chosen));
            chosen->in_map = false;
        } else if (cf_map_add(&map, &chosen->node, key_of(chosen))) {
            order[count++] = chosen;
            chosen->in_map = true;
        } else {
            assert_true(memory.failed);
        }
        if (step % 97 == 0)
            check_map(&map, elements, order, count);
    }
    check_map(&map, elements, order, count);
    cf_map_free(&map);
    assert_int_equal(memory.live, 0);
}

static void behaves_like_an_array(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++)
        random_operations(seed * 2654435761u, 0);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 10; n++)
        random_operations(12345, n);
}

static void an_empty_map_needs_no_memory(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    cf_map_init(&map, &allocator, 1);
    assert_null(cf_map_find(&map, CF_BYTES("x")));
    assert_null(cf_map_find(&map, cf_bytes_make(NULL, 0)));
    assert_int_equal(cf_map_count(&map), 0);
    cf_map_free(&map);
    assert_int_equal(memory.calls, 0);
}

static void a_key_larger_than_any_other_is_in_no_map(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    cf_map_node node;
    cf_map_init(&map, &allocator, 1);
    assert_true(cf_map_add(&map, &node, CF_BYTES("x")));
#if SIZE_MAX > UINT32_MAX
    assert_null(cf_map_find(&map, cf_bytes_make("x", SIZE_MAX)));
#endif
    cf_map_free(&map);
}

static void the_seed_changes_the_hash(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    unsigned hashes[3];
    const uint32_t seeds[3] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        cf_map map;
        cf_map_node node;
        cf_map_init(&map, &allocator, seeds[i]);
        assert_true(cf_map_add(&map, &node, CF_BYTES("public:news of the day")));
        hashes[i] = node.hh.hashv;
        cf_map_free(&map);
    }
    assert_int_equal(hashes[0], hashes[1]);
    assert_int_not_equal(hashes[0], hashes[2]);
    assert_int_equal(memory.live, 0);
}

static int compare_first_bytes(const cf_map_node *first, const cf_map_node *second)
{
    return CF_CONTAINER(first, element, node)->key[0] - CF_CONTAINER(second, element, node)->key[0];
}

/* An order by one byte, so that many are equal, of any number of elements. */
static void sorts_and_keeps_the_order_of_equals(void **state)
{
    (void)state;
    for (size_t count = 0; count < ELEMENTS; count++) {
        static element elements[ELEMENTS];
        static size_t added[ELEMENTS];
        test_allocator memory = test_allocator_failing_at(0);
        cf_allocator allocator = test_allocator_make(&memory);
        cf_map map;
        make_elements(elements);
        cf_map_init(&map, &allocator, 1);
        for (size_t i = 0; i < count; i++) {
            element *one = &elements[i * 7919 % ELEMENTS];
            added[one - elements] = i;
            assert_true(cf_map_add(&map, &one->node, key_of(one)));
        }
        cf_map_sort(&map, compare_first_bytes);
        size_t seen = 0;
        for (cf_map_node *node = map.head; node != NULL; node = cf_map_next(node)) {
            cf_map_node *next = cf_map_next(node);
            int order = next == NULL ? -1 : compare_first_bytes(node, next);
            seen++;
            assert_true(order <= 0);
            if (order == 0)
                assert_true(added[CF_CONTAINER(node, element, node) - elements] <
                            added[CF_CONTAINER(next, element, node) - elements]);
        }
        assert_int_equal(seen, count);
        cf_map_free(&map);
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_an_array),        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(an_empty_map_needs_no_memory), cmocka_unit_test(a_key_larger_than_any_other_is_in_no_map),
        cmocka_unit_test(the_seed_changes_the_hash),    cmocka_unit_test(sorts_and_keeps_the_order_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
