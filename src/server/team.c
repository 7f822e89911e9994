#include "server/team.h"

#include <string.h>

cf_team *cf_team_new(const cf_allocator *allocator, unsigned count, uint32_t seed, const char uid[CF_UUID_SIZE])
{
    cf_team *team = cf_alloc_zero(allocator, 1, sizeof *team + count * sizeof team->members[0]);
    if (team == NULL)
        return NULL;
    team->allocator = allocator;
    team->count = count;
    team->seed = seed;
    memcpy(team->uid, uid, CF_UUID_SIZE);
    for (unsigned i = 0; i < count; i++) {
        team->members[i].team = team;
        team->members[i].index = i;
        cf_mailbox_init(&team->members[i].mailbox, &team->members[i]);
    }
    if (cf_roll_init(&team->roll, allocator, seed))
        return team;
    cf_free(allocator, team);
    return NULL;
}

/* What is dropped may be on its way back to another one. */
static bool drop_letters(cf_team *team)
{
    bool any = false;
    for (unsigned i = 0; i < team->count; i++)
        any = cf_mailbox_drop_all(&team->members[i].mailbox) || any;
    return any;
}

void cf_team_free(cf_team *team)
{
    if (team == NULL)
        return;
    while (drop_letters(team))
        ;
    cf_roll_free(&team->roll);
    cf_free(team->allocator, team);
}

/* ---- letters ------------------------------------------------------------- */

void cf_team_post(cf_team_member *from, cf_team_member *to, cf_letter *letter)
{
    cf_mailbox_post(&to->mailbox, letter);
    if (from != NULL)
        from->posted_to |= UINT64_C(1) << to->index;
    else
        cf_mailbox_wake(&to->mailbox);
}

void cf_team_wake(cf_team_member *member)
{
    cf_team *team = member->team;
    for (unsigned i = 0; member->posted_to != 0; i++, member->posted_to >>= 1)
        if (member->posted_to & 1)
            cf_mailbox_wake(&team->members[i].mailbox);
}

cf_team_member *cf_team_home(cf_team *team, cf_bytes name)
{
    return &team->members[cf_map_hash(team->seed, name) % team->count];
}

/* ---- rounds -------------------------------------------------------------- */

static cf_round *round_of(cf_letter *letter)
{
    return CF_CONTAINER(letter, cf_round, letter);
}

static void arrive(cf_letter *letter, void *reader)
{
    cf_round *round = round_of(letter);
    if (round->at == round->asker->index)
        round->back(round);
    else
        round->visit(round, reader);
}

static void drop_round(cf_letter *letter)
{
    round_of(letter)->drop(round_of(letter));
}

void cf_round_go_on(cf_round *round)
{
    cf_team *team = round->asker->team;
    cf_team_member *here = &team->members[round->at];
    round->at = (round->at + 1) % team->count;
    cf_team_post(here, &team->members[round->at], &round->letter);
}

void cf_round_begin(cf_round *round, cf_team_member *asker)
{
    round->letter = (cf_letter){.open = arrive, .drop = drop_round};
    round->asker = asker;
    round->at = asker->index;
    cf_round_go_on(round);
}
