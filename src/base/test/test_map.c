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

static void a_map_that_was_emptied_needs_none_either(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    cf_map_node node;
    cf_map_init(&map, &allocator, 1);
    for (int i = 0; i < 2; i++) {
        assert_true(cf_map_add(&map, &node, CF_BYTES("x")));
        cf_map_remove(&map, &node);
        assert_int_equal(memory.live, 0);
        assert_null(cf_map_find(&map, CF_BYTES("x")));
        assert_null(map.head);
    }
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
        hashes[i] = node.hash;
        cf_map_free(&map);
    }
    assert_int_equal(hashes[0], hashes[1]);
    assert_int_not_equal(hashes[0], hashes[2]);
    assert_int_equal(memory.live, 0);
}

/* Found by trying; another order of bytes in the machine gives them other hashes. */
static void keys_of_the_same_hash_are_told_apart(void **state)
{
    (void)state;
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    cf_map_node first, second;
    cf_map_init(&map, &allocator, 1);
    assert_true(cf_map_add(&map, &first, CF_BYTES("12504")));
    assert_true(cf_map_add(&map, &second, CF_BYTES("395140")));
    assert_ptr_equal(cf_map_find(&map, CF_BYTES("12504")), &first);
    assert_ptr_equal(cf_map_find(&map, CF_BYTES("395140")), &second);
    cf_map_remove(&map, &second);
    assert_null(cf_map_find(&map, CF_BYTES("395140")));
    cf_map_free(&map);
    assert_int_equal(memory.live, 0);
}

static void nodes_are_moved_to_the_end(void **state)
{
    (void)state;
    static element elements[ELEMENTS];
    static element *order[ELEMENTS];
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_map map;
    uint32_t random = 7;
    size_t count = 0;
    make_elements(elements);
    cf_map_init(&map, &allocator, 1);
    while (count < ELEMENTS) {
        order[count] = &elements[count];
        elements[count].in_map = cf_map_add(&map, &elements[count].node, key_of(&elements[count]));
        count++;
        for (int i = 0; i < 3; i++) {
            size_t from = next_random(&random) % count, left = count;
            element *moved = order[from];
            remove_at(order, &left, from);
            order[left] = moved;
            cf_map_move_last(&map, &moved->node);
        }
        check_map(&map, elements, order, count);
    }
    cf_map_free(&map);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_an_array),        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(an_empty_map_needs_no_memory), cmocka_unit_test(a_map_that_was_emptied_needs_none_either),
        cmocka_unit_test(the_seed_changes_the_hash),    cmocka_unit_test(keys_of_the_same_hash_are_told_apart),
        cmocka_unit_test(nodes_are_moved_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
