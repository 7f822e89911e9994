#include "server/command/command.h"

/* Server-spec.md 2.10. */
void cf_command_ping(cf_session_call *call)
{
    cf_params params;
    if (cf_call_params(call, &params))
        cf_call_reply(call, &(cf_reply){.data = params.data});
}
