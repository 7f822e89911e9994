#include "cli/cli.h"

#include <string.h>

enum { WORD_MAX = 24 }; /* bytes; longer words are not compared */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Letters to add, leave out, change or exchange with their neighbour (optimal string alignment). */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t costs[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_size; i++) {
        for (size_t j = 0; j <= b_size; j++) {
            costs[i][j] = i + j;
            if (i == 0 || j == 0)
                continue;
            costs[i][j] = smallest(costs[i - 1][j] + 1, costs[i][j - 1] + 1, costs[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && costs[i - 2][j - 2] + 1 < costs[i][j])
                costs[i][j] = costs[i - 2][j - 2] + 1;
        }
    }
    return costs[a_size][b_size];
}

/* Near is a mistake in every three letters, two at most; or a word that goes on. */
void cf_cli_suggestion_offer(cf_cli_suggestion *suggestion, const char *candidate)
{
    size_t size = strlen(candidate);
    if (suggestion->size > WORD_MAX || size > WORD_MAX || suggestion->size == 0)
        return;
    size_t mistakes = distance(suggestion->word, suggestion->size, candidate, size);
    size_t allowed = suggestion->size / 3 < 2 ? suggestion->size / 3 : 2;
    bool goes_on = suggestion->size >= 3 && strncmp(suggestion->word, candidate, suggestion->size) == 0;
    if ((mistakes > allowed && !goes_on) || (suggestion->best != NULL && mistakes >= suggestion->distance))
        return;
    suggestion->best = candidate;
    suggestion->distance = mistakes;
}
