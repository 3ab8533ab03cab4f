//  request_budgets.c - memory figures of broker.info

#include "broker/front/request_budgets.h"

#include "broker/front/request.h"
#include "common/log.h"

void request_budgets_pack (const context_t *ctx, buffer_t *map)
{
    request_pair_uint (map, "job_bytes", ctx->job_bytes);
    request_pair_uint (map, "open_job_bytes", ctx->open_bytes);
    request_pair_uint (map, "kept_bytes", ctx->kept_bytes);
    request_pair_uint (map, "client_bytes", ctx->client_bytes);
    request_pair_uint (map, "reply_bytes", ctx->reply_bytes);
    request_pair_uint (map, "parked_bytes", ctx->deferred_bytes);
    request_pair_uint (map, "worker_bytes", ctx->worker_bytes);
    request_pair_uint (map, "value_bytes", ctx->sink_bytes);
    request_pair_uint (map, "unread_bytes", ctx->unread_bytes);
    request_pair_uint (map, "forgotten_bytes", ctx->tombstone_bytes);
    request_pair_uint (map, "journal_bytes", ctx->journal_bytes);
    request_pair_uint (map, "refused_for_room", ctx->refused_bytes);
    request_pair_uint (map, "cut_outputs", ctx->cut_outputs);
    request_pair_uint (map, "stuck_clients", ctx->stuck_clients);
    request_pair_uint (map, "log_lines_left_out", log_left_out ());
}
