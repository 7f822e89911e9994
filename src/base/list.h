/*
 * Intrusive doubly linked list: the link is a member of what is listed.
 * A zeroed link is 'in no list'; removing it does nothing.
 */
#ifndef CF_BASE_LIST_H
#define CF_BASE_LIST_H

#include "base/bytes.h"

typedef struct cf_list {
    struct cf_list *next;
    struct cf_list *previous;
} cf_list;

#define CF_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void cf_list_init(cf_list *list)
{
    list->next = list->previous = list;
}

static inline bool cf_list_empty(const cf_list *list)
{
    return list->next == list;
}

/* Is this link in a list? */
static inline bool cf_list_linked(const cf_list *link)
{
    return link->next != NULL;
}

static inline void cf_list_append(cf_list *list, cf_list *link)
{
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}

static inline void cf_list_prepend(cf_list *list, cf_list *link)
{
    cf_list_append(list->next, link);
}

static inline void cf_list_remove(cf_list *link)
{
    if (link->next == NULL)
        return;
    link->next->previous = link->previous;
    link->previous->next = link->next;
    link->next = link->previous = NULL;
}

/* Takes the first link out; NULL when empty. */
static inline cf_list *cf_list_take(cf_list *list)
{
    cf_list *link = list->next;
    if (link == list)
        return NULL;
    cf_list_remove(link);
    return link;
}

/* `link` must stay in the list while its body runs. */
#define CF_LIST_EACH(link, list) for (cf_list *link = (list)->next; link != (list); link = link->next)

#endif
