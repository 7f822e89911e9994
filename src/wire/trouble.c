#include "wire/trouble.h"

static const cf_trouble_facts facts[] = {[CF_TROUBLE_NONE] = {{NULL, 0}, CF_ADVICE_NONE, false, false, 0, 0},
#define FACTS(name, text, advice, reconnect, number, temporary, code)                                                          \
    [CF_TROUBLE_##name] = {{text, sizeof(text) - 1}, advice, reconnect, temporary, number, code},
                                         CF_TROUBLES(FACTS)
#undef FACTS
};

const cf_trouble_facts *cf_trouble_facts_of(cf_trouble trouble)
{
    return &facts[trouble];
}
