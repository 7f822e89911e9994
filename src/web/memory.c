/*
 * The memory of a WebAssembly instance: what the rooms below ask of a C library, and an allocator.
 *
 * A linear memory can grow but not shrink, so blocks are cut off its end once and then kept by size, in classes of powers of
 * two: what one client gave back serves the next, and the memory never exceeds what all classes needed at their peaks.
 */
#include "web/memory.h"

#include <string.h>

#define PAGE_SIZE   65536 /* bytes; WebAssembly's */
#define CLASS_FIRST 4     /* the smallest block is 16 bytes */
#define CLASS_COUNT 32

/* In front of what is handed out; while it is free, `next` links the blocks of a class. */
typedef struct block {
    struct block *next;
    uint32_t class;
} block;

extern char __heap_base; /* where the linker ends */

/* The memory is larger than JavaScript knows. */
__attribute__((import_module("e"), import_name("g"))) void cf_web_grown(void);

static struct {
    block *free[CLASS_COUNT];
    char *top; /* NULL: nothing was cut off yet */
} heap;

static char *memory_end(void)
{
    return (char *)(__builtin_wasm_memory_size(0) * PAGE_SIZE);
}

/* By at least so many bytes; false when it cannot. */
static bool grow(size_t size)
{
    if (__builtin_wasm_memory_grow(0, (size - 1) / PAGE_SIZE + 1) == SIZE_MAX)
        return false;
    cf_web_grown();
    return true;
}

/* NULL without memory. */
static block *cut_off(uint32_t class)
{
    size_t size = (size_t)1 << class;
    if (heap.top == NULL)
        heap.top = &__heap_base + (-(uintptr_t)&__heap_base & 7);
    size_t room = (size_t)(memory_end() - heap.top);
    if (size > room && !grow(size - room))
        return NULL;
    block *made = (block *)(void *)heap.top;
    heap.top += size;
    made->class = class;
    return made;
}

/* The class of blocks that hold `size` bytes; at most 2^30. */
static uint32_t class_of(size_t size)
{
    uint32_t class = 32 - (uint32_t)__builtin_clz(size + sizeof(block) - 1);
    return class < CLASS_FIRST ? CLASS_FIRST : class;
}

static void *take(size_t size)
{
    if (size > SIZE_MAX / 4)
        return NULL;
    uint32_t class = class_of(size);
    block *found = heap.free[class];
    if (found != NULL)
        heap.free[class] = found->next;
    else
        found = cut_off(class);
    return found == NULL ? NULL : found + 1;
}

static void give_back(block *freed)
{
    freed->next = heap.free[freed->class];
    heap.free[freed->class] = freed;
}

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (memory == NULL)
        return take(size);
    block *old = (block *)memory - 1;
    size_t held = ((size_t)1 << old->class) - sizeof(block);
    if (size > 0 && size <= held)
        return memory;
    void *moved = size == 0 ? NULL : take(size);
    if (moved != NULL)
        memcpy(moved, memory, held);
    if (moved != NULL || size == 0)
        give_back(old);
    return moved;
}

const cf_allocator cf_web_allocator = {resize, NULL};

/* ---- the C library's part ---------------------------------------------------------------- */

#if defined(__wasm_bulk_memory__)

/* An instruction each. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return __builtin_memcpy(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    return __builtin_memmove(to, from, size);
}

void *memset(void *memory, int byte, size_t size)
{
    return __builtin_memset(memory, byte, size);
}

#else

void *memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    if ((uintptr_t)target <= (uintptr_t)source)
        for (size_t i = 0; i < size; i++)
            target[i] = source[i];
    else
        for (size_t i = size; i > 0; i--)
            target[i - 1] = source[i - 1];
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return memmove(to, from, size);
}

void *memset(void *memory, int byte, size_t size)
{
    char *target = memory;
    for (size_t i = 0; i < size; i++)
        target[i] = (char)byte;
    return memory;
}

#endif

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;
    for (; size > 0; x++, y++, size--)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
    const unsigned char *at = memory;
    for (; size > 0; at++, size--)
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
    return NULL;
}

size_t strlen(const char *text)
{
    size_t size = 0;
    while (text[size] != '\0')
        size++;
    return size;
}
