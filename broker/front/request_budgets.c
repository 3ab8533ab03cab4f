//  request_budgets.c - memory figures of broker.info

#include "broker/front/request_budgets.h"

#include "broker/front/request.h"
#include "common/log.h"

void request_budgets_pack (const hub_t *hub, buffer_t *map)
{
    request_pair_uint (map, "job_bytes", hub->job_bytes);
    request_pair_uint (map, "open_job_bytes", hub->open_bytes);
    request_pair_uint (map, "kept_bytes", hub->kept_bytes);
    request_pair_uint (map, "client_bytes", hub->client_bytes);
    request_pair_uint (map, "reply_bytes", hub->reply_bytes);
    request_pair_uint (map, "parked_bytes", hub->parked_bytes);
    request_pair_uint (map, "worker_bytes", hub->worker_bytes);
    request_pair_uint (map, "value_bytes", hub->sink_bytes);
    request_pair_uint (map, "unread_bytes", hub->unread_bytes);
    request_pair_uint (map, "forgotten_bytes", hub->ghost_bytes);
    request_pair_uint (map, "journal_bytes", hub->journal_bytes);
    request_pair_uint (map, "refused_for_room", hub->refused_bytes);
    request_pair_uint (map, "stuck_clients", hub->stuck_clients);
    request_pair_uint (map, "log_lines_left_out", log_left_out ());
}
