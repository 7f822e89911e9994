#include "cover.h"

#include <inttypes.h>
#include <stdio.h>

void sim_cover_add(sim_cover *all, const unsigned *met)
{
    for (unsigned i = 0; i < SIM_SITUATION_COUNT; i++) {
        all->times[i] += met[i];
        all->seeds[i] += met[i] > 0;
    }
}

bool sim_cover_print(const sim_cover *all)
{
    static const char *const texts[SIM_SITUATION_COUNT] = {
#define SIM_SITUATION_TEXT(name, text) text,
        SIM_SITUATIONS(SIM_SITUATION_TEXT)
#undef SIM_SITUATION_TEXT
    };
    bool complete = true;
    printf("   seeds      times  situation\n");
    for (unsigned i = 0; i < SIM_SITUATION_COUNT; i++) {
        printf("%8" PRIu64 " %10" PRIu64 "  %s\n", all->seeds[i], all->times[i], texts[i]);
        complete = complete && all->times[i] > 0;
    }
    return complete;
}
