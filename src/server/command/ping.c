#include "server/command/command.h"

/* Server-spec.md 2.10. */
void cf_command_ping(cf_session *session, cf_session_call *call)
{
    cf_params params;
    if (!cf_call_params(session, call, &params))
        return;
    if (params.data.size == 0) {
        cf_wire_write_bare_reply(cf_call_bare(session), call->uid, call->method);
        cf_call_sent(session);
        return;
    }
    cf_buffer *out = cf_call_begin(session, CF_TROUBLE_NONE);
    cf_buffer_append(out, CF_BYTES("{\"data\":"));
    cf_json_write_string(out, params.data);
    cf_buffer_append_byte(out, '}');
    cf_call_end(session);
}
